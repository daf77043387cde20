from __future__ import annotations

import pytest
from hypothesis import given

from amq.pty.modes import Modes, Published
from amq.pty.sequences import Splitter
from tests.pty.cuts import cut_streams


def after(*pieces: bytes) -> Modes:
    modes, splitter = Modes(), Splitter()
    for piece in pieces:
        for kind, token in splitter.feed(piece):
            modes.take(kind, token)
    return modes


@pytest.mark.parametrize(
    ("stream", "on"),
    [
        (b"", False),
        (b"\x1b[?2004h", True),
        (b"\x1b[?1049;2004h", True),
        (b"\x1b[?2004h\x1b[?2004l", False),
        (b"\x1b[?2004h\x1b[?1049l", True),
        (b"\x1b[?2004h\x1bc", False),
        (b"\x1b[2004h", False),
        (b"\x1b]0;\x1b[?2004h", True),
        (b"\x1b]0;[?2004h\x07", False),
    ],
)
def test_bracketed_paste(stream: bytes, on: bool) -> None:
    assert after(stream).bracketed_paste is on


@pytest.mark.parametrize("mode", [b"47", b"1047", b"1049"])
def test_the_alternate_screen(mode: bytes) -> None:
    assert after(b"\x1b[?%sh" % mode).alternate_screen
    assert not after(b"\x1b[?%sh\x1b[?%sl" % (mode, mode)).alternate_screen


@pytest.mark.parametrize(
    ("stream", "published"),
    [
        (b"", None),
        (b"\x1b]7501;state=idle\x1b\\", Published.IDLE),
        (b"\x1b]7501;state=working:app=codex\x07", Published.WORKING),
        (b"\x1b]7501;state=blocked:app=codex:kind=permission\x1b\\", Published.BLOCKED),
        (b"\x1b]7501;app=codex:state=done\x1b\\", Published.DONE),
        (b"\x1b]7501;state=idle\x07\x1b]7501;state=clear:app=claude-code\x07", None),
        (b"\x1b]7501;state=idle\x07\x1b]7501;?\x07", Published.IDLE),
        (b"\x1b]7501;state=", None),
    ],
)
def test_the_published_state(stream: bytes, published: Published | None) -> None:
    assert after(stream).published is published


def test_the_title() -> None:
    assert after(b"x").title is None
    assert after(b"\x1b]0;one\x07\x1b]2;two\x1b\\\x1b]1;icon\x07").title == b"two"


@given(cut_streams())
def test_cuts_make_no_difference(case: tuple[bytes, list[bytes]]) -> None:
    whole, pieces = case
    assert vars(after(whole)) == vars(after(*pieces))


@given(cut_streams())
def test_skimming_is_enough(case: tuple[bytes, list[bytes]]) -> None:
    whole, pieces = case
    modes, splitter, thorough = Modes(), Splitter(), Splitter()
    for piece in pieces:
        thorough.feed(piece)
        for kind, token in splitter.skim(piece):
            modes.take(kind, token)
    assert vars(modes) == vars(after(whole))
    assert splitter.inside == thorough.inside
