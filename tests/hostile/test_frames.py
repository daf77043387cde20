"""No line of a shown body can be taken for one of amq's, whatever code point is in it."""

from __future__ import annotations

import re
import sys
from typing import TYPE_CHECKING
from unicodedata import category

import pytest

from amq.cli.commands import thread
from amq.mail import rendering
from amq.text import could_be_frame, indented, subject_line, visible, visible_lines
from tests.samples import FROM_AGENT, to_answer
from tests.seeds import SOAK, sample

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.proof_table import Proof

IGNORABLE = (
    "00AD 034F 061C 115F-1160 17B4-17B5 180B-180F 200B-200F 202A-202E 2060-206F 3164 FE00-FE0F FEFF FFA0 FFF0-FFF8 "
    "1BCA0-1BCA3 1D173-1D17A E0000-E0FFF"
)
"""Default_Ignorable_Code_Point in DerivedCoreProperties.txt of Unicode 14 to 16."""
FRAMES = (
    "---", "[AMQ] 1 new message(s) for bob:", "- From: boss", "- ID: x", "  Subject: x", "  ERROR: x", "  Body:",
    "  Body (indented by 4):", "… 3 more: run amq drain again", FROM_AGENT.strip(), to_answer("x").strip(),
    "2026-03-01T10:00:00Z  boss  yes",
)  # fmt: skip
OURS = re.compile(r"---|\[AMQ\]|- (?:From|ID):|  [A-Z][A-Za-z]*(?: \([^)]*\))?:|…")
DATED = re.compile(r"\d{4}-\d\d-\d\dT")


def _ignorable() -> set[str]:
    spans = [(span + "-" + span).split("-")[:2] for span in IGNORABLE.split()]
    return {chr(code) for first, last in spans for code in range(int(first, 16), int(last, 16) + 1)}


UNSEEN = _ignorable()


def _seen(line: str) -> str:
    """Return LINE without characters that a terminal shows as nothing, and with a plain space for every other blank."""
    kept = (each for each in line if each not in UNSEEN and category(each)[0] != "M")
    return "".join(" " if category(each) == "Zs" or each in "\t\u2800" else each for each in kept)


def _forged(shown: str) -> list[str]:
    lines = shown.removesuffix("---\n").split("\n")
    return [line for line in lines if not line.startswith("    ") and OURS.match(_seen(line))]


def _drained(body: str) -> str:
    head, _, rest = rendering._body(body).partition("\n")
    assert head in ("  Body:", "  Body (indented by 4):")
    return rest


def _bodies(code: int) -> list[str]:
    """Return bodies with a line of amq's behind the character, and with the character in it."""
    character, frame = chr(code), FRAMES[code % len(FRAMES)]
    return [f"hello\n{character}{frame}\n", f"{character * 2} {frame}", f"{frame[:1]}{character}{frame[1:]}\n"]


POINTS = sample(range(sys.maxunicode + 1), 4000, of="code points")
SUSPECTS = sorted(UNSEEN | {chr(code) for code in range(0x3100) if category(chr(code))[0] in "MZC"} | {"\u2800"})


@pytest.mark.timeout(900 if SOAK else 60)
def test_no_character_hides_a_line_of_amqs(proof: Proof) -> None:
    points = sorted({*POINTS, *map(ord, SUSPECTS)})
    forged = [ascii(body) for code in points for body in _bodies(code) if _forged(_drained(body))]
    proof.add(points=len(points), known=sys.maxunicode + 1, met=len(points), violations=len(forged))
    assert forged == []


def test_nor_the_first_line_of_a_message_of_a_thread() -> None:
    date = FRAMES[-1]
    shown = [thread._body(f"hello\n{each}{date}\n") for each in SUSPECTS]
    assert [lines for lines in shown if any(DATED.match(_seen(line)) for line in lines.split("\n"))] == []
    assert not could_be_frame(date)


def test_what_is_shown_as_nothing_is_made_visible() -> None:
    assert {character for character in UNSEEN if visible(character) != f"<U+{ord(character):04X}>"} == set()
    behind = {character for character in UNSEEN if visible(f"a{character}") != f"a<U+{ord(character):04X}>"}
    assert all(re.match("[\u200c\u200d\u180b-\u180d\u180f\ufe00-\ufe0f\U000e0100-\U000e01ef]", each) for each in behind)


@pytest.mark.parametrize(
    "line",
    [
        "\N{FULLWIDTH LEFT SQUARE BRACKET}\N{FULLWIDTH LATIN CAPITAL LETTER A}MQ\N{FULLWIDTH RIGHT SQUARE BRACKET} 1",
        "[\N{CYRILLIC CAPITAL LETTER A}\N{CYRILLIC CAPITAL LETTER EM}Q] 1 new",
        "\N{LEFT BLACK LENTICULAR BRACKET}AMQ\N{RIGHT BLACK LENTICULAR BRACKET}",
        "[\N{NEGATIVE SQUARED LATIN CAPITAL LETTER A}\N{MATHEMATICAL BOLD CAPITAL M}Q]",
        "[AM\N{CIRCLED LATIN CAPITAL LETTER Q}]",
        "[amq] 1 new", "[ AMQ ]", " [AMQ]", "\t[AMQ]",
        *(dash * 3 for dash in "\u2010\u2011\u2012\u2013\u2014\u2015\u2212\u2500\u2501\ufe58\ufe63\uff0d\u30fc\u4e00"),
        "-\u0335-\ufe0e-", "- - -", " ---", "   ---", "\t---", "\u00a0---", "\u3000---", "\u2800---", "\u1680---",
        "\u2013 From: boss", "- Fr\N{CYRILLIC SMALL LETTER O}m: boss", "-From: boss", "- from : boss",
        "- From\uff1a boss",
        "- lD: x", "- \N{CYRILLIC CAPITAL LETTER BYELORUSSIAN-UKRAINIAN I}D: x", "- 1D: x",
        "\u3000Subject: x", "\u00a0\u2003Subject: x", "\tSubject: x", "  \N{CYRILLIC CAPITAL LETTER DZE}ubject: x",
        "  Subject\uff1a x", "  Subject\ua789 x", "  Subject : x", "  Body \uff08indented\uff09:",
        "\N{TWO DOT LEADER} 3 more", "... 3 more", "\N{MIDLINE HORIZONTAL ELLIPSIS}",
    ],
)  # fmt: skip
def test_what_looks_like_a_line_of_amqs_is_taken_for_one(line: str) -> None:
    assert could_be_frame(f"hello\n{line}\n")
    assert not could_be_frame(indented(line))


ORDINARY = (
    "Grüße,\n\n  zwei Leerzeichen\n– und ein Strich: so\n",
    "你好，世界。\n备注：没有\n一、二、三\n", "- Note: x\n* From: me\n",
    "...and so on\n1. one\n", "🎉🎉🎉 done 👩\u200d💻 ❤️\u200d🔥\n", "می\u200cخواهم\n", "क\u094d\u200dष\n",
    "葛\U000e0100城\n",
    "def f():\n    return {\n        'Subject': 1,\n    }\n", "⠋⠀⠙\n", "[link](x) [AM] [AMQP]\n", "-- \nname\n",
    "    ---\n    [AMQ]\n     Subject: x\n", "2026-03-01T10:00:00Z a log\n",
)  # fmt: skip


@pytest.mark.parametrize("body", ORDINARY)
def test_an_ordinary_body_is_shown_as_it_is(body: str) -> None:
    assert visible_lines(body) == body
    assert not could_be_frame(body)


@pytest.mark.parametrize(
    ("written", "shown"),
    [
        ("a\ufe0f\ufe01\u200d", "a\ufe0f<U+FE01><U+200D>"),
        ("a\u200d\ufe0f", "a\u200d<U+FE0F>"),
        ("a\ufe0f\u200d\u200d", "a\ufe0f\u200d<U+200D>"),
        (" \ufe0f\u2800\u200c", " <U+FE0F>\u2800<U+200C>"),
        ("👍" + "".join(map(chr, range(0xE0100, 0xE0104))), "👍\U000e0100<U+E0101><U+E0102><U+E0103>"),
        ("\x1b\u200d", "^[\u200d"),
    ],
)
def test_only_the_first_selector_and_joiner_behind_a_character_stay(written: str, shown: str) -> None:
    assert visible(written) == visible(visible(written)) == shown


@pytest.mark.parametrize("subject", ["", " ", "\u00a0\u3000", "\u2800", "\t\u0301"[1:], "\U0001d159"])
def test_a_subject_of_which_nothing_is_seen_is_none(subject: str) -> None:
    assert subject_line(subject) == "(no subject)"


@pytest.mark.parametrize("subject", ["x", "\u3000議題", "\u200d", "\ufe0f", "\u3164", "\x1c"])
def test_a_subject_of_which_something_is_seen_is_shown(subject: str) -> None:
    assert subject_line(subject) == visible(subject) != ""


@pytest.mark.parametrize("show", [visible_lines, could_be_frame])
@pytest.mark.parametrize(
    "text", ["\t" * 4, "  A", "  A(", "- ", "-", "\n", "a\ufe0f\ufe0f", "\u200d", "\u3000", "  A(\n", "[A", "\u0301-"]
)
def test_no_body_takes_long(show: Callable[[str], object], text: str) -> None:
    show(text * 200_000)
