"""`amq list`: look at the inbox; nothing is moved."""

from __future__ import annotations

from itertools import islice

from amq.cli.options import count
from amq.cli.session import open_mailbox
from amq.errors import UsageError
from amq.names import KINDS, PRIORITIES
from amq.text import visible

TYPE_CHECKING = False
if TYPE_CHECKING:
    from argparse import ArgumentParser, Namespace
    from collections.abc import Iterable, Iterator
    from typing import Any

    from amq.cli.output import Output
    from amq.listing import Listed
    from amq.message import Header

SUMMARY = "look at the inbox, oldest first; nothing is moved"
USAGE = "[--new|--cur] [--from H] [--kind K] [--priority P] [--label L]… [--limit N] [--offset N]"
EXAMPLES = """\
  amq list --new                           what is unread
  amq list --from codex --kind question    what codex asked
  amq list --json --limit 50"""


def options(parser: ArgumentParser) -> None:
    """The options of its own."""
    boxes = parser.add_mutually_exclusive_group()
    boxes.add_argument("--new", action="store_true", help="only what is unread")
    boxes.add_argument("--cur", action="store_true", help="only what has been read")
    parser.add_argument("--from", dest="sender", metavar="H", help="only from this agent")
    parser.add_argument("--kind", choices=KINDS, metavar="K", help="only of this kind")
    parser.add_argument("--priority", choices=PRIORITIES, metavar="P", help="only of this priority")
    parser.add_argument("--label", action="append", default=[], metavar="L", help="only with this label (repeatable)")
    parser.add_argument("--limit", type=count, default=0, metavar="N", help="at most N (0: all)")
    parser.add_argument("--offset", type=count, default=0, metavar="N", help="leave out the first N")


def run(args: Namespace, out: Output) -> int:
    """List what the filters let through; bad messages are told on stderr."""
    mailbox = open_mailbox(args, out)
    if args.sender is not None and not args.sender:
        raise UsageError("--from names nobody")
    boxes = ["new"] if args.new else ["cur"] if args.cur else []
    source = mailbox.oldest(*boxes) if args.limit else mailbox.list(*boxes)
    chosen = list(islice(_wanted(source, args, out), args.offset, args.offset + args.limit if args.limit else None))
    if out.json:
        out.value([_item(listed, header) for listed, header in chosen])
    else:
        out.data("".join(_line(header) for _, header in chosen) or "No messages.\n")
    return 0


def _wanted(source: Iterable[Listed], args: Namespace, out: Output) -> Iterator[tuple[Listed, Header]]:
    """What the filters let through."""
    for listed in source:
        header = listed.header
        if header is None:
            out.warn(f"{visible(listed.id)} is no message and is left out: {visible(str(listed.error))}")
        elif (
            args.sender in (None, header.sender)
            and args.kind in (None, header.kind)
            and args.priority in (None, header.priority)
            and all(label in header.labels for label in args.label)
        ):
            yield listed, header


def _line(header: Header) -> str:
    subject = visible(header.subject) or "(no subject)"
    return f"{header.created}  {header.priority or '-'}  {header.sender}  {visible(header.id)}  {subject}\n"


def _item(listed: Listed, header: Header) -> dict[str, Any]:
    optional = {"priority": header.priority, "kind": header.kind, "labels": header.labels}
    return {
        "id": header.id,
        "from": header.sender,
        "subject": header.subject,
        "thread": header.conversation,
        "created": header.created,
        "box": listed.box,
        "path": listed.path,
        **{key: value for key, value in optional.items() if value},
    }
