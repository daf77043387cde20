"""The input row, on the screens of the real CLIs and at its edges."""

from __future__ import annotations

from typing import cast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from amq.pty.input_row import (
    ELSEWHERE,
    NOT_FOUND,
    PART,
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
from amq.runtime.agents.profiles import profile_for
from tests.screens import recordings

CLAUDE, CODEX = RowRule("❯", framed=True), RowRule("›", framed=False)
LINE = "─" * 40
NAMED = RowRule("❯", framed=True, placeholders=('Try ".+"',), suggests_behind="❯\xa0", elsewhere=("A new task",))
GEMINI = RowRule(" > ", framed=False, indent=3, hides_cursor=True, placeholders=("Type",), faint=False)
QWEN = RowRule("> ", framed=True, draws_cursor=True, placeholders=("Type",), faint=False)
OPENCODE = RowRule(
    "", framed=False, bar="┃", placeholders=("Type….*",), faint=False, working=("esc",), elsewhere=(r"┃\s+Shell",)
)
SMALL = RowRule("❯", framed=True, scrolled="^─+ [↑↓] \\d+ more ─", shows=(3, 2, 5), also=(RowRule(">", framed=True),))
FLAT = RowRule("$", framed=False, flat=True, indent=3, elsewhere=(r"^\( \) main\s*$",), shows=(1, 1, 1))
LAST = "\n" * 8 + f"{LINE}\n❯ "  # the row is the last one of twelve but one
BOX = "output\n  ┃\n  ┃  {}\n  ┃\n  ┃  Agent\n  ╹▀▀▀▀▀▀▀▀▀▀▀▀▀▀▀▀\n  footer"
WORKING = ("working", "draft while it works", "draft gone while it works", "ours while it works")
STILL_WORKING = {
    *(("copilot-session", name) for name in ("dialog gone", "draft behind it", "question gone")),
    *(("qwen-session", name) for name in ("draft behind it", "turn at its end")),
}
OURS = "amq: 1 new message from codex. Run: amq drain --include-body"


def drawn(text: str, size: tuple[int, int] = (12, 40)) -> View:
    screen = Screen(size)
    screen.enqueue(text.replace("\n", "\r\n").encode())
    screen.feed()
    view = screen.view()
    assert view is not None
    return view


@pytest.mark.parametrize("name", recordings.names())
def test_the_text_in_the_row_is_found(name: str) -> None:
    rule = profile_for(name.partition("-")[0]).rules.prompt_row
    assert rule is not None
    recording = recordings.load(name)
    screen = Screen(recording.size)
    for mark, output in recording.parts():
        screen.enqueue(output)
        while screen.waiting:
            screen.feed()
        row = find_row(screen.view(), rule)
        if mark.row is None:
            assert row == NOT_FOUND, mark.name
        elif mark.row == recordings.ELSEWHERE:
            assert row == ELSEWHERE, mark.name
        elif mark.row == recordings.PART:
            assert row == Row(Standing.HOLDS, PART), mark.name
        elif mark.row:
            assert (row.standing, squeeze(row.text)) == (Standing.HOLDS, squeeze(mark.row)), mark.name
        else:
            assert row.standing is Standing.EMPTY, mark.name
        works = mark.name in WORKING or (name, mark.name) in STILL_WORKING
        assert row.working is (works and bool(cast(RowRule, rule).working)), mark.name
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
        pytest.param(f"{LINE}\n> \n{LINE}\x1b[2;3H", SMALL, Standing.EMPTY, id="the prompt of a plain terminal"),
        pytest.param(f"{LINE}\n$ \n{LINE}\x1b[2;3H", SMALL, Standing.NOT_FOUND, id="a prompt of no terminal"),
        pytest.param(f"{LAST}one\n  two\n  three", SMALL, Standing.HOLDS, id="no room for the line below"),
        pytest.param(f"{LAST}one\n  two\n  three\x1b[12;6H", SMALL, Standing.NOT_FOUND, id="the cursor in the last"),
        pytest.param(f"{LAST}one\n  two\n  three  ", SMALL, Standing.NOT_FOUND, id="the cursor further on"),
        pytest.param(f"{LAST}one\n  two\n\x1b[12;1H", SMALL, Standing.NOT_FOUND, id="the cursor before it"),
        pytest.param(f"{LAST}one\n  two\n  three\x1b[11;6H", SMALL, Standing.NOT_FOUND, id="the cursor above the last"),
        pytest.param(f"{LAST}one\n  two\n  你", SMALL, Standing.HOLDS, id="behind a wide character"),
        pytest.param("\n" * 10 + f"{LINE}\n❯\xa0half", SMALL, Standing.HOLDS, id="a draft in the last row"),
        pytest.param("\n" * 10 + f"{LINE}\n❯\xa0", SMALL, Standing.NOT_FOUND, id="empty in the last row"),
        pytest.param(
            "\n" * 10 + f"{LINE}\n❯",
            RowRule("❯", framed=True, indent=1),
            Standing.NOT_FOUND,
            id="nothing shows that it is empty",
        ),
        pytest.param(f"{LINE[:29]} ↑ 2 more ─\n  two\n{LINE}\x1b[2;6H", SMALL, Standing.HOLDS, id="the end of a draft"),
        pytest.param(
            f"{LINE}\n❯ one\n{LINE[:29]} ↓ 2 more ─\x1b[2;6H", SMALL, Standing.HOLDS, id="the beginning of a draft"
        ),
        pytest.param("output\n$", FLAT, Standing.EMPTY, id="flat"),
        pytest.param("output\n$\xa0 half", FLAT, Standing.HOLDS, id="flat, a draft"),
        pytest.param("output\n$\xa0   ", FLAT, Standing.HOLDS, id="flat, blanks"),
        pytest.param("output\n$\xa0 half\x1b[2;2H", FLAT, Standing.HOLDS, id="flat, the cursor at its beginning"),
        pytest.param("output\n$\n", FLAT, Standing.HOLDS, id="flat, two empty lines"),
        pytest.param("output\n$\n\nmenu\x1b[2;2H", FLAT, Standing.HOLDS, id="flat, a menu below"),
        pytest.param("output\n$\x1b[?25l", FLAT, Standing.NOT_FOUND, id="flat, the cursor hidden"),
        pytest.param("output\n$ ls", FLAT, Standing.NOT_FOUND, id="flat, output like it"),
        pytest.param("output\n1. Yes\nSelect: ", FLAT, Standing.NOT_FOUND, id="flat, a question"),
        pytest.param("( ) main\n● other\n$", FLAT, Standing.ELSEWHERE, id="flat, a transcript of another's"),
    ],
)
def test_the_row_at_its_edges(text: str, rule: RowRule, standing: Standing) -> None:
    assert find_row(drawn(text), rule).standing is standing


def test_text_below_the_row_shows_whether_the_program_works() -> None:
    works = BOX.format("half") + " esc\x1b[3;10H"
    assert find_row(drawn(works), OPENCODE) == Row(Standing.HOLDS, "half", working=True)
    assert find_row(drawn(BOX.format("") + " esc\x1b[3;6H"), OPENCODE) == Row(Standing.EMPTY, working=True)
    assert not find_row(drawn(BOX.format("esc") + "\x1b[3;9H"), OPENCODE).working


def test_text_beside_a_box_is_not_in_it() -> None:
    beside = BOX.format("half") + "\x1b[3;30Hbeside\x1b[3;10H"
    assert find_row(drawn(beside), OPENCODE) == Row(Standing.HOLDS, "half")


def test_a_part_of_a_draft_is_never_ours() -> None:
    """More of the draft is where it is not seen."""
    row = find_row(drawn(f"{LINE}\n❯ ours\n{LINE[:29]} ↓ 1 more ─\x1b[2;7H"), SMALL)
    assert not row.is_exactly("ours")
    menu = find_row(drawn("$\xa0 ours\nmore\x1b[1;8H"), FLAT)
    assert not menu.is_exactly("ours")


def test_a_text_of_many_rows_is_found_on_a_small_screen() -> None:
    row = find_row(drawn(f"{LAST}amq: 1 new\n  message\n  from x"), SMALL)
    assert row.is_exactly("amq: 1 new message from x")
    flat = find_row(drawn("output\n$\xa0 amq: 1 new\nmessage from x"), FLAT)
    assert flat.is_exactly("amq: 1 new message from x")


@pytest.mark.parametrize(
    ("size", "first", "rule", "most"),
    [
        ((10, 30), 7, SMALL, 3 * 27),
        ((8, 30), 6, SMALL, 2 * 27),
        ((12, 30), 9, SMALL, 3 * 27),
        ((18, 40), 15, SMALL, 4 * 37),
        ((30, 100), 27, SMALL, 10 * 97),
        ((12, 40), 3, FLAT, 11 * 36),
    ],
)
def test_a_row_shows_so_much_of_a_text(size: tuple[int, int], first: int, rule: RowRule, most: int) -> None:
    line = "─" * size[1]
    at = "\n" * first
    text = at + "$" if rule.flat else f"{at[1:]}{line}\n❯ \n{line}\x1b[{first + 1};3H"
    row = find_row(drawn(text, size), rule)
    assert row.standing is Standing.EMPTY
    assert row.has_room("x" * most)
    assert not row.has_room("x" * (most + 1))


def test_words_are_not_broken_where_a_text_is_wrapped() -> None:
    assert Row(Standing.EMPTY, room=(2, 14)).has_room("Run: amq drain --include-body")
    assert not Row(Standing.EMPTY, room=(2, 11)).has_room("ab include-body")
    assert Row(Standing.EMPTY).has_room("x" * 999)
    assert not Row(Standing.EMPTY, room=(9, 0)).has_room("x")


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


def test_text_before_ours_must_be_unchanged() -> None:
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
def test_text_behind_a_prompt(text: str, standing: Standing, held: str) -> None:
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
