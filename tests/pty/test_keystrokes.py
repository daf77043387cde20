from __future__ import annotations

import shutil
from collections.abc import Callable

import pexpect
import pytest
from hypothesis import given
from hypothesis import strategies as st

from amq.pty.keystrokes import BURST_S, COMPLETE_WITHIN_S, ENTER, Keystrokes, Line
from tests.pty.cuts import STREAMS, cut_streams
from tests.pty.user import PATIENCE as PATIENCE_OF_TEST
from tests.pty.user import hang_up

KNOWN_CLI = Line(submit=frozenset({ENTER}), clear=frozenset(), burst=BURST_S, escape_waits=False)


def after(*pieces: bytes, line: Line | None = None, now: float = 10.0) -> Keystrokes:
    keystrokes = Keystrokes(line)
    for piece in pieces:
        keystrokes.feed(piece, now)
    return keystrokes


@pytest.mark.parametrize(
    ("typed", "draft"),
    [
        (b"", False),
        (b"h", True),
        (b"\x1b[200~\x1b[A", True),  # pasted bytes are not keys, whatever they look like
        (b"hello\r", False),
        (b"hello\n", False),
        (b"hello\x03", False),
        (b"hello\x15", False),
        (b"hello\rx", True),
        (b"h\x7f", False),
        (b"\x7f", False),
        (b"hello\x7f\x7f\x7f\x7f", True),
        (b"hello\x7f\x7f\x7f\x7f\x7f\x7f", False),
        (b"hello\x7f\x7f\x7f\x7f\x7fx", True),
        ("日\x7f".encode(), True),  # one Backspace may not be enough
        ("日\x7f\x7f\x7f".encode(), False),  # three are, even where each takes one byte
        ("é\x7f\x7fx".encode(), True),
        (b"h\x01\x7f\x7f", True),  # at the beginning of the line they take nothing
        (b"h\x1b[D\x7f", True),  # before the first character it takes nothing
        (b"h\x08", True),  # no Backspace in every program
        (b"\x1b[200~h\x1b[201~\x7f", True),
        (b"\x1b[Ah\x7f", True),  # history is recalled
        (b"hello\\\r", True),  # the line goes on
        (b"\x1b[A", True),  # history
        (b"\x1bOA", True),
        (b"\t", True),
        (b"\x1b\r", True),  # Alt-Enter
        (b"\x1b[200~hello\x1b[201~", True),
        (b"\x1b[200~hello\r\x1b[201~", True),
        (b"\x1b[200~hello\x1b[201~\r", False),
        (b"\x1b[200~\x03", True),
        (b"\x1b[104u", True),  # kitty: h
        (b"h\x1b[13u", False),
        (b"h\x1b[13;129u", False),  # with num lock
        (b"h\x1b[13;2u", True),  # Shift-Enter
        (b"h\x1b[99;5u", False),  # Ctrl-C
        (b"h\x1b[27;5;99~", False),
        (b"h\x1b[27;2;13~", True),
        (b"\x1b[92u\x1b[92;1:3u\x1b[13u", True),  # a backslash, then Enter
        (b"\x1b[104;1:3u", False),  # only the release
        (b"\x1b[57441u", False),  # only a Shift
        (b"\x1bOA\r", False),
        ("日".encode(), True),
    ],
)
def test_the_state_of_the_line(typed: bytes, draft: bool) -> None:
    assert after(typed).draft(10.0) is draft


@pytest.mark.parametrize(
    "report",
    [
        *(
            b"\x1b[I",
            b"\x1b[O",
            b"\x1b[<0;10;20M",
            b"\x1b[<0;10;20m",
            b"\x1b[M !!",
            b"\x1b[M\xa0\xa1\xa2",
            b"\x1b[32;5;6M",
        ),
        *(b"\x1b[?1;2c", b"\x1b[>41;354;0c", b"\x1b[24;80R", b"\x1b[1;1R", b"\x1b[?1u", b"\x1b[0n", b"\x1b[?997;1n"),
        *(
            b"\x1b[?2026;2$y",
            b"\x1b[4;600;800t",
            b"\x1b]11;rgb:00/00/00\x1b\\",
            b"\x1bP>|xterm\x1b\\",
            b"\x1b_Gi=1;OK\x1b\\",
        ),
    ],
)
def test_reports_do_not_count_as_keys(report: bytes) -> None:
    keystrokes = after(report)
    assert keystrokes.keys == 0
    assert keystrokes.last_key(10.0) is None
    assert not keystrokes.draft(20.0)
    assert not keystrokes.inside(10.0)


@pytest.mark.parametrize(
    "typed", [b"\x1b", b"\x1b[", b"\x1b[1;", b"\x1bO", b"\x1b]11;", b"\x1b[M!", b"\x1b[200~", b"\xe6\x97"]
)
def test_nothing_is_to_be_typed_in_the_middle_of_something(typed: bytes) -> None:
    assert after(typed).inside(10.0)


def test_a_key_that_only_looked_like_a_sequence_is_one_after_a_while() -> None:
    for typed, draft in [(b"\x1b", False), (b"\x1b[", True), (b"\x1bO", True), (b"\x1b]", True)]:
        keystrokes = after(typed, line=KNOWN_CLI)
        assert keystrokes.inside(10.0 + COMPLETE_WITHIN_S / 2)
        assert not keystrokes.inside(10.0 + COMPLETE_WITHIN_S)
        assert keystrokes.last_key(10.0 + COMPLETE_WITHIN_S) == 10.0
        assert keystrokes.draft(10.0 + COMPLETE_WITHIN_S) is draft


def test_an_open_paste_is_waited_for() -> None:
    keystrokes = after(b"\x1b[200~hello\x1b[20")
    assert keystrokes.inside(1000.0)
    keystrokes.feed(b"1~", 1000.0)
    assert not keystrokes.inside(1000.0)
    assert keystrokes.draft(1000.0)


def test_the_answer_to_a_dialog_leaves_the_line_as_it_was() -> None:
    for before, draft in [(b"", False), (b"hello", True)]:
        keystrokes = after(before)
        keystrokes.feed(b"1y\r\x03", 11.0, answering=True)
        assert keystrokes.draft(11.0) is draft
        assert keystrokes.sent == 0
        assert keystrokes.last_key(11.0) == 11.0
    keystrokes.feed(b"x", 12.0)
    assert keystrokes.draft(12.0)


def test_escape_is_a_key_but_no_text_where_it_is_known() -> None:
    keystrokes = after(b"\x1b\x1b[27u", line=KNOWN_CLI)
    assert keystrokes.keys == 2
    assert not keystrokes.draft(10.0)
    keystrokes = after(b"hello\x1b", line=KNOWN_CLI)
    keystrokes.feed(b"\r", 10.0 + COMPLETE_WITHIN_S)
    assert not keystrokes.draft(10.0 + COMPLETE_WITHIN_S)


@pytest.mark.parametrize(
    ("typed", "drafts"),
    [
        ([b"", b"\x1b"], [False, True]),  # the line editor waits for a key, or takes the next for commands
        ([b"hello", b"\x1b", b"\r", b"\r"], [True, True, True, False]),  # the first Enter only completes Alt-Enter
        ([b"hello", b"\x1b", b"\x15", b"\x15"], [True, True, True, True]),  # the cursor is moved in vi's commands
        ([b"hello", b"\x01", b"\x15"], [True, True, True]),  # deletes the text before the cursor
        ([b"hello", b"\x16", b"\r", b"\r"], [True, True, True, False]),  # quoted
        ([b"hello", b"\x16", b"\x1b[13u", b"\r"], [True, True, True, False]),
        ([b"hello", b"\x18", b"\x15", b"\x03"], [True, True, True, False]),
        ([b"hello", b"\x1b", b"\x1b[I", b"\r", b"\r"], [True, True, True, True, False]),
        ([b"hello", b"\x1b", b"\x03"], [True, True, False]),
        ([b"\x1b", b"x", b"\r"], [True, True, False]),
        ([b"\x1b", b"\x1b", b"\r", b"\r"], [True, True, True, False]),
    ],
)
def test_escape_in_a_line_editor_that_is_not_known(typed: list[bytes], drafts: list[bool]) -> None:
    """Each key comes a while after the one before."""
    keystrokes, now = Keystrokes(), 10.0
    for key, draft in zip(typed, drafts, strict=True):
        now += 2 * COMPLETE_WITHIN_S
        keystrokes.feed(key, now)
        assert keystrokes.draft(now + COMPLETE_WITHIN_S) is draft


@pytest.mark.skipif(shutil.which("bash") is None, reason="bash is not installed")
@pytest.mark.parametrize("key", [b"\r", b"\x15"])
def test_bash_takes_the_key_behind_escape_for_a_part_of_it(key: bytes) -> None:
    """So the line still holds its text."""
    bash: pexpect.spawn[bytes] = pexpect.spawn("bash", ["--norc", "--noprofile", "-i"], timeout=PATIENCE_OF_TEST)
    bash.delaybeforesend = None
    bash.delayafterclose = bash.delayafterterminate = 0
    try:
        bash.sendline("bind 'set editing-mode emacs'; PS1='rea''dy '")
        bash.expect_exact("ready ")
        bash.send(b"echo hal\x1b" + key + b"f\r")
        bash.expect_exact("\rhalf\r\n")
    finally:
        hang_up(bash)


def test_after_escape_backspace_may_only_move_the_cursor() -> None:
    """It does so in the normal mode of vi."""
    keystrokes = after(b"\x1b")
    keystrokes.feed(b"h\x7f", 10 + COMPLETE_WITHIN_S)
    assert keystrokes.draft(10 + COMPLETE_WITHIN_S)


def test_a_line_taken_back_was_not_sent() -> None:
    """The text that amq typed may precede it in the line."""
    assert after(b"h\x7f").sent == 0


def test_keys_for_a_dialog_count_for_no_line() -> None:
    keystrokes = after(b"h")
    keystrokes.feed(b"\x7f", 10.0, answering=True)
    assert keystrokes.draft(10.0)
    keystrokes.feed(b"x\x7f", 10.0)
    assert keystrokes.draft(10.0)
    keystrokes.feed(b"\x7f", 10.0)
    assert not keystrokes.draft(10.0)


@pytest.mark.parametrize("typed", [b"hello\n", b"hello\x03", b"hello\x15", b"hello\r"])
def test_a_known_cli_keeps_its_line_where_others_would_not(typed: bytes) -> None:
    """Ctrl-J breaks the line, Ctrl-U clears one line of many, and an Enter as fast as this one counts as pasted."""
    assert after(typed, line=KNOWN_CLI).draft(10.0)


def test_a_users_enter_submits_to_a_known_cli() -> None:
    keystrokes = after(b"hello", line=KNOWN_CLI)
    keystrokes.feed(b"\r", 10.0 + 2 * BURST_S)
    assert not keystrokes.draft(10.1)
    assert keystrokes.sent == 1


@given(cut_streams())
def test_cuts_make_no_difference(case: tuple[bytes, list[bytes]]) -> None:
    whole, pieces = case
    for now in (10.0, 10.0 + COMPLETE_WITHIN_S):
        for line in (None, KNOWN_CLI):
            one, other = after(whole, line=line), after(*pieces, line=line)
            assert (one.draft(now), one.inside(now), one.last_key(now), one.keys, one.sent) == (
                *(other.draft(now), other.inside(now), other.last_key(now)),
                *(other.keys, other.sent),
            )


def kitty(code: int, modifiers: int) -> bytes:
    return b"\x1b[%d;%du" % (code, modifiers + 1)


def other_keys(code: int, modifiers: int) -> bytes:
    return b"\x1b[27;%d;%d~" % (modifiers + 1, code)


KEYS = st.tuples(
    st.sampled_from([*b"ah1 \\cuj", 9, 13, 27, 127, 0xE9, 57441]), st.sampled_from([0, 1, 2, 4, 5, 64, 128])
)
ENCODINGS = st.sampled_from([kitty, other_keys])
SUBMITS = st.sampled_from([b"\r", b"\x1b[13u", b"\x1b[13;129u", b"\x1b[13;1:1u"])


@given(st.lists(KEYS, max_size=8), ENCODINGS, st.data())
def test_encoded_keys_mean_the_same_however_they_are_cut(
    keys: list[tuple[int, int]], encode: Callable[[int, int], bytes], data: st.DataObject
) -> None:
    whole = b"".join(encode(*key) for key in keys)
    cut = data.draw(st.integers(0, len(whole)))
    for line in (None, KNOWN_CLI):
        one, other = after(whole, line=line), after(whole[:cut], whole[cut:], line=line)
        assert (one.draft(10.0), one.keys, one.sent) == (other.draft(10.0), other.keys, other.sent)


@given(st.lists(KEYS, max_size=8), ENCODINGS, SUBMITS)
def test_a_letter_is_a_draft_until_a_key_that_ends_it(
    keys: list[tuple[int, int]], encode: Callable[[int, int], bytes], submit: bytes
) -> None:
    keystrokes = after(*(encode(*key) for key in keys), encode(ord("k"), 0), line=KNOWN_CLI)
    assert keystrokes.draft(10.0)
    keystrokes.feed(submit, 10.0 + 2 * BURST_S)
    assert not keystrokes.draft(20.0)


def test_an_empty_row_ends_the_draft_but_not_a_key_that_is_half_there() -> None:
    keystrokes = after(b"\x1b[200~hello")
    keystrokes.emptied()
    keystrokes.feed(b"\x1b[201~", 11.0)
    assert keystrokes.draft(11.0)
    keystrokes.emptied()
    assert not keystrokes.draft(11.0)
    keystrokes.feed(b"x\x7f", 12.0)
    assert not keystrokes.draft(12.0)
    assert keystrokes.sent == 0


@given(STREAMS)
def test_a_letter_after_anything_is_a_draft(stream: bytes) -> None:
    """This holds after any stream, once no sequence is incomplete."""
    keystrokes = after(stream)
    if not keystrokes.inside(20.0):
        keystrokes.feed(b"k", 20.0)
        assert keystrokes.draft(20.0)
