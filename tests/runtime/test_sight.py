"""What pictures of a pane tell, without a pane."""

from __future__ import annotations

from dataclasses import replace

import pytest

from amq.pty.announced import Published
from amq.pty.borrowed import Discipline
from amq.pty.row import PromptRule, Standing
from amq.runtime import typed
from amq.runtime.channels.sight import Sight, Trust
from amq.runtime.panes import Picture, drawing
from amq.runtime.profiles.claude import PROFILE as CLAUDE
from amq.runtime.profiles.codex import PROFILE as CODEX
from amq.runtime.profiles.gemini import PROFILE as GEMINI
from amq.runtime.typed import Rules, Typed
from amq.runtime.words import Reason

RAW = Discipline(canonical=False, echoing=False, waiting=False)
LINE_MODE = Discipline(canonical=True, echoing=True, waiting=False)
RULE = "─" * 40


def boxed(text: str, *, footer: str = "? for help", above: str = "", cursor: int | None = None) -> Picture:
    """Claude Code with TEXT in its row."""
    lines = [above, RULE, f"❯ {text}", RULE, f"  {footer}"]
    at = (2, 2 + len(text) if cursor is None else cursor)
    return Picture((8, 40), drawing([line.encode() for line in lines], at))


def gates(sight: Sight, rules: Rules, *pictures: Picture | None, discipline: Discipline = RAW) -> list[Reason | None]:
    """What forbids typing at looks that are a second and a half apart."""
    looks = [(sight.look(picture, discipline, 1.5 * at), 1.5 * at) for at, picture in enumerate(pictures)]
    return [typed.gate(Typed(), look, rules, now) for look, now in looks]


def claude() -> tuple[Sight, Rules]:
    return Sight(CLAUDE.rules, Trust()), CLAUDE.rules


def test_an_empty_row_has_to_have_been_the_same_for_a_while() -> None:
    assert gates(*claude(), boxed(""), boxed(""), boxed("h"), boxed(""), boxed("")) == [
        Reason.DRAFT,
        None,
        Reason.DRAFT,
        Reason.DRAFT,
        None,
    ]


def test_what_moves_beside_the_row_does_not_matter() -> None:
    assert gates(*claude(), boxed(""), boxed("", above="1"), boxed("", above="2"))[1:] == [None, None]


def test_what_is_not_seen_is_not_empty() -> None:
    assert gates(*claude(), boxed(""), None, boxed("")) == [Reason.DRAFT, Reason.UNKNOWN_SCREEN, Reason.DRAFT]


def test_a_row_that_is_gone_is_a_dialog() -> None:
    dialog = Picture((8, 40), drawing([b"Proceed?", b"1. Yes"], (1, 0)))
    assert gates(*claude(), boxed(""), dialog) == [Reason.DRAFT, Reason.DIALOG]


@pytest.mark.parametrize(
    "picture",
    [
        boxed("\x1b[2mdescribe a task for a new session\x1b[m", cursor=2),
        boxed("", footer="enter to create"),
        boxed("half", footer="ctrl+x to remove"),
    ],
)
def test_a_row_of_another_place_gets_nothing(picture: Picture) -> None:
    assert gates(*claude(), picture, picture, picture) == [Reason.UNKNOWN_SCREEN] * 3


def test_keys_that_the_program_has_not_read_are_a_draft() -> None:
    waiting = replace(RAW, waiting=True)
    assert gates(*claude(), boxed(""), boxed(""), discipline=waiting) == [Reason.DRAFT, Reason.DRAFT]


def test_a_program_of_ours_that_has_not_taken_over_its_terminal_gets_nothing() -> None:
    assert gates(*claude(), boxed(""), boxed(""), discipline=LINE_MODE)[1] is Reason.UNKNOWN_SCREEN


def test_a_program_whose_row_is_not_known_gets_nothing_unless_the_person_vouches_for_it() -> None:
    picture = Picture((8, 40), drawing([b"> "], (0, 2)))
    assert gates(Sight(Rules(), Trust()), Rules(), picture, picture)[1] is Reason.UNKNOWN_PROGRAM
    rules = Rules(by_echo=True)
    assert gates(Sight(rules, Trust()), rules, picture, picture)[1] is Reason.UNKNOWN_SCREEN
    assert gates(Sight(rules, Trust(empty=True)), rules, picture, picture)[1] is Reason.UNKNOWN_SCREEN
    assert gates(Sight(rules, Trust(empty=True, takes_text=True)), rules, picture, picture)[1] is None
    assert gates(Sight(rules, Trust(empty=True)), rules, picture, picture, discipline=LINE_MODE)[1] is None
    assert gates(Sight(rules, Trust(empty=True, takes_text=True)), rules, None, None)[1] is Reason.UNKNOWN_SCREEN


def at_prompt(*lines: str) -> Picture:
    return Picture((8, 40), drawing([line.encode() for line in lines], (len(lines) - 1, len(lines[-1]))))


@pytest.mark.parametrize(
    ("pictures", "discipline", "reasons"),
    [
        ([at_prompt("> "), at_prompt("> ")], RAW, [Reason.DRAFT, None]),
        ([at_prompt("> "), at_prompt("> "), at_prompt("> h")], RAW, [Reason.DRAFT, None, Reason.DRAFT]),
        ([at_prompt("> "), at_prompt("Sure?")], RAW, [Reason.DRAFT, Reason.UNKNOWN_SCREEN]),
        ([at_prompt("> ")] * 2, LINE_MODE, [Reason.UNKNOWN_SCREEN] * 2),  # what was typed ahead is not seen
        ([None, None], RAW, [Reason.UNKNOWN_SCREEN] * 2),
    ],
)
def test_a_prompt_has_to_have_been_the_same_for_a_while(
    pictures: list[Picture | None], discipline: Discipline, reasons: list[Reason | None]
) -> None:
    rules = Rules(row=PromptRule("> "))
    assert gates(Sight(rules, Trust()), rules, *pictures, discipline=discipline) == reasons


def test_the_person_vouches_for_what_was_typed_ahead_of_a_prompt() -> None:
    rules = Rules(row=PromptRule("> "))
    looks = [at_prompt("> ")] * 2
    assert gates(Sight(rules, Trust(empty=True)), rules, *looks, discipline=LINE_MODE)[1] is None


@pytest.mark.parametrize(
    ("after", "standing"), [("> amq: mail", Standing.HOLDS), ("> x amq: mail", Standing.NOT_FOUND)]
)
def test_there_the_proof_is_that_the_text_stands_at_the_cursor(after: str, standing: Standing) -> None:
    sight = Sight(Rules(), Trust(empty=True))
    sight.look(Picture((8, 40), drawing([b"> "], (0, 2))), LINE_MODE, 0.0)
    sight.expect("amq: mail")
    row = sight.look(Picture((8, 40), drawing([after.encode()], (0, len(after)))), LINE_MODE, 1.0).row
    assert row.standing is standing


@pytest.mark.parametrize(
    ("rules", "picture", "published"),
    [
        (CLAUDE.rules, boxed("", footer="esc to interrupt"), Published.WORKING),
        (CLAUDE.rules, boxed(""), None),  # its footer says nothing while there is text in its row; its title does
        (replace(CODEX.rules, row=CLAUDE.rules.row), boxed(""), Published.IDLE),
        (CODEX.rules, boxed("", footer="esc to interrupt"), Published.WORKING),
        (CODEX.rules, None, None),
    ],
)
def test_the_state_that_the_screen_shows(rules: Rules, picture: Picture | None, published: Published | None) -> None:
    assert Sight(rules, Trust()).look(picture, RAW, 0.0).published is published


@pytest.mark.parametrize(
    ("title", "published", "reason"),
    [
        ("◇  Ready (x)", Published.IDLE, None),
        ("✦  Working… (x)", Published.WORKING, Reason.BUSY),
        ("✋  Action Required (x)", Published.BLOCKED, Reason.DIALOG),
        ("Gemini CLI", None, Reason.UNKNOWN_SCREEN),
    ],
)
def test_the_state_that_a_title_shows(title: str, published: Published | None, reason: Reason | None) -> None:
    lines = [b"", b" > \x1b[90m  Type your message or @path/to/file\x1b[m", b"", b"footer"]
    picture = Picture((8, 40), drawing(lines, (1, 3)) + b"\x1b[?25l", title.encode())
    sight = Sight(GEMINI.rules, Trust())
    assert sight.look(picture, RAW, 0.0).published is published
    assert gates(sight, GEMINI.rules, picture, picture)[1] is reason


def test_quiet_is_where_no_picture_is_another_one() -> None:
    sight, _ = claude()
    for now, picture in ((0.0, boxed("")), (5.0, boxed("")), (7.0, boxed("", above="x")), (9.0, boxed("", above="x"))):
        sight.look(picture, RAW, now)
    assert sight.quiet_for(10.0) == 3.0
