"""Streams of bytes and ways to cut them: a model must not depend on how reads cut its input."""

from __future__ import annotations

from hypothesis import strategies as st

PIECES = st.sampled_from(
    [
        *(b"a", b"amq", b" ", b"1", b"\\", b"\r", b"\n", b"\b", b"\x03", b"\x15", b"\x18", b"\x1a", b"\x07", b"\x7f"),
        *(b"\x1b", b"\x1b[", b"\x1bO", b"\x1b]", b"\x1bP", b"\x1b\\", b"\x1b[M", b"\x1b[200~", b"\x1b[201~"),
        *(b"\x1b[?2004h", b"\x1b[?1049;2004l", b"\x1b[2K", b"\x1b[I", b"\x1b[13u", b"\x1b[27;2;13~", b"\x1b[<0;1;1M"),
        *(b"]7501;state=idle\x07", b"\x1b]0;title\x1b\\", b"\x1b]7501;state=blocked:app=x\x1b\\", b"\x1bc"),
        *("é".encode(), "日".encode(), "🙂".encode(), b"\xff", b"\x9b", b"?;0", b"h", b"~"),
    ]
)
STREAMS = st.lists(PIECES | st.binary(max_size=3), max_size=30).map(b"".join)


@st.composite
def cut_streams(draw: st.DrawFn) -> tuple[bytes, list[bytes]]:
    """Draw a stream, and its bytes in pieces."""
    stream = draw(STREAMS)
    cuts = sorted(draw(st.lists(st.integers(0, len(stream)), max_size=8)))
    return stream, [stream[start:end] for start, end in zip([0, *cuts], [*cuts, len(stream)], strict=True)]
