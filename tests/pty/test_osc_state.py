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


def test_the_title() -> None:
    assert after(b"x").title is None
    assert after(b"\x1b]0;one\x07\x1b]2;two\x1b\\\x1b]1;icon\x07").title == b"two"


@given(cut_streams())
def test_cuts_make_no_difference(case: tuple[bytes, list[bytes]]) -> None:
    whole, pieces = case
    assert vars(after(whole)) == vars(after(*pieces))
