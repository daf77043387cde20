"""`amq thread`: show one conversation, from all mailboxes."""

from __future__ import annotations

from collections.abc import Sequence

from amq.cli.open_mailbox import open_mailbox
from amq.cli.options import add_color, add_no_cache, as_utf8, count, handles
from amq.cli.terminal import BOLD, FAINT, WIDE, Cell, priority, terminal
from amq.cli.views import described, optional, subject_rows
from amq.errors import NotFound, UsageError
from amq.mail.summary import CREATED, SENDER, SUBJECT
from amq.text import could_be_frame, indented, subject_line, visible, visible_lines, with_final_line_end

TYPE_CHECKING = False
if TYPE_CHECKING:
    from argparse import ArgumentParser, Namespace
    from typing import Any

    from amq.cli.output import Output
    from amq.cli.terminal import Terminal
    from amq.mail.account import Account
    from amq.mail.message_table import Table
    from amq.mail.threads import Conversation, Entry

USAGE = "[--id THREAD|ID] [--agents A,B] [--include-body] [--limit N] [--no-cache] [--color WHEN]"
NOTES = """\
An answer comes after the message it refers to, whatever the two clocks say. Without --id, a user at a terminal gets a
list of the conversations."""
EXAMPLES = """\
  amq thread                                             list the conversations, at a terminal
  amq thread --id p2p/claude__codex --limit 10
  amq thread --id review/parser --include-body
  amq thread --id review/parser --agents claude,codex --json"""


LIKELY_MISSING_OPTION = "--id"
_HEADINGS = ("new", "time", "age", "from", "to", "kind", "priority", "id", "subject")


def options(parser: ArgumentParser) -> None:
    """Add the command's options."""
    parser.add_argument(
        "--id",
        type=as_utf8,
        metavar="THREAD|ID",
        help="the thread's name, from `amq list --json`, or the id of a message in it",
    )
    parser.add_argument(
        "--agents", type=handles, default=[], metavar="A,B", help="only messages in these agents' mailboxes"
    )
    parser.add_argument("--include-body", action="store_true", help="show bodies too")
    parser.add_argument("--limit", type=count, default=0, metavar="N", help="show only the last N (0: all)")
    add_no_cache(parser)
    add_color(parser)


def run(args: Namespace, out: Output) -> int:
    """Show the conversation. Raises NotFound if it has no messages, because the name may be mistyped."""
    user = terminal(args, out)
    if args.id is None:
        if user is None or args.include_body:
            raise UsageError("missing required options: --id", hint="list its options: amq thread --help")
        return _list(open_mailbox(args, out, anyone=True).threads(agents=args.agents, limit=args.limit), out, user)
    mailbox = open_mailbox(args, out, anyone=True)
    shown = {"agents": args.agents, "limit": args.limit}

    def look(thread: str) -> Table | Sequence[Entry]:
        if out.json or user or args.include_body:
            return mailbox.thread(thread, bodies=args.include_body, **shown)
        return mailbox.thread_table(thread, **shown)

    entries = look(args.id)
    if not len(entries) and (thread := mailbox.thread_of(args.id)):
        entries = look(thread)
    if not len(entries):
        raise NotFound(
            f"no message has the thread {visible(args.id)}", hint="list the threads of your mail: amq list --json"
        )
    if not isinstance(entries, Sequence):
        out.data(subject_rows(*map(entries.column, (CREATED, SENDER, SUBJECT))))
    elif out.json:
        out.value([_item(entry) for entry in entries])
    elif user:
        out.data(_for_user(entries, mailbox.account, user))
    else:
        out.data("".join(map(_lines, entries)))
    return 0


def _list(found: Sequence[Conversation], out: Output, user: Terminal) -> int:
    """Print the conversations, the one with the newest message last."""
    from amq.mail.short_ids import CHARS

    rows = [
        (
            Cell("*" if each.unread else "", BOLD),
            user.age(each.last.created_ns),
            str(each.count),
            Cell(each.last.id[-CHARS:], FAINT),
            ", ".join(each.handles),
            each.thread,
            Cell(subject_line(each.last.subject), BOLD if each.unread else ""),
        )
        for each in found
    ]
    if rows:
        out.data(user.table(("new", "age", "messages", "last id", "agents", "thread", "last subject"), rows))
    else:
        out.note("No messages.")
    return 0


def _for_user(entries: Sequence[Entry], account: Account, user: Terminal) -> str:
    """Return the messages as one table; if they have bodies, as a table of one row above each body."""
    from amq.mail.short_ids import shortened
    from amq.mail.threads import is_unread

    ids = shortened(entry.header.id for entry in entries)
    rows = [_row(entry, ids, is_unread(account, entry), user) for entry in entries]
    if entries[0].text is None:
        return user.table(_HEADINGS, rows)
    parts = (
        f"{user.table(_HEADINGS, [row])}{_body(entry.text or '')}---\n"
        for entry, row in zip(entries, rows, strict=True)
    )
    return "".join(parts)


def _row(entry: Entry, ids: dict[str, str], is_new: bool, user: Terminal) -> tuple[str | Cell, ...]:
    header = entry.header
    return (
        Cell("*" if is_new else "", BOLD),
        Cell(user.local(header.created_ns), FAINT),
        user.age(header.created_ns) if user.columns >= WIDE else "",
        Cell(header.sender, BOLD if is_new else ""),
        ", ".join(header.to) if user.columns >= WIDE else "",
        header.kind,
        priority(header.priority),
        Cell(ids[header.id], FAINT),
        Cell(subject_line(header.subject), BOLD if is_new else ""),
    )


def _lines(entry: Entry) -> str:
    header = entry.header
    line = subject_rows([header.created], [header.sender], [header.subject])
    return f"{line}{_body(entry.text or '')}---\n"


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
