"""`amq drain`: show new mail and take it out of `new`."""

from __future__ import annotations

from amq import config, jsontext
from amq.cli.open_mailbox import open_mailbox
from amq.cli.options import add_budget, count
from amq.cli.views import described, optional
from amq.errors import AmqError
from amq.output_budget import DEFAULT, Room
from amq.text import could_be_frame, indented, subject_line, visible, visible_lines, with_final_line_end

TYPE_CHECKING = False
if TYPE_CHECKING:
    from argparse import ArgumentParser, Namespace
    from collections.abc import Callable, Iterable, Mapping, Sequence
    from typing import Any

    from amq.cli.output import Output
    from amq.mail.draining import Drained, Fits
    from amq.message import Header

MOST_MESSAGES = 999_999_999  # messages: the widest number to reserve room for

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
    view = View(args, mailbox.account.me)
    with mailbox.drain(args.limit, ack=not args.no_ack) as mail:
        if out.json:
            show_json(mail.batches(view.json_room()), lambda: mail.remaining, view, out)
        else:
            room = view.text_room(mail.count, mail.remaining)
            show_text(mail.batches(room), lambda: (mail.count, mail.remaining), view, out)
            if mail.count and mail.remaining:
                out.line(_more(mail.remaining))
    if mail.unreadable and not mail.count:
        raise AmqError("nothing was shown: there is new mail, but it cannot be read", hint=mail.unreadable[0].hint)
    return 0


class View:
    """The way mail is shown: to whom, with bodies or not, in how much room. MORE says what happens to the rest."""

    def __init__(self, args: Namespace, me: str, more: str = "more wait: run it again") -> None:
        self.me = me
        self.include_body: bool = args.include_body
        self.budget = args.max_chars or config.output_budget(config.environment()) or DEFAULT
        self._more = more

    def first_line(self, count: int, remaining: int) -> str:
        """Return the line above COUNT messages, of which REMAINING more are left."""
        left_over = f" ({remaining} {self._more})" if remaining else ""
        return f"[AMQ] {count} new message(s) for {self.me}{left_over}:\n\n"

    def is_too_much(self, text: str) -> bool:
        """Return whether TEXT is above the budget."""
        return 0 < self.budget.most < self.budget.size(text)

    def room_below(self, head: str) -> int:
        """Return what is left of the budget between HEAD and the longest possible last line."""
        return self.budget.most - self.budget.size(head + _more(MOST_MESSAGES) + "\n")

    def text_room(self, count: int, remaining: int) -> Fits | None:
        """Return a test for whether one more entry fits between the longest first and last lines; None if all do."""
        around = self.first_line(count, count + remaining) + _more(count + remaining) + "\n"
        return self._room(around, lambda item: entry(item, include_body=self.include_body))

    def json_room(self, fields: Mapping[str, str] | None = None) -> Fits | None:
        """Return a test for whether one more item fits into the JSON array; None if all do."""
        around = _opening(fields) + _closing(MOST_MESSAGES, MOST_MESSAGES)
        return self._room(around, lambda each: _render(item(each, self.include_body)) + ",")

    def _room(self, around: str, shown: Callable[[Drained], str]) -> Fits | None:
        if not self.budget.most:
            return None
        room = Room(self.budget, self.budget.size(around))
        return lambda each: room.takes(shown(each))


def _more(remaining: int) -> str:
    return f"… {remaining} more: run amq drain again"


# -- text -------------------------------------------------------------------------------------------------------------


def show_text(
    batches: Iterable[Sequence[Drained]], numbers: Callable[[], tuple[int, int]], view: View, out: Output
) -> None:
    """Write the messages in BATCHES; each batch has been read when the next is asked for.

    NUMBERS, of messages and of those left over, are known once the first batch is.
    """
    for number, batch in enumerate(batches):
        head = "" if number else view.first_line(*numbers())
        text = head + "".join(entry(each, include_body=view.include_body) for each in batch)
        if len(batch) == 1 and view.is_too_much(text):
            text = head + _entry_in_part(batch[0], view, view.room_below(head))
        out.data(text)
        out.shown()


def entry(item: Drained, *, include_body: bool) -> str:
    """Return a message with its head, its body if wanted, and its closing line."""
    return f"{entry_head(item)}{_body(item.text) if include_body and item.header else ''}---\n"


def entry_head(item: Drained, shorten: Callable[[str], str] = str) -> str:
    """Return the lines above a message's body; SHORTEN is applied to the values that may be of any length."""
    again = "  Redelivered: yes, it may have been shown before\n" if item.redelivered else ""
    header = item.header
    if header is None:
        where = "still in new" if item.peeked else "moved to DLQ" if item.to_dlq else "moved aside"
        return f"- ID: {visible(item.id)}\n{again}  ERROR: {visible(str(item.error))} [{where}]\n"
    return (
        f"- From: {header.sender}\n"
        f"  Thread: {shorten(visible(header.conversation))}\n"
        f"  ID: {visible(header.id)}\n"
        f"  Subject: {shorten(subject_line(header.subject))}\n"
        f"  Priority: {header.priority or '-'}\n"
        f"  Kind: {header.kind or '-'}\n"
        f"  Created: {header.created}\n"
        f"{again}"
    )


def _entry_in_part(item: Drained, view: View, room: int) -> str:
    """Return a message longer than ROOM like `entry`, with its head shortened and a part of its body.

    A line below the part says how to read the rest; like the other lines, a body cannot forge it.
    """
    from amq.cli.truncation import part
    from amq.text import cut_before

    def shorten(value: str) -> str:
        most = view.budget.fitting(value, max(room // 4, 100))
        return value if len(value) <= most else f"{value[: cut_before(value, most)]}…"

    head = entry_head(item, shorten)
    if item.header is None or not view.include_body:
        return f"{head}---\n"
    left = room - view.budget.size(f"{head}---\n")
    return f"{head}{part(visible_lines(item.text), 0, item.header.id, view.budget, left, _body)}---\n"


def _body(text: str) -> str:
    """Return the body as it is, or indented if one of its lines could pass for one of amq's own."""
    body = with_final_line_end(visible_lines(text))
    if could_be_frame(body):
        return f"  Body (indented by 4):\n{indented(body)}"
    return f"  Body:\n{body}"


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
        "parse_error": str(item.error or ""),
    }
    kept = ("moved_to_cur", "acked")
    return fields | {key: value for key, value in outcome.items() if value or key in kept}


def _described(header: Header) -> dict[str, Any]:
    context = {"context": header.context} if header.context else {}
    return described(header) | {"ack_required": header.ack_required} | optional(header) | context
