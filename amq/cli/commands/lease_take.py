"""`amq lease take`: reserve paths before editing them."""

from __future__ import annotations

from amq.cli.leased_paths import item, line, paths, place, reason, seen
from amq.cli.open_mailbox import open_mailbox
from amq.cli.options import duration
from amq.errors import UsageError
from amq.mail import leasing
from amq.names import USER
from amq.store import leases
from amq.text import visible

TYPE_CHECKING = False
if TYPE_CHECKING:
    from argparse import ArgumentParser, Namespace

    from amq.cli.output import Output
    from amq.mail.leasing import State

_FOR_S = 30 * 60.0
USAGE = "PATH… [--for 30m] [--why TEXT]"
EXAMPLES = """\
  amq lease take src/parse.py --why 'rewrite the lexer'
  amq lease take src/parser/ 'docs/*.md' --for 2h"""
NOTES = """\
You get all of the paths or none. Exit code 1 names the holder, its time and its reason, and the command that asks for
the path. A directory means all below it. In a name * is any text and ? one character; the name ** is any number of
directories. The time of a lease begins when you last worked, as amq run or amq wake sees it, or sent or filed mail. A
lease whose time is over, or whose holder does not run under amq, only warns: you take it over, and the holder gets mail
about that. In another work tree of the repository, a lease only warns. Leases are advice: they lock no file and no
mail."""


def options(parser: ArgumentParser) -> None:
    """Add the command's arguments."""
    parser.add_argument("paths", nargs="+", metavar="PATH", help="a file, a directory or a pattern in the repository")
    parser.add_argument(
        "--for", dest="for_s", type=duration, default=_FOR_S, metavar="30m", help="time to keep it unseen (default 30m)"
    )
    parser.add_argument("--why", default="", metavar="TEXT", help="your purpose, for others to read")


def run(args: Namespace, out: Output) -> int:
    """Take the leases and print them. Warn of those that were in the way and do not count."""
    mailbox = open_mailbox(args, out)
    if not 0 < args.for_s <= leases.LONGEST_S:
        raise UsageError("--for is more than 0, and at most 24h")
    where = place(mailbox)
    taken, warned = leasing.take(
        mailbox.account, where, paths(args.paths, where), args.for_s, reason(args.why), seen(mailbox)
    )
    if out.json:
        out.value([item(state) for state in taken])
    else:
        out.data("".join(map(line, taken)))
    for state in warned:
        _warn(state, out)
    if mailbox.account.me != USER and taken[0].state == leasing.GONE:
        out.note("amq does not notify you (there is no amq run or amq wake), so others are only warned of your leases")
    return 0


def _warn(state: State, out: Output) -> None:
    lease = state.lease
    if state.here:
        end = leasing.why_ended(state)
        out.warn(f"you took over {visible(lease.path)} from {lease.holder}, which {end}; it gets mail about that")
    elif state.state == leasing.HELD:
        out.warn(f"{lease.holder} has a lease on {visible(lease.path)} in {lease.top}: expect a merge")
