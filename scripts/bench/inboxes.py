"""Queues to measure on: bob's inbox with a given number of messages."""

from __future__ import annotations

from pathlib import Path

from amq.instants import format_instant
from amq.layout import QueueLayout
from amq.message import Header, Message, render
from amq.names import SUFFIX, IdMaker
from amq.store import registry

START = 1_772_366_400_000_000_000
STEP = 1_100_000  # nanoseconds between two messages
BODY = b"A line of the body.\n" * 20
THREAD = "p2p/alice__bob"


class Queue:
    """A queue for bob's mail from alice; `others` are further agents."""

    def __init__(self, place: Path, others: tuple[str, ...] = ()) -> None:
        self.layout = QueueLayout(str(place / "queue"))
        registry.make_queue(self.layout, tracked=False)
        registry.register(self.layout, ["alice", "bob", *others], START)
        self.inbox = Path(self.layout.agent("bob").inbox_new)
        self._sent = Path(self.layout.agent("alice").sent)
        self._made = 0

    @property
    def root(self) -> str:
        """Return the argument of `--root`."""
        return self.layout.root

    def fill(self, count: int, *, sent: bool = False) -> None:
        """Let COUNT messages be new, and none be read; with `sent` their sender keeps a copy of each."""
        for box in (self.inbox, self.inbox.with_name("cur"), self._sent):
            for path in box.iterdir():
                path.unlink()
        self.add(count, sent=sent)

    def add(self, count: int, *, sent: bool = False) -> None:
        """Add COUNT new messages, written without a flush."""
        made = iter(range(self._made, self._made + count))
        self._made += count
        ids = IdMaker(lambda: START + next(made) * STEP, 1, lambda size: b"\1" * size)
        for _ in range(count):
            identifier, now = ids.make()
            header = Header(identifier, "alice", ["bob"], format_instant(now), now, THREAD, subject="A message")
            path = self.inbox / f"{identifier}{SUFFIX}"
            path.write_bytes(render(Message(header, BODY)))
            if sent:
                self._sent.joinpath(path.name).hardlink_to(path)
