"""`amq demo`: watch two small agents wake each other."""

from __future__ import annotations

from amq import config, quoting
from amq.cli.open_mailbox import private_directory
from amq.cli.options import duration
from amq.errors import AmqError
from amq.text import visible

TYPE_CHECKING = False
if TYPE_CHECKING:
    from argparse import ArgumentParser, Namespace

    from amq.cli.output import Output

USAGE = "[--timeout 20s]"
EXAMPLES = """\
  amq demo"""

AFTERWARDS = """
That was real: two programs in two terminals under `amq run`, and mail as files, which are removed now:
{files}
With Claude Code and Codex, in your own project:
{install}  amq coop up
It starts both side by side. Then ask Claude: "send codex a review request for the last commit, with amq"
"""


def options(parser: ArgumentParser) -> None:
    """Add the command's options."""
    parser.add_argument(
        "--timeout", type=duration, default=20.0, metavar="T", help="give up after this long (default 20s)"
    )


def run(args: Namespace, out: Output) -> int:
    """Run the demo; return 0 if every step happened, else raise AmqError. The files of one that failed are kept."""
    import tempfile

    from amq.demo.stage import play

    place = tempfile.mkdtemp(prefix="amq-demo-")
    out.data("alice asks bob for a review. Neither polls for mail: amq wakes each when mail arrives.\n\n")
    wrong = ""
    try:
        wrong = play(place, config.environment(), out.data, args.timeout)
        if wrong:
            raise AmqError(
                f"the demo failed: {wrong}",
                hint=f"look at the mail in {place}/.agent-mail and at run.log in ~/.local/state/amq",
            )
        files = "".join(f"  {visible(name)}\n" for name in _mail(place))
    finally:
        if not wrong:
            _remove(place)
    out.data(AFTERWARDS.format(files=files, install=_how_to_install()))
    return 0


def _mail(place: str) -> list[str]:
    """Return the messages in the queue of the demo, as paths below PLACE."""
    from glob import glob

    return sorted(glob(".agent-mail/agents/*/inbox/cur/*", root_dir=place))


def _remove(place: str) -> None:
    """Remove the queue in PLACE, and what the notifiers of its agents remember."""
    from shutil import rmtree

    remembered = private_directory().of_queue(f"{place}/.agent-mail").directory
    for path in filter(None, (place, remembered)):
        rmtree(path, ignore_errors=True)


def _how_to_install() -> str:
    """Return a line that puts amq on the PATH; "" if it is there, or if this is not a checkout."""
    import os
    from shutil import which

    script = os.path.join(os.path.dirname(__file__).removesuffix("amq/cli/commands"), "scripts", "install.sh")
    return "" if which("amq") or not os.path.exists(script) else f"  {quoting.shell(script)}\n"
