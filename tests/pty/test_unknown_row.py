"""The picture of an empty line, for programs whose row no rule describes."""

from __future__ import annotations

import pytest

from amq.pty.input_row import EMPTY, PromptRule
from amq.pty.screen import Screen
from amq.pty.terminal_model import EMPTY_FOR_S, SEEN_EMPTY_FOR_S, UNANSWERED_FOR_S, Terminal, TerminalSnapshot

SIGN = "\r> \x1b[K"
WHILE = 2 * UNANSWERED_FOR_S


def at_work(*screen: str, row: PromptRule | None = None) -> Terminal:
    """Return a terminal that shows SCREEN, with nothing typed yet."""
    terminal = Terminal(0.0, screen=Screen((6, 40)), row=row)
    terminal.from_program("\r\n".join(screen).encode(), 1.0)
    terminal.look(2.0)
    return terminal


def after(terminal: Terminal, *happened: tuple[str, str]) -> TerminalSnapshot:
    """Return the snapshot after pairs of keys and, a moment later, the output that they caused."""
    now = 3.0
    for keys, output in happened:
        terminal.from_user(keys.encode(), now)
        if output:
            terminal.from_program(output.encode(), now + 0.1)
        now += 1.0
    terminal.look(now)
    return terminal.look(now + WHILE)


@pytest.mark.parametrize(
    "happened",
    [
        [("é", "é"), ("\x7f", SIGN)],
        [("é", "é"), ("\x7f", SIGN + "\x1b[J"), ("\x1b[D", "")],
        [("\x1b[A", "before"), ("\x1b[B", SIGN)],
        [("\x1b[A", "")],
        [("\x1b[5~", "\x07")],
        [("\x0c", "\x1b[2J\x1b[H> ")],
        [("\x18", "\x1b[?1049h\x1b[Hls\r\n:"), ("j", "\x1b[H"), ("q", "\x1b[2J\x1b[Habove\r\n> ")],
    ],
    ids=["erased", "drawn anew", "history", "nothing", "a bell", "cleared", "another program"],
)
def test_seen_again_it_is_empty(happened: list[tuple[str, str]]) -> None:
    assert not after(at_work("above", "> "), *happened).draft


@pytest.mark.parametrize(
    "happened",
    [
        [("é", "é")],
        [("é", "")],  # halted, or a password
        [("é", "\x07")],
        [("\x1b[A", "before")],
        [("é", "é"), ("\x1b[D", "\x1b[D")],  # is behind the cursor
        [("\t", "\x1b[s\r\none two\x1b[u")],  # a menu
        [("\x1b[200~a\rb\x1b[201~", "a\r\n> b"), ("\x7f", SIGN)],  # the last of two lines
        [("\x13", ""), ("ls", "")],
        [("\x13", "")],  # output is halted
        [("é", "é"), ("\x7f", SIGN + "\x1b[?25l")],
    ],
    ids=["text", "hidden", "refused", "history", "behind", "a menu", "lines", "halted", "halting", "no cursor"],
)
def test_anything_else_is_a_draft(happened: list[tuple[str, str]]) -> None:
    assert after(at_work("above", "> "), *happened).draft


def test_a_cursor_elsewhere_proves_nothing() -> None:
    """The text is drawn in another row, and the cursor is parked."""
    terminal = at_work("input:", "> parked")
    assert after(terminal, ("é", "\x1b7\x1b[1;8Hé\x1b8")).draft
    terminal = at_work("input:", "> parked")
    assert after(terminal, ("\x1b[A", "\x1b7\x1b[1;8Hhistory\x1b8")).draft


def test_a_row_with_nothing_in_it_is_not_known_again() -> None:
    assert after(at_work("above", ""), ("é", "é"), ("\x7f", "\b \b")).draft


def test_a_row_not_yet_redrawn_is_not_taken_for_empty() -> None:
    """The line was submitted, and is still shown when the next key comes."""
    terminal = at_work("above", "> ")
    terminal.from_user(b"echo\r", 3.0)
    terminal.from_program(b"echo", 3.1)
    terminal.from_user(b"x", 3.1 + EMPTY_FOR_S / 2)
    terminal.from_program(SIGN.encode() + b"x", 3.5)
    assert after(terminal, ("\x7fecho", SIGN + "echo")).draft


def test_a_right_prompt_belongs_to_the_empty_row() -> None:
    rule = PromptRule("> ")
    right = "\x1b7\x1b[30G12:00\x1b8"
    terminal = at_work("above", "> " + right, row=rule)
    assert terminal.look(2.0).row == EMPTY
    assert after(terminal, ("a", "a"), ("\x7f", "\b \b")).row == EMPTY
    assert after(terminal, ("a", "a"), ("\x01", "\b")).draft


def test_behind_a_prompt_that_was_never_seen_alone_all_is_a_draft() -> None:
    terminal = Terminal(0.0, screen=Screen((6, 40)), row=PromptRule("> "))
    terminal.from_user(b"half\x01", 0.5)
    terminal.from_program(b"> half\x1b[4D", 1.0)
    assert after(terminal).draft


def test_at_a_prompt_text_that_was_never_shown_is_a_draft() -> None:
    """Ctrl-S halts the output of a program that reads on."""
    for keys in ("ls", "\x13", "\x1b[200~ls\x1b[201~"):
        assert after(at_work("above", "> ", row=PromptRule("> ")), (keys, "")).draft


LOOKS_S = 0.05


def watched(terminal: Terminal, begun: float, seconds: float) -> TerminalSnapshot:
    """Look at TERMINAL again and again for SECONDS, from BEGUN on; return the last snapshot."""
    looks = [terminal.look(begun + number * LOOKS_S) for number in range(1, round(seconds / LOOKS_S) + 1)]
    return looks[-1]


def drawn(terminal: Terminal, text: str, now: float) -> None:
    terminal.from_program(f"{SIGN}{text}".encode(), now)


def test_a_draft_that_flickers_is_a_draft() -> None:
    """The program draws its row anew now and then, and looks fall between the two halves."""
    terminal = at_work("above", "> ")
    terminal.from_user("é".encode(), 3.0)
    drawn(terminal, "é", 3.1)
    for begun in (5.0, 20.0):
        drawn(terminal, "", begun)
        terminal.look(begun + LOOKS_S)
        drawn(terminal, "é", begun + 2 * LOOKS_S)
        assert watched(terminal, begun + 2 * LOOKS_S, WHILE).draft


@pytest.mark.parametrize("seconds", [2 * EMPTY_FOR_S, 2 * SEEN_EMPTY_FOR_S, 60.0])
def test_a_draft_that_was_not_shown_for_a_while_is_one_again(seconds: float) -> None:
    """As over a network: the row is cleared, and its text comes later."""
    terminal = at_work("above", "> ")
    terminal.from_user(b"\x1b[A", 3.0)
    drawn(terminal, "an old line", 3.1)
    assert watched(terminal, 3.1, 1.0).draft
    drawn(terminal, "", 5.0)
    assert watched(terminal, 5.0, seconds).draft == (seconds < SEEN_EMPTY_FOR_S)
    drawn(terminal, "an old line\x1b[3D", 100.0)
    assert watched(terminal, 100.0, WHILE).draft
    drawn(terminal, "", 120.0)
    assert not watched(terminal, 120.0, WHILE).draft


def test_what_shows_later_is_not_the_draft_of_before() -> None:
    """The line was seen to be empty: the program's own output, amq's text, and what a key leaves are something else."""
    terminal = at_work("above", "> ")
    terminal.from_user(b"\x1b[A", 3.0)
    drawn(terminal, "old", 3.1)
    terminal.look(4.0)
    drawn(terminal, "", 5.0)
    assert not watched(terminal, 5.0, WHILE).draft
    drawn(terminal, "working", 20.0)
    assert not watched(terminal, 20.0, WHILE).draft
    drawn(terminal, "", 40.0)
    terminal.look(41.0)
    terminal.expect("old")
    drawn(terminal, "old", 41.1)
    assert not watched(terminal, 41.1, WHILE).draft
    terminal.expect(None)
    assert watched(terminal, 52.0, SEEN_EMPTY_FOR_S * 3).draft
    terminal.from_user(b"\r", 60.0)
    drawn(terminal, "old", 60.1)
    assert not watched(terminal, 60.1, WHILE).draft
