"""The input row, on the screens of the real CLIs and at its edges."""

from __future__ import annotations

from typing import cast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from amq.pty.row import (
    ELSEWHERE,
    NOT_FOUND,
    UNKNOWN,
    PromptRule,
    Row,
    RowRule,
    Standing,
    before_cursor,
    find_row,
    squeeze,
    stands_at_cursor,
)
from amq.pty.screen import Screen, View
from amq.runtime.profiles import profile_for
from tests.screens import recordings

CLAUDE, CODEX = RowRule("❯", framed=True), RowRule("›", framed=False)
LINE = "─" * 40
NAMED = RowRule("❯", framed=True, placeholders=('Try ".+"',), suggests_behind="❯\xa0", elsewhere=("A new task",))
GEMINI = RowRule(" > ", framed=False, indent=3, hides_cursor=True, placeholders=("Type",), faint=False)
QWEN = RowRule("> ", framed=True, draws_cursor=True, placeholders=("Type",), faint=False)
OPENCODE = RowRule(
    "", framed=False, bar="┃", placeholders=("Type….*",), faint=False, working=("esc",), elsewhere=(r"┃\s+Shell",)
)
BOX = "output\n  ┃\n  ┃  {}\n  ┃\n  ┃  Agent\n  ╹▀▀▀▀▀▀▀▀▀▀▀▀▀▀▀▀\n  footer"
WORKING = ("working", "draft while it works", "draft gone while it works", "ours while it works")
OURS = "amq: 1 new message from codex. Run: amq drain --include-body"


def drawn(text: str, size: tuple[int, int] = (12, 40)) -> View:
    screen = Screen(size)
    screen.put(text.replace("\n", "\r\n").encode())
    screen.eat()
    view = screen.view()
    assert view is not None
    return view


@pytest.mark.parametrize("name", recordings.names())
def test_what_a_person_sees_in_the_row_is_found(name: str) -> None:
    rule = profile_for(name.partition("-")[0]).rules.row
    assert rule is not None
    recording = recordings.load(name)
    screen = Screen(recording.size)
    for mark, output in recording.parts():
        screen.put(output)
        while screen.waiting:
            screen.eat()
        row = find_row(screen.view(), rule)
        if mark.row is None:
            assert row == NOT_FOUND, mark.name
        elif mark.row == recordings.ELSEWHERE:
            assert row == ELSEWHERE, mark.name
        elif mark.row:
            assert (row.standing, squeeze(row.text)) == (Standing.HOLDS, squeeze(mark.row)), mark.name
        else:
            assert row.standing is Standing.EMPTY, mark.name
        assert row.working is (mark.name in WORKING and bool(cast(RowRule, rule).working)), mark.name
        if mark.resized_to:
            screen.resize(mark.resized_to)


def test_without_a_screen_nothing_is_known() -> None:
    assert find_row(None, CLAUDE) == UNKNOWN


@pytest.mark.parametrize(
    ("text", "rule", "standing"),
    [
        pytest.param(f"{LINE}\n❯ \n{LINE}\x1b[2;3H", CLAUDE, Standing.EMPTY, id="empty"),
        pytest.param(f"{LINE}\n❯ \x1b[2mTry this\x1b[m\n{LINE}\x1b[2;3H", CLAUDE, Standing.EMPTY, id="placeholder"),
        pytest.param(
            f"{LINE}\n❯ \x1b[7mT\x1b[;2mry this\x1b[m\n{LINE}\x1b[2;3H", CLAUDE, Standing.EMPTY, id="cursor over it"
        ),
        pytest.param(f"{LINE}\n❯ \x1b[7mx\x1b[m\n{LINE}\x1b[2;3H", CLAUDE, Standing.HOLDS, id="cursor over one letter"),
        pytest.param(f"{LINE}\n❯ x\x1b[2mtra\x1b[m\n{LINE}\x1b[2;4H", CLAUDE, Standing.HOLDS, id="faint completion"),
        pytest.param(f"{LINE}\n❯   \n{LINE}\x1b[2;5H", CLAUDE, Standing.HOLDS, id="blanks"),
        pytest.param(f"{LINE}\n❯ \n  \n{LINE}\x1b[3;3H", CLAUDE, Standing.HOLDS, id="two empty lines"),
        pytest.param(f"{LINE}\n❯ \n  \n{LINE}\x1b[2;3H", CLAUDE, Standing.HOLDS, id="the cursor in the first of two"),
        pytest.param(f"{LINE[:31]} review ─\n❯ \n{LINE}\x1b[2;3H", CLAUDE, Standing.EMPTY, id="the name of a session"),
        pytest.param(f"{LINE[:39]}x\n❯ \n{LINE}\x1b[2;3H", CLAUDE, Standing.NOT_FOUND, id="a line that does not end"),
        pytest.param(f"{LINE}\n! ls\n{LINE}\x1b[2;5H", CLAUDE, Standing.NOT_FOUND, id="another prompt"),
        pytest.param(f"{LINE}\n❯ x\nBut\n{LINE}\x1b[2;3H", CLAUDE, Standing.NOT_FOUND, id="not indented"),
        pytest.param(f"❯ \n{LINE}\x1b[1;3H", CLAUDE, Standing.NOT_FOUND, id="no line above"),
        pytest.param(f"{LINE}\n❯ \x1b[2;3H", CLAUDE, Standing.NOT_FOUND, id="no line below"),
        pytest.param(f"{LINE}\n❯ \n{LINE}\nelsewhere", CLAUDE, Standing.NOT_FOUND, id="the cursor elsewhere"),
        pytest.param(f"{LINE}\n{LINE}", CLAUDE, Standing.NOT_FOUND, id="the cursor in a line"),
        pytest.param("\n› \n\n  footer\x1b[2;3H", CODEX, Standing.EMPTY, id="empty, no frame"),
        pytest.param("\n› \x1b[2mAsk\x1b[m\n\n  footer\x1b[2;3H", CODEX, Standing.EMPTY, id="placeholder, no frame"),
        pytest.param("\n› x\n\n  y\n\n  footer\x1b[2;4H", CODEX, Standing.HOLDS, id="an empty line in it"),
        pytest.param("\n› \n\n  footer\x1b[2;3H\x1b[?25l", CODEX, Standing.NOT_FOUND, id="the cursor hidden"),
        pytest.param("\n  footer\x1b[1;1H", CODEX, Standing.NOT_FOUND, id="no prompt"),
        pytest.param(
            f'{LINE}\n❯ \x1b[2mTry "x"\x1b[m\n{LINE}\x1b[2;3H', NAMED, Standing.EMPTY, id="its own placeholder"
        ),
        pytest.param(f"{LINE}\n❯ \x1b[2mName\x1b[m\n{LINE}\x1b[2;3H", NAMED, Standing.ELSEWHERE, id="another one"),
        pytest.param(f"{LINE}\n❯ Name\n{LINE}\x1b[2;3H", NAMED, Standing.HOLDS, id="the same, typed"),
        pytest.param(f"{LINE}\n❯\xa0\x1b[2mName\x1b[m\n{LINE}\x1b[2;3H", NAMED, Standing.EMPTY, id="a suggestion"),
        pytest.param(f"{LINE}\n❯\xa0\x1b[2mA new task\x1b[m\n{LINE}\x1b[2;3H", NAMED, Standing.ELSEWHERE, id="a task"),
        pytest.param(f"{LINE}\n❯ \x1b[90mA new task\x1b[m\n{LINE}\x1b[2;3H", NAMED, Standing.ELSEWHERE, id="in grey"),
        pytest.param(f"{LINE}\n❯ A new task, too\n{LINE}\x1b[2;3H", NAMED, Standing.HOLDS, id="words that begin so"),
        pytest.param(f"{LINE}\n❯ half\n{LINE}\nA new task\x1b[2;7H", NAMED, Standing.ELSEWHERE, id="the line below"),
        pytest.param(f"A new task\n{LINE}\n❯ \n{LINE}\x1b[3;3H", NAMED, Standing.EMPTY, id="a line above"),
        pytest.param(
            "\n > \x1b[90m  Type\x1b[m\n▀▀▀▀\n\n footer\x1b[2;4H\x1b[?25l", GEMINI, Standing.EMPTY, id="in grey"
        ),
        pytest.param("\n > \x1b[90m  Else\x1b[m\n▀▀▀▀\x1b[2;4H\x1b[?25l", GEMINI, Standing.HOLDS, id="grey words"),
        pytest.param("\n > half\n▀▀▀▀\n\n footer\x1b[2;8H\x1b[?25l", GEMINI, Standing.HOLDS, id="half a row below it"),
        pytest.param("\n > \n\n footer\x1b[2;4H", GEMINI, Standing.EMPTY, id="a cursor that is hidden elsewhere"),
        pytest.param(f"{LINE}\n> \x1b[7m \x1b[m Type\n{LINE}\n  footer\n", QWEN, Standing.EMPTY, id="a cursor drawn"),
        pytest.param(f"{LINE}\n> half\x1b[7m \x1b[m\u200b\n{LINE}\n  f\n", QWEN, Standing.HOLDS, id="behind a draft"),
        pytest.param(f"{LINE}\n> Type\n{LINE}\n  footer\n", QWEN, Standing.NOT_FOUND, id="no cursor drawn"),
        pytest.param(f"{LINE}\n> \x1b[7m \x1b[m Type\n", QWEN, Standing.NOT_FOUND, id="one line only"),
        pytest.param(BOX.format("Type…") + "\x1b[3;6H", OPENCODE, Standing.EMPTY, id="in a box"),
        pytest.param(BOX.format("") + "\x1b[3;6H", OPENCODE, Standing.EMPTY, id="nothing in a box"),
        pytest.param(BOX.format("half") + "\x1b[3;10H", OPENCODE, Standing.HOLDS, id="a draft in a box"),
        pytest.param(BOX.format("half\n  ┃  second") + "\x1b[4;12H", OPENCODE, Standing.HOLDS, id="two lines in a box"),
        pytest.param(BOX.format("") + "\x1b[3;6H\x1b[?25l", OPENCODE, Standing.NOT_FOUND, id="a dialog in a box"),
        pytest.param(BOX.format("") + "\x1b[1;1H", OPENCODE, Standing.NOT_FOUND, id="the cursor beside the box"),
        pytest.param(BOX.format("") + "\x1b[2;6H", OPENCODE, Standing.NOT_FOUND, id="the cursor at the box's edge"),
        pytest.param("  ┃\n  ┃  \n  ┃\n  ┃  Agent\x1b[2;6H", OPENCODE, Standing.NOT_FOUND, id="a box without an end"),
        pytest.param("  ┃\n" * 11 + "  ┃\x1b[2;6H", OPENCODE, Standing.NOT_FOUND, id="a box that fills the screen"),
        pytest.param(
            BOX.format("").replace("Agent", "Shell") + "\x1b[3;6H", OPENCODE, Standing.ELSEWHERE, id="a shell in a box"
        ),
    ],
)
def test_the_row_at_its_edges(text: str, rule: RowRule, standing: Standing) -> None:
    assert find_row(drawn(text), rule).standing is standing


def test_what_stands_below_the_row_says_whether_the_program_works() -> None:
    works = BOX.format("half") + " esc\x1b[3;10H"
    assert find_row(drawn(works), OPENCODE) == Row(Standing.HOLDS, "half", working=True)
    assert find_row(drawn(BOX.format("") + " esc\x1b[3;6H"), OPENCODE) == Row(Standing.EMPTY, working=True)
    assert not find_row(drawn(BOX.format("esc") + "\x1b[3;9H"), OPENCODE).working


def test_what_stands_beside_a_box_is_not_in_it() -> None:
    beside = BOX.format("half") + "\x1b[3;30Hbeside\x1b[3;10H"
    assert find_row(drawn(beside), OPENCODE) == Row(Standing.HOLDS, "half")


def test_only_our_text_is_ours() -> None:
    row = find_row(drawn("\n› amq: 1 new\n  message\n\n  footer\x1b[3;10H"), CODEX)
    assert row.is_exactly("amq: 1 new message")
    assert not row.is_exactly("amq: 1 new")
    more = find_row(drawn("\n› amq: 1 new\n  message x\n\n  footer\x1b[3;12H"), CODEX)
    assert not more.is_exactly("amq: 1 new message")
    assert more.contains("amq: 1 new message")
    hidden = find_row(drawn("\n› amq: 1 new\n\n  y\n\n  footer\x1b[2;13H"), CODEX)
    assert not hidden.is_exactly("amq: 1 new")


@given(st.integers(3, 80), st.sampled_from(["", "$ ", "a long prompt of a shell > "]))
def test_text_at_the_cursor_is_found_however_the_line_is_wrapped(columns: int, prompt: str) -> None:
    size = (60, columns)
    before = before_cursor(drawn(f"output\n{prompt}", size))
    after = drawn(f"output\n{prompt}{OURS}", size)
    assert stands_at_cursor(after, before, OURS)
    assert not stands_at_cursor(drawn(f"output\n{prompt}{OURS[:-1]}", size), before, OURS)
    assert not stands_at_cursor(drawn(f"output\n{prompt}{OURS}x", size), before, OURS)
    assert not stands_at_cursor(drawn(f"output\n{prompt}{OURS}x\b", size), before, OURS)


def test_what_stood_before_the_text_must_still_stand_there() -> None:
    before = before_cursor(drawn("> "))
    assert stands_at_cursor(drawn("> amq"), before, "amq")
    assert not stands_at_cursor(drawn("? amq"), before, "amq")


SHELL = PromptRule("prompt$ ")


@pytest.mark.parametrize(
    ("text", "standing", "held"),
    [
        pytest.param("prompt$ ", Standing.EMPTY, "", id="empty"),
        pytest.param("out\nprompt$ ", Standing.EMPTY, "", id="behind output"),
        pytest.param("prompt$", Standing.EMPTY, "", id="blanks at its end do not count"),
        pytest.param("prompt$ ls", Standing.HOLDS, "ls", id="a draft"),
        pytest.param("prompt$ ls\x1b[1;9H", Standing.HOLDS, "\0ls", id="the cursor at its beginning"),
        pytest.param("prompt$ \x1b[1;30H12:00\x1b[1;9H", Standing.HOLDS, "\x0012:00", id="a right prompt"),
        pytest.param("prompt$ \n  second line\x1b[1;9H", Standing.HOLDS, "\0second line", id="a draft of two lines"),
        pytest.param("prompt$ \n\n  one  two\x1b[1;9H", Standing.HOLDS, "\0one  two", id="a menu further below"),
        pytest.param("prompt$ ls\nfile\n", Standing.ELSEWHERE, "", id="it works"),
        pytest.param("prompt$ ls\nfile", Standing.ELSEWHERE, "", id="behind its output"),
        pytest.param("> prompt$ ", Standing.ELSEWHERE, "", id="something before it"),
        pytest.param(" prompt$ ", Standing.ELSEWHERE, "", id="a blank before it"),
        pytest.param("Discard? [y,n] ", Standing.ELSEWHERE, "", id="a question"),
        pytest.param("(reverse-i-search)`': ", Standing.ELSEWHERE, "", id="a search"),
        pytest.param("prompt$ \x1b[1;5H", Standing.ELSEWHERE, "", id="the cursor in it"),
        pytest.param("prompt$ \x1b[2;1H", Standing.ELSEWHERE, "", id="the cursor below"),
        pytest.param("prompt$ \x1b[?25l", Standing.ELSEWHERE, "", id="the cursor hidden"),
        pytest.param("prompt$ " + "x" * 32 + "prompt$ ", Standing.HOLDS, "x" * 32 + "prompt$", id="a draft like it"),
        pytest.param("-" * 40 + "\nprompt$ ", Standing.EMPTY, "", id="below a full row"),
        pytest.param("審査$ ", Standing.ELSEWHERE, "", id="another prompt"),
    ],
)
def test_what_stands_behind_a_prompt(text: str, standing: Standing, held: str) -> None:
    assert find_row(drawn(text), SHELL) == Row(standing, held)


def test_a_prompt_of_wide_characters() -> None:
    assert find_row(drawn("審査 ❯ "), PromptRule("審査 ❯")) == Row(Standing.EMPTY)
    assert find_row(drawn("審査 ❯ 你好"), PromptRule("審査 ❯")) == Row(Standing.HOLDS, "你好")


def test_without_a_screen_no_prompt_is_seen() -> None:
    assert find_row(None, SHELL) == UNKNOWN


def test_with_anything_behind_the_cursor_our_text_is_not_ours_alone() -> None:
    ours = drawn("prompt$ amq: 1 new")
    assert find_row(ours, SHELL).is_exactly("amq: 1 new")
    for behind in ("prompt$ amq: 1 new\x1b[1;13H", "prompt$ amq: 1 new\n; rm -r x\x1b[1;19H"):
        assert not find_row(drawn(behind), SHELL).is_exactly("amq: 1 new")


@given(st.integers(3, 80), st.sampled_from(["$ ", "> ", ">>> ", "a long prompt of a shell > ", "審査 ❯ "]))
def test_our_text_is_found_behind_a_prompt_however_the_line_is_wrapped(columns: int, prompt: str) -> None:
    size, rule = (60, columns), PromptRule(prompt)

    def row(text: str) -> Row:
        return find_row(drawn(f"output\n{text}", size), rule)

    if columns > len(prompt) * 2:
        assert row(prompt) == Row(Standing.EMPTY)
        assert row(f"{prompt}{OURS}").is_exactly(OURS)
    for text in (OURS[:-1], f"{OURS}x", f"x{OURS}", f"{OURS}x\b"):
        assert not row(f"{prompt}{text}").is_exactly(OURS)
        assert row(f"{prompt}{text}") != Row(Standing.EMPTY)
    if columns > len(OURS) + len(prompt) * 2 + 3:
        assert row(f"{prompt}{OURS}\n") == ELSEWHERE
