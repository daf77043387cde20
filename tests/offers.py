"""A mailbox whose mail is offered to a program, and the history of the program's session."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from amq.layout import AgentLayout, QueueLayout
from amq.mail import offering
from amq.mail.account import Account
from amq.mail.draining import Drained
from amq.mail.mailbox import Mailbox
from amq.mail.offering import Offer
from amq.mail.rendering import handed_over
from amq.mail.sending import Draft
from amq.output_budget import DEFAULT
from amq.runtime import notifier_lock
from amq.runtime.hooks import history, receipts
from amq.runtime.policy.hook_decision import Event, HookState
from amq.store import registry
from tests.crash.world import regular_files


def event(name: str, turn: str = "t", session: str = "s") -> Event:
    """Return an event of a program; `goes on` is the end of a turn that a hook has kept from ending before."""
    return Event("stop" if name == "goes on" else name, session=session, turn=turn, goes_on=name == "goes on")


def prompt(path: Path) -> Event:
    """Return the submission of a prompt in the session whose history is PATH."""
    return Event("prompt", session="s", turn="t", history=str(path))


def take_receipts(account: Account, at: Event | None, state: HookState) -> tuple[HookState, set[str], list[Offer]]:
    """Follow the open offers as a hook does at the event AT. Return the state then, the ids filed, and what is open."""
    outcomes = receipts.followed(account, at)
    after = receipts.counted(receipts.remembered(state, outcomes), outcomes)
    return after, *receipts.settle(account, outcomes)


@contextmanager
def hosted(mailbox: Mailbox) -> Iterator[None]:
    """Be the host of the agent of MAILBOX for a block, whose plugin can still report."""
    claim = notifier_lock.claim(mailbox.state_dir, "run")
    try:
        yield
    finally:
        claim.release()


@dataclass(frozen=True)
class Room:
    """Bob's mailbox in a queue in the directory PLACE, and the history of his program's session."""

    place: Path
    clock: Callable[[], int] = time.time_ns

    def __post_init__(self) -> None:
        registry.make_queue(self.queue, tracked=False)
        for handle in ("alice", "bob"):
            registry.make_mailbox(self.queue, handle)

    @property
    def queue(self) -> QueueLayout:
        """Return the queue."""
        return QueueLayout(str(self.place / "queue"))

    @property
    def bob(self) -> Mailbox:
        """Return Bob's mailbox, opened anew."""
        return Mailbox(self.queue.root, "bob", clock=self.clock)

    @property
    def account(self) -> Account:
        """Return Bob's account."""
        return self.bob.account

    @property
    def agent(self) -> AgentLayout:
        """Return the paths of Bob's mailbox."""
        return self.queue.agent("bob")

    @property
    def history(self) -> Path:
        """Return the path of the session's history."""
        return self.place / "history.jsonl"

    def send(self, *ids: str, body: str = "hello", ack: bool = False) -> None:
        """Let alice send messages with these ids."""
        for identifier in ids:
            Mailbox(self.queue.root, "alice").send(["bob"], body.encode(), Draft(new_id=identifier, ack=ack))

    def offer(self, at: Event | None = None, most: int = 99) -> tuple[Offer, str] | None:
        """Offer MOST of the mail that is not on offer, at an event; return the offer and its text, or None."""
        at, left = at or prompt(self.history), [most]

        def fits(_: object) -> bool:
            left[0] -= 1
            return left[0] >= 0

        position = history.size(at.history)
        with offering.hold(self.account, ()) as mail:
            for batch in mail.batches(fits):
                text = handed_over(batch, "bob", mail.remaining, DEFAULT)
                return mail.leave_offered(at.name, at.session, at.turn, at.history, position, len(text)), text
        return None

    def offers(self) -> list[Offer]:
        """Return Bob's open offers."""
        return offering.open_offers(self.agent)

    def drain(self, limit: int = 0) -> list[Drained]:
        """Drain as Bob; return what was shown."""
        with self.bob.drain(limit) as mail:
            return list(mail)

    def write(self, line: bytes, path: Path | None = None) -> None:
        """Add a line to the history."""
        with open(path or self.history, "ab") as file:
            file.write(line)

    def files(self, box: str) -> list[str]:
        """Return the ids in the inbox's BOX, new or cur."""
        return sorted(path.stem for path in regular_files(f"{self.agent.inbox}/{box}"))

    def records(self) -> list[Path]:
        """Return the records of drains and offers."""
        return sorted(regular_files(self.agent.drains))
