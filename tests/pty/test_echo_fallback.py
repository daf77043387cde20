from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from amq.pty.echo_fallback import Echo, EchoWatch
from amq.pty.sequences import Splitter
from tests.pty.cuts import cut_streams

TEXT = "amq: 1 new message from codex."


def status(*pieces: bytes, text: str = TEXT) -> Echo:
    watch, splitter = EchoWatch(text), Splitter()
    for piece in pieces:
        for kind, token in splitter.feed(piece):
            watch.take(kind, token)
    return watch.status


@pytest.mark.parametrize(
    ("output", "expected"),
    [
        (b"", Echo.NOTHING),
        (b"\x1b[?25l \r\n\x07\x1b]0;title\x07", Echo.NOTHING),
        (b"amq: 1 new", Echo.PART),
        (TEXT.encode(), Echo.EXACT),
        (b"\x1b[7mamq: 1 new\x1b[0m message\x1b[K from codex.\x1b[?25h", Echo.EXACT),
        (b"amq: 1 new mess\r\nage from codex.", Echo.EXACT),  # wrapped
        (b"amq: 1 new mess \rage from codex.", Echo.EXACT),  # as readline wraps
        (b"amq: 1 new messa\b\x1b[Kage from codex.", Echo.EXACT),
        (b"amq:\x1b[1C1\x1b[1Cnew message from codex.", Echo.EXACT),
        (TEXT.encode() + b"!", Echo.OTHER),
        (b"> " + TEXT.encode(), Echo.OTHER),
        (TEXT.encode() * 2, Echo.OTHER),
        (b"***", Echo.OTHER),
        (TEXT.encode() + b"\x1b[2K", Echo.NOTHING),
        (b"> \x1b[2K\r" + TEXT.encode(), Echo.EXACT),
        (TEXT.encode() + b"\x1b[2J\x1b[HProceed? y/n", Echo.OTHER),
        (b"x" * 5000 + b"\x1b[2J" + TEXT.encode(), Echo.OTHER),
    ],
)
def test_what_came_back(output: bytes, expected: Echo) -> None:
    assert status(output) is expected


@given(cut_streams())
def test_cuts_make_no_difference(case: tuple[bytes, list[bytes]]) -> None:
    whole, pieces = case
    assert status(whole, text="amq1 a") is status(*pieces, text="amq1 a")


@given(st.integers(1, 40), st.sampled_from([b"\r\n", b" \r", b"\x1b[E"]))
def test_any_width_shows_the_whole_line(width: int, wrap: bytes) -> None:
    line = TEXT.encode()
    assert status(wrap.join(line[at : at + width] for at in range(0, len(line), width))) is Echo.EXACT


@given(st.integers(0, len(TEXT)), st.characters(codec="ascii", min_codepoint=33, max_codepoint=126))
def test_one_character_more_is_something_else(at: int, character: str) -> None:
    assert status((TEXT[:at] + character + TEXT[at:]).encode()) is Echo.OTHER
