"""Helpers of the tests of waiting commands: a queue, calls in this process, and acts in place of waiting."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from amq.cli.main import main
from amq.layout import QueueLayout
from amq.mail.mailbox import Mailbox
from amq.mail.sending import Draft
from amq.runtime import stat_polling
from amq.runtime.stat_polling import Watch
from amq.store import registry

LONG = 20.0  # seconds: a test that takes longer has failed
Act = Callable[[], object]


class Queue:
    """A queue with the agents a, b and c."""

    def __init__(self, directory: Path) -> None:
        self.root = str(directory / ".agent-mail")
        layout = QueueLayout(self.root)
        registry.make_queue(layout, tracked=False)
        registry.register(layout, ["a", "b", "c"], 0)

    def mailbox(self, handle: str) -> Mailbox:
        return Mailbox(self.root, handle)

    def call(self, me: str, *words: str) -> int:
        """Call `amq WORDS` as the agent ME; return its exit code."""
        return main([*words, "--root", self.root, "--me", me])

    def send(self, body: str = "hello", priority: str = "") -> str:
        """Send a message from a to b; return its id."""
        return self.mailbox("a").send(["b"], body.encode(), Draft(subject=body, priority=priority, ack=True)).id

    def drain(self, handle: str) -> list[str]:
        """Drain a mailbox; return the ids."""
        with self.mailbox(handle).drain() as mail:
            return [item.id for item in mail]

    def boxes(self, handle: str) -> tuple[list[str], list[str]]:
        """Return the ids in new and in cur."""
        new, cur = ([listed.id for listed in self.mailbox(handle).list(box)] for box in ("new", "cur"))
        return new, cur


def instead_of_waiting(monkeypatch: pytest.MonkeyPatch, *acts: Act) -> list[float]:
    """Do one of ACTS for each wait, and fail at one wait more. Return each wait's time-out in seconds."""
    steps = iter(acts)
    waits: list[float] = []

    def wait(_: Watch, seconds: float, __: float) -> bool:
        waits.append(seconds)
        next(steps, lambda: pytest.fail("it waits, and nothing more will come"))()
        return False

    monkeypatch.setattr(Watch, "wait", wait)
    return waits


def in_the_gap(monkeypatch: pytest.MonkeyPatch, act: Act) -> None:
    """Do ACT after the first look and before the watch begins; fail if the command waits after that."""
    begin = Watch.__init__

    def begin_late(watch: Watch, *arguments: Any, **options: Any) -> None:
        act()
        begin(watch, *arguments, **options)

    monkeypatch.setattr(Watch, "__init__", begin_late)
    instead_of_waiting(monkeypatch)


@contextmanager
def while_waiting(monkeypatch: pytest.MonkeyPatch, act: Act) -> Iterator[None]:
    """Do ACT during the first wait, which only a change ends in time."""
    wait, beside = Watch.wait, threading.Thread(target=act)

    def first_wait(watch: Watch, left: float, step: float) -> bool:
        if beside.ident is None:
            beside.start()
        return wait(watch, left, step)

    monkeypatch.setattr(stat_polling, "TICK_S", LONG)
    monkeypatch.setattr(stat_polling, "SWEEP_S", LONG)
    monkeypatch.setattr(Watch, "wait", first_wait)
    started = time.monotonic()
    yield
    beside.join()
    assert time.monotonic() - started < LONG / 2, "no change was seen"
