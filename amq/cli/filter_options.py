"""Options that choose messages of all agents by their headers, for `amq search` and `amq log`."""

from __future__ import annotations

import re
import time
from argparse import ArgumentTypeError

from amq.cli.options import as_utf8
from amq.errors import UsageError
from amq.instants import SECOND_NS, parse_duration, parse_instant
from amq.mail.message_filter import Filter
from amq.names import KINDS

TYPE_CHECKING = False
if TYPE_CHECKING:
    from argparse import ArgumentParser, Namespace

    from amq.mail.account import Account

_DAYS = r"(\d{1,5})d"
_DATE = r"(\d{4})-(\d\d)-(\d\d)"
_HOURS_A_DAY = 24


def add_filter(parser: ArgumentParser) -> None:
    """Add the options."""
    parser.add_argument("--from", dest="sender", metavar="H", help="only from this agent")
    parser.add_argument("--to", dest="recipient", metavar="H", help="only to this agent, alone or among others")
    parser.add_argument("--thread", type=as_utf8, metavar="T", help="only of this thread")
    parser.add_argument("--kind", choices=KINDS, metavar="K", help="only this kind")
    parser.add_argument(
        "--since", type=instant, metavar="WHEN", help="only from then on: 2h or 3d ago, 2026-03-01, or an RFC 3339 time"
    )
    parser.add_argument("--until", type=instant, metavar="WHEN", help="only before then")


def filter_of(args: Namespace, account: Account) -> Filter:
    """Return what ARGS ask for; raises UsageError."""
    handles = {}
    for option, value in (("--from", args.sender), ("--to", args.recipient)):
        if value == "":
            raise UsageError(f"{option} is empty")
        handles[option] = account.named(value, option) if value else ""
    if args.thread == "":
        raise UsageError("--thread is empty")
    return Filter(handles["--from"], handles["--to"], args.thread or "", args.kind or "", args.since, args.until)


def instant(text: str) -> int:
    """Return an instant in nanoseconds since the epoch, for argparse: so long ago, a local day's begin, or a time."""
    try:
        if days := re.fullmatch(_DAYS, text, re.ASCII):
            return time.time_ns() - int(days[1]) * _HOURS_A_DAY * 3600 * SECOND_NS
        if date := re.fullmatch(_DATE, text, re.ASCII):
            parse_instant(f"{text}T00:00:00Z")  # raises ValueError for a date that there is not
            year, month, day = map(int, date.groups())
            return int(time.mktime((year, month, day, 0, 0, 0, 0, 0, -1))) * SECOND_NS
        if "-" in text:
            return parse_instant(text)
        return time.time_ns() - int(parse_duration(text) * SECOND_NS)
    except (ValueError, OverflowError):
        raise ArgumentTypeError(f"{text!r} is not a time such as 2h, 3d, 2026-03-01 or 2026-03-01T12:00:00Z") from None
