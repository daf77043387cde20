"""`amq coop down`: stop the agents that `amq coop up` started."""

from __future__ import annotations

from amq import config, quoting
from amq.cli.open_mailbox import find_queue, private_directory
from amq.cli.options import duration

TYPE_CHECKING = False
if TYPE_CHECKING:
    from argparse import ArgumentParser, Namespace

    from amq.cli.output import Output
    from amq.setup.coop import AgentPlacement

USAGE = "[--timeout 10s]"
EXAMPLES = """\
  amq coop down"""
NOTES = """\
It sends each program SIGTERM. It presses no key, because a key could answer a dialog. A turn in progress is cut off.
Mail stays in the queue, and the CLIs keep their conversations: claude --continue, codex resume."""


def options(parser: ArgumentParser) -> None:
    """Add the command's options."""
    parser.add_argument(
        "--timeout", type=duration, default=10.0, metavar="10s", help="time to wait for them (default 10s)"
    )


def run(args: Namespace, out: Output) -> int:
    """Stop the agents; return 0 if all have ended, 1 if a program is still running."""
    from amq.setup.coop import Coop

    root = find_queue(args, out, hosting=True)
    coop = Coop(root, config.environment(), private_directory(root))
    ended: list[str] = []
    left = coop.down(args.timeout, ended.append)
    remains = [line for line in map(_remains, coop.status()) if line]
    if out.json:
        out.value({"root": coop.root, "ended": ended, "left": [pane.handle for pane in left], "remains": remains})
    else:
        out.data("".join(f"{line}\n" for line in (*(f"{handle}: ended" for handle in ended), *remains)))
        if not ended and not left:
            out.note("nothing to stop")
    return int(bool(left))


def _remains(place: AgentPlacement) -> str:
    """Return a sentence on what remains of an agent: its program, or its mail; "" if nothing does."""
    from amq.setup.coop import State

    if place.state is State.RUNNING:
        how = f"end it there, or: tmux kill-pane -t {quoting.shell(place.where)}"
        return f"{place.handle}: still running in tmux {place.where} (process {place.pid}); {how}"
    if place.state is State.ELSEWHERE:
        return f"{place.handle}: left running: coop up did not start it (process {place.pid})"
    return f"{place.handle}: {place.unread} unread, kept in the queue" if place.unread else ""
