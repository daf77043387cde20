"""Snapshots made from pictures of a pane, without a pane."""

from __future__ import annotations

import pytest

from amq.pty.input_row import PromptRule, Standing
from amq.pty.line_discipline import LineDiscipline
from amq.pty.osc_state import AgentState
from amq.record import replace
from amq.runtime.agents.claude.profile import PROFILE as CLAUDE
from amq.runtime.agents.codex.profile import PROFILE as CODEX
from amq.runtime.agents.gemini.profile import PROFILE as GEMINI
from amq.runtime.channels.panes import Picture, drawing
from amq.runtime.channels.panes.observer import PaneObserver, UserAssertions
from amq.runtime.policy import injection
from amq.runtime.policy.injection import InjectionRules, InjectionState, Phase
from amq.runtime.policy.reasons import WaitReason

RAW = LineDiscipline(canonical=False, echoing=False, waiting=False)
LINE_MODE = LineDiscipline(canonical=True, echoing=True, waiting=False)
RULE = "─" * 40


def boxed(text: str, *, footer: str = "? for help", above: str = "", cursor: int | None = None) -> Picture:
    """Return a picture of Claude Code with TEXT in its row."""
    lines = [above, RULE, f"❯ {text}", RULE, f"  {footer}"]
    at = (2, 2 + len(text) if cursor is None else cursor)
    return Picture((8, 40), drawing([line.encode() for line in lines], at))


def gates(
    sight: PaneObserver, rules: InjectionRules, *pictures: Picture | None, discipline: LineDiscipline = RAW
) -> list[WaitReason | None]:
    """Return the wait reasons at looks that are 1.5 seconds apart."""
    looks = [(sight.look(picture, discipline, 1.5 * at), 1.5 * at) for at, picture in enumerate(pictures)]
    return [injection.gate(InjectionState(), look, rules, now) for look, now in looks]


def claude() -> tuple[PaneObserver, InjectionRules]:
    return PaneObserver(CLAUDE.rules, UserAssertions()), CLAUDE.rules


def test_letters_that_may_be_left_of_amqs_line_are_the_users() -> None:
    """A pane shows none of the user's keys."""
    sight, rules = claude()
    looks = [sight.look(boxed("a"), RAW, now) for now in (0.0, 9.0)]
    state = InjectionState(Phase.STANDING, "amq: 1 new message.")
    assert injection.gate(state, looks[-1], rules, 9.0) is WaitReason.DRAFT
    assert injection.gate(state, replace(looks[-1], sees_keys=True), rules, 9.0) is None


def test_an_empty_row_has_to_have_been_the_same_for_a_while() -> None:
    assert gates(*claude(), boxed(""), boxed(""), boxed("h"), boxed(""), boxed("")) == [
        WaitReason.DRAFT,
        None,
        WaitReason.DRAFT,
        WaitReason.DRAFT,
        None,
    ]


def test_what_moves_beside_the_row_does_not_matter() -> None:
    assert gates(*claude(), boxed(""), boxed("", above="1"), boxed("", above="2"))[1:] == [None, None]


def test_what_is_not_seen_is_not_empty() -> None:
    assert gates(*claude(), boxed(""), None, boxed("")) == [
        WaitReason.DRAFT,
        WaitReason.UNKNOWN_SCREEN,
        WaitReason.DRAFT,
    ]


def test_a_row_that_is_gone_is_a_dialog() -> None:
    dialog = Picture((8, 40), drawing([b"Proceed?", b"1. Yes"], (1, 0)))
    assert gates(*claude(), boxed(""), dialog) == [WaitReason.DRAFT, WaitReason.DIALOG]


@pytest.mark.parametrize(
    "picture",
    [
        boxed("\x1b[2mdescribe a task for a new session\x1b[m", cursor=2),
        boxed("", footer="enter to create"),
        boxed("half", footer="ctrl+x to remove"),
    ],
)
def test_a_row_of_another_place_gets_nothing(picture: Picture) -> None:
    assert gates(*claude(), picture, picture, picture) == [WaitReason.UNKNOWN_SCREEN] * 3


def test_keys_that_the_program_has_not_read_are_a_draft() -> None:
    waiting = replace(RAW, waiting=True)
    assert gates(*claude(), boxed(""), boxed(""), discipline=waiting) == [WaitReason.DRAFT, WaitReason.DRAFT]


def test_a_known_cli_in_canonical_mode_gets_nothing() -> None:
    assert gates(*claude(), boxed(""), boxed(""), discipline=LINE_MODE)[1] is WaitReason.UNKNOWN_SCREEN


def test_an_unknown_row_gets_nothing_unless_the_user_vouches_for_it() -> None:
    picture = Picture((8, 40), drawing([b"> "], (0, 2)))
    assert (
        gates(PaneObserver(InjectionRules(), UserAssertions()), InjectionRules(), picture, picture)[1]
        is WaitReason.UNKNOWN_PROGRAM
    )
    rules = InjectionRules(by_echo=True)
    assert gates(PaneObserver(rules, UserAssertions()), rules, picture, picture)[1] is WaitReason.UNKNOWN_SCREEN
    assert (
        gates(PaneObserver(rules, UserAssertions(empty=True)), rules, picture, picture)[1] is WaitReason.UNKNOWN_SCREEN
    )
    assert gates(PaneObserver(rules, UserAssertions(empty=True, takes_text=True)), rules, picture, picture)[1] is None
    assert (
        gates(PaneObserver(rules, UserAssertions(empty=True)), rules, picture, picture, discipline=LINE_MODE)[1] is None
    )
    assert (
        gates(PaneObserver(rules, UserAssertions(empty=True, takes_text=True)), rules, None, None)[1]
        is WaitReason.UNKNOWN_SCREEN
    )


def at_prompt(*lines: str) -> Picture:
    return Picture((8, 40), drawing([line.encode() for line in lines], (len(lines) - 1, len(lines[-1]))))


@pytest.mark.parametrize(
    ("pictures", "discipline", "reasons"),
    [
        ([at_prompt("> "), at_prompt("> ")], RAW, [WaitReason.DRAFT, None]),
        ([at_prompt("> "), at_prompt("> "), at_prompt("> h")], RAW, [WaitReason.DRAFT, None, WaitReason.DRAFT]),
        ([at_prompt("> "), at_prompt("Sure?")], RAW, [WaitReason.DRAFT, WaitReason.UNKNOWN_SCREEN]),
        ([at_prompt("> ")] * 2, LINE_MODE, [WaitReason.UNKNOWN_SCREEN] * 2),  # what was typed ahead is not seen
        ([None, None], RAW, [WaitReason.UNKNOWN_SCREEN] * 2),
    ],
)
def test_a_prompt_has_to_have_been_the_same_for_a_while(
    pictures: list[Picture | None], discipline: LineDiscipline, reasons: list[WaitReason | None]
) -> None:
    rules = InjectionRules(prompt_row=PromptRule("> "))
    assert gates(PaneObserver(rules, UserAssertions()), rules, *pictures, discipline=discipline) == reasons


def test_the_user_vouches_for_input_typed_ahead_of_a_prompt() -> None:
    rules = InjectionRules(prompt_row=PromptRule("> "))
    looks = [at_prompt("> ")] * 2
    assert gates(PaneObserver(rules, UserAssertions(empty=True)), rules, *looks, discipline=LINE_MODE)[1] is None


@pytest.mark.parametrize(
    ("after", "standing"), [("> amq: mail", Standing.HOLDS), ("> x amq: mail", Standing.NOT_FOUND)]
)
def test_at_a_prompt_the_text_must_be_at_the_cursor(after: str, standing: Standing) -> None:
    sight = PaneObserver(InjectionRules(), UserAssertions(empty=True))
    sight.look(Picture((8, 40), drawing([b"> "], (0, 2))), LINE_MODE, 0.0)
    sight.expect("amq: mail")
    row = sight.look(Picture((8, 40), drawing([after.encode()], (0, len(after)))), LINE_MODE, 1.0).row
    assert row.standing is standing


@pytest.mark.parametrize(
    ("rules", "picture", "published"),
    [
        (CLAUDE.rules, boxed("", footer="esc to interrupt"), AgentState.WORKING),
        (CLAUDE.rules, boxed(""), None),  # its footer says nothing while there is text in its row; its title does
        (replace(CODEX.rules, prompt_row=CLAUDE.rules.prompt_row), boxed(""), AgentState.IDLE),
        (CODEX.rules, boxed("", footer="esc to interrupt"), AgentState.WORKING),
        (CODEX.rules, None, None),
    ],
)
def test_the_state_that_the_screen_shows(
    rules: InjectionRules, picture: Picture | None, published: AgentState | None
) -> None:
    assert PaneObserver(rules, UserAssertions()).look(picture, RAW, 0.0).published is published


@pytest.mark.parametrize(
    ("title", "published", "reason"),
    [
        ("◇  Ready (x)", AgentState.IDLE, None),
        ("✦  Working… (x)", AgentState.WORKING, WaitReason.BUSY),
        ("✋  Action Required (x)", AgentState.BLOCKED, WaitReason.DIALOG),
        ("Gemini CLI", None, WaitReason.UNKNOWN_SCREEN),
    ],
)
def test_the_state_that_a_title_shows(title: str, published: AgentState | None, reason: WaitReason | None) -> None:
    lines = [b"", b" > \x1b[90m  Type your message or @path/to/file\x1b[m", b"", b"footer"]
    picture = Picture((8, 40), drawing(lines, (1, 3)) + b"\x1b[?25l", title.encode())
    sight = PaneObserver(GEMINI.rules, UserAssertions())
    assert sight.look(picture, RAW, 0.0).published is published
    assert gates(sight, GEMINI.rules, picture, picture)[1] is reason


def test_quiet_is_where_no_picture_is_another_one() -> None:
    sight, _ = claude()
    for now, picture in ((0.0, boxed("")), (5.0, boxed("")), (7.0, boxed("", above="x")), (9.0, boxed("", above="x"))):
        sight.look(picture, RAW, now)
    assert sight.quiet_for(10.0) == 3.0
