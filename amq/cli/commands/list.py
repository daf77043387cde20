"""`amq list`: list the inbox without moving anything."""

from __future__ import annotations

from itertools import islice

from amq.cli.open_mailbox import open_mailbox
from amq.cli.options import add_color, add_no_cache, as_utf8, count
from amq.cli.output import is_terminal
from amq.cli.views import optional, subject_rows
from amq.errors import Unreadable, UsageError
from amq.mail.message_table import of_summaries
from amq.mail.summary import CREATED, ID, PRIORITY, SENDER, SUBJECT, of_header
from amq.names import KINDS, PRIORITIES
from amq.text import subject_line, visible

TYPE_CHECKING = False
if TYPE_CHECKING:
    from argparse import ArgumentParser, Namespace
    from collections.abc import Callable, Iterable, Iterator, Sequence
    from typing import Any

    from amq.cli.output import Output
    from amq.cli.terminal import Terminal
    from amq.mail.mailbox import Mailbox
    from amq.mail.message_table import Table
    from amq.mail.summary import Summary
    from amq.message import Header
    from amq.store.maildir import Found

USAGE = """[--new|--cur] [--from H] [--kind K] [--priority P] [--label L]… [--limit N] [--offset N]
        [--no-cache] [--color WHEN]"""
EXAMPLES = """\
  amq list --new                           unread mail
  amq list --from codex --kind question    questions from codex
  amq list --json --limit 50"""


def options(parser: ArgumentParser) -> None:
    """Add the command's options."""
    boxes = parser.add_mutually_exclusive_group()
    boxes.add_argument("--new", action="store_true", help="only unread messages")
    boxes.add_argument("--cur", action="store_true", help="only read messages")
    parser.add_argument("--from", dest="sender", metavar="H", help="only from this agent")
    parser.add_argument("--kind", choices=KINDS, metavar="K", help="only this kind")
    parser.add_argument("--priority", choices=PRIORITIES, metavar="P", help="only this priority")
    parser.add_argument(
        "--label", type=as_utf8, action="append", default=[], metavar="L", help="only with this label (may be repeated)"
    )
    parser.add_argument("--limit", type=count, default=0, metavar="N", help="show at most N (0: all)")
    parser.add_argument("--offset", type=count, default=0, metavar="N", help="skip the first N")
    add_no_cache(parser)
    add_color(parser)


def run(args: Namespace, out: Output) -> int:
    """List the messages that pass the filters; warn of bad ones on stderr."""
    mailbox = open_mailbox(args, out)
    if args.sender is not None and not args.sender:
        raise UsageError("--from is empty")
    if args.sender is not None:
        args.sender = mailbox.account.named(args.sender, "--from")
    boxes = ["new"] if args.new else ["cur"] if args.cur else []
    lost: list[str] = []
    lose = lost.append
    found = _first(mailbox, boxes, args, out, lose) if args.limit else _every(mailbox, boxes, args, out, lose)
    if out.json:
        out.value([_item(each) for each in found])
    elif not len(found):
        out.note("No messages that can be read." if lost else "No messages.")
    elif user := _terminal(args, out):
        out.data(_table(list(found), user))
    else:
        priorities = [each or "-" for each in found.column(PRIORITY)]
        out.data(subject_rows(found.column(CREATED), priorities, *map(found.column, (SENDER, ID, SUBJECT))))
    return 0


def _first(
    mailbox: Mailbox, boxes: Sequence[str], args: Namespace, out: Output, lose: Callable[[str], object]
) -> Table:
    """Return as many of the wanted messages as the user asked for, without opening those behind them."""
    opened = readable(mailbox.oldest(*boxes), out, lose)
    found = (of_header(header, mailbox.account.me, each.directory) for each, header in opened)
    wanted = (each for each in found if _wanted(each, args))
    return of_summaries(list(islice(wanted, args.offset, args.offset + args.limit)))


def _every(
    mailbox: Mailbox, boxes: Sequence[str], args: Namespace, out: Output, lose: Callable[[str], object]
) -> Table:
    """Return all wanted messages."""
    found, without = mailbox.table(*boxes)
    any(lose("") for _ in readable(without, out, lose))
    if args.sender or args.kind or args.priority or args.label:
        found = found.chosen([at for at, each in enumerate(found) if _wanted(each, args)])
    return found.chosen(range(args.offset, len(found))) if args.offset else found


def readable(
    found: Iterable[Found], out: Output, lose: Callable[[str], object] = str
) -> Iterator[tuple[Found, Header]]:
    """Yield the messages of FOUND with their headers; warn of the others, and pass ids of unreadable ones to LOSE."""
    for listed in found:
        if isinstance(listed.error, Unreadable):
            lose(listed.id)
            out.warn(f"{listed.error}; skipped")
        elif listed.header is None:
            out.warn(f"{visible(listed.id)} is not a message, skipped: {visible(str(listed.error))}")
        else:
            yield listed, listed.header


def _wanted(message: Summary, args: Namespace) -> bool:
    return (
        args.sender in (None, message.sender)
        and args.kind in (None, message.kind)
        and args.priority in (None, message.priority)
        and set(args.label).issubset(message.labels)
    )


def line(header: Header) -> str:
    """Return a message as a line of text."""
    cells = header.created, header.priority or "-", header.sender, header.id, header.subject
    return subject_rows(*([each] for each in cells))


def _terminal(args: Namespace, out: Output) -> Terminal | None:
    """Return the terminal to write a table to, if any; agents, which have none, do without the import."""
    if args.color != "always" and not is_terminal(1):
        return None
    from amq.cli.terminal import terminal

    return terminal(args, out)


def _table(chosen: list[Summary], user: Terminal) -> str:
    from amq.cli.terminal import BOLD, FAINT, WIDE, Cell, priority
    from amq.mail.short_ids import shortened  # only here: programs get whole ids

    shown = shortened(header.id for header in chosen)
    rows = []
    for header in chosen:
        is_new = header.box == "new"
        rows.append((
            Cell("*" if is_new else "", BOLD),
            user.age(header.created_ns),
            Cell(user.local(header.created_ns) if user.columns >= WIDE else "", FAINT),
            Cell(header.sender, BOLD if is_new else ""),
            header.kind,
            priority(header.priority),
            Cell(shown[header.id], FAINT),
            Cell(subject_line(header.subject), BOLD if is_new else ""),
        ))  # fmt: skip
    return user.table(("new", "age", "time", "from", "kind", "priority", "id", "subject"), rows)


def item(listed: Found, header: Header) -> dict[str, Any]:
    """Return a message as JSON."""
    return _item(of_header(header, "", listed.directory))


def _item(header: Summary) -> dict[str, Any]:
    return {
        "id": header.id,
        "from": header.sender,
        "subject": header.subject,
        "thread": header.conversation,
        "created": header.created,
        "box": header.box,
        "path": header.path,
        **optional(header),
    }
