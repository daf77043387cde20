"""`--wait-for` of `send` and `reply`: wait until the recipients have seen the message."""

from __future__ import annotations

from amq.errors import TimedOut
from amq.mail import delivery_status

TYPE_CHECKING = False
if TYPE_CHECKING:
    from argparse import Namespace

    from amq.mail.mailbox import Mailbox
    from amq.mail.sending import Sent

_SECONDS = 60.0


def wait_for(mailbox: Mailbox, sent: Sent, args: Namespace) -> None:
    """Wait as `--wait-for` says; raises TimedOut, which says that the message was delivered anyway."""
    if not _missing(mailbox, sent, args.wait_for):
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
