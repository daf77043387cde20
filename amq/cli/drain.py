"""`amq drain`: take new mail."""

from __future__ import annotations

from amq import jsontext
from amq.cli.described import described, optional
from amq.cli.options import count
from amq.cli.session import open_mailbox
from amq.text import could_be_frame, indented, subject_line, visible, visible_lines, with_final_line_end

TYPE_CHECKING = False
if TYPE_CHECKING:
    from argparse import ArgumentParser, Namespace
    from collections.abc import Iterable, Mapping, Sequence
    from typing import Any

    from amq.cli.output import Output
    from amq.draining import Drained
    from amq.message import Header

SUMMARY = "take new mail: show it, acknowledge what asks for it, and file it as read"
USAGE = "[--limit 20] [--include-body] [--no-ack]"
EXAMPLES = """\
  amq drain --include-body      what an agent does when it is told of mail
  amq drain --json --limit 0    all of it, for a program"""


def options(parser: ArgumentParser) -> None:
    """The options of its own."""
    add_shown(parser)


def add_shown(parser: ArgumentParser) -> None:
    """The options that say what of the new mail is shown, and how."""
    parser.add_argument("--limit", type=count, default=20, metavar="N", help="at most N messages (default 20; 0: all)")
    parser.add_argument("--include-body", action="store_true", help="show the bodies too")
    parser.add_argument("--no-ack", action="store_true", help="acknowledge nothing")


def run(args: Namespace, out: Output) -> int:
    """Show what is new: urgent first, then the oldest. Silent in text if nothing is."""
    mailbox = open_mailbox(args, out)
    with mailbox.drain(args.limit, ack=not args.no_ack) as mail:
        if out.json:
            show_json(mail.batches(), mail.remaining, args.include_body, out)
        else:
            show_text(mail.batches(), mail.count, mailbox.account.me, args.include_body, out)
            if mail.count and mail.remaining:
                out.line(f"… {mail.remaining} more: run amq drain again")
    return 0


# -- text -------------------------------------------------------------------------------------------------------------


def show_text(batches: Iterable[Sequence[Drained]], count: int, me: str, include_body: bool, out: Output) -> None:
    """Write the COUNT messages in BATCHES; each batch has been read when the next is asked for."""
    head = f"[AMQ] {count} new message(s) for {me}:\n\n"
    for batch in batches:
        out.data(head + "".join(_entry(item, include_body) for item in batch))
        out.shown()
        head = ""


def _entry(item: Drained, include_body: bool) -> str:
    again = "  Redelivered: yes, it may have been shown before\n" if item.redelivered else ""
    header = item.header
    if header is None:
        where = "still in new" if item.peeked else "moved to DLQ" if item.to_dlq else "moved aside"
        return f"- ID: {visible(item.id)}\n{again}  ERROR: {visible(str(item.error))} [{where}]\n---\n"
    return (
        f"- From: {header.sender}\n"
        f"  Thread: {visible(header.conversation)}\n"
        f"  ID: {visible(header.id)}\n"
        f"  Subject: {subject_line(header.subject)}\n"
        f"  Priority: {header.priority or '-'}\n"
        f"  Kind: {header.kind or '-'}\n"
        f"  Created: {header.created}\n"
        f"{again}{_body(item.text) if include_body else ''}---\n"
    )


def _body(text: str) -> str:
    """The body as it is, or indented if a line of it could be taken for one of ours."""
    body = with_final_line_end(visible_lines(text))
    if could_be_frame(body):
        return f"  Body (indented by 4):\n{indented(body)}"
    return f"  Body:\n{body}"


# -- JSON -------------------------------------------------------------------------------------------------------------


def show_json(
    batches: Iterable[Sequence[Drained]],
    remaining: int,
    include_body: bool,
    out: Output,
    fields: Mapping[str, str] | None = None,
) -> None:
    """One object: FIELDS, and the messages, written batch by batch, each read when the next is asked for."""
    head = "".join(f'  "{name}": {jsontext.render(value)},\n' for name, value in (fields or {}).items())
    opening, count = f'{{\n{head}  "drained": [', 0
    for batch in batches:
        items = [_render(item(each, include_body)) for each in batch]
        out.data(opening + ",".join(items))
        out.shown()
        opening, count = ",", count + len(batch)
    opening = opening if not count else "\n  "
    out.data(f'{opening}],\n  "count": {count},\n  "remaining": {remaining}\n}}\n')


def _render(item: dict[str, Any]) -> str:
    return "\n    " + jsontext.render(item).replace("\n", "\n    ")


def item(item: Drained, include_body: bool) -> dict[str, Any]:
    """A message as it stands in JSON."""
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
