"""`amq search`: find messages by their words, in the mail of all agents."""

from __future__ import annotations

from amq.cli.filter_options import add_filter, filter_of
from amq.cli.open_mailbox import open_mailbox
from amq.cli.options import add_color, add_no_cache, as_utf8, count, handles
from amq.cli.progress import Progress
from amq.cli.terminal import BOLD, FAINT, WIDE, Cell, cut, terminal
from amq.cli.views import described, optional, subject_rows
from amq.mail.search_terms import parse_query
from amq.text import cut_before, subject_line, visible

TYPE_CHECKING = False
if TYPE_CHECKING:
    from argparse import ArgumentParser, Namespace
    from collections.abc import Sequence
    from typing import Any

    from amq.cli.output import Output
    from amq.cli.terminal import Terminal
    from amq.mail.search_terms import Query
    from amq.mail.searching import Hit

USAGE = """WORD… [--from H] [--to H] [--thread T] [--kind K] [--since WHEN] [--until WHEN] [--in BOX]
        [--agents A,B] [--limit 20] [--no-cache] [--color WHEN]"""
NOTES = """\
The newest come first. A message must have all words, in its subject or in the first 256 KiB of its body; capitals and
accents do not matter. Quotes make a phrase, which the shell must leave alone: '"exact words"'. A word that ends in *
stands for all that begin so."""
EXAMPLES = """\
  amq search parser bug                    messages with both words
  amq search '"off by one"' pars*          a phrase, and words that begin with pars
  amq search deploy --from codex --since 2d
  amq search review --in new --agents claude --json"""
_COLUMNS = 160
"""The most columns of an excerpt where no terminal limits it."""
_BEFORE = 40
"""The most characters of an excerpt before the first word that was found."""
_AFTER = 400


def options(parser: ArgumentParser) -> None:
    """Add the command's options."""
    parser.add_argument("words", nargs="*", type=as_utf8, metavar="WORD", help="a word to search for")
    add_filter(parser)
    parser.add_argument(
        "--in", dest="box", choices=("new", "cur", "sent"), metavar="BOX",
        help="only what is unread (new) or read (cur) in an inbox, or was sent by its agent (sent)",
    )  # fmt: skip
    parser.add_argument("--agents", type=handles, default=[], metavar="A,B", help="only in these agents' mailboxes")
    parser.add_argument("--limit", type=count, default=20, metavar="N", help="show at most N (default 20; 0: all)")
    add_no_cache(parser)
    add_color(parser)


def run(args: Namespace, out: Output) -> int:
    """Print the messages, each with the place in its body where the first word was found."""
    text = " ".join(args.words)
    query = parse_query(text)
    mailbox = open_mailbox(args, out, anyone=True)
    wanted = filter_of(args, mailbox.account)
    most = args.limit + 1 if args.limit else 0
    with Progress(out) as progress:
        mailbox.account.progress = lambda done, total: progress.show(f"reading new mail: {done} of {total} files")
        found = mailbox.search(text, wanted, most, boxes=[args.box] if args.box else [], agents=args.agents)
    hits = found[: args.limit] if args.limit else found
    if out.json:
        out.value([_item(hit, query) for hit in hits])
    elif not hits:
        out.note("No messages found.")
    elif user := terminal(args, out):
        out.data(_for_user(hits, query, user))
    else:
        out.data("".join(_lines(hit, query) for hit in hits))
    if len(hits) < len(found):
        out.note(f"the newest {len(hits)}; --limit 0 shows all")
    return 0


def _lines(hit: Hit, query: Query) -> str:
    header = hit.message.header
    line = subject_rows([header.created], [header.sender], [header.id], [header.subject])
    excerpt = _excerpt(hit, query)
    return f"{line}    {excerpt}\n" if excerpt else line


def _item(hit: Hit, query: Query) -> dict[str, Any]:
    header = hit.message.header
    place = {"agent": hit.holder, "box": hit.box, "path": hit.path}
    return described(header) | place | {"excerpt": _excerpt(hit, query)} | optional(header)


def _for_user(hits: Sequence[Hit], query: Query, user: Terminal) -> str:
    """Return a table of the messages, each with its excerpt below it."""
    from amq.mail.short_ids import shortened

    ids = shortened(hit.message.header.id for hit in hits)
    rows = []
    for hit in hits:
        header = hit.message.header
        in_subject = any(query.spans(header.subject))
        rows.append((
            Cell(user.local(header.created_ns), FAINT),
            header.sender,
            ", ".join(header.to),
            header.kind if user.columns >= WIDE else "",
            Cell(ids[header.id], FAINT),
            Cell(subject_line(header.subject), BOLD if in_subject else ""),
        ))  # fmt: skip
    head, *lines = user.table(("time", "from", "to", "kind", "id", "subject"), rows).splitlines(keepends=True)
    shown = [head]
    for hit, line in zip(hits, lines, strict=True):
        excerpt = cut(_excerpt(hit, query), user.columns - 4)
        shown += [line, f"    {_marked(excerpt, query, user)}\n" if excerpt else ""]
    return "".join(shown)


def _excerpt(hit: Hit, query: Query) -> str:
    """Return the part of the body around the first word that was found, visible, on one line; "" if it has none."""
    text = hit.searched_text
    if not query.is_partly_in(text):
        return ""
    first = next((begin for begin, _ in query.spans(text)), 0)
    start = max(first - _BEFORE, 0)
    before = text[start:first]
    if start:
        _, blank, rest = before.partition(" ")
        before = f"…{rest if blank else before}"
    after = text[first : first + cut_before(text[first : first + 2 * _AFTER], _AFTER)]
    line = visible(" ".join(f"{before}{after}".split()))
    return cut(line if first + len(after) >= len(text) else f"{line}…", _COLUMNS)


def _marked(line: str, query: Query, user: Terminal) -> str:
    """Return LINE with the words that were searched for in bold."""
    shown, end = "", 0
    for begin, stop in query.spans(line):
        shown += line[end:begin] + user.styled(line[begin:stop], BOLD)
        end = stop
    return shown + line[end:]
