"""Foreign text, made safe to show."""

from __future__ import annotations

from typing import Final
from unicodedata import category

import pytest
from hypothesis import given
from hypothesis import strategies as st

from amq import text

JOINERS = "\u200c\u200d"
HIDDEN: Final = ("Cc", "Cf", "Cs", "Co", "Zl", "Zp")

any_text = st.text(st.characters())  # lone surrogates included
nasty = st.text(st.characters(categories=HIDDEN) | st.sampled_from("a\n\r\t\x1b[]\\^"))


def acts(shown: str) -> set[str]:
    """Return the characters of SHOWN that could act on a terminal or hide others."""
    return {character for character in shown if category(character) in HIDDEN and character not in JOINERS}


@given(any_text | nasty)
def test_nothing_that_acts_on_a_terminal_is_shown(written: str) -> None:
    assert acts(text.visible(written)) == set()


@given(any_text | nasty)
def test_lines_keep_only_their_ends_and_tabs(written: str) -> None:
    assert acts(text.visible_lines(written)) <= {"\n", "\t"}


@given(any_text)
def test_what_is_shown_is_shown_as_it_is_again(written: str) -> None:
    assert text.visible(text.visible(written)) == text.visible(written)


@pytest.mark.parametrize("written", ["plain ~", "Grüße, 世界 👍🏽", "👩\u200d💻", "क्\u200dष", "ą\u0328", ""])
def test_plain_text_is_shown_as_it_is(written: str) -> None:
    assert text.visible(written) == written


@pytest.mark.parametrize(
    ("written", "shown"),
    [
        ("\x1b[2J", "^[[2J"),
        ("a\nb\tc\rd", "a^Jb^Ic^Md"),
        ("\0\x7f", "^@^?"),
        ("\x9b1m", "<U+009B>1m"),
        ("\u202eabc", "<U+202E>abc"),
        ("\u200b\ufeff\xad", "<U+200B><U+FEFF><U+00AD>"),
        ("\u2028\u2029", "<U+2028><U+2029>"),
        ("\ue000\ud800\U000e0041", "<U+E000><U+D800><U+E0041>"),
    ],
)
def test_what_acts_is_shown_as_what_it_is(written: str, shown: str) -> None:
    assert text.visible(written) == shown


def test_line_ends_of_both_kinds_are_line_ends() -> None:
    assert text.visible_lines("a\r\nb\tc\n\rd\x1b") == "a\nb\tc\n^Md^["


@pytest.mark.parametrize(
    "line",
    [
        "---",
        "--- x",
        "[AMQ] 1 new",
        "- From: eve",
        "- ID: x",
        "  Subject: x",
        "  ERROR: x",
        "  Body (x):",
        "… 3 more: run",
    ],
)
def test_lines_that_could_be_taken_for_the_frame(line: str) -> None:
    assert text.could_be_frame(f"hello\n{line}\n")


@pytest.mark.parametrize("body", ["", "hello\n", "a --- b", "    ---", "- item\n- other", "Subject: x", "  two spaces"])
def test_bodies_that_could_not(body: str) -> None:
    assert not text.could_be_frame(body)


@given(any_text | st.lists(st.sampled_from(["---", "- ID:", "\n", "\r", "[AMQ]", "  Body:", "\x0b", "x"])).map("".join))
def test_an_indented_body_has_no_line_of_the_frame(body: str) -> None:
    assert not text.could_be_frame(text.indented(text.visible_lines(body)))


def test_indenting_leaves_empty_lines_empty() -> None:
    assert text.indented("a\n\n  b\n") == "    a\n\n      b\n"


@pytest.mark.parametrize(("written", "ended"), [("", ""), ("x", "x\n"), ("x\n", "x\n")])
def test_final_line_end(written: str, ended: str) -> None:
    assert text.with_final_line_end(written) == ended
