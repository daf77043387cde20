from __future__ import annotations

import threading

import pytest

from amq.pty.echo_fallback import Echo
from amq.pty.input_row import ELSEWHERE, NOT_FOUND, UNKNOWN, PromptRule, Row, RowRule, Standing
from amq.pty.mode_ledger import ABANDON
from amq.pty.osc_state import STATE_ANSWER, AgentState
from amq.pty.screen import Screen
from amq.pty.terminal_model import AT_A_LOOK_BYTES, DRAWN_WITHIN_S, EMPTY_FOR_S, FRAME_S, UNANSWERED_FOR_S, Terminal
from tests.pty.user import PATIENCE, wait_until

BLOCKED = b"\x1b]7501;state=blocked:app=x:kind=permission\x07"


@pytest.mark.parametrize("question", [b"\x1b]7501;?\x07", b"\x1b]7501;?\x1b\\"])
def test_the_question_for_the_state_gets_one_answer(question: bytes) -> None:
    """The user's terminal does not see the question: there could be two answers."""
    terminal = Terminal(0.0, answers_state=True)
    assert terminal.from_program(b"a" + question + b"b", 1.0) == (b"ab", STATE_ANSWER)
    assert terminal.from_program(b"c", 1.0) == (b"c", b"")
    assert Terminal(0.0).from_program(question, 1.0) == (question, b"")


def test_a_question_in_two_reads_is_answered_as_well() -> None:
    """The user's terminal sees neither half."""
    question = b"\x1b]7501;?\x1b\\"
    for cut in range(1, len(question)):
        terminal = Terminal(0.0, answers_state=True)
        assert terminal.from_program(b"a" + question[:cut], 1.0) == (b"a", b"")
        assert terminal.from_program(question[cut:] + b"b", 1.0) == (b"b", STATE_ANSWER)
        assert terminal.withheld() == b""


def test_a_program_whose_question_was_answered_will_publish_its_state() -> None:
    terminal = Terminal(0.0, answers_state=True)
    assert not terminal.look(1.0).answered
    terminal.from_program(b"\x1b]7501;?\x07", 1.0)
    assert terminal.look(1.0).answered
    other = Terminal(0.0)
    other.from_program(b"\x1b]7501;?\x07", 1.0)
    assert not other.look(1.0).answered


def test_what_only_began_like_a_question_is_shown() -> None:
    terminal = Terminal(0.0, answers_state=True)
    assert terminal.from_program(b"a\x1b]75", 1.0) == (b"a", b"")
    assert terminal.from_program(b"\x1b]7501;", 1.0) == (b"\x1b]75", b"")
    assert terminal.from_program(b"state=idle\x07", 1.0) == (b"\x1b]7501;state=idle\x07", b"")
    terminal.from_program(b"\x1b", 1.0)
    assert terminal.withheld() == b"\x1b"


def test_no_answer_goes_into_the_middle_of_a_key() -> None:
    terminal = Terminal(0.0, answers_state=True)
    terminal.from_user(b"\x1b[", 1.0)
    assert terminal.from_program(b"\x1b]7501;?\x07", 1.0)[1] == b""


def test_keys_for_a_blocked_program_are_not_a_draft() -> None:
    terminal = Terminal(0.0)
    terminal.from_program(BLOCKED, 1.0)
    terminal.from_user(b"1", 2.0)
    look = terminal.look(2.0)
    assert (look.published, look.draft, look.last_key) == (AgentState.BLOCKED, False, 2.0)


def test_the_echo_is_watched_from_the_mark_on() -> None:
    terminal = Terminal(0.0)
    terminal.from_program(b"before", 1.0)
    terminal.expect("amq")
    terminal.from_program(b"a", 2.0)
    assert terminal.look(2.0).echo is Echo.PART
    terminal.from_program(b"mq", 2.0)
    assert terminal.look(2.0).echo is Echo.EXACT
    terminal.expect(None)
    assert terminal.look(2.0).echo is Echo.NOTHING


@pytest.mark.parametrize("state", [b"idle", b"done", b"working"])
def test_a_program_that_said_it_waits_or_works_has_started(state: bytes) -> None:
    terminal = Terminal(0.0)
    assert terminal.look(1.0).ready_since is None
    terminal.from_program(b"\x1b]7501;state=" + state + b"\x07" + BLOCKED, 1.0)
    assert terminal.look(2.0).ready_since == 1.0


RULE = RowRule("›", framed=False)
ROW = b"\x1b[2J\x1b[2;1H\xe2\x80\xba %s\x1b[K\x1b[4;1H  footer\x1b[2;%dH"


def row(text: bytes = b"") -> bytes:
    """Return a whole screen with TEXT in the input row."""
    return ROW % (text, 3 + len(text))


def with_screen(rule: RowRule | PromptRule | None = RULE) -> Terminal:
    return Terminal(0.0, screen=Screen((10, 40)), row=rule)


def test_the_row_is_seen_once_the_program_has_drawn() -> None:
    terminal = with_screen()
    assert terminal.look(1.0).row == NOT_FOUND
    terminal.from_program(row(b"half"), 1.0)
    assert terminal.look(1.0).row == UNKNOWN
    assert terminal.look(1.0 + FRAME_S).row == Row(Standing.HOLDS, "half")


def test_no_row_is_seen_in_the_middle_of_a_frame() -> None:
    terminal = with_screen()
    terminal.from_program(b"\x1b[?2026h" + row(), 1.0)
    assert terminal.look(2.0).row == UNKNOWN
    terminal.from_program(b"\x1b[?2026l", 2.0)
    assert terminal.look(3.0).row == Row(Standing.EMPTY)


def test_a_program_that_marks_its_frames_needs_no_silence() -> None:
    """One that draws a hundred of them a second is never silent."""
    frame = b"\x1b[?2026h" + row() + b"\x1b[?2026l"
    for cut in range(1, len(frame) + 1):
        terminal = with_screen()
        terminal.from_program(frame[:cut], 1.0)
        terminal.from_program(frame[cut:], 1.0)
        assert terminal.look(1.0).row == Row(Standing.EMPTY)
        terminal.from_program(b"\x1b[2;3H", 1.0)
        assert terminal.look(1.0).row == UNKNOWN


def test_no_row_is_seen_while_output_waits_to_be_eaten() -> None:
    terminal = with_screen()
    for _ in range(AT_A_LOOK_BYTES // 4096 + 2):
        terminal.from_program(b"x" * 4096, 1.0)
    terminal.from_program(row(), 1.0)
    assert terminal.look(2.0).row == UNKNOWN
    assert terminal.look(2.0).row == Row(Standing.EMPTY)


def test_without_a_screen_no_row_is_seen() -> None:
    terminal = Terminal(0.0, row=RULE)
    terminal.from_program(row(), 1.0)
    terminal.resize((5, 20))
    assert terminal.look(2.0).row == UNKNOWN


def test_the_draft_of_the_keys_is_forgotten_when_the_row_stays_empty() -> None:
    """Ctrl-K in Claude Code, Enter in a burst, a draft that the program itself took away."""
    terminal = with_screen()
    terminal.from_user(b"half", 1.0)
    terminal.from_program(row(b"half"), 1.1)
    assert terminal.look(7.0).draft
    terminal.from_user(b"\x0b", 7.1)
    terminal.from_program(row(), 7.15)
    assert terminal.look(7.2).draft
    assert terminal.look(7.2 + EMPTY_FOR_S / 2).draft
    assert not terminal.look(7.2 + 1.1 * EMPTY_FOR_S).draft


def test_a_row_that_is_drawn_empty_behind_a_letter_says_nothing() -> None:
    """A busy program draws what it had to draw before it reads the letter."""
    terminal = with_screen()
    terminal.from_user(b"half", 1.0)
    for now in (1.1, 2.0, 4.0, 1.0 + DRAWN_WITHIN_S - 0.1):
        terminal.from_program(row(), now)
        assert terminal.look(now + 2 * FRAME_S).draft
    assert not terminal.look(1.0 + DRAWN_WITHIN_S).draft


def test_an_empty_row_from_before_the_key_says_nothing() -> None:
    """The program may not have read it yet."""
    terminal = with_screen()
    terminal.from_program(row(), 1.0)
    assert terminal.look(2.0).row == Row(Standing.EMPTY)
    terminal.from_user(b"h", 3.0)
    assert terminal.look(3.0 + 2 * EMPTY_FOR_S).draft
    assert terminal.look(3.0 + UNANSWERED_FOR_S - 0.1).draft
    assert not terminal.look(3.0 + UNANSWERED_FOR_S).draft


def test_a_glimpse_of_an_empty_row_is_not_enough() -> None:
    terminal = with_screen()
    terminal.from_user(b"half", 1.0)
    terminal.from_program(row(), 1.1)
    assert terminal.look(1.2).row == Row(Standing.EMPTY)
    terminal.from_program(row(b"half"), 1.2)
    assert terminal.look(1.3).row == Row(Standing.HOLDS, "half")
    terminal.from_program(row(), 1.3)
    assert terminal.look(1.4).draft


def test_nothing_is_forgotten_in_the_middle_of_a_paste() -> None:
    terminal = with_screen()
    terminal.from_user(b"\x1b[200~half", 1.0)
    terminal.from_program(row(), 1.1)
    terminal.look(2.0)
    terminal.from_user(b" of it\x1b[201~", 3.0)
    assert terminal.look(3.1).draft


def test_for_an_unknown_program_the_expected_text_is_looked_for_at_the_cursor() -> None:
    terminal = with_screen(rule=None)
    terminal.from_program(b"\x1b[2J\x1b[H12:00\r\n> ", 1.0)
    assert terminal.look(2.0).row == UNKNOWN
    terminal.expect("amq: mail")
    assert terminal.look(2.0).row == NOT_FOUND
    terminal.from_program(b"amq: mail\x1b7\x1b[H12:01\x1b8", 2.0)
    look = terminal.look(3.0)
    assert (look.row.is_exactly("amq: mail"), look.echo) == (True, Echo.OTHER)
    terminal.from_program(b"\r\x1b[KProceed? amq: mail", 3.0)
    assert terminal.look(4.0).row == NOT_FOUND
    terminal.expect(None)
    assert terminal.look(4.0).row == UNKNOWN


def test_where_the_row_is_known_no_text_is_expected_at_the_cursor() -> None:
    terminal = with_screen(rule=RULE)
    terminal.expect("amq: mail")
    terminal.from_program(b"> amq: mail", 1.0)
    assert terminal.look(2.0).echo is not Echo.EXACT


def test_the_cursor_and_the_modes_can_be_restored() -> None:
    terminal = Terminal(0.0)
    terminal.from_program(b"\x1b[?2004h\x1b[?10", 1.0)
    assert (terminal.printing, terminal.undo(), terminal.redo()) == (True, ABANDON + b"\x1b[?2004l", b"\x1b[?2004h")
    terminal.from_program(b"04h", 1.0)
    assert (terminal.printing, terminal.undo(), terminal.redo()) == (
        False,
        b"\x1b[?2004l\x1b[?1004l",
        b"\x1b[?1004h\x1b[?2004h",
    )


def test_what_changes_all_the_time_is_known_when_it_is_asked_for() -> None:
    terminal = Terminal(0.0)
    terminal.from_program(b"\x1b[?25l\x1b[31m", 1.0)
    assert terminal.undo() == b"\x1b[?25h\x1b[m"
    terminal.from_program(b"\x1b[?25h\x1b[m\x1b(0", 1.0)
    assert terminal.redo() == b"\x1b(0"


def test_what_passed_before_the_echo_is_watched_comes_first() -> None:
    terminal = Terminal(0.0)
    terminal.from_program(b"\x1b[31m", 1.0)
    terminal.expect("amq")
    terminal.from_program(b"\x1b[m", 2.0)
    assert terminal.undo() == b""


@pytest.mark.parametrize("terminal", [with_screen(), Terminal(0.0)], ids=["with a screen", "without"])
def test_after_a_resize_no_row_is_known(terminal: Terminal) -> None:
    terminal.from_program(row(b""), 1.0)
    terminal.resize((20, 40))
    assert terminal.look(2.0).row == UNKNOWN


def test_modes_not_yet_shown_are_undone_too() -> None:
    terminal = Terminal(0.0)
    terminal.from_program(b"\x1b[?2004h\x1b[?1049h\x1b[?1049l\x1b[?2004l", 1.0)
    assert terminal.undo() == b""
    assert terminal.undo(all_shown=False) == ABANDON + terminal.ledger.undo_superset()


def test_the_screen_is_followed_in_another_thread() -> None:
    screen, stop = Screen((10, 40)), threading.Event()
    terminal = Terminal(0.0, screen=screen, row=RULE)
    thread = threading.Thread(target=terminal.follow, args=(stop,))
    thread.start()
    try:
        for _ in range(10):
            terminal.from_program(b"x" * AT_A_LOOK_BYTES, 1.0)
        terminal.from_program(row(b"half"), 1.0)
        wait_until(lambda: not screen.waiting)
        assert terminal.look(2.0).row == Row(Standing.HOLDS, "half")
    finally:
        stop.set()
        terminal.stop_following()
        thread.join(PATIENCE)
    assert not thread.is_alive()


SHELL = PromptRule("$ ")


def test_another_program_that_prints_the_prompt_does_not_show_an_empty_line() -> None:
    """Neither is it typed into, nor does it end a draft."""
    terminal = with_screen(SHELL)
    terminal.from_user(b"half", 1.0)
    terminal.from_program(b"\r\n$ ", 1.1)
    for now in (2.0, 3.0, 9.0):
        look = terminal.look(now, foreground=False)
        assert (look.row, look.draft) == (ELSEWHERE, True)
    assert terminal.look(10.0).row == Row(Standing.EMPTY)
    assert not terminal.look(11.0).draft


def test_where_the_kernel_edits_the_line_a_prompt_ends_no_draft() -> None:
    """Text typed before the prompt was printed is in the line, unseen."""
    terminal = with_screen(SHELL)
    terminal.from_user(b"half", 1.0)
    terminal.from_program(b"half\r\n$ ", 1.1)
    for now in (2.0, 3.0, 9.0):
        look = terminal.look(now, canonical=True)
        assert (look.row, look.draft) == (Row(Standing.EMPTY), True)
    terminal.from_user(b"\x15", 10.0)
    assert not terminal.look(10.1, canonical=True).draft


def test_a_known_row_is_seen_with_any_foreground_program() -> None:
    terminal = with_screen()
    terminal.from_program(row(), 1.0)
    assert terminal.look(2.0, foreground=False).row == Row(Standing.EMPTY)


def test_it_is_known_whether_pastes_are_taken_at_the_prompt() -> None:
    """Not what another program switches on."""
    terminal = with_screen(SHELL)
    terminal.from_program(b"\x1b[?2004hvim\x1b[?2004l\r\n$ ", 1.0)
    assert not terminal.look(2.0).takes_pastes
    terminal.from_program(b"\x1b[?2004h", 3.0)
    assert not terminal.look(4.0, foreground=False).takes_pastes
    assert terminal.look(5.0).takes_pastes
    terminal.from_program(b"\x1b[?2004l", 6.0)
    look = terminal.look(7.0)
    assert (look.takes_pastes, look.bracketed_paste) == (True, False)


def test_the_rows_of_the_screen_are_shown_without_blanks_at_their_ends() -> None:
    terminal = Terminal(0.0, screen=Screen((3, 20)))
    terminal.from_program(b"a  \r\n b", 1.0)
    assert terminal.shown() == "a\n b\n"
    assert Terminal(0.0).shown() == "", "it is not known"


def test_output_and_keys_are_counted() -> None:
    terminal = Terminal(0.0)
    before = terminal.activity()
    terminal.from_program(b"abc", 1.0)
    assert terminal.activity() == (before[0] + 3, before[1])
    terminal.from_user(b"x", 2.0)
    assert terminal.activity() == (before[0] + 3, before[1] + 1)
