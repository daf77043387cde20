"""Two operations at once, in a given order: a double of `amq.store.durable.syscalls` that schedules their calls.

Each operation runs in its own thread, and only the one whose turn it is takes steps. Locks belong to open files, so
they separate threads as they separate processes. An operation that dies takes no further step, and its files are
closed, as the system does: that frees its locks.
"""

from __future__ import annotations

import threading
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from amq.store import durable
from amq.store.durable import Syscalls

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

ALL = 1_000_000
"""A turn of so many steps ends with the operation."""
_PATIENCE = 30.0


class Died(BaseException):
    """The end of an operation, as by a SIGKILL."""


@dataclass(frozen=True)
class Order:
    """The turns: an operation and its number of steps. Afterwards the first runs to its end, and then the second.

    The operation `dies` (if any) dies where its first turn ends.
    """

    turns: tuple[tuple[int, int], ...]
    dies: int | None = None

    def is_met(self, *, died: bool) -> bool:
        """Return whether the order happened as planned. The one to die may end before, unless the other waits."""
        return died == (self.dies is not None) or self.turns[1][1] != ALL

    def __str__(self) -> str:
        told = ", ".join(f"{'AB'[who]} takes {'the rest' if count == ALL else count}" for who, count in self.turns)
        return told if self.dies is None else f"{told}; {'AB'[self.dies]} dies after its first turn"


@dataclass
class _Actor:
    number: int
    ended: bool = False
    dead: bool = False
    turns_taken: int = 0
    descriptors: set[int] = field(default_factory=set)
    error: BaseException | None = None


class Stage(Syscalls):
    """A run of two operations in the order ORDER."""

    def __init__(self, order: Order) -> None:
        self._real = Syscalls()
        self._order = order
        self._actors = [_Actor(0), _Actor(1)]
        self._here = threading.local()
        self._change = threading.Condition()
        self._turns = [*order.turns, (0, ALL), (1, ALL), (0, ALL)]
        self._left = 0
        self._next_turn()

    def run(self, operations: Sequence[Callable[[], object]]) -> list[BaseException | None]:
        """Run OPERATIONS; return the error of each, None for one that died or completed."""
        before, durable.syscalls = durable.syscalls, self
        threads = [
            threading.Thread(target=self._act, args=(actor, operation), daemon=True)
            for actor, operation in zip(self._actors, operations, strict=True)
        ]
        try:
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join(_PATIENCE)
                assert not thread.is_alive(), f"{self._order}: they wait for each other"
        finally:
            durable.syscalls = before
        return [actor.error for actor in self._actors]

    @property
    def died(self) -> bool:
        """Return whether one has died."""
        return any(actor.dead for actor in self._actors)

    def _act(self, actor: _Actor, operation: Callable[[], object]) -> None:
        self._here.actor = actor
        try:
            operation()
        except Died:
            pass
        except BaseException as error:
            actor.error = error
        with self._change:
            actor.ended = True
            if self._now == actor.number:
                self._next_turn()
            self._change.notify_all()

    def _next_turn(self) -> None:
        """Go to the next turn of an operation that has not ended."""
        while self._turns:
            self._now, self._left = self._turns.pop(0)
            if not self._actors[self._now].ended:
                return

    def take(self, name: str, arguments: tuple[Any, ...]) -> Any:
        """Take one step when it is this operation's turn."""
        actor: _Actor = self._here.actor
        if actor.dead:
            if name == "close":
                return None
            raise Died
        self._wait_for_turn(actor)
        result = getattr(self._real, name)(*arguments)
        if name == "descend":
            actor.descriptors.add(result[0])
        elif name == "open":
            actor.descriptors.add(result)
        elif name == "close":
            actor.descriptors.discard(arguments[0])
        elif name == "lock" and not result:
            self._give_way(actor)
        return result

    def _wait_for_turn(self, actor: _Actor) -> None:
        with self._change:
            while self._now != actor.number or not self._left:
                if self._now == actor.number:
                    self._end_of_turn(actor)
                else:
                    assert self._change.wait(_PATIENCE), "no operation goes on"
            self._left -= 1

    def _end_of_turn(self, actor: _Actor) -> None:
        actor.turns_taken += 1
        self._next_turn()
        self._change.notify_all()
        if self._order.dies == actor.number and actor.turns_taken == 1:
            actor.dead = True
            for descriptor in actor.descriptors:
                self._real.close(descriptor)
            raise Died

    def _give_way(self, actor: _Actor) -> None:
        """Let the other run to its end, because it has the lock."""
        with self._change:
            other = self._actors[1 - actor.number]
            if not other.ended and not other.dead:
                self._turns.insert(0, (actor.number, ALL))
                self._now, self._left = other.number, ALL
                self._change.notify_all()


def _in_turn(name: str) -> Callable[..., Any]:
    def step(self: Stage, *arguments: Any) -> Any:
        return self.take(name, arguments)

    return step


for _name in [name for name in vars(Syscalls) if not name.startswith("_")]:
    setattr(Stage, _name, _in_turn(_name))
