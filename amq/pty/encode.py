"""Text and keys encoded as a terminal sends them. Write each in one piece: a split-off ESC is a key of its own."""

from __future__ import annotations

ENTER = b"\r"
BACKSPACE = b"\x7f"
SETTLING_LETTERS = 2
"""The letters that `settling` types and takes back."""


def plain(text: str) -> bytes:
    """Return the bytes of TEXT as if typed. Raises ValueError unless it is one printable line."""
    if not text.isprintable():
        raise ValueError(f"only one printable line can be typed, not {text!r}")
    return text.encode("utf-8")


def bracketed(text: str) -> bytes:
    """Return TEXT as a bracketed paste (mode 2004). Raises ValueError like `plain`: no text can end the paste early."""
    return b"\x1b[200~" + plain(text) + b"\x1b[201~"


def kitty_key(code: int) -> bytes:
    """Return the key with code point CODE, without modifiers, as kitty's keyboard protocol encodes it."""
    return b"\x1b[%du" % code


def settling(letter: str) -> bytes:
    """Return LETTER and a Backspace, twice; they leave an empty line empty, and end a key that waits for the next.

    Without them, the ESC that begins a paste would be taken as part of the waiting key. That key may take the first
    letter, for instance as the operand of a vi command. The second letter then leaves vi's command mode, if it is an
    "a" (append).
    """
    return SETTLING_LETTERS * (plain(letter) + BACKSPACE)
