"""`amq thread`: show one conversation, from all mailboxes."""

from __future__ import annotations

from amq.cli.open_mailbox import open_mailbox
from amq.cli.options import as_utf8, count, handles
from amq.cli.views import described, optional
from amq.errors import NotFound
from amq.text import could_be_frame, indented, subject_line, visible, visible_lines, with_final_line_end

TYPE_CHECKING = False
if TYPE_CHECKING:
    from argparse import ArgumentParser, Namespace
    from typing import Any

    from amq.cli.output import Output
    from amq.mail.threads import Entry

USAGE = "--id THREAD [--agents A,B] [--include-body] [--limit N]"
NOTES = "An answer comes after the message it refers to, whatever the two clocks say."
EXAMPLES = """\
  amq thread --id p2p/claude__codex --limit 10
  amq thread --id review/parser --include-body
  amq thread --id review/parser --agents claude,codex --json"""


def options(parser: ArgumentParser) -> None:
    """Add the command's options."""
    parser.add_argument(
        "--id", type=as_utf8, required=True, metavar="THREAD", help="the thread's name, from `amq list --json`"
    )
    parser.add_argument(
        "--agents", type=handles, default=[], metavar="A,B", help="only messages in these agents' mailboxes"
    )
    parser.add_argument("--include-body", action="store_true", help="show bodies too")
    parser.add_argument("--limit", type=count, default=0, metavar="N", help="show only the last N (0: all)")


def run(args: Namespace, out: Output) -> int:
    """Show the conversation. Raises NotFound if it has no messages, because the name may be mistyped."""
    mailbox = open_mailbox(args, out, anyone=True)
    entries = mailbox.thread(args.id, agents=args.agents, limit=args.limit, bodies=args.include_body)
    if not entries:
        raise NotFound(
            f"no message has the thread {visible(args.id)}", hint="list the threads of your mail: amq list --json"
        )
    if out.json:
        out.value([_item(entry) for entry in entries])
    else:
        out.data("".join(map(_lines, entries)))
    return 0


def _lines(entry: Entry) -> str:
    header = entry.header
    line = f"{header.created}  {header.sender}  {subject_line(header.subject)}\n"
    return line if entry.text is None else f"{line}{_body(entry.text)}---\n"


def _body(text: str) -> str:
    """Return the body, indented if one of its lines could pass for the end or the beginning of a message."""
    body = with_final_line_end(visible_lines(text))
    return indented(body) if could_be_frame(body, dated=True) else body


def _item(entry: Entry) -> dict[str, Any]:
    """Return the entry as JSON: known keys first, then the unknown ones of its header."""
    header = entry.header
    body = {"body": entry.text} if entry.text is not None else {}
    unknown = {key: value for key, value in header.extra.items() if key != "body"}
    return described(header) | body | optional(header) | unknown
