"""Queues to measure on: bob's inbox with a given number of messages."""

from __future__ import annotations

import os
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

    def boxes(self) -> tuple[Path, ...]:
        """Return the directories of bob's mail and of alice's copies."""
        return self.inbox, self.inbox.with_name("cur"), self._sent

    def fill(self, count: int, *, sent: bool = False) -> None:
        """Let COUNT messages be new, and none be read; with `sent` their sender keeps a copy of each."""
        for box in self.boxes():
            for path in box.iterdir():
                path.unlink()
        self.add(count, sent=sent)

    def add(self, count: int, *, sent: bool = False, read: bool = False) -> None:
        """Add COUNT new messages, or READ ones, written without a flush."""
        made = iter(range(self._made, self._made + count))
        self._made += count
        ids = IdMaker(lambda: START + next(made) * STEP, 1, lambda size: b"\1" * size)
        box = os.open(self.inbox.with_name("cur") if read else self.inbox, os.O_RDONLY)
        kept = os.open(self._sent, os.O_RDONLY)
        try:
            for _ in range(count):
                identifier, now = ids.make()
                header = Header(identifier, "alice", ["bob"], format_instant(now), now, THREAD, subject="A message")
                name = f"{identifier}{SUFFIX}"
                file = os.open(name, os.O_WRONLY | os.O_CREAT, 0o600, dir_fd=box)
                os.write(file, render(Message(header, BODY)))
                os.close(file)
                if sent:
                    os.link(name, name, src_dir_fd=box, dst_dir_fd=kept)
        finally:
            os.close(box)
            os.close(kept)
