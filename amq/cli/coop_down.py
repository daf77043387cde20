"""`amq coop down`: end the agents that `amq coop up` has started."""

from __future__ import annotations

from amq import config
from amq.cli.options import duration
from amq.cli.session import find_queue

TYPE_CHECKING = False
if TYPE_CHECKING:
    from argparse import ArgumentParser, Namespace

    from amq.cli.output import Output
    from amq.setup.coop import Place

SUMMARY = "end the agents that coop up has started, and say what remains"
USAGE = "[--timeout 10s]"
EXAMPLES = """\
  amq coop down"""
NOTES = """\
The programs are asked by SIGTERM; no key is pressed, because it could answer a dialog. A turn that is under way is
broken off. Mail stays where it is, and what was said before is kept by the CLIs: claude --continue, codex resume."""


def options(parser: ArgumentParser) -> None:
    """The options of its own."""
    parser.add_argument("--timeout", type=duration, default=10.0, metavar="10s", help="how long they may take (10s)")


def run(args: Namespace, out: Output) -> int:
    """0 if all have ended, 1 if a program is still there."""
    from amq.setup.coop import Coop

    coop = Coop(find_queue(args, out, hosting=True), config.environment())
    ended: list[str] = []
    left = coop.down(args.timeout, ended.append)
    remains = [line for line in map(_remains, coop.status()) if line]
    if out.json:
        out.value({"root": coop.root, "ended": ended, "left": [pane.handle for pane in left], "remains": remains})
    else:
        out.data("".join(f"{line}\n" for line in (*(f"{handle}: ended" for handle in ended), *remains)))
        if not ended and not left:
            out.note("no agent was there that amq coop up had started")
    return int(bool(left))


def _remains(place: Place) -> str:
    """What is left of an agent: its program, or its mail."""
    from amq.setup.coop import State

    if place.state is State.RUNNING:
        return f"{place.handle}: did not end; it is in tmux {place.where} (process {place.pid})"
    if place.state is State.ELSEWHERE:
        return f"{place.handle}: runs in a terminal of its own (process {place.pid}), which was left alone"
    return f"{place.handle}: {place.unread} unread, which wait" if place.unread else ""
