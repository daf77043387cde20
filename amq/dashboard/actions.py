"""Act as the user in a queue that they watch: write, answer, mark mail as read, and wake an agent again.

Each action returns a value, also where it fails: a view shows it, and goes on.
"""

from __future__ import annotations

import threading

from amq.errors import AmqError, why
from amq.mail.sending import Draft
from amq.record import record, replace
from amq.runtime.wake_request import request_wake
from amq.store import maildir
from amq.store.notifier_info import read_notifier
from amq.store.remote import read_remote
from amq.text import visible

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from amq.mail.account import Account
    from amq.mail.mailbox import Mailbox
    from amq.mail.sending import Sent
    from amq.mail.summary import Summary
    from amq.runtime.private_state import PrivateState


@record
class Done:
    """An action that has been done: what happened, and the id of its message. What is said is safe to show."""

    text: str
    id: str = ""
    warnings: tuple[str, ...] = ()


@record
class Refused:
    """An action that has not been done, as far as is known: why, and what to do, both safe to show."""

    message: str
    hint: str = ""


Result = Done | Refused


class Actions:
    """The actions of the owner of MAILBOX. Its methods may be called from any thread: they take turns."""

    def __init__(self, mailbox: Mailbox) -> None:
        self._mailbox = mailbox
        self._turn = threading.Lock()

    def send(self, to: Sequence[str], subject: str, body: str, draft: Draft | None = None) -> Result:
        """Send a message to the handles TO; DRAFT may set more than its SUBJECT."""
        whole = replace(draft or Draft(), subject=subject)
        return self._try(lambda: _sent(self._mailbox.send(to, _bytes(body), whole)))

    def answer(self, original: Summary, to: Sequence[str], subject: str, body: str) -> Result:
        """Answer the message ORIGINAL of any mailbox: in its thread, and with its references.

        Usually TO is its sender; SUBJECT may be empty: it then follows from that of ORIGINAL.
        """
        draft = Draft(subject=subject)
        return self._try(lambda: _sent(self._mailbox.answer(original, to, _bytes(body), draft)))

    def mark_read(self, identifier: str) -> Result:
        """File one of the owner's unread messages, which they have seen, and acknowledge it if it asks for that.

        One that another drain holds is left to that.
        """
        return self._try(lambda: self._drained(identifier))

    def _drained(self, identifier: str) -> Done:
        with self._mailbox.drain(only=[identifier]) as mail:
            shown = list(mail)
        acked = any(each.acked for each in shown)
        return Done("read, and acknowledged" if acked else "read" if shown else "read elsewhere", identifier)

    def _try(self, act: Callable[[], Done]) -> Result:
        with self._turn:
            return _result(self._mailbox.account, act)


def wake(account: Account, private: PrivateState, handle: str) -> Result:
    """Ask the notifier of HANDLE for another attempt; what forbids typing forbids it still.

    PRIVATE is the user's private directory, where notifiers look for requests.
    """
    return _result(account, lambda: _requested(account, private, handle))


def _requested(account: Account, private: PrivateState, handle: str) -> Done:
    agent = account.queue.agent(handle)
    if not maildir.has_entries(agent.inbox_new):
        raise AmqError(f"{handle} has no unread mail")
    if remote := read_remote(agent):
        raise AmqError(f"{handle} is {remote.handle} on the host {remote.host}, and is notified there")
    if read_notifier(agent) is None:
        raise AmqError(f"nothing notifies {handle}", hint=f"start it: amq run --as {handle} -- PROGRAM")
    directory = private.of_agent(account.queue.root, handle, make=False)
    if not directory.directory:
        raise AmqError(f"its notifier cannot be asked: {directory.why_not}")
    request_wake(directory.directory)
    return Done(f"asked to notify {handle} again")


def _result(account: Account, act: Callable[[], Done]) -> Result:
    """Return what ACT returns, with its warnings, or why it failed."""
    try:
        done, warnings = account.gather(act)
        return replace(done, warnings=tuple(map(visible, warnings)))
    except (AmqError, OSError) as error:
        return Refused(visible(why(error)), visible(getattr(error, "hint", "")))


def _bytes(body: str) -> bytes:
    """Return BODY without what UTF-8 cannot hold."""
    return body.encode("utf-8", "replace")


def _sent(sent: Sent) -> Done:
    unkept = f"; no copy was kept: {sent.outbox_error}" if sent.outbox_error else ""
    return Done(visible(f"sent to {', '.join(sent.to)}{unkept}"), sent.id)
