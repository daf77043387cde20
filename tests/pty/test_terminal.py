from __future__ import annotations

import pytest

from amq.pty.echo import Echo
from amq.pty.modes import STATE_ANSWER, Published
from amq.pty.terminal import Terminal

BLOCKED = b"\x1b]7501;state=blocked:app=x:kind=permission\x07"


@pytest.mark.parametrize("question", [b"\x1b]7501;?\x07", b"\x1b]7501;?\x1b\\"])
def test_the_question_for_the_state_gets_one_answer(question: bytes) -> None:
    """The person's terminal does not see it, or there might be two."""
    terminal = Terminal(0.0, answers_state=True)
    assert terminal.from_program(b"a" + question + b"b", 1.0) == (b"ab", STATE_ANSWER)
    assert terminal.from_program(b"c", 1.0) == (b"c", b"")
    assert Terminal(0.0).from_program(question, 1.0) == (question, b"")


def test_a_question_in_two_reads_is_answered_as_well() -> None:
    terminal = Terminal(0.0, answers_state=True)
    assert terminal.from_program(b"\x1b]7501", 1.0) == (b"\x1b]7501", b"")
    assert terminal.from_program(b";?\x07", 1.0)[1] == STATE_ANSWER


def test_no_answer_goes_into_the_middle_of_a_key() -> None:
    terminal = Terminal(0.0, answers_state=True)
    terminal.from_person(b"\x1b[", 1.0)
    assert terminal.from_program(b"\x1b]7501;?\x07", 1.0)[1] == b""


def test_keys_while_the_program_is_blocked_are_no_draft() -> None:
    terminal = Terminal(0.0)
    terminal.from_program(BLOCKED, 1.0)
    terminal.from_person(b"1", 2.0)
    look = terminal.look(2.0)
    assert (look.published, look.draft, look.last_key) == (Published.BLOCKED, False, 2.0)


def test_the_echo_is_watched_from_the_mark_on() -> None:
    terminal = Terminal(0.0)
    terminal.from_program(b"before", 1.0)
    terminal.expect("amq")
    terminal.from_program(b"a", 2.0)
    assert terminal.look(2.0).echo is Echo.PART
    terminal.from_program(b"mq", 2.0)
    assert terminal.look(2.0).echo is Echo.EXACT
    terminal.expect(None)
    assert terminal.look(2.0).echo is Echo.NOTHING


@pytest.mark.parametrize("state", [b"idle", b"done"])
def test_a_program_that_said_it_waits_has_started(state: bytes) -> None:
    terminal = Terminal(0.0)
    assert not terminal.look(1.0).idle_seen
    terminal.from_program(b"\x1b]7501;state=" + state + b"\x07" + BLOCKED, 1.0)
    assert terminal.look(1.0).idle_seen
