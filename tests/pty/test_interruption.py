"""An interruption of a program's work, known from its published state and the user's keys."""

from __future__ import annotations

import pytest

from amq.pty.interruption import WITHIN_S, Interruption
from amq.pty.osc_state import AgentState
from amq.pty.terminal_model import Terminal

IDLE, WORKING = b"\x1b]7501;state=idle\x1b\\", b"\x1b]7501;state=working\x1b\\"


def at_work() -> Terminal:
    terminal = Terminal(0.0)
    terminal.from_program(IDLE, 0.0)
    terminal.from_program(WORKING, 1.0)
    return terminal


@pytest.mark.parametrize("key", [b"\x1b", b"\x03", b"\x1b[27u", b"\x1b[27;1u", b"\x1b[27;1:1u", b"\x1b[99;5u"])
def test_a_key_that_stops_the_work_is_one_until_the_user_submits_a_line(key: bytes) -> None:
    terminal = at_work()
    terminal.from_user(key, 2.0)
    assert not terminal.look(2.1).interrupted, "it works on"
    terminal.from_program(IDLE, 2.2)
    assert terminal.look(9.0).interrupted
    terminal.from_user(b"and then", 10.0)
    assert terminal.look(11.0).interrupted, "nothing is submitted yet"
    terminal.from_user(b"\r", 12.0)
    assert not terminal.look(12.1).interrupted


@pytest.mark.parametrize(
    ("key", "idle_at"), [(b"x", 2.2), (b"\x1b[A", 2.2), (b"\x1b[27;5u", 2.2), (b"\x1b", 2.0 + WITHIN_S + 0.1)]
)
def test_a_turn_that_ends_by_itself_is_none(key: bytes, idle_at: float) -> None:
    terminal = at_work()
    terminal.from_user(key, 2.0)
    terminal.from_program(IDLE, idle_at)
    assert not terminal.look(9.0).interrupted


def test_a_program_that_works_again_is_not_interrupted() -> None:
    terminal = at_work()
    terminal.from_user(b"\x1b", 2.0)
    terminal.from_program(IDLE, 2.1)
    terminal.from_program(WORKING, 3.0)
    assert not terminal.look(3.1).interrupted
    terminal.from_program(IDLE, 4.0)
    assert not terminal.look(4.1).interrupted, "one key interrupts one turn"


def test_a_key_while_it_idles_or_asks_is_none() -> None:
    interruption = Interruption()
    for state in (AgentState.IDLE, AgentState.BLOCKED, None):
        interruption.typed(b"\x1b", state, 1.0)
    interruption.changed(AgentState.WORKING, AgentState.IDLE, 0, 1.1)
    assert not interruption.lasts(0)
