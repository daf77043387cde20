"""Playbooks fail with their story, and tables are read from a page."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

import pytest

from amq.record import replace
from tests import state_page
from tests.playbook import Event, Playbook, Scene


class Lamp(Enum):
    DARK = "dark"
    LIT = "lit"


@dataclass(frozen=True)
class Bell(Scene[str]):
    """A bell that rings when it is pressed, and once more at the next look."""

    lamp: Lamp = Lamp.DARK

    def look(self, now: float) -> tuple[Bell, tuple[str, ...]]:  # noqa: ARG002
        return Bell(), ("ring",) * (self.lamp is Lamp.LIT)

    def facts(self) -> tuple[Lamp]:
        return (self.lamp,)


PRESS: Event[Bell, str] = Event("press", lambda bell, now: (replace(bell, lamp=Lamp.LIT), ("ring", f"light {now:g}")))
BELL: Playbook[Bell, str] = Playbook(Bell())
PRESSED = BELL >> 0.5 >> PRESS


def fails(story: str) -> pytest.RaisesExc[AssertionError]:
    """Return a check of the output of a failing story: STORY, behind the first line."""
    return pytest.raises(AssertionError, check=lambda error: str(error) == f"not as in the story:\n{story}")


def test_a_story_that_is_kept() -> None:
    assert PRESSED << "ring" << "light 0.5" << Lamp.LIT >> 2 << "ring" << Lamp.DARK >> 1
    assert PRESSED << "ring" << "light 0.5", "one beginning goes on in several ways"


def test_another_action() -> None:
    with fails("""\
      0.50  >> 0.5 s
      0.50  >> press
      0.50  << ring
       -->  << ring
            but it did: << light 0.5
            and is in: Lamp.LIT"""):
        PRESSED << "ring" << "ring"


def test_nothing_where_something_is_expected() -> None:
    with fails("""\
      3.00  >> 3 s
       -->  << ring
            but it did: nothing
            and is in: Lamp.DARK"""):
        BELL >> 3 << "ring"


def test_another_state() -> None:
    with fails("""\
      0.00  << Lamp.DARK
       -->  << Lamp.LIT
            but it did: nothing
            and is in: Lamp.DARK"""):
        BELL << Lamp.DARK << Lamp.LIT


def test_an_action_that_the_story_leaves_out() -> None:
    untold = """\
      0.50  >> 0.5 s
      0.50  >> press
      0.50  << ring
       -->  << nothing more
            but it did: << light 0.5
            and is in: Lamp.LIT"""
    with fails(untold):
        bool(PRESSED << "ring")
    with fails(untold):
        PRESSED << "ring" >> 1


def test_a_table_in_a_page() -> None:
    page = """About lamps.

    state  next   when
    -----  -----  ----------
    DARK   LIT    pressed
    LIT           never more

    And more."""
    assert state_page.rows(page, "state", "next", "when") == [("DARK", "LIT", "pressed"), ("LIT", "", "never more")]
    with pytest.raises(AssertionError, match="no table"):
        state_page.rows(page, "state", "next")
