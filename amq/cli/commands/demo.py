"""`amq demo`: watch two small agents wake each other."""

from __future__ import annotations

from amq import config
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
That was real: two programs in two terminals under `amq run`, and mail as files in
  {root}

Try it with Claude Code and Codex in your own project:
  terminal 1:   amq run -- claude
  terminal 2:   amq run -- codex
  then ask Claude: "send codex a review request with amq send"
"""


def options(parser: ArgumentParser) -> None:
    """Add the command's options."""
    parser.add_argument(
        "--timeout", type=duration, default=20.0, metavar="T", help="give up after this long (default 20s)"
    )


def run(args: Namespace, out: Output) -> int:
    """Run the demo; return 0 if every step happened, else raise AmqError."""
    import tempfile

    from amq.demo.stage import play

    place = tempfile.mkdtemp(prefix="amq-demo-")
    out.data("alice asks bob for a review. Neither polls for mail: amq wakes each when mail arrives.\n\n")
    wrong = play(place, config.environment(), out.data, args.timeout)
    if wrong:
        raise AmqError(
            f"the demo failed: {wrong}",
            hint=f"look at the mail in {place}/.agent-mail and at run.log in ~/.local/state/amq",
        )
    out.data(AFTERWARDS.format(root=visible(f"{place}/.agent-mail")))
    return 0
