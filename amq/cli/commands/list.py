"""`amq list`: list the inbox without moving anything."""

from __future__ import annotations

from itertools import islice

from amq.cli.open_mailbox import open_mailbox
from amq.cli.options import as_utf8, count
from amq.cli.terminal import BOLD, FAINT, WIDE, Cell, add_color, priority, terminal
from amq.cli.views import optional
from amq.errors import Unreadable, UsageError
from amq.names import KINDS, PRIORITIES
from amq.text import subject_line, visible

TYPE_CHECKING = False
if TYPE_CHECKING:
    from argparse import ArgumentParser, Namespace
    from collections.abc import Callable, Iterable, Iterator
    from typing import Any

    from amq.cli.output import Output
    from amq.cli.terminal import Terminal
    from amq.message import Header
    from amq.store.maildir import Found

USAGE = """[--new|--cur] [--from H] [--kind K] [--priority P] [--label L]… [--limit N] [--offset N]
        [--color WHEN]"""
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
    add_color(parser)


def run(args: Namespace, out: Output) -> int:
    """List the messages that pass the filters; warn of bad ones on stderr."""
    mailbox = open_mailbox(args, out)
    if args.sender is not None and not args.sender:
        raise UsageError("--from is empty")
    if args.sender is not None:
        args.sender = mailbox.account.named(args.sender, "--from")
    boxes = ["new"] if args.new else ["cur"] if args.cur else []
    source = mailbox.oldest(*boxes) if args.limit else mailbox.list(*boxes)
    lost: list[str] = []
    found = (each for each in readable(source, out, lost.append) if _wanted(each[1], args))
    chosen = list(islice(found, args.offset, args.offset + args.limit if args.limit else None))
    if out.json:
        out.value([item(listed, header) for listed, header in chosen])
    elif not chosen:
        out.note("No messages that can be read." if lost else "No messages.")
    elif user := terminal(args, out):
        out.data(_table(chosen, user))
    else:
        out.data("".join(line(header) for _, header in chosen))
    return 0


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


def _wanted(header: Header, args: Namespace) -> bool:
    return (
        args.sender in (None, header.sender)
        and args.kind in (None, header.kind)
        and args.priority in (None, header.priority)
        and set(args.label).issubset(header.labels)
    )


def line(header: Header) -> str:
    """Return a message as a line of text."""
    subject = subject_line(header.subject)
    return f"{header.created}  {header.priority or '-'}  {header.sender}  {visible(header.id)}  {subject}\n"


def _table(chosen: list[tuple[Found, Header]], user: Terminal) -> str:
    from amq.mail.short_ids import shortened  # only here: programs get whole ids

    shown = shortened(header.id for _, header in chosen)
    rows = []
    for listed, header in chosen:
        is_new = listed.box == "new"
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
    return {
        "id": header.id,
        "from": header.sender,
        "subject": header.subject,
        "thread": header.conversation,
        "created": header.created,
        "box": listed.box,
        "path": listed.path,
        **optional(header),
    }
