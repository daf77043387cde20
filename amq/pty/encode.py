"""Text and keys as the bytes a terminal would send for them. Each is one write: a split ESC is a key of its own."""

from __future__ import annotations

ENTER = b"\r"
BACKSPACE = b"\x7f"


def plain(text: str) -> bytes:
    """TEXT as if typed. Raises ValueError for anything that is more than a printable line."""
    if not text.isprintable():
        raise ValueError(f"only one printable line can be typed, not {text!r}")
    return text.encode("utf-8")


def bracketed(text: str) -> bytes:
    """TEXT as a bracketed paste (mode 2004). Raises ValueError like `plain`: no text can end the paste early."""
    return b"\x1b[200~" + plain(text) + b"\x1b[201~"


def kitty_key(code: int) -> bytes:
    """One key, without modifiers, as kitty's keyboard protocol sends it."""
    return b"\x1b[%du" % code


def settling(letter: str) -> bytes:
    """LETTER and a Backspace, twice: in an empty line nothing is left of them, nor of a key that waits for the next.

    Without them the ESC that begins a paste would be taken for a part of that key. The first may be taken for one, such
    as the operand of a vi command; then the second leaves the commands of vi, if the letter is an "a", for "append".
    """
    return 2 * (plain(letter) + BACKSPACE)
