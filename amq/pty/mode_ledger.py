"""Keep a ledger of what a program has switched on at its terminal, and of the bytes that undo exactly that.

Purpose
    After a program that was stopped or killed the user's terminal has to be as it was before. What was on before the
    program is not known, so only what it changed is undone. The ledger is given each token of the output and writes
    nothing itself: `undo` is for a terminal that has shown all of it, `undo_superset` for one that may have shown any
    part since the last `shown`, such as when amq itself is killed.

States, of each entry: a mode, one push on a stack, the colours, ...
    OFF    as it was before the program
    ON     switched on: in `undo`, `redo` and `undo_superset`
    ENDED  switched off, but the terminal may not have shown that yet: only in `undo_superset`

Events
    on     a sequence that switches it on, or changes it while it is on
    off    one that switches it off, pops it or restores it; a soft reset (CSI !p) of some, a full reset (ESC c) of all
    shown  the terminal has taken all output so far

    state  event      next
    -----  ---------  -----
    OFF    on         ON
    OFF    off shown  OFF
    ON     on shown   ON
    ON     off        ENDED
    ENDED  on         ON
    ENDED  off        ENDED
    ENDED  shown      OFF

Entries, in the order in which they are undone (`UndoOrder`; `redo` goes the other way), each with an example
    CSI is ESC [, OSC is ESC ], ST is ESC \\, SP is a blank, SO and SI are the shifts. `redo` says whether it can be
    switched on again after a stop, `soft` whether a soft reset switches it off. What is `kept` changes many times a
    second in some programs: its undo stays in `undo_superset` once it was there, and most of it is from the beginning.

    entry            on                  undo                redo  soft  kept
    ---------------  ------------------  ------------------  ----  ----  ----
    FRAME            CSI ?2026h          CSI ?2026l          yes   no    yes
    PRIVATE          CSI ?2004h          CSI ?2004l          yes   no    no
    CURSOR           CSI ?25l            CSI ?25h            yes   yes   yes
    ANSI             CSI 4h              CSI 4l              yes   yes   no
    OTHER_KEYS       CSI >4;2m           CSI >4m             yes   no    no
    SHAPE            CSI 5 SP q          CSI 0 SP q          yes   no    no
    PROGRESS         OSC 9;4;1;50 ST     OSC 9;4;0 ST        yes   no    no
    ALTERNATE_KITTY  CSI ?1049h CSI >7u  CSI <u CSI ?1049l   yes   no    no
    ALTERNATE        CSI ?1049h          CSI ?1049l          yes   no    no
    KITTY            CSI >7u             CSI <u              yes   no    no
    CHARSET          ESC (0              ESC (B              yes   yes   yes
    SHIFT            SO                  SI                  yes   yes   yes
    LINK             OSC 8;;x ST         OSC 8;; ST          no    no    yes
    COLOURS          CSI 1m              CSI m               no    yes   yes
    MARGINS          CSI 2;10r           ESC 7 CSI r ESC 8   yes   yes   yes
    TITLES           CSI 22;0t           CSI 23;0t           yes   no    no

Invariants
    - The ledger's own `undo` leaves nothing on. `undo_superset` leaves nothing on at a terminal that has shown all
      output up to the last `shown` and any part after it.
    - Where the output is cut into reads changes nothing, and `Splitter.skim` is as good as every token.
    - What was pushed last is popped first, and a kitty stack is popped on the screen that has it.
    - A private mode is left alone if its usual state differs between terminals, or if resetting it clears the screen.
    - No stream makes the ledger grow beyond MOST entries, nor its cover beyond twice that.

Sources and limits
    xterm's ctlseqs, kitty's keyboard protocol, DEC STD 070 for the resets; docs/decisions/mode-ledger-and-guard.md.
    Not undone: modes that a program sets in the terminal around its own multiplexer (a DCS passes them on), a kitty
    stack on a screen that the program has left. Not redone: the colours of a program that is stopped and continued.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from enum import IntEnum

from amq.pty.sequences import SHIFT_IN, SHIFT_OUT, Kind

ABANDON = b"\x18\x1b\\"
"""Ends whatever sequence the terminal is in the middle of. CAN alone does not: kitty waits for the end of a string. ST
alone would execute half a string."""

FRAME_END = b"\x1b[?2026l"
"""Ends synchronised output: the terminal shows what was drawn since it began."""

MOST = 64  # entries of one program: no real one comes near it, and a random stream must not use up the memory
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
    """Order the entries: lower ones are undone first.

    Leaving the alternate screen may restore the cursor, and restoring the cursor restores colours, so these come later.
    """

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
"""The undo of changes of which `Splitter.skim` reports only the last. Any may be on; undoing one twice is harmless."""
_KEPT = frozenset({rank for rank, _ in _FLEETING} | {UndoOrder.LINK, UndoOrder.MARGINS})
"""Ranks that some programs change many times a second: they stay in the cover."""


class Ledger:
    """Remember what is on. Give `take` each token of the output, or those of `Splitter.skim`."""

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
        """Return whether the program is in the middle of drawing a frame."""
        return (UndoOrder.FRAME, SYNCHRONISED) in self._on

    def undo(self) -> bytes:
        """Return the bytes that switch off what is on, in the order that undoes it; empty when nothing is.

        Write ABANDON before them to a terminal that may be in the middle of a sequence.
        """
        return b"".join(self._on[key][0] for key in self._in_order())

    def redo(self) -> bytes:
        """Return the bytes that switch it on again after `undo`."""
        return b"".join(self._on[key][1] for key in reversed(self._in_order()))

    def undo_superset(self) -> bytes:
        """Return the bytes that undo all that may be on at a terminal that has shown any part of the output.

        All output up to the last `shown` counts as shown, so what ended before that is not in it.
        """
        return b"".join(self._cover[key] for key in sorted(self._cover, key=_order))

    def shown(self) -> None:
        """Note that the terminal has taken all output so far. This changes nothing unless the cover is `outdated`."""
        self.outdated = False
        kept = {key: off for key, off in self._cover.items() if key in self._on or key[0] in _KEPT}
        if len(kept) < len(self._cover):
            self._cover = kept
            self.version += 1

    def take(self, kind: Kind, data: bytes) -> None:
        """Note what the token DATA of this KIND switches on or off."""
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
        """Note KAM, IRM, SRM and LNM: a locked keyboard, inserting, local echo, and what Enter sends."""
        for digits in match[1].split(b";"):
            if digits in (b"2", b"4", b"12", b"20"):
                usual = b"h" if digits == b"12" else b"l"
                key = UndoOrder.ANSI, int(digits)
                self._switch(match[2] != usual, key, b"\x1b[" + digits + usual, b"\x1b[" + digits + match[2])

    def _kitty(self, match: re.Match[bytes]) -> None:
        """Note a push, a pop or other flags. What was there below the first push is not known: none are restored."""
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
        """Note XTMODKEYS. Of the keys it concerns, 4 is modifyOtherKeys, and usually off."""
        resource, value, final = match.groups()
        number = int(resource)
        on = final == b"m" and bool(value) and not (number == 4 and value == b"0")
        on_bytes = b"\x1b[>%d;%sm" % (number, value or b"")
        self._switch(on, (UndoOrder.OTHER_KEYS, number), b"\x1b[>%dm" % number, on_bytes)

    def _shape(self, match: re.Match[bytes]) -> None:
        self._switch(int(match[1] or 0) > 0, (UndoOrder.SHAPE, 0), b"\x1b[0 q", match[0])

    def _margins(self, match: re.Match[bytes]) -> None:
        """Note margins, which count as set even around the whole screen: its height is not known here."""
        # setting margins moves the cursor, so it is saved around that
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
    """Return the sort key of an entry: of one stack, what was pushed last comes first."""
    return key[0], -key[1]


def _private_key(mode: int) -> Key:
    rank = {CURSOR: UndoOrder.CURSOR, SYNCHRONISED: UndoOrder.FRAME}.get(mode, UndoOrder.PRIVATE)
    return rank, mode


def _set_mode(mode: int, on: bool) -> bytes:
    if mode == KEYPAD:  # understood by more terminals than its number is
        return b"\x1b=" if on else b"\x1b>"
    return b"\x1b[?%d%s" % (mode, b"h" if on else b"l")


def _combined(flags: int, given: int, how: bytes | None) -> int:
    """Return FLAGS changed as kitty does: HOW 1 sets those GIVEN and no others, 2 adds them, 3 removes them."""
    if how == b"2":
        return flags | given
    return flags & ~given if how == b"3" else given
