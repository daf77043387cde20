"""`amq export`: write conversations into a page that opens offline, or as JSON lines."""

from __future__ import annotations

from amq.cli import export_files
from amq.cli.filter_options import add_filter, filter_of
from amq.cli.open_mailbox import open_mailbox, private_directory
from amq.cli.options import add_no_cache, as_utf8, handles
from amq.cli.progress import Progress
from amq.cli.views import described, optional
from amq.errors import UsageError
from amq.mail.exporting import chosen, texts

TYPE_CHECKING = False
if TYPE_CHECKING:
    from argparse import ArgumentParser, Namespace
    from collections.abc import Iterable, Iterator
    from typing import Any

    from amq.cli.output import Output
    from amq.mail.account import Account
    from amq.mail.message_table import Table
    from amq.mail.summary import Summary

USAGE = """(--html DIR | --jsonl FILE) [--from H] [--to H] [--thread T] [--kind K] [--since WHEN] [--until WHEN]
        [--agents A,B] [--no-cache]"""
EXAMPLES = """\
  amq export --html mail                   all conversations: open mail/index.html in a browser, offline too
  amq export --jsonl mail.jsonl            a JSON object on each line, oldest first
  amq export --html review --thread review/parser
  amq export --jsonl march.jsonl --since 2026-03-01 --until 2026-04-01"""
NOTES = """\
Files are for you alone (modes 600 and 700), and are written whole or not at all. An earlier export is replaced, and
nothing else ever is. The page runs no script but its own and asks no server for anything."""


def options(parser: ArgumentParser) -> None:
    """Add the command's options."""
    parser.add_argument("--html", type=as_utf8, metavar="DIR", help="write a page into this directory")
    parser.add_argument("--jsonl", type=as_utf8, metavar="FILE", help="write JSON lines into this file")
    add_filter(parser)
    parser.add_argument("--agents", type=handles, default=[], metavar="A,B", help="only in these agents' mailboxes")
    add_no_cache(parser)


def run(args: Namespace, out: Output) -> int:
    """Write what was asked for, and print where, with the number of messages."""
    if not args.html and not args.jsonl:
        raise UsageError("nothing to write", hint="name a place: --html DIR, --jsonl FILE, or both")
    if args.html:
        export_files.check_page(args.html)
    if args.jsonl:
        export_files.check_lines(args.jsonl)
    account = open_mailbox(args, out, anyone=True).account
    found = chosen(account, filter_of(args, account), args.agents)
    written = {}
    with Progress(out) as progress:
        if args.jsonl:
            lines = (f"{_line(*each)}\n" for each in texts(account, found))
            export_files.write_lines(args.jsonl, _told(lines, len(found), progress))
            written["jsonl"] = args.jsonl
        if args.html:
            written["html"] = export_files.write_page(args.html, _told(_page(account, found), len(found), progress))
    if out.json:
        out.value({"messages": len(found), **written})
    else:
        for path in written.values():
            out.line(f"Exported {len(found)} message(s) to {path}")
    return 0


def _told(parts: Iterable[str], count: int, progress: Progress) -> Iterator[str]:
    """Yield PARTS, each of about one message, while PROGRESS shows how many of COUNT they are."""
    for number, part in enumerate(parts):
        progress.show(f"exporting: {min(number, count)} of {count} messages")
        yield part


def _line(message: Summary, text: str) -> str:
    from amq import jsontext

    item: dict[str, Any] = described(message) | {"body": text} | optional(message)
    item |= {"refs": message.refs} if message.refs else {}
    return jsontext.render(item | {key: value for key, value in message.extra.items() if key not in item}, indent=None)


def _page(account: Account, found: Table) -> Iterator[str]:
    from amq.page import offline

    return offline.page(account, private_directory(account.queue.root), found)
