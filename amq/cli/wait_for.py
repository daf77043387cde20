"""`--wait-for` of `send` and `reply`: wait until the recipients have seen the message."""

from __future__ import annotations

from amq.cli.options import duration
from amq.errors import TimedOut, UsageError
from amq.mail import delivery_status

TYPE_CHECKING = False
if TYPE_CHECKING:
    from argparse import ArgumentParser, Namespace

    from amq.mail.mailbox import Mailbox
    from amq.mail.sending import Sent

_SECONDS = 60.0


def add_wait(parser: ArgumentParser) -> None:
    """Add the options for waiting."""
    stages = (delivery_status.DRAINED, delivery_status.ACKED)
    parser.add_argument(
        "--wait-for",
        choices=stages,
        metavar="|".join(stages),
        help="wait until every recipient has done so (acked implies --ack)",
    )
    parser.add_argument("--wait-timeout", type=duration, metavar="60s", help="wait at most this long (0: no limit)")


def check_wait(args: Namespace) -> None:
    """Raise UsageError for a timeout without a wait."""
    if args.wait_timeout is not None and not args.wait_for:
        raise UsageError("--wait-timeout needs --wait-for", hint="add --wait-for drained, or --wait-for acked")


def wait_for(mailbox: Mailbox, sent: Sent, args: Namespace) -> None:
    """Wait as the options say; raises TimedOut, which says that the message was delivered anyway."""
    if not args.wait_for or not _missing(mailbox, sent, args.wait_for):
        return
    from amq.runtime.stat_polling import until

    seconds = _SECONDS if args.wait_timeout is None else args.wait_timeout
    directories = delivery_status.places(mailbox.account, sent.to, args.wait_for)
    if not until(lambda: not _missing(mailbox, sent, args.wait_for), directories, seconds):
        late = ", ".join(_late(mailbox, sent.id, handle) for handle in _missing(mailbox, sent, args.wait_for))
        raise TimedOut(
            f"{sent.id} was delivered to {', '.join(sent.to)}, but not {args.wait_for} by {late} in {seconds:g} s",
            hint="do not send it again: it is in the inbox",
        )


def _late(mailbox: Mailbox, identifier: str, handle: str) -> str:
    """Return HANDLE, with the state of the message if a hook has given it to that agent's program."""
    from amq.store.offer_record import states

    try:
        state = states(mailbox.account.queue.agent(handle)).get(identifier)
    except OSError:
        state = None
    return f"{handle} ({state})" if state else handle


def _missing(mailbox: Mailbox, sent: Sent, what: str) -> list[str]:
    return delivery_status.missing(mailbox.account, sent.id, sent.to, what)
