"""Model of the user's keys: time of the last one, draft in the input line, sequence that is not complete.

It may report a draft too often; it never reports "empty" wrongly. So every key that is not known to leave an empty line
empty counts as a draft, and only what surely empties the line ends one. Focus and mouse reports and a terminal's
answers to queries are not keys.

Encodings: xterm's, with modifyOtherKeys (`CSI 27 ; modifiers ; code ~`), and kitty's (`CSI code ; modifiers u`).
"""

from __future__ import annotations

import re
from enum import Enum

from amq.pty.sequences import Kind, Splitter
from amq.record import record

COMPLETE_WITHIN_S = (
    1.0  # seconds without a byte after which a sequence is not going to be completed: the user pressed ESC or Alt-[
)
BURST_S = 0.03  # seconds; some programs take an Enter right behind text, faster than a finger, for pasted

CTRL_C, CTRL_S, CTRL_U, ENTER, NEWLINE = b"\x03", b"\x13", b"\x15", b"\r", b"\n"
BACKSPACE = 0x7F


class Meaning(Enum):
    """Effect on the input line of one key or report."""

    DRAFT = "draft"  # text, editing, history, completion: afterwards the line may hold text
    ERASED = "erased"  # all text typed into the empty line has been deleted
    SUBMIT = "submit"
    CLEAR = "clear"
    ESCAPE = "escape"  # a key, but one that adds no text to a line that is known
    REPORT = "report"  # not a key: focus, mouse, a terminal's answer, a key release


@record
class Line:
    """Keys that submit or clear a program's input line. The defaults are for an unknown line editor."""

    submit: frozenset[bytes] = frozenset({ENTER, NEWLINE})
    clear: frozenset[bytes] = frozenset({CTRL_C, CTRL_U})
    burst: float = 0.0  # BURST_S for a program in which a fast Enter becomes a line break
    escape_waits: bool = True  # ESC waits for the next key, as in readline, or changes what it means, as in vi; as may
    # any other key that is neither text nor Backspace


# these are compiled when they are used: a start has no time for them
# DA, kitty flags, DSR, XTMODKEYS, sixel, DECRPM, window reports; a cursor position that cannot be F3 with modifiers
_ANSWER = rb"\x1b\[(?:[?>=][0-9;:]*[cunmSR]|[?0-9;]*\$y|[0-9;]+[nct]|(?!1;[2-8]R)[0-9]+;[0-9]+R)"
_MOUSE = rb"\x1b\[(?:<[0-9;]*[Mm]|[0-9]+;[0-9]+;[0-9]+M|M)"
_FOCUS = frozenset({b"\x1b[I", b"\x1b[O"})
_KITTY = rb"\x1b\[(?P<code>[0-9]+)[0-9:]*(?:;(?P<mods>[0-9]*)(?::(?P<event>[0-9]+))?)?(?:;[0-9:]*)?u"
_OTHER_KEY = rb"\x1b\[27;(?P<mods>[0-9]+);(?P<code>[0-9]+)~"
_BACKSLASH = rb"\x1b\[92[;:u]"
_RELEASED = rb"\x1b\[[0-9]*;[0-9]*:3[A-Z~]"
_SPECIAL = b"([%s])" % re.escape(b"".join((ENTER, NEWLINE, CTRL_C, CTRL_U)))
_PASTE_START, _PASTE_END = b"\x1b[200~", b"\x1b[201~"
_LOCK_AND_MODIFIER_CODES = (
    *range(57358, 57361),
    *range(57441, 57455),
)  # kitty's numbers for keys that type nothing
_FIRST_PRINTABLE = 0x20
_PREFIXES = b"\x11\x16\x18\x1d"  # Ctrl-Q and Ctrl-V quote the next key, Ctrl-X and Ctrl-] take it for a command
_LOCKS = 64 | 128  # caps lock and num lock among kitty's modifier bits
_CTRL = 4


class Keystrokes:
    """State of the input line, computed from the user's bytes and the times at which they came."""

    def __init__(self, line: Line | None = None) -> None:
        self._line = line or Line()
        self._splitter = Splitter()
        self._last_byte = 0.0
        self._last_text: float | None = None
        self._last_key: float | None = None
        self._after_backslash = False
        self._owed = 0  # bytes that still belong to an X10 mouse report
        self._shifted = False  # after SS3: a letter still belongs to it
        self._pasting = False
        self._prefixed = False  # the next key may be part of the one before it
        self._draft = False
        self._typed: int | None = 0  # bytes of text typed into a line that was empty; None where they are not counted
        self._answering = False
        self.last_shown: float | None = None
        """Time of the last key that a program shows at once, or that halts its output (Ctrl-S); None before it."""
        self.unsettled = False
        """True if the next key may have another meaning than its own: ESC, Ctrl-V or Ctrl-X may wait for it.

        In a vi mode it may be a command, too. So in a program whose line editor is not known, this is true after any
        key or report that is neither text nor Backspace, until the line is submitted or interrupted.
        """
        self.keys = 0  # number of keys so far; only a change of it has a meaning
        self.sent = 0  # number of times that the line was submitted or cleared

    def feed(self, data: bytes, now: float, *, answering: bool = False) -> None:
        """Process the user's bytes DATA, which came at NOW (seconds).

        With `answering`, a dialog has the keyboard: the keys count, but the input line stays as it was.
        """
        self._settle(now)
        self._answering = answering
        self._last_byte = now
        for kind, token in self._splitter.feed(data):
            if kind is Kind.TEXT:
                self._text(token, now)
            elif kind is not Kind.STRING:  # an OSC, DCS or APC is a terminal's answer
                self._sequence(kind, token, now)

    def last_key(self, now: float) -> float | None:
        """Return the time of the last key, None if there was none."""
        self._settle(now)
        return self._last_key

    def draft(self, now: float) -> bool:
        """Return whether the line may hold text that is not submitted."""
        self._settle(now)
        return self._draft

    def emptied(self) -> None:
        """Note that the line has been seen to be empty. A sequence begun before still counts when it is complete."""
        self._draft = False
        self._typed = 0

    def returned(self) -> None:
        """Note that the draft is seen again, which `emptied` took for gone."""
        self._draft = True
        self._typed = None

    def inside(self, now: float) -> bool:
        """Return whether the user's last bytes begin a sequence, a character or a paste that is not complete."""
        self._settle(now)
        return self._pasting or self._is_open

    def _settle(self, now: float) -> None:
        """Take a sequence that was not completed within COMPLETE_WITHIN_S for a key: ESC, or Alt and a character."""
        if self._pasting or now - self._last_byte < COMPLETE_WITHIN_S or not self._is_open:
            return
        self._owed, self._shifted = 0, False
        lone_escape = self._splitter.abandon() == b"\x1b"
        self._key(Meaning.ESCAPE if lone_escape else Meaning.DRAFT, self._last_byte)

    @property
    def _is_open(self) -> bool:
        return self._owed > 0 or self._shifted or self._splitter.inside

    def _sequence(self, kind: Kind, token: bytes, now: float) -> None:
        self._owed, self._shifted = 0, False
        if token == _PASTE_START:
            self._pasting = True
        elif token == _PASTE_END:
            self._pasting = False
            self._key(Meaning.DRAFT, now)
        elif self._pasting:
            self._key(Meaning.DRAFT, now)
        else:
            self._owed, self._shifted = 3 if token == b"\x1b[M" else 0, token == b"\x1bO"
            self._key(self._meaning(kind, token), now)
            self._after_backslash = self._after_backslash or re.match(_BACKSLASH, token) is not None

    def _text(self, token: bytes, now: float) -> None:
        token = token[self._pay(token) :]
        if self._pasting:
            self._key(Meaning.DRAFT, now, len(token))
            self.last_shown = now
            return
        for run in filter(None, re.split(_SPECIAL, token)):
            meaning = self._meaning_of_run(run, now)
            typed = _typed_after(self._typed, run) if meaning is Meaning.DRAFT else None
            self._key(Meaning.ERASED if typed == 0 else meaning, now, len(run), plain=min(run) >= _FIRST_PRINTABLE)
            if not self._answering:
                self._typed = typed if typed is not None else self._typed
                self._prefixed = meaning is Meaning.DRAFT and self._line.escape_waits and run[-1] in _PREFIXES
                if max(run) >= _FIRST_PRINTABLE or CTRL_S in run:
                    self.last_shown = now
            self._after_backslash = run.endswith(b"\\")
            if run not in self._line.submit:
                self._last_text = now

    def _pay(self, token: bytes) -> int:
        """Return how many of TOKEN's first bytes belong to the sequence before it."""
        if self._shifted:
            self._shifted = False
            return 1 if 0x40 <= token[0] <= 0x7E else 0
        paid = min(self._owed, len(token))
        self._owed -= paid
        return paid

    def _meaning_of_run(self, run: bytes, now: float) -> Meaning:
        """Return the meaning of RUN: a single key that may submit or clear, or a run of others."""
        if self._clears(run):
            return Meaning.CLEAR
        if run not in self._line.submit or self._after_backslash or self._prefixed or self._in_burst(now):
            return Meaning.DRAFT
        return Meaning.SUBMIT

    def _in_burst(self, now: float) -> bool:
        return self._last_text is not None and now - self._last_text < self._line.burst

    def _meaning(self, kind: Kind, token: bytes) -> Meaning:
        if token == b"\x1b":
            return Meaning.ESCAPE
        if kind is not Kind.CSI:
            return Meaning.DRAFT
        if token in _FOCUS or re.fullmatch(_MOUSE, token) or re.fullmatch(_RELEASED, token):
            return Meaning.REPORT
        if match := re.fullmatch(_KITTY, token) or re.fullmatch(_OTHER_KEY, token):
            return self._meaning_of_code(match)
        return Meaning.REPORT if re.fullmatch(_ANSWER, token) else Meaning.DRAFT

    def _meaning_of_code(self, match: re.Match[bytes]) -> Meaning:
        """Return the meaning of a key given by its code point and its modifiers (a bit field plus one)."""
        code = int(match["code"])
        modifiers = (int(match["mods"] or 1) - 1) & ~_LOCKS
        released = match.groupdict().get("event") == b"3"
        if released or code in _LOCK_AND_MODIFIER_CODES:
            return Meaning.REPORT
        if code == 27 and not modifiers:
            return Meaning.ESCAPE
        if code == 13 and not modifiers:
            continues = self._after_backslash or self._prefixed
            return Meaning.SUBMIT if ENTER in self._line.submit and not continues else Meaning.DRAFT
        control = bytes([code & 0x1F]) if modifiers == _CTRL and code < 0x80 else b""
        return Meaning.CLEAR if self._clears(control) else Meaning.DRAFT

    def _clears(self, key: bytes) -> bool:
        """Return whether KEY clears the line. Ctrl-U deletes to the cursor, which other keys may have moved."""
        return key in self._line.clear and (key == CTRL_C or not self.unsettled)

    def _key(self, meaning: Meaning, now: float, count: int = 1, *, plain: bool = False) -> None:
        """Record a key, or COUNT keys; `plain` says that they are only text and Backspaces."""
        if meaning is Meaning.REPORT:  # a program that does not know the report may take it for keys
            self.unsettled = self._line.escape_waits
            return
        self.keys += count
        self._after_backslash = False
        self._last_key = now if self._last_key is None else max(now, self._last_key)
        if self._answering:
            return
        self._typed = 0 if meaning in (Meaning.SUBMIT, Meaning.CLEAR) else None
        self._prefixed = meaning is Meaning.ESCAPE and self._line.escape_waits
        if meaning is Meaning.DRAFT or self._prefixed:
            self._draft = True
        elif meaning is not Meaning.ESCAPE:
            self._draft = False
            self.sent += meaning is not Meaning.ERASED
        if meaning in (Meaning.SUBMIT, Meaning.CLEAR):
            self.unsettled = False
        elif not plain:
            self.unsettled = self._line.escape_waits


def _typed_after(typed: int | None, run: bytes) -> int | None:
    """Return how many bytes of TYPED and RUN may be left in the line; None if that is not certain.

    One Backspace deletes a byte in some programs, in others a character or a whole grapheme; so the count is never
    below what is there.
    """
    if typed is None:
        return None
    for key in run:
        if key == BACKSPACE:
            typed = max(0, typed - 1)
        elif key >= _FIRST_PRINTABLE:
            typed += 1
        else:
            return None
    return typed
