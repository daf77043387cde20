from __future__ import annotations

import pytest
from hypothesis import given

from amq.pty.sequences import LONGEST_SEQUENCE_BYTES, LONGEST_STRING_BYTES, MOST_SKIMMED, TAIL, Kind, Splitter, Token
from tests.pty.cuts import STREAMS, cut_streams


def joined(tokens: list[Token]) -> list[Token]:
    """Return TOKENS with neighbouring text in one piece."""
    result: list[Token] = []
    for kind, data in tokens:
        if result and kind is result[-1][0] is Kind.TEXT:
            result[-1] = (kind, result[-1][1] + data)
        else:
            result.append((kind, data))
    return result


@pytest.mark.parametrize(
    ("stream", "tokens"),
    [
        (b"hello", [(Kind.TEXT, b"hello")]),
        (b"a\x1b[31mb", [(Kind.TEXT, b"a"), (Kind.CSI, b"\x1b[31m"), (Kind.TEXT, b"b")]),
        (b"\x1b[?2004h", [(Kind.CSI, b"\x1b[?2004h")]),
        (b"\x1b(B\x1b7", [(Kind.ESCAPE, b"\x1b(B"), (Kind.ESCAPE, b"\x1b7")]),
        (b"\x1b]0;t\x07x", [(Kind.STRING, b"]0;t"), (Kind.TEXT, b"x")]),
        (b"\x1b]0;t\x1b\\x", [(Kind.STRING, b"]0;t"), (Kind.TEXT, b"x")]),
        (b"\x1bPq\x07q\x1b\\x", [(Kind.STRING, b"Pqq"), (Kind.TEXT, b"x")]),
        (b"\x1b]0;t\x18x", [(Kind.TEXT, b"x")]),
        (b"\x1b]0;t\x1b[mx", [(Kind.CSI, b"\x1b[m"), (Kind.TEXT, b"x")]),
        (b"\x1b[3\x1b[m", [(Kind.ESCAPE, b"\x1b[3"), (Kind.CSI, b"\x1b[m")]),
        (b"\x1b[3\nx", [(Kind.ESCAPE, b"\x1b[3"), (Kind.TEXT, b"\nx")]),
        (b"\x1b\r", [(Kind.ESCAPE, b"\x1b\r")]),
        (b"\x1b\x1b[A", [(Kind.ESCAPE, b"\x1b"), (Kind.CSI, b"\x1b[A")]),
    ],
)
def test_what_a_stream_is_made_of(stream: bytes, tokens: list[Token]) -> None:
    assert Splitter().feed(stream) == tokens


@given(cut_streams())
def test_cuts_make_no_difference(case: tuple[bytes, list[bytes]]) -> None:
    whole, pieces = case
    at_once, by_pieces = Splitter(), Splitter()
    expected = joined(at_once.feed(whole))
    assert joined([token for piece in pieces for token in by_pieces.feed(piece)]) == expected
    assert by_pieces.inside == at_once.inside
    assert by_pieces.tail == at_once.tail == whole[-TAIL:]


@given(STREAMS)
def test_text_is_never_lost(stream: bytes) -> None:
    """Without string openers and terminators every byte is in a token or still held."""
    stream = bytes(byte for byte in stream if byte not in b"]PX^_")
    splitter = Splitter()
    assert b"".join(data for _, data in splitter.feed(stream)) + splitter.abandon() == stream


@pytest.mark.parametrize(
    ("stream", "inside"),
    [
        (b"", False),
        (b"text", False),
        (b"\x1b", True),
        (b"\x1b[1;", True),
        (b"\x1b[1;2H", False),
        (b"\x1b]52;c;", True),
        (b"\x1b]52;c;\x1b", True),
        (b"\x1b]52;c;\x1b\\", False),
        ("é".encode()[:1], True),
        ("🙂".encode()[:3], True),
        ("🙂".encode(), False),
        (b"\x80\x80\x80", False),
        (b"\x1b7" + "é".encode()[:1], True),
    ],
)
def test_it_knows_when_it_is_inside_something(stream: bytes, inside: bool) -> None:
    splitter = Splitter()
    for byte in stream:
        splitter.feed(bytes([byte]))
    assert splitter.inside is inside


def test_memory_is_bounded() -> None:
    splitter = Splitter()
    splitter.feed(b"\x1b]52;c;")
    for _ in range(100):
        splitter.feed(b"A" * 1000)
    (token,) = splitter.feed(b"\x07")
    assert len(token[1]) == LONGEST_STRING_BYTES
    splitter.feed(b"\x1b[")
    tokens = [token for _ in range(LONGEST_SEQUENCE_BYTES) for token in splitter.feed(b"1")]
    assert tokens[0][0] is Kind.ESCAPE
    assert not splitter.inside


def test_transient_changes_are_reported_in_order() -> None:
    splitter = Splitter()
    assert splitter.skim(b"\x1b[1m\x1b[31ma\x1b[3") == []
    assert splitter.skim(b"H\x1b[?2004h\x1b[m") == [(Kind.CSI, b"\x1b[31m"), (Kind.CSI, b"\x1b[?2004h")]
    assert splitter.feed(b"b") == [(Kind.CSI, b"\x1b[m"), (Kind.TEXT, b"b")]
    assert splitter.transient() == []


def test_transient_changes_take_bounded_memory() -> None:
    splitter = Splitter()
    told = [splitter.skim(b"\x1b[%dm" % index) for index in range(MOST_SKIMMED)]
    assert [tokens for tokens in told if tokens] == [[(Kind.CSI, b"\x1b[%dm" % (MOST_SKIMMED - 1))]]
    assert splitter.transient() == []
