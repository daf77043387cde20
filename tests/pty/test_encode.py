from __future__ import annotations

import pytest

from amq.pty.encode import bracketed, kitty_key, plain


def test_the_bytes() -> None:
    assert plain("amq: é") == "amq: é".encode()
    assert bracketed("amq") == b"\x1b[200~amq\x1b[201~"
    assert kitty_key(57384) == b"\x1b[57384u"


@pytest.mark.parametrize("text", ["a\nb", "a\x1b[201~b", "\x1b", "a\x03", "a\u2028b", "a\u202eb"])
def test_only_a_printable_line_is_typed(text: str) -> None:
    with pytest.raises(ValueError, match="printable"):
        bracketed(text)
