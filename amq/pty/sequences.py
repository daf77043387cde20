"""A splitter of terminal bytes into text and control sequences, however the reads happen to cut them.

The grammar is ECMA-48's as xterm reads it. 8-bit controls (0x80 to 0x9F) are not recognised: in UTF-8 those bytes
belong to characters. Both a program's output and a keyboard's input can be split.
"""

from __future__ import annotations

import re
from enum import Enum


class Kind(Enum):
    """Type of a token."""

    TEXT = "text"  # characters and single-byte controls
    ESCAPE = "escape"  # ESC and the bytes that belong to it; also a sequence that broke off
    CSI = "csi"  # ESC [ … final byte
    STRING = "string"  # OSC, DCS, APC, PM, SOS; the token starts with the byte behind ESC and has no terminator


Token = tuple[Kind, bytes]

ESC = 0x1B
LONGEST_SEQUENCE_BYTES = 256  # bytes; no program sends a longer CSI
LONGEST_STRING_BYTES = 1024  # bytes kept of an OSC, DCS …; the rest is skipped
TAIL = 8  # number of last bytes that are kept
MOST_SKIMMED = 16  # pieces kept at most before transient tokens are looked for in them
NEAR = 8  # sequences at the end that are tried one by one when colours are looked for

_COMPLETE = re.compile(
    rb"\x1b(?:(?P<csi>\[[ -?]*[@-~])"
    rb"|(?P<string>[\]PX^_])"
    rb"|[ -/]+[0-~]"
    rb"|[\x00-\x1a\x1c-\x1f0-OQ-WYZ\\`-\x7f])"
)
_PARTIAL = re.compile(rb"\x1b(?:\[[ -?]*|[ -/]*)")
# neither a movement (CSI, but with none of hlqrst) nor transient, or not complete; three lookaheads with one
# alternative each are faster than one with three
_NOTABLE = re.compile(rb"\x1b(?!\[[0-9;:]*+[@-gi-km-pu-~])(?!\[\?(?:25|2026)[hl])(?!\([0B])")
_COLOURS = re.compile(rb"\x1b\[[0-9;:]*m")
_FLEETING = ((Kind.CSI, b"?", b"\x1b[?25", 6), (Kind.CSI, b"?", b"\x1b[?2026", 8), (Kind.ESCAPE, b"(", b"\x1b(", 3))
"""Transient sequences: a rare byte of each, its introducer, and its length. Colours and shifts are transient, too."""
SHIFT_OUT, SHIFT_IN = b"\x0e", b"\x0f"
_STRING_END = re.compile(rb"[\x07\x18\x1a\x1b]")


class Splitter:
    """Splitter of a stream of bytes; it holds back what is not complete yet, at most LONGEST_SEQUENCE_BYTES."""

    def __init__(self) -> None:
        self._held = b""
        self._string: bytearray | None = None  # the string that is not complete
        self._skimmed: list[bytes] = []  # pieces without anything notable; transient tokens are not looked for yet
        self.tail = b""  # the last TAIL bytes of all

    @property
    def inside(self) -> bool:
        """Return whether the stream is in the middle of a sequence or of a UTF-8 character."""
        return bool(self._held) or self._string is not None or _cuts_character(self.tail)

    def feed(self, data: bytes) -> list[Token]:
        """Return the tokens that DATA completes. Together they hold all text; only terminators are dropped."""
        tokens = self.transient()
        data, at = self._behind_held(data), 0
        while at < len(data):
            at = self._next(data, at, tokens) if self._string is None else self._in_string(data, at, tokens)
        return tokens

    def skim(self, data: bytes) -> list[Token]:
        """Return the tokens that DATA completes, without text and movements, and of transient ones only the last.

        Transient are colours, shifts, line drawing, the cursor's visibility and frames. They come later: before the
        next notable token, after MOST_SKIMMED pieces, or by `transient`. This is fast, and enough to follow modes.
        """
        tokens: list[Token] = []
        data, at = self._behind_held(data), 0
        while at < len(data):
            found: list[Token] = []
            if self._string is not None:
                at = self._in_string(data, at, found)
            elif match := _NOTABLE.search(data, at):
                self._skimmed.append(data[at : match.start()])
                at = self._next(data, match.start(), found)
            else:
                self._skimmed.append(data[at:])
                break
            if found:
                tokens += self.transient() + found
        if len(self._skimmed) >= MOST_SKIMMED:
            tokens += self.transient()
        return tokens

    def transient(self) -> list[Token]:
        """Return the last of each transient token that `skim` has passed over and not returned yet."""
        if not self._skimmed:
            return []
        skimmed = b"".join(self._skimmed)
        self._skimmed.clear()
        return _last_ones(skimmed)

    def abandon(self) -> bytes:
        """Give up waiting for the rest of a sequence; return the bytes that were held of it."""
        held, self._held, self._string, self.tail = self._held, b"", None, b""
        return held

    def _behind_held(self, data: bytes) -> bytes:
        """Return what was held back and DATA; nothing is held back any longer."""
        self.tail = data[-TAIL:] if len(data) >= TAIL else (self.tail + data)[-TAIL:]
        data, self._held = self._held + data, b""
        return data

    def _next(self, data: bytes, at: int, tokens: list[Token]) -> int:
        if data[at] != ESC:
            end = data.find(ESC, at)
            end = len(data) if end < 0 else end
            tokens.append((Kind.TEXT, data[at:end]))
            return end
        if match := _COMPLETE.match(data, at):
            if match["string"]:
                self._string = bytearray(match["string"])
            else:
                tokens.append((Kind.CSI if match["csi"] else Kind.ESCAPE, match[0]))
            return match.end()
        partial = _PARTIAL.match(data, at)
        end = partial.end() if partial else at + 1
        if end == len(data) and end - at <= LONGEST_SEQUENCE_BYTES:
            self._held = data[at:]
        else:
            tokens.append((Kind.ESCAPE, data[at:end]))
        return end

    def _in_string(self, data: bytes, at: int, tokens: list[Token]) -> int:
        """Continue a string at AT; return the place behind what was read.

        BEL ends an OSC, ST ends all; CAN, SUB or another escape sequence breaks a string off.
        """
        assert self._string is not None
        match = _STRING_END.search(data, at)
        end = match.start() if match else len(data)
        self._string += data[at : min(end, at + LONGEST_STRING_BYTES - len(self._string))]
        if match is None:
            return end
        if data[end] == ESC and end + 1 == len(data):
            self._held = data[end:]
            return len(data)
        finished = data[end : end + 2] == b"\x1b\\" or (data[end] == 0x07 and self._string[:1] == b"]")
        if data[end] == 0x07 and not finished:
            return end + 1  # a bell inside a DCS means nothing
        if finished:
            tokens.append((Kind.STRING, bytes(self._string)))
        self._string = None
        return end + {ESC: 2 if finished else 0}.get(data[end], 1)


def _last_ones(data: bytes) -> list[Token]:
    """Return the last of each transient token in DATA."""
    tokens: list[Token] = []
    for kind, rare, introducer, length in _FLEETING:
        if rare in data and (at := data.rfind(introducer)) >= 0:
            tokens.append((kind, data[at : at + length]))
    out, back = data.rfind(SHIFT_OUT), data.rfind(SHIFT_IN)
    if out != back:
        tokens.append((Kind.TEXT, SHIFT_OUT if out > back else SHIFT_IN))
    if colours := _last_colours(data):
        tokens.append((Kind.CSI, colours))
    return tokens


def _last_colours(data: bytes) -> bytes:
    """Return the last sequence of colours (SGR) in DATA, mostly one of the last few sequences; b"" if there is none."""
    end = len(data)
    for _ in range(NEAR):
        if (at := data.rfind(b"m", 0, end)) < 0 or (at := data.rfind(b"\x1b", 0, at)) < 0:
            return b""
        if match := _COLOURS.match(data, at, end):
            return match[0]
        end = at
    found: list[bytes] = _COLOURS.findall(data, 0, end)
    return found[-1] if found else b""


def _cuts_character(tail: bytes) -> bool:
    """Return whether TAIL ends within a UTF-8 character."""
    for back, byte in enumerate(reversed(tail), start=1):
        if byte < 0x80:
            return False
        if byte >= 0xC0:
            return back < (2 if byte < 0xE0 else 3 if byte < 0xF0 else 4)
    return False
