"""The picture of the screen: independent of how it is fed, equal to another emulator's, and None when in doubt."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterable

import pyte
import pytest
from hypothesis import given
from hypothesis import strategies as st

from amq.pty.screen import MOST_WAITING_BYTES, SLICE_BYTES, Cell, Screen, View, has_emulator
from tests.pty.cuts import cut_streams
from tests.screens import recordings

SIZE = (10, 40)
Picture = tuple[list[str], list[list[Cell | None]], tuple[int, int], bool]


def eaten(pieces: Iterable[bytes | tuple[int, int]], size: tuple[int, int] = SIZE, *, late: bool = False) -> Screen:
    """Return a screen fed with PIECES, bytes and sizes: after each of them, or all at the end."""
    screen = Screen(size)
    for piece in pieces:
        if isinstance(piece, bytes):
            screen.enqueue(piece)
        else:
            screen.resize(piece)
        if not late:
            finish(screen)
    finish(screen)
    return screen


def finish(screen: Screen) -> None:
    screen.feed()
    while screen.waiting:
        screen.feed()


def picture(view: View | None) -> Picture | None:
    if view is None:
        return None
    return view.rows, [view.cells(row) for row in range(view.size[0])], view.cursor, view.cursor_visible


def test_text_attributes_and_cursor_are_seen() -> None:
    view = eaten([b"\x1b[2;3H\x1b[2mfaint\x1b[22;7mX\x1b[m\x1b[?25l"]).view()
    assert view is not None
    assert view.rows[1].rstrip() == "  faintX"
    assert view.cells(1)[2] == Cell("f", faint=True, inverse=False)
    assert view.cells(1)[7] == Cell("X", faint=False, inverse=True)
    assert (view.cursor, view.cursor_visible) == ((1, 8), False)


def test_a_view_stays_as_it_was() -> None:
    screen = eaten([b"one"])
    view = screen.view()
    screen.enqueue(b"\rtwo")
    finish(screen)
    assert view is not None
    assert view.rows[0].rstrip() == "one"


def test_a_wide_character_takes_two_cells() -> None:
    view = eaten(["日x".encode()]).view()
    assert view is not None
    assert [cell and cell.text for cell in view.cells(0)[:3]] == ["日", None, "x"]


@given(cut_streams())
def test_cuts_make_no_difference(case: tuple[bytes, list[bytes]]) -> None:
    whole, pieces = case
    assert picture(eaten([whole]).view()) == picture(eaten(pieces).view()) == picture(eaten(pieces, late=True).view())


SIZES = st.tuples(st.integers(1, 12), st.integers(2, 50))


@given(cut_streams(), st.lists(SIZES, max_size=4))
def test_sizes_come_in_their_turn_however_late_they_are_eaten(
    case: tuple[bytes, list[bytes]], sizes: list[tuple[int, int]]
) -> None:
    pieces = [piece for pair in zip(case[1], [*sizes, *[SIZE] * len(case[1])], strict=False) for piece in pair]
    assert picture(eaten(pieces).view()) == picture(eaten(pieces, late=True).view())


@given(st.lists(SIZES, min_size=1, max_size=4))
def test_after_a_resize_and_a_redraw_nothing_is_left_of_before(sizes: list[tuple[int, int]]) -> None:
    redraw = b"\x1b[2J\x1b[Hnew\r\n\x1b[2mscreen"
    view = eaten([b"old " * 100, *sizes, redraw]).view()
    assert picture(view) == picture(eaten([redraw], sizes[-1]).view())


@pytest.mark.parametrize("printed", ["日本語", "\x1b[?7l日本語", "text"])
def test_a_screen_of_one_column_is_not_known(printed: str, capfd: pytest.CaptureFixture[str]) -> None:
    """The emulator would break down, and write an error to the user's terminal."""
    redraw = b"\x1b[2J\x1b[Hnew"
    narrow = eaten([printed.encode(), (5, 1), printed.encode()])
    assert narrow.view() is None
    narrow.resize((5, 20))
    narrow.enqueue(redraw)
    finish(narrow)
    assert picture(narrow.view()) == picture(eaten([redraw], (5, 20)).view())
    assert eaten([printed.encode()], (5, 1)).view() is None
    assert not capfd.readouterr().err


def test_after_a_resize_the_program_must_have_drawn() -> None:
    screen = eaten([b"text", (5, 20)])
    assert screen.view() is None
    screen.resize((5, 20))
    screen.enqueue(b"\r")
    finish(screen)
    assert screen.view() is not None


@pytest.mark.parametrize("rest", [b"\x1b", b"\x1b[", b"\x1b[12;", b"\xe6\x97"])
def test_there_is_no_view_while_bytes_are_to_come(rest: bytes) -> None:
    screen = Screen(SIZE)
    assert screen.view() is None
    screen.enqueue(b"text")
    assert screen.view() is None
    screen.feed()
    assert screen.view() is not None
    screen.enqueue(rest)
    finish(screen)
    assert screen.view() is None


def test_a_slice_is_small() -> None:
    screen = Screen(SIZE)
    for _ in range(20):
        screen.enqueue(b"x" * 4096)
    screen.feed()
    assert screen.view() is None
    screen.feed(16 * 4096)
    assert screen.view() is not None
    assert SLICE_BYTES == 4 * 4096


@pytest.mark.parametrize("redraw", [b"\x1b[2J\x1b[H", b"\x1b[H\x1b[J", b"\x1b[1;1H\x1b[J", b"\x1b[?1049h"])
@pytest.mark.parametrize("early", [True, False])
def test_after_a_flood_only_a_full_redraw_counts(redraw: bytes, early: bool) -> None:
    screen = eaten([b"before", *([(4, 30)] if early else [])])
    for _ in range(MOST_WAITING_BYTES // 4096 + 1):
        screen.enqueue(b"flood" * 819)
    assert not screen.waiting
    screen.resize((4, 30))  # of which it hears now, unless it knew
    screen.enqueue(b"more\x1b[3;1H\x1b[K")
    finish(screen)
    assert screen.view() is None
    for at in range(len(redraw)):
        screen.enqueue(redraw[at : at + 1])
    screen.enqueue(b"after")
    finish(screen)
    assert picture(screen.view()) == picture(eaten([redraw, b"after"], (4, 30)).view())


REDRAW = b"\x1b[2J\x1b[Hdrawn"


def flood(screen: Screen, amount: int) -> None:
    """Print so many bytes."""
    for _ in range(amount // 4096):
        screen.enqueue(b"x" * 4096)


@pytest.mark.parametrize("cut", range(len(b"\x1b[2J") + 1))
def test_a_redraw_at_the_end_of_a_flood_counts(cut: int) -> None:
    """The program may never draw all of it again."""
    screen = Screen(SIZE)
    flood(screen, MOST_WAITING_BYTES - 4096)
    screen.enqueue(b"x" * 4094 + REDRAW[:cut])
    screen.enqueue(REDRAW[cut:])
    assert not screen.view()
    finish(screen)
    assert picture(screen.view()) == picture(eaten([REDRAW]).view())


def test_what_follows_a_redraw_in_a_flood_is_fed_in_slices() -> None:
    screen = Screen(SIZE)
    flood(screen, MOST_WAITING_BYTES - 64 * 4096)
    screen.enqueue(REDRAW)
    flood(screen, 64 * 4096)
    screen.feed()
    assert screen.waiting
    finish(screen)
    assert picture(screen.view()) == picture(eaten([REDRAW + b"x" * 64 * 4096]).view())


def test_of_a_flood_of_redraws_the_last_is_fed() -> None:
    screen = Screen(SIZE)
    for _ in range(MOST_WAITING_BYTES // 4096 + 1):
        screen.enqueue(REDRAW + b"x" * 4096)
    screen.feed()
    assert picture(screen.view()) == picture(eaten([REDRAW + b"x" * 4096]).view())


@pytest.mark.parametrize("resized", [False, True])
def test_a_redraw_before_a_flood_or_a_resize_does_not_count(resized: bool) -> None:
    screen = Screen(SIZE)
    before = MOST_WAITING_BYTES - 4096 if resized else 0
    flood(screen, before)
    screen.enqueue(REDRAW)
    screen.resize((4, 30) if resized else SIZE)
    flood(screen, MOST_WAITING_BYTES - before)
    assert not screen.waiting
    finish(screen)
    assert screen.view() is None


def test_without_an_emulator_there_is_no_view_and_nothing_is_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "avt", None)
    screen = eaten([(5, 20), b"text", (6, 20), b"more"], late=True)
    assert screen.view() is None
    screen.enqueue(b"yet more")
    screen.resize((7, 20))
    assert not screen.waiting


def test_whether_there_is_an_emulator_is_known_without_loading_it() -> None:
    assert has_emulator()


@pytest.mark.parametrize(
    ("printed", "seen"),
    [
        (b"\x1b[58;2;2;2;2mx", Cell("x", faint=False, inverse=False)),
        (b"\x1b[58;5;7mx", Cell("x", faint=False, inverse=False)),
        (b"\x1b[58:2::2:2:2mx", Cell("x", faint=False, inverse=False)),
        (b"\x1b[2;58;5;7;7mx", Cell("x", faint=True, inverse=True)),
        (b"\x1b[38;2;58;2;7mx", Cell("x", faint=False, inverse=False)),
        (b"\x1b_Gi=31,s=1,v=1;AAAA\x1b\\x", Cell("x", faint=False, inverse=False)),
        (b"\x1bP+q544e\x1b\\x", Cell("x", faint=False, inverse=False)),
        (b"\x1b[>4;2mx", Cell("x", faint=False, inverse=False)),
        (b"\x1b[>1u\x1b[=1;1u\x1b[?ux", Cell("x", faint=False, inverse=False)),
    ],
)
def test_what_emulators_get_wrong(printed: bytes, seen: Cell) -> None:
    """An underline's colour taken for attributes would make a draft look like a placeholder."""
    for pieces in ([printed], [printed[at : at + 1] for at in range(len(printed))]):
        view = eaten(pieces).view()
        assert view is not None
        assert view.cells(0)[0] == seen


_UNKNOWN_TO_PYTE = re.compile(
    rb"\x1b\[[<>=][0-9;?]*[a-z]|\x1b\[\?u|\x1b[_P][^\x1b]*\x1b\\|\x1b\][^\x07\x1b]*(?:\x07|\x1b\\)"
    rb"|\xe2\x80\x8b|\xef\xb8\x8e"
)


class _Screen(pyte.Screen):
    """Pyte's screen, which fails at a query of a private report (`CSI ? n`). None is answered here."""

    def report_device_status(self, mode: int, *, private: bool = False) -> None:
        pass


class Other:
    """The second emulator. It knows neither faint text nor keyboard protocols, and prints what it does not know.

    A character of no width (U+200B, U+FE0E) has no cell of its own in it.
    """

    def __init__(self, size: tuple[int, int]) -> None:
        self.screen = _Screen(size[1], size[0])
        self._stream = pyte.ByteStream(self.screen)

    def feed(self, data: bytes) -> None:
        self._stream.feed(_UNKNOWN_TO_PYTE.sub(b"", data))

    def picture(self) -> tuple[list[str], list[str], tuple[int, int]]:
        cells = [[self.screen.buffer[row][column] for column in range(self.screen.columns)]
                 for row in range(self.screen.lines)]  # fmt: skip
        inverse = [
            "".join("x" if cell.reverse and cell.data.strip() else " " for cell in row).rstrip() for row in cells
        ]
        cursor = self.screen.cursor
        return [row.rstrip() for row in self.screen.display], inverse, (cursor.y, cursor.x)


def ours(view: View | None) -> tuple[list[str], list[str], tuple[int, int]]:
    assert view is not None
    cells = [view.cells(row) for row in range(view.size[0])]
    inverse = [
        "".join("x" if cell and cell.inverse and cell.text.strip() else " " for cell in row).rstrip() for row in cells
    ]
    return [row.replace("\u200b", "").replace("\ufe0e", "").rstrip() for row in view.rows], inverse, view.cursor


def _on_a_cell(
    picture: tuple[list[str], list[str], tuple[int, int]], size: tuple[int, int]
) -> tuple[list[str], list[str], tuple[int, int]]:
    """Return PICTURE with the cursor on a cell: behind a full row the two differ about what brings it back."""
    rows, inverse, (row, column) = picture
    return rows, inverse, (row, min(column, size[1] - 1))


@pytest.mark.parametrize("name", recordings.names())
def test_another_emulator_sees_the_same_in_the_real_clis(name: str) -> None:
    recording = recordings.load(name)
    screen, other = Screen(recording.size), Other(recording.size)
    for mark, output in recording.parts():
        screen.enqueue(output)
        finish(screen)
        other.feed(output)
        assert _on_a_cell(ours(screen.view()), recording.size) == _on_a_cell(other.picture(), recording.size), mark.name
        if mark.resized_to:
            return  # what is left of the old size is a matter of taste


PRINTED = st.sampled_from(
    [
        *(
            b"word ",
            b"x",
            b"\r\n",
            b"\r",
            b"\b",
            b"\t",
            "é".encode(),
            b"\x1b[7m",
            b"\x1b[27m",
            b"\x1b[m",
            b"\x1b[1;31m",
        ),
        *(b"\x1b[K", b"\x1b[1K", b"\x1b[2K", b"\x1b[J", b"\x1b[1J", b"\x1b[2J", b"\x1b[H", b"\x1b[3;4H", b"\x1b[A"),
        *(b"\x1b[3B", b"\x1b[5C", b"\x1b[2D", b"\x1b[9G", b"\x1b[4d", b"\x1b[L\r", b"\x1b[2P", b"\x1b[@"),
        *(
            b"\x1b[3X",
            b"\x1bM",
            b"\x1b7\x1b[5;5H\x1b[7mz\x1b8",
            b"\x1b[2;5r\x1b[5;1H\n\n\x1b[2;1H\x1bM\x1b[r\x1b[H",
            b"\x1b]0;title\x07",
            b"\x1b[?2004h",
        ),
    ]
)


@given(st.lists(PRINTED, max_size=40))
def test_another_emulator_sees_the_same_in_made_up_output(printed: list[bytes]) -> None:
    other = Other(SIZE)
    other.feed(b"".join(printed))
    assert ours(eaten([b"\x1b[m", *printed]).view()) == other.picture()


@pytest.mark.parametrize("text", ["e\u0301", "ก็", "a\u200b", "✌\ufe0f", "\u1100\u1161", "👩\u200d"])
def test_a_mark_has_no_cell_of_its_own(text: str) -> None:
    """As in the terminals that the programs draw for."""
    screen = Screen((2, 20))
    screen.enqueue(text.encode() + b"|")
    screen.feed()
    view = screen.view()
    assert view is not None
    assert view.rows[0].rstrip() == text[0] + "|"


def test_a_soft_hyphen_has_a_cell() -> None:
    screen = Screen((2, 20))
    screen.enqueue("a\xadb".encode())
    screen.feed()
    view = screen.view()
    assert view is not None
    assert view.cursor == (0, 3)
