"""`amq log`: show what all agents say to each other, in the order of time."""

from __future__ import annotations

from amq.cli.filter_options import add_filter, filter_of
from amq.cli.open_mailbox import open_mailbox
from amq.cli.options import add_color, add_no_cache, count, handles
from amq.cli.terminal import BOLD, FAINT, WIDE, cut, priority, terminal, width
from amq.cli.views import described, once, optional
from amq.mail.message_filter import Filter
from amq.mail.summary import ID
from amq.mail.timeline import Timeline
from amq.text import subject_line, visible

TYPE_CHECKING = False
if TYPE_CHECKING:
    from argparse import ArgumentParser, Namespace
    from collections.abc import Callable
    from typing import Any

    from amq.cli.output import Output
    from amq.cli.terminal import Terminal
    from amq.mail.message_table import Table
    from amq.mail.summary import Summary

    Shown = Callable[[Table], None]

USAGE = """[--follow] [--from H] [--to H] [--thread T] [--kind K] [--since WHEN] [--until WHEN]
        [--agents A,B] [--limit 50] [--no-cache] [--color WHEN]"""
NOTES = """\
With --follow it goes on until interrupted: messages come as they are sent. With --json each message is an object on a
line of its own."""
EXAMPLES = """\
  amq log                                  the last 50 messages of all agents, each on a line
  amq log --follow                         and those to come, until interrupted
  amq log --from codex --since 2h --limit 0
  amq log --thread review/parser --json"""
_ROUTE = 16
"""The columns of sender and recipients, unless a message needs more."""


def options(parser: ArgumentParser) -> None:
    """Add the command's options."""
    parser.add_argument("--follow", action="store_true", help="go on with new messages until interrupted")
    add_filter(parser)
    parser.add_argument("--agents", type=handles, default=[], metavar="A,B", help="only in these agents' mailboxes")
    parser.add_argument(
        "--limit", type=count, default=50, metavar="N", help="begin with the last N (default 50; 0: all)"
    )
    add_no_cache(parser)
    add_color(parser)


def run(args: Namespace, out: Output) -> int:
    """Print the last messages, and with `--follow` those that come."""
    account = open_mailbox(args, out, anyone=True).account
    wanted = filter_of(args, account)
    account.warn = once(out.warn)  # each look finds the same faults
    timeline = Timeline(account, args.agents)
    show = _shower(args, out)
    found = _wanted(timeline.look(), wanted)
    shown = found.chosen(range(max(len(found) - args.limit, 0), len(found))) if args.limit else found
    show(shown)
    if not len(found):
        out.note("No messages.")
    elif len(shown) < len(found) and not args.follow:
        out.note(f"the last {len(shown)} of {len(found)}; --limit 0 shows all")
    if args.follow:
        _follow(timeline, lambda came: show(_wanted(came, wanted)))
    return 0


def _wanted(found: Table, wanted: Filter) -> Table:
    if wanted == Filter():
        return found
    return found.chosen([at for at, each in enumerate(found) if wanted.takes(each)])


def _follow(timeline: Timeline, show: Shown) -> None:
    """Show what comes, until interrupted. Raises NotFound when the queue has gone."""
    from amq.runtime.queue_watcher import looks

    for sweep in looks(lambda: timeline.places):
        show(timeline.look(sweep=sweep))


def _shower(args: Namespace, out: Output) -> Shown:
    user = terminal(args, out)
    if out.json:
        return lambda found: out.data("".join(f"{_json(each)}\n" for each in found)) if len(found) else None
    if user is None:
        return lambda found: out.data("".join(map(_line, found))) if len(found) else None
    lines = _Lines(user)
    return lambda found: out.data(lines.of(found)) if len(found) else None


def _json(message: Summary) -> str:
    from amq import jsontext

    fields: dict[str, Any] = described(message) | {"agent": message.holder, "box": message.box} | optional(message)
    return jsontext.render(fields, indent=None)


def _line(message: Summary) -> str:
    route, shown = _route(message), visible(message.id)
    return f"{message.created}  {route}  {message.kind or '-'}  {shown}  {subject_line(message.subject)}\n"


def _route(message: Summary) -> str:
    return f"{message.sender} -> {','.join(message.to)}"


def _cut_route(message: Summary, most: int) -> str:
    """Return the route in at most MOST columns; a long sender leaves half of them to the recipients."""
    sender, rest = message.sender, _route(message)[len(message.sender) :]
    if len(sender) + len(rest) > most:
        sender = cut(sender, max(most - len(rest), most // 2))
    return cut(f"{sender}{rest}", most)


class _Lines:
    """Lines for a user at a terminal. Their columns only grow, so that those of later messages are below them."""

    def __init__(self, user: Terminal) -> None:
        self._user = user
        self._route = _ROUTE
        self._kind = 0
        self._is_wide = user.columns >= WIDE

    def of(self, found: Table) -> str:
        """Return a line for each message, none longer than the terminal is wide."""
        from amq.mail.short_ids import shortened

        messages, ids = list(found), shortened(found.column(ID))
        room = self._user.columns // 3
        self._route = max(self._route, *(min(len(_route(each)), room) for each in messages))
        self._kind = max(self._kind, *(len(each.kind) for each in messages))
        return "".join(f"{self._line(each, ids[each.id])}\n" for each in messages)

    def _line(self, message: Summary, identifier: str) -> str:
        user = self._user
        urgent = priority(message.priority)
        cells = [
            (f"{user.local(message.created_ns):<12}", FAINT),
            (f"{_cut_route(message, self._route):<{self._route}}", BOLD),
            *([(f"{message.kind:<{self._kind}}", "")] if self._kind else []),
            *([(f"{cut(visible(identifier), 8):<8}", FAINT)] if self._is_wide else []),
        ]
        left = user.columns - sum(width(text) + 2 for text, _ in cells)
        cells.append((cut(subject_line(message.subject), max(left, 8)), urgent.style))
        return "  ".join(user.styled(text, style) for text, style in cells)
