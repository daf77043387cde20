from __future__ import annotations

import pytest
from hypothesis import given

from amq.pty.osc_state import AgentState, TitleAndState
from amq.pty.sequences import Kind, Splitter
from tests.pty.cuts import cut_streams


def after(*pieces: bytes) -> TitleAndState:
    announced, splitter = TitleAndState(), Splitter()
    for piece in pieces:
        for kind, token in splitter.feed(piece):
            if kind is Kind.STRING:
                announced.take(token)
    return announced


@pytest.mark.parametrize(
    ("stream", "published"),
    [
        (b"", None),
        (b"\x1b]7501;state=idle\x1b\\", AgentState.IDLE),
        (b"\x1b]7501;state=working:app=codex\x07", AgentState.WORKING),
        (b"\x1b]7501;state=blocked:app=codex:kind=permission\x1b\\", AgentState.BLOCKED),
        (b"\x1b]7501;app=codex:state=done\x1b\\", AgentState.DONE),
        (b"\x1b]7501;state=idle\x07\x1b]7501;state=clear:app=claude-code\x07", AgentState.CLEAR),
        (b"\x1b]7501;state=idle\x07\x1b]7501;state=clear\x1b\\", AgentState.CLEAR),
        (b"\x1b]7501;state=error:app=codex\x07", AgentState.ERROR),
        (b"\x1b]7501;state=idle\x07\x1b]7501;state=newfangled\x07", AgentState.OTHER),
        (b"\x1b]7501;state=idle\x07\x1b]7501;?\x07", AgentState.IDLE),
        (b"\x1b]7501;state=", None),
    ],
)
def test_the_published_state(stream: bytes, published: AgentState | None) -> None:
    assert after(stream).published is published


@pytest.mark.parametrize(
    ("states", "turns"),
    [
        ("idle working idle", 1),
        ("idle working blocked working done idle", 1),
        ("working idle idle working done", 2),
        ("working error working clear working", 0),
        ("idle done blocked idle", 0),
        ("working newfangled idle", 0),
    ],
)
def test_turns_that_end_are_counted(states: str, turns: int) -> None:
    assert after(*(f"\x1b]7501;state={state}\x07".encode() for state in states.split())).turns == turns


def test_a_word_that_is_not_known_is_kept() -> None:
    found = after(b"\x1b]7501;state=idle\x07\x1b]7501;state=newfangled:app=x\x07\x1b]7501;state=idle\x07")
    assert (found.published, found.unknown_state) == (AgentState.IDLE, "newfangled")
    assert after(b"\x1b]7501;state=" + b"x" * 300 + b"\x07").unknown_state == "x" * 20
    assert after(b"\x1b]7501;state=idle\x07").unknown_state == ""


def test_the_title() -> None:
    assert after(b"x").title is None
    assert after(b"\x1b]0;one\x07\x1b]2;two\x1b\\\x1b]1;icon\x07").title == b"two"


@given(cut_streams())
def test_cuts_make_no_difference(case: tuple[bytes, list[bytes]]) -> None:
    whole, pieces = case
    assert vars(after(whole)) == vars(after(*pieces))
