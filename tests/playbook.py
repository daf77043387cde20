"""Playbooks: the test of a pure machine as a story. `>>` is an event, `<<` is an action of the machine.

    assert Playbook(Agent()) >> mail("a") << ATTEMPT >> ended(Outcome.SUBMITTED) << again(30) >> 30 << ATTEMPT

A number is seconds that pass. A story says all that the machine does: one that leaves something out fails like one that
expects too much, and prints itself as far as it came. A playbook never changes, so a beginning can go on in many ways.
Write a beginning in a function: at the top of a module it would fail while pytest collects, and take all tests along.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum
from typing import Any, Generic, NoReturn, Self, TypeVar

from amq.record import replace

A = TypeVar("A")


class Scene(Generic[A]):
    """A machine's state, and its input."""

    def look(self, now: float) -> tuple[Self, tuple[A, ...]]:  # noqa: ARG002 - to one that has no clock time does nothing
        """Return the scene when time has passed, and the actions of the machine then."""
        return self, ()

    def facts(self) -> tuple[Enum, ...]:
        """Return facts of the state that a story may name, such as its phase."""
        return ()

    def words(self, action: A) -> str:
        """Return how ACTION reads in a story."""
        return str(action)


S = TypeVar("S", bound=Scene[Any])


@dataclass(frozen=True)
class Event(Generic[S, A]):
    """An event, described by WORDS; PLAY returns the scene after it, and the actions of the machine."""

    words: str
    play: Callable[[S, float], tuple[S, tuple[A, ...]]]


@dataclass(frozen=True)
class Playbook(Generic[S, A]):
    """The story so far."""

    scene: S
    now: float = 0.0
    lines: tuple[str, ...] = ()
    left: tuple[A, ...] = ()  # actions that the story has not said yet

    def __rshift__(self, event: Event[S, A] | float) -> Playbook[S, A]:
        """Let EVENT happen, or so many seconds pass."""
        __tracebackhide__ = True
        self._check_end()
        if isinstance(event, Event):
            scene, left = event.play(self.scene, self.now)
            return replace(self, scene=scene, left=left)._with(f">> {event.words}")
        later = replace(self, now=self.now + event)
        scene, left = later.scene.look(later.now)
        return replace(later, scene=scene, left=left)._with(f">> {event:g} s")

    def __lshift__(self, expected: A | Enum) -> Playbook[S, A]:
        """Expect an action to be the next, or a member of an enumeration to be a fact of the state."""
        __tracebackhide__ = True
        if isinstance(expected, Enum):
            line = f"<< {type(expected).__name__}.{expected.name}"
            if expected not in self.scene.facts():
                self._fail(line)
            return self._with(line)
        if self.left[:1] != (expected,):
            self._fail(f"<< {self.scene.words(expected)}")
        return replace(self, left=self.left[1:])._with(f"<< {self.scene.words(expected)}")

    def __bool__(self) -> bool:
        """Return True if the story has said all."""
        __tracebackhide__ = True
        self._check_end()
        return True

    def _with(self, line: str) -> Playbook[S, A]:
        return replace(self, lines=(*self.lines, f"{self.now:10.2f}  {line}"))

    def _check_end(self) -> None:
        __tracebackhide__ = True
        if self.left:
            self._fail("<< nothing more")

    def _fail(self, expected: str) -> NoReturn:
        __tracebackhide__ = True
        done = ", ".join(f"<< {self.scene.words(action)}" for action in self.left) or "nothing"
        facts = ", ".join(f"{type(fact).__name__}.{fact.name}" for fact in self.scene.facts())
        story = [*self.lines, f"       -->  {expected}", f"            but it did: {done}"]
        raise AssertionError(
            "\n".join(["not as in the story:", *story, *([f"            and is in: {facts}"] * bool(facts))])
        )
