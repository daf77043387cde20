"""The mode ledger: what a stream leaves on, and the bytes that undo it."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from amq.pty import mode_ledger as module
from amq.pty.mode_ledger import MOST, Ledger, UndoOrder
from amq.pty.sequences import NEAR, Splitter, Token
from tests import state_page
from tests.playbook import Event, Playbook, Scene
from tests.pty.cuts import PIECES


def after(*pieces: bytes) -> Ledger:
    ledger = Ledger()
    return further(ledger, *pieces)


def further(ledger: Ledger, *pieces: bytes) -> Ledger:
    splitter = Splitter()
    for piece in pieces:
        take(ledger, splitter.skim(piece))
    take(ledger, splitter.transient())
    return ledger


def take(ledger: Ledger, tokens: list[Token]) -> None:
    for kind, token in tokens:
        ledger.take(kind, token)


LEFT_ON = {
    "bracketed paste": (b"\x1b[?2004h", b"\x1b[?2004l"),
    "mouse": (b"\x1b[?1000h\x1b[?1006h", b"\x1b[?1006l\x1b[?1000l"),
    "two at once": (b"\x1b[?1004;2031h", b"\x1b[?2031l\x1b[?1004l"),
    "in-band resize": (b"\x1b[?2048h", b"\x1b[?2048l"),
    "application cursor": (b"\x1b[?1h", b"\x1b[?1l"),
    "keypad": (b"\x1b=", b"\x1b>"),
    "keypad by number": (b"\x1b[?66h", b"\x1b>"),
    "hidden cursor": (b"\x1b[?25l", b"\x1b[?25h"),
    "no wrapping": (b"\x1b[?7l", b"\x1b[?7h"),
    "origin": (b"\x1b[?6h", b"\x1b[?6l\x1b[999H"),
    "a mode of tomorrow": (b"\x1b[?7777h", b"\x1b[?7777l"),
    "synchronised output before all": (b"\x1b[?1049h\x1b[?2026h", b"\x1b[?2026l\x1b[?1049l"),
    "alternate screen": (b"\x1b[?1049h", b"\x1b[?1049l"),
    "alternate screen, asked for twice": (b"\x1b[?1049h\x1b[?1049h", b"\x1b[?1049l"),
    "alternate screen without cursor": (b"\x1b[?47h", b"\x1b[?47l"),
    "alternate screen, cursor saved": (b"\x1b7\x1b[?47h", b"\x1b[?47l\x1b8"),
    "alternate screen, cursor saved by mode": (b"\x1b[?1048h\x1b[?1047h", b"\x1b[?1047l\x1b8"),
    "cursor saved on the alternate screen": (b"\x1b[?1047h\x1b7", b"\x1b[?1047l"),
    "restored by XTRESTORE": (b"\x1b[?1000s\x1b[?1000;2004h\x1b[?1000r", b"\x1b[?2004l"),
    "set by XTRESTORE": (b"\x1b[?1000h\x1b[?1000s\x1b[?1000l\x1b[?1000r", b"\x1b[?1000l"),
    "alternate screen, left by XTRESTORE": (b"\x1b[?2004h\x1b[?1049s\x1b[?1049h\x1b[?1049r", b"\x1b[?2004l"),
    "cursor shape": (b"\x1b[5 q", b"\x1b[0 q"),
    "modifyOtherKeys": (b"\x1b[>4;2m", b"\x1b[>4m"),
    "modifyCursorKeys": (b"\x1b[>1;3m", b"\x1b[>1m"),
    "insert mode": (b"\x1b[4h", b"\x1b[4l"),
    "local echo": (b"\x1b[12l", b"\x1b[12h"),
    "kitty, pushed twice": (b"\x1b[>1u\x1b[>7u", b"\x1b[<u\x1b[<u"),
    "kitty, popped once": (b"\x1b[>1u\x1b[>7u\x1b[<u", b"\x1b[<u"),
    "kitty, set without a push": (b"\x1b[=5u", b"\x1b[=0u"),
    "kitty, set below a push": (b"\x1b[=5u\x1b[>1u", b"\x1b[<u\x1b[=0u"),
    "kitty on both screens": (b"\x1b[>1u\x1b[?1049h\x1b[>7u", b"\x1b[<u\x1b[?1049l\x1b[<u"),
    "kitty and mouse on the alternate screen": (
        b"\x1b[?1049h\x1b[>7u\x1b[?1003h",
        b"\x1b[?1003l\x1b[<u\x1b[?1049l",
    ),
    "line drawing": (b"\x1b(0", b"\x1b(B"),
    "shifted out": (b"\x1b)0 \x0eqqq", b"\x1b)B\x0f"),
    "shifted out for good": (b"\x1bn", b"\x0f"),
    "shifted and back and out": (b"\x0e\x0f\x0e", b"\x0f"),
    "colours": (b"\x1b[1;31mred", b"\x1b[m"),
    "colour 0": (b"\x1b[38;5;0m", b"\x1b[m"),
    "colours after a movement": (b"\x1b[m\x1b[3H\x1b[1m m\x1b[3H", b"\x1b[m"),
    "colours before another sequence and an m": (b"\x1b[31mred\x1b[Kplum", b"\x1b[m"),
    "margins": (b"\x1b[2;10r", b"\x1b7\x1b[r\x1b8"),
    "titles": (b"\x1b[22;0t\x1b[22;2t", b"\x1b[23;2t\x1b[23;0t"),
    "title with empty parameter": (b"\x1b[22t", b"\x1b[23;0t"),
    "an open link": (b"\x1b]8;id=1;http://x\x1b\\", b"\x1b]8;;\x1b\\"),
    "progress": (b"\x1b]9;4;1;50\x07", b"\x1b]9;4;0\x1b\\"),
    "soft reset leaves": (b"\x1b[?2004h\x1b[?25l\x1b[1m\x1b[!p", b"\x1b[?2004l"),
    "on again after a full reset": (b"\x1b[?1003h\x1bc\x1b[?2004h", b"\x1b[?2004l"),
    "behind a string that broke off": (b"\x1b]0;\x1b[?2004h", b"\x1b[?2004l"),
}

LEFT_OFF = {
    "nothing": b"",
    "text": b"hello\r\n",
    "off again": b"\x1b[?2004h\x1b[?2004l",
    "off without on": b"\x1b[?2004l\x1b[?1049l\x1b[<u\x1b[23;0t\x1b[>4;0m\x1b[?25h\x1b(B\x1b>\x0f",
    "left another way": b"\x1b[?1049h\x1b[?47l",
    "all popped": b"\x1b[>1u\x1b[>7u\x1b[<9u",
    "set and taken back": b"\x1b[=4u\x1b[=1;2u\x1b[=5;3u",
    "question": b"\x1b[?u\x1b[c\x1b[?2026$p\x1b[>q\x1b[18t\x1b[6n",
    "usual value unknown": b"\x1b[?1007h\x1b[?1034h",
    "restored what was never saved": b"\x1b[?1000r",
    "full reset": b"\x1b[?1049h\x1b[>7u\x1b[1m\x1b(0\x1b[?25l\x1bc",
    "no private mode": b"\x1b[2004h",
    "in a string": b"\x1b]0;[?2004h\x0e\x07",
    "colours off": b"\x1b[1m\x1b[mx\x1b[31m\x1b[0m",
    "link closed": b"\x1b]8;;http://x\x07\x1b]8;;\x07",
    "progress removed": b"\x1b]9;4;3\x07\x1b]9;4;0\x07",
    "margins off": b"\x1b[2;10r\x1b[r",
    "a kitty stack on a screen that was left": b"\x1b[?1049h\x1b[>7u\x1b[?1049l",
    "unfinished": b"\x1b[?2004",
}


@pytest.mark.parametrize(("stream", "undone"), LEFT_ON.values(), ids=LEFT_ON)
def test_what_is_left_on_is_undone(stream: bytes, undone: bytes) -> None:
    assert after(stream).undo() == undone


def test_no_more_is_saved_than_any_program_saves() -> None:
    saves = b"".join(b"\x1b[?%ds" % mode for mode in range(3000, 3000 + MOST))
    assert after(saves, b"\x1b[?1000s\x1b[?1000h\x1b[?1000r").undo() == b"\x1b[?1000l"


@pytest.mark.parametrize("stream", LEFT_OFF.values(), ids=LEFT_OFF)
def test_nothing_is_undone_that_is_off(stream: bytes) -> None:
    assert after(stream).undo() == b""


@pytest.mark.parametrize(("stream", "undone"), LEFT_ON.values(), ids=LEFT_ON)
def test_what_is_switched_on_again_is_undone_the_same_way(stream: bytes, undone: bytes) -> None:
    """Colours are not brought back, and no open link."""
    lost = {b"\x1b[m", b"\x1b]8;;\x1b\\"}
    assert after(after(stream).redo()).undo() == (b"" if undone in lost else undone)


@pytest.mark.parametrize("mode", [b"47", b"1047", b"1049"])
def test_what_a_look_asks_for(mode: bytes) -> None:
    assert after(b"\x1b[?%s;2004h" % mode).alternate_screen
    assert not after(b"\x1b[?%sh\x1b[?%sl" % (mode, mode)).alternate_screen
    assert after(b"\x1b[?%s;2004h" % mode).bracketed_paste
    assert not after(b"\x1b[?2004h\x1b[?2004l\x1b[2004h").bracketed_paste


def test_bringing_margins_back_leaves_the_cursor_where_the_shell_left_it() -> None:
    assert after(b"\x1b[1;30r").redo() == b"\x1b7\x1b[1;30r\x1b8"


def test_bringing_back_pushes_and_enters_in_the_programs_order() -> None:
    stream = b"\x1b[>1u\x1b[=3u\x1b[?1049h\x1b[>7u\x1b[=8;2u"
    assert after(stream).redo() == b"\x1b[>3u\x1b[?1049h\x1b[>15u"


SWITCHES = PIECES | st.sampled_from([
    *(stream for stream, _ in LEFT_ON.values()),
    *(undone for _, undone in LEFT_ON.values()),
    *LEFT_OFF.values(),
])  # fmt: skip
STREAMS = st.lists(SWITCHES | st.binary(max_size=3), max_size=20).map(b"".join)


@given(STREAMS, st.lists(st.integers(0, 300), max_size=8))
def test_cuts_make_no_difference(stream: bytes, cuts: list[int]) -> None:
    places = sorted(min(cut, len(stream)) for cut in cuts)
    pieces = [stream[start:end] for start, end in zip([0, *places], [*places, len(stream)], strict=True)]
    whole, cut = after(stream), after(*pieces)
    assert (whole.undo(), whole.redo()) == (cut.undo(), cut.redo())


@given(STREAMS)
def test_skimming_is_enough(stream: bytes) -> None:
    thorough = Ledger()
    take(thorough, Splitter().feed(stream))
    for skimmed in (after(stream), after(*(bytes([byte]) for byte in stream))):
        assert (skimmed.undo(), skimmed.redo()) == (thorough.undo(), thorough.redo())


@given(STREAMS)
def test_its_own_undo_leaves_nothing_on(stream: bytes) -> None:
    ledger = after(stream)
    assert further(ledger, ledger.undo()).undo() == b""


@given(STREAMS, STREAMS, st.data())
def test_the_cover_undoes_whatever_part_was_shown(shown: bytes, since: bytes, data: st.DataObject) -> None:
    """This holds also before the transient changes are asked for."""
    ledger, splitter = Ledger(), Splitter()
    take(ledger, splitter.skim(shown))
    ledger.shown()
    take(ledger, splitter.skim(since))
    part = data.draw(st.integers(0, len(since)))
    terminal = after(shown, since[:part])
    assert further(terminal, ledger.undo_superset()).undo() == b""


FLEETING = [b"\x1b[31m.\x1b[m", b"\x0e.\x0f", b"\x1b(0.\x1b(B", b"\x1b[?25l.\x1b[?25h", b"\x1b[?2026h.\x1b[?2026l"]


@pytest.mark.parametrize("stream", FLEETING)
def test_the_cover_undoes_what_was_on_for_an_instant(stream: bytes) -> None:
    """Of a terminal that has been shown no more than the first half of it."""
    ledger = after(stream)
    terminal = after(stream.partition(b".")[0])
    assert terminal.undo()
    assert further(terminal, ledger.undo_superset()).undo() == b""


@given(st.lists(st.sampled_from([*FLEETING, *(stream.partition(b".")[0] for stream in FLEETING)]), max_size=6))
def test_skimming_is_enough_for_what_changes_all_the_time(pieces: list[bytes]) -> None:
    thorough, stream = Ledger(), b"".join(pieces)
    take(thorough, Splitter().feed(stream))
    for skimmed in (after(stream), after(*pieces)):
        assert (skimmed.undo(), skimmed.redo()) == (thorough.undo(), thorough.redo())


@pytest.mark.parametrize("movements", [0, NEAR, 10 * NEAR])
def test_colours_are_found_behind_any_number_of_movements(movements: int) -> None:
    """Any number of movements may be between the colours and an "m" of the text."""
    assert after(b"\x1b[m\x1b[1m" + b"plum\x1b[3H" * movements + b"plum").undo() == b"\x1b[m"
    assert after(b"\x1b[1m\x1b[m" + b"plum\x1b[3H" * movements + b"plum").undo() == b""


class Cover(Enum):
    OUTDATED = True
    CURRENT = False


@dataclass(frozen=True)
class Output(Scene[str]):
    """The output of a program in pieces, with None where all was shown. An action is a new cover for the guard."""

    pieces: tuple[bytes | None, ...] = ()

    @property
    def ledger(self) -> Ledger:
        ledger = Ledger()
        for piece in self.pieces:
            if piece is None:
                ledger.shown()
            else:
                further(ledger, piece)
        return ledger

    def facts(self) -> tuple[Cover]:
        return (Cover(self.ledger.outdated),)


NEWS = "a new cover"
SILENCE: Playbook[Output, str] = Playbook(Output())


def prints(piece: bytes | None) -> Event[Output, str]:
    def play(output: Output, _now: float) -> tuple[Output, tuple[str, ...]]:
        after = Output((*output.pieces, piece))
        return after, (NEWS,) * (after.ledger.version > output.ledger.version)

    return Event("all is shown" if piece is None else f"prints {piece!r}", play)


SHOWN = prints(None)


def test_the_cover_forgets_what_was_shown_to_be_off() -> None:
    left = SILENCE >> prints(b"\x1b[?1049h") << NEWS << Cover.CURRENT >> prints(b"\x1b[?1049l") << Cover.OUTDATED
    assert b"\x1b7\x1b[?1049l" in left.scene.ledger.undo_superset()
    forgotten = left >> SHOWN << NEWS << Cover.CURRENT
    assert forgotten.scene.ledger.undo_superset() == Ledger().undo_superset()


@given(STREAMS, STREAMS)
def test_a_cover_that_is_not_outdated_forgets_nothing(shown: bytes, since: bytes) -> None:
    ledger = after(shown)
    ledger.shown()
    further(ledger, since)
    before = ledger.undo_superset()
    outdated = ledger.outdated
    ledger.shown()
    assert outdated or ledger.undo_superset() == before
    assert not ledger.outdated


def test_colours_outdate_nothing() -> None:
    """They end with every line of some programs."""
    ledger = Ledger()
    take(ledger, Splitter().feed(b"".join(FLEETING)))
    assert not ledger.outdated
    assert SILENCE >> prints(b"\x1b[?2004h") << NEWS >> prints(b"\x1b[?2004l") << Cover.OUTDATED


def test_frames_do_not_change_the_version() -> None:
    """A program that shows sixty frames a second must not have each of them reported."""
    frame = prints(b"\x1b[?2026h\x1b[?25l\x1b[1mx\x1b[m\x1b[?25h\x1b[?2026l")
    assert SILENCE >> frame >> SHOWN >> frame >> frame >> SHOWN << Cover.CURRENT


SIGNS = {"CSI": b"\x1b[", "OSC": b"\x1b]", "ESC": b"\x1b", "ST": b"\x1b\\", "SP": b" ", "SO": b"\x0e", "SI": b"\x0f"}
SOFT, FULL = b"\x1b[!p", b"\x1bc"


def stream(words: str) -> bytes:
    """Return the bytes that WORDS of the page stand for."""
    return b"".join(SIGNS.get(word, word.encode()) for word in words.split())


def test_each_entry_of_the_page() -> None:
    """The examples are true, and there is one for each."""
    table = state_page.rows(module.__doc__, "entry", "on", "undo", "redo", "soft", "kept")
    assert [row[0] for row in table] == [rank.name for rank in UndoOrder]
    for name, *examples, redo, soft, kept in table:
        on, undo = map(stream, examples)
        assert after(on).undo() == undo, name
        assert (redo, after(after(on).redo()).undo()) in (("yes", undo), ("no", b"")), name
        assert (soft == "yes") == (after(on + SOFT).undo() == b""), name
        assert after(on + FULL).undo() == b"", name
        ended = after(on, FULL)
        ended.shown()
        assert (kept == "yes") == (undo in ended.undo_superset()), name


def test_the_page_is_true() -> None:
    """The page says what becomes of an entry in each case."""
    on, off = b"\x1b[?1000h", b"\x1b[?1000l"
    states, events = {"OFF": (), "ON": (on,), "ENDED": (on, off)}, {"on": on, "off": off, "shown": None}
    taken = set[tuple[str, ...]]()
    for (state, before), (event, piece) in product(states.items(), events.items()):
        ledger = Output((*before, piece)).ledger
        covered = "ENDED" if off in ledger.undo_superset() else "OFF"
        taken.add((state, event, "ON" if ledger.undo() == off else covered))
    table = state_page.rows(module.__doc__, "state", "event", "next")
    told = [(state, event, after) for state, names, after in table for event in names.split()]
    assert len(told) == len(set(told)), "a step is there twice"
    assert set(told) == taken
    for name in (*states, *events):
        assert f"\n    {name} " in (module.__doc__ or ""), "each state and event is explained"


def test_a_stream_of_nonsense_does_not_grow_it() -> None:
    ledger = after(b"".join(b"\x1b[?%dh\x1b[>%du\x1b[22t" % (mode, mode) for mode in range(9_999)))
    assert len(ledger.undo()) < 1000
