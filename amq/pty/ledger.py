"""What a program has switched on at its terminal, and the bytes that undo exactly that.

What was on before the program is unknown, so only what it changed is undone. Sources: xterm's ctlseqs, kitty's
keyboard protocol, DEC STD 070 for the resets. Three things are known to be missed: modes that a program sets in the
terminal around its own multiplexer (a DCS passes them on), a kitty stack left on a screen that it has left, and the
colours of a program that is stopped and continued.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from enum import IntEnum

from amq.pty.sequences import SHIFT_IN, SHIFT_OUT, Kind

ABANDON = b"\x18\x1b\\"
"""Ends whatever sequence the terminal is in the middle of. CAN does, but kitty waits for the end of a string; ST alone
would carry out half a string."""

FRAME_END = b"\x1b[?2026l"
"""Ends synchronised output: what was drawn since it began is shown at once, and is whole."""

MOST = 64  # modes that are remembered of one program; no real one comes near it, a random stream must not grow us
DEEPEST = 32  # pushes on one stack; terminals keep fewer

ALTERNATE_SCREENS = frozenset({47, 1047, 1049})
BRACKETED_PASTE, CURSOR, KEYPAD, SAVED_CURSOR, SYNCHRONISED = 2004, 25, 66, 1048, 2026

_USUALLY_ON = frozenset({7, 8, CURSOR})
_LEFT_ALONE = frozenset({2, 3, 4, 40, 95, 1007, 1010, 1011, *range(1034, 1044), SAVED_CURSOR, 2027})
"""Private modes whose usual state differs between terminals, or whose reset would clear the screen."""
_SOFTLY_RESET = frozenset({1, 6, CURSOR, KEYPAD})  # those of the private modes that DECSTR resets

_CHARSET = re.compile(rb"\x1b([(-+])(.{1,2})", re.DOTALL)
_NO_COLOURS = frozenset({b"\x1b[m", b"\x1b[0m", b"\x1b[00m"})
_LINK = re.compile(rb"\]8;[^;]*;(.*)", re.DOTALL)
_PROGRESS = re.compile(rb"\]9;4;([0-9])")


class UndoOrder(IntEnum):
    """What is undone before what. The cursor is restored by leaving the screen, colours by restoring the cursor."""

    FRAME = 0  # synchronised output: nothing is shown until it ends
    PRIVATE = 1
    CURSOR = 2
    ANSI = 3
    OTHER_KEYS = 4
    SHAPE = 5
    PROGRESS = 6
    ALTERNATE_KITTY = 7  # each screen has a stack of its own
    ALTERNATE = 8
    KITTY = 9
    CHARSET = 10
    SHIFT = 11
    LINK = 12
    COLOURS = 13
    MARGINS = 14
    TITLES = 15


Key = tuple[UndoOrder, int]

_FLEETING: dict[Key, bytes] = {
    (UndoOrder.FRAME, SYNCHRONISED): FRAME_END,
    (UndoOrder.CURSOR, CURSOR): b"\x1b[?25h",
    (UndoOrder.CHARSET, ord("(")): b"\x1b(B",
    (UndoOrder.SHIFT, 0): SHIFT_IN,
    (UndoOrder.COLOURS, 0): b"\x1b[m",
}
"""How to undo what `Splitter.skim` reports only the last of. It may have been on; to undo it in vain does no harm."""
_KEPT = frozenset({rank for rank, _ in _FLEETING} | {UndoOrder.LINK, UndoOrder.MARGINS})
"""Changed many times a second by some programs: stays in the cover."""


class Ledger:
    """Told each token of the output, or those of `Splitter.skim`."""

    def __init__(self) -> None:
        self._on: dict[Key, tuple[bytes, bytes]] = {}  # what is on: how to switch it off, and on again
        self._saved: dict[int, bool] = {}  # private modes as XTSAVE found them
        self._cursor_saved = False
        self._cover = dict(_FLEETING)  # what may be on at a terminal that has not shown all of the output
        self.version = 0  # changes with what `cover` returns
        self.outdated = False  # whether `cover` may undo what is off

    @property
    def bracketed_paste(self) -> bool:
        return (UndoOrder.PRIVATE, BRACKETED_PASTE) in self._on

    @property
    def alternate_screen(self) -> bool:
        return (UndoOrder.ALTERNATE, 0) in self._on

    @property
    def synchronised(self) -> bool:
        """Whether the program is in the middle of drawing a frame."""
        return (UndoOrder.FRAME, SYNCHRONISED) in self._on

    def undo(self) -> bytes:
        """The bytes that switch off what is on, in the order that undoes it; empty when nothing is.

        They mean nothing to a terminal in the middle of a sequence: then ABANDON goes first.
        """
        return b"".join(self._on[key][0] for key in self._in_order())

    def redo(self) -> bytes:
        """The bytes that switch it on again after `undo`."""
        return b"".join(self._on[key][1] for key in reversed(self._in_order()))

    def undo_superset(self) -> bytes:
        """Like `undo`, for a terminal that has shown all output up to the last `shown`, and any part of that since."""
        return b"".join(self._cover[key] for key in sorted(self._cover, key=_order))

    def shown(self) -> None:
        """The terminal has taken all of the output so far. It changes nothing unless the cover is `outdated`."""
        self.outdated = False
        kept = {key: off for key, off in self._cover.items() if key in self._on or key[0] in _KEPT}
        if len(kept) < len(self._cover):
            self._cover = kept
            self.version += 1

    def take(self, kind: Kind, data: bytes) -> None:
        if kind is Kind.CSI:
            self._csi(data)
        elif kind is Kind.TEXT:
            self._text(data)
        elif kind is Kind.STRING:
            self._string(data)
        else:
            self._escape(data)

    def _in_order(self) -> list[Key]:
        return sorted(self._on, key=_order)

    def _switch(self, on: bool, key: Key, off_bytes: bytes, on_bytes: bytes = b"") -> None:
        if not on:
            self._off(key)
        elif key in self._on or len(self._on) < MOST:
            self._on[key] = off_bytes, on_bytes
            if key[0] is UndoOrder.ALTERNATE:  # on the usual screen after all, the cursor stays where it is
                off_bytes = b"\x1b7" + off_bytes
            if self._cover.get(key) != off_bytes and len(self._cover) < 2 * MOST:
                self._cover[key] = off_bytes
                self.version += 1

    def _off(self, key: Key) -> None:
        if self._on.pop(key, None) and key[0] not in _KEPT:
            self.outdated = True

    def _csi(self, data: bytes) -> None:
        for pattern, read in _SEQUENCES:
            if match := pattern.fullmatch(data):
                read(self, match)
                return

    def _text(self, data: bytes) -> None:
        out, back = data.rfind(SHIFT_OUT), data.rfind(SHIFT_IN)
        if out != back:
            self._switch(out > back, (UndoOrder.SHIFT, 0), SHIFT_IN, SHIFT_OUT)

    def _string(self, data: bytes) -> None:
        if match := _LINK.match(data):
            self._switch(match[1] != b"", (UndoOrder.LINK, 0), b"\x1b]8;;\x1b\\")
        elif match := _PROGRESS.match(data):
            self._switch(match[1] != b"0", (UndoOrder.PROGRESS, 0), b"\x1b]9;4;0\x1b\\", b"\x1b" + data + b"\x1b\\")

    def _escape(self, data: bytes) -> None:
        if data == b"\x1bc":  # RIS, the full reset
            for key in [*self._on]:
                self._off(key)
            self._saved.clear()
            self._cursor_saved = False
        elif data == b"\x1b7":
            self._save_cursor()
        elif data in (b"\x1b=", b"\x1b>"):
            self._set_private(KEYPAD, data == b"\x1b=")
        elif data in (b"\x1bn", b"\x1bo"):
            self._switch(True, (UndoOrder.SHIFT, 0), SHIFT_IN, data)
        elif match := _CHARSET.fullmatch(data):
            self._switch(match[2] != b"B", (UndoOrder.CHARSET, match[1][0]), b"\x1b" + match[1] + b"B", data)

    def _private(self, match: re.Match[bytes]) -> None:
        for mode in (int(digits) for digits in match[1].split(b";") if 0 < len(digits) <= 5):
            if match[2] in b"hl":
                self._set_private(mode, match[2] == b"h")
            elif match[2] == b"r":
                self._set_private(mode, self._saved.get(mode, self._is_set(mode)))
            elif len(self._saved) < MOST:
                self._saved[mode] = self._is_set(mode)

    def _is_set(self, mode: int) -> bool:
        if mode in ALTERNATE_SCREENS:
            return self.alternate_screen
        return (_private_key(mode) in self._on) is not (mode in _USUALLY_ON)

    def _set_private(self, mode: int, on: bool) -> None:
        if mode in ALTERNATE_SCREENS:
            self._set_alternate(mode, on)
        elif mode == SAVED_CURSOR and on:
            self._save_cursor()
        elif mode not in _LEFT_ALONE:
            changed = on is not (mode in _USUALLY_ON)
            off_bytes = _set_mode(mode, not on)
            if mode == 6:  # also moves the cursor to the top, over what stands there
                off_bytes += b"\x1b[999H"
            self._switch(changed, _private_key(mode), off_bytes, _set_mode(mode, on))

    def _set_alternate(self, mode: int, on: bool) -> None:
        if on and self.alternate_screen:
            return
        save, restore = (b"\x1b7", b"\x1b8") if self._cursor_saved and mode != 1049 else (b"", b"")
        self._switch(on, (UndoOrder.ALTERNATE, 0), _set_mode(mode, False) + restore, save + _set_mode(mode, True))
        for index in range(DEEPEST + 1):
            self._off((UndoOrder.ALTERNATE_KITTY, index))

    def _save_cursor(self, _match: object = None) -> None:
        self._cursor_saved = self._cursor_saved or not self.alternate_screen

    def _ansi(self, match: re.Match[bytes]) -> None:
        """KAM, IRM, SRM and LNM: a locked keyboard, inserting, local echo, and what Enter sends."""
        for digits in match[1].split(b";"):
            if digits in (b"2", b"4", b"12", b"20"):
                usual = b"h" if digits == b"12" else b"l"
                key = UndoOrder.ANSI, int(digits)
                self._switch(match[2] != usual, key, b"\x1b[" + digits + usual, b"\x1b[" + digits + match[2])

    def _kitty(self, match: re.Match[bytes]) -> None:
        """Flags below the first push are those of before us; all that can be said of them is "none"."""
        action, digits, how = match.groups()
        rank = UndoOrder.ALTERNATE_KITTY if self.alternate_screen else UndoOrder.KITTY
        depth = max((index for kind, index in self._on if kind is rank), default=0)
        if action == b">":
            self._switch(True, (rank, min(depth + 1, DEEPEST)), b"\x1b[<u", b"\x1b[>%du" % int(digits or 0))
        elif action == b"<":
            for index in range(depth, max(depth - int(digits or 1), 0), -1):
                self._switch(False, (rank, index), b"")
        else:
            before = self._on.get((rank, depth), (b"", b"\x1b[=0u"))[1]
            flags = _combined(int(before[3:-1]), int(digits or 0), how)
            if depth:
                self._switch(True, (rank, depth), b"\x1b[<u", b"\x1b[>%du" % flags)
            else:
                self._switch(flags > 0, (rank, 0), b"\x1b[=0u", b"\x1b[=%du" % flags)

    def _other_keys(self, match: re.Match[bytes]) -> None:
        """XTMODKEYS. Of the keys it concerns, 4 is modifyOtherKeys, and usually off."""
        resource, value, final = match.groups()
        number = int(resource)
        on = final == b"m" and bool(value) and not (number == 4 and value == b"0")
        on_bytes = b"\x1b[>%d;%sm" % (number, value or b"")
        self._switch(on, (UndoOrder.OTHER_KEYS, number), b"\x1b[>%dm" % number, on_bytes)

    def _shape(self, match: re.Match[bytes]) -> None:
        self._switch(int(match[1] or 0) > 0, (UndoOrder.SHAPE, 0), b"\x1b[0 q", match[0])

    def _margins(self, match: re.Match[bytes]) -> None:
        """Setting them moves the cursor. Which row is the last is not known here: margins around all count as some."""
        self._switch(
            match[1].strip(b";0") != b"", (UndoOrder.MARGINS, 0), b"\x1b7\x1b[r\x1b8", b"\x1b7" + match[0] + b"\x1b8"
        )

    def _colours(self, match: re.Match[bytes]) -> None:
        self._switch(match[0] not in _NO_COLOURS, (UndoOrder.COLOURS, 0), b"\x1b[m")

    def _titles(self, match: re.Match[bytes]) -> None:
        which = match[2] or b"0"
        depth = max((index for kind, index in self._on if kind is UndoOrder.TITLES), default=0)
        if match[1] == b"22":
            key = UndoOrder.TITLES, min(depth + 1, DEEPEST)
            self._switch(True, key, b"\x1b[23;%st" % which, b"\x1b[22;%st" % which)
        else:
            self._switch(False, (UndoOrder.TITLES, depth), b"")

    def _soft_reset(self, _match: object) -> None:
        for mode in _SOFTLY_RESET:
            self._off(_private_key(mode))
        for key in [
            key
            for key in self._on
            if key[0] in (UndoOrder.CHARSET, UndoOrder.SHIFT, UndoOrder.COLOURS, UndoOrder.MARGINS)
        ]:
            self._off(key)
        for number in (2, 4):
            self._off((UndoOrder.ANSI, number))


_SEQUENCES: tuple[tuple[re.Pattern[bytes], Callable[[Ledger, re.Match[bytes]], None]], ...] = (
    (re.compile(rb"\x1b\[[0-9;:]*m"), Ledger._colours),
    (re.compile(rb"\x1b\[\?([0-9;]+)([hlsr])"), Ledger._private),
    (re.compile(rb"\x1b\[([0-9]{0,5};?[0-9]{0,5})r"), Ledger._margins),
    (re.compile(rb"\x1b\[([<=>])([0-9]{0,6})(?:;([0-9]?))?u"), Ledger._kitty),
    (re.compile(rb"\x1b\[>([0-9]{1,2})(?:;([0-9]{0,3}))?([mn])"), Ledger._other_keys),
    (re.compile(rb"\x1b\[([0-9;]+)([hl])"), Ledger._ansi),
    (re.compile(rb"\x1b\[([0-9]{0,3}) q"), Ledger._shape),
    (re.compile(rb"\x1b\[(2[23])(?:;([0-2]?))?t"), Ledger._titles),
    (re.compile(rb"\x1b\[s"), Ledger._save_cursor),
    (re.compile(rb"\x1b\[!p"), Ledger._soft_reset),
)


def _order(key: Key) -> tuple[int, int]:
    """What was pushed last is popped first."""
    return key[0], -key[1]


def _private_key(mode: int) -> Key:
    rank = {CURSOR: UndoOrder.CURSOR, SYNCHRONISED: UndoOrder.FRAME}.get(mode, UndoOrder.PRIVATE)
    return rank, mode


def _set_mode(mode: int, on: bool) -> bytes:
    if mode == KEYPAD:  # understood by more terminals than its number is
        return b"\x1b=" if on else b"\x1b>"
    return b"\x1b[?%d%s" % (mode, b"h" if on else b"l")


def _combined(flags: int, given: int, how: bytes | None) -> int:
    """Kitty's ways to set: 1 those and no others, 2 those as well, 3 not those."""
    if how == b"2":
        return flags | given
    return flags & ~given if how == b"3" else given
