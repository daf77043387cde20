"""`amq drain`: show new mail and take it out of `new`."""

from __future__ import annotations

from amq import config, jsontext
from amq.cli.open_mailbox import as_agent, open_mailbox
from amq.cli.options import add_budget, count
from amq.errors import AmqError
from amq.mail.rendering import MOST_MESSAGES, Frame, entry, fitted
from amq.output_budget import DEFAULT, Room

TYPE_CHECKING = False
if TYPE_CHECKING:
    from argparse import ArgumentParser, Namespace
    from collections.abc import Callable, Iterable, Mapping, Sequence
    from typing import Any

    from amq.cli.output import Output
    from amq.mail.draining import Drained, Fits
    from amq.message import Header

USAGE = "[--limit 20] [--include-body] [--max-chars N] [--no-ack]"
EXAMPLES = """\
  amq drain --include-body                     the command that a notification names
  amq drain --json --limit 0 --max-chars 0     all mail, for a program"""
NOTES = """\
It shows whole messages, urgent first, up to AMQ_MAX_CHARS. `amq run` sets that to what the agent's tool passes to its
model; the default is 20,000 bytes. The first line gives the number of messages left; they stay new. A message longer
than the limit is cut (not with --json), ends with the command for the rest, and is filed as read."""


def options(parser: ArgumentParser) -> None:
    """Add the command's options."""
    add_shown(parser)


def add_shown(parser: ArgumentParser) -> None:
    """Add the options that choose which new mail to show, and how."""
    parser.add_argument("--limit", type=count, default=20, metavar="N", help="at most N messages (default 20; 0: all)")
    parser.add_argument("--include-body", action="store_true", help="show bodies too")
    add_budget(parser)
    parser.add_argument("--no-ack", action="store_true", help="do not acknowledge")


def run(args: Namespace, out: Output) -> int:
    """Show new mail, urgent first, then the oldest; print nothing in text if there is none.

    Raises AmqError if there is new mail, but none of it can be read.
    """
    mailbox = open_mailbox(args, out)
    command = as_agent(args, mailbox.account.me)
    view = View(args, Frame(mailbox.account.me, command, below=f"run {command} drain again"))
    with mailbox.drain(args.limit, ack=not args.no_ack) as mail:
        if out.json:
            show_json(mail.batches(view.json_room()), lambda: mail.remaining, view, out)
        else:
            room = view.text_room(mail.count + mail.remaining)
            show_text(mail.batches(room), lambda: (mail.count, mail.remaining), view, out)
    if mail.unreadable and not mail.count:
        raise AmqError("nothing was shown: there is new mail, but it cannot be read", hint=mail.unreadable[0].hint)
    return 0


class View:
    """The way mail is shown: with bodies or not, in how much room, in which frame."""

    def __init__(self, args: Namespace, frame: Frame) -> None:
        self.frame = frame
        self.include_body: bool = args.include_body
        self.budget = args.max_chars or config.output_budget(config.variables()) or DEFAULT

    def text_room(self, waiting: int) -> Fits | None:
        """Return a test for whether one more of WAITING messages fits into the frame; None if all do."""
        return self.frame.room(self.budget, waiting, include_body=self.include_body)

    def json_room(self, fields: Mapping[str, str] | None = None) -> Fits | None:
        """Return a test for whether one more item fits into the JSON array; None if all do."""
        if not self.budget.most:
            return None
        around = _opening(fields) + _closing(MOST_MESSAGES, MOST_MESSAGES)
        room = Room(self.budget, self.budget.size(around))
        return lambda each: room.takes(_render(item(each, self.include_body)) + ",")


# -- text -------------------------------------------------------------------------------------------------------------


def show_text(
    batches: Iterable[Sequence[Drained]], numbers: Callable[[], tuple[int, int]], view: View, out: Output
) -> None:
    """Write the messages in BATCHES; each batch has been read when the next is asked for.

    NUMBERS, of messages and of those left over, are known once the first batch is.
    """
    shown: list[Drained] = []
    total = 0
    for batch in batches:
        count, remaining = numbers()
        head = "" if total else view.frame.opening(batch, count, remaining)
        total += len(batch)
        # two are enough to close with: a good one, if there is any, and whether there are several
        shown = sorted([*shown, *batch], key=lambda each: each.header is None)[:2]
        # with the last batch, not behind it: a reader that leaves before the end is shown that batch again
        tail = view.frame.closing(shown, remaining) if total == count else ""
        text = "".join(entry(each, include_body=view.include_body) for each in batch)
        if count == 1:
            text = fitted(
                batch[0], text, view.budget, head + tail, include_body=view.include_body, command=view.frame.command
            )
        out.data(head + text + tail)
        out.shown()


# -- JSON -------------------------------------------------------------------------------------------------------------


def show_json(
    batches: Iterable[Sequence[Drained]],
    remaining: Callable[[], int],
    view: View,
    out: Output,
    fields: Mapping[str, str] | None = None,
) -> None:
    """Write one object: FIELDS, and the messages batch by batch, each read when the next is asked for."""
    opening, count = _opening(fields), 0
    for batch in batches:
        items = [_render(item(each, view.include_body)) for each in batch]
        out.data(opening + ",".join(items))
        out.shown()
        opening, count = ",", count + len(batch)
    out.data((opening if not count else "\n  ") + _closing(count, remaining()))


def _opening(fields: Mapping[str, str] | None) -> str:
    head = "".join(f'  "{name}": {jsontext.render(value)},\n' for name, value in (fields or {}).items())
    return f'{{\n{head}  "drained": ['


def _closing(count: int, remaining: int) -> str:
    return f'],\n  "count": {count},\n  "remaining": {remaining}\n}}\n'


def _render(item: dict[str, Any]) -> str:
    return "\n    " + jsontext.render(item).replace("\n", "\n    ")


def item(item: Drained, include_body: bool) -> dict[str, Any]:
    """Return a message as JSON."""
    header = item.header
    if header is None:
        unknown = dict.fromkeys(("from", "thread", "subject", "created"), "")
        fields: dict[str, Any] = {"id": item.id, **unknown, "to": [], "ack_required": False}
    else:
        fields = _described(header) | ({"body": item.text} if include_body else {})
    outcome = {
        "moved_to_cur": header is not None and not item.peeked,
        "moved_to_dlq": item.to_dlq,
        "acked": item.acked,
        "redelivered": item.redelivered,
        "on_its_way": item.on_its_way,
        "parse_error": str(item.error or ""),
    }
    kept = ("moved_to_cur", "acked")
    return fields | {key: value for key, value in outcome.items() if value or key in kept}


def _described(header: Header) -> dict[str, Any]:
    from amq.cli.views import described, optional  # only JSON needs them

    context = {"context": header.context} if header.context else {}
    return described(header) | {"ack_required": header.ack_required} | optional(header) | context
