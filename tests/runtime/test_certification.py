"""The limits that a verdict sets to a version: the table, and the rules that follow from it."""

from __future__ import annotations

import pytest

from amq.pty.encode import ENTER
from amq.record import replace
from amq.runtime.agents.claude.profile import PROFILE as CLAUDE
from amq.runtime.agents.gemini.profile import PROFILE as GEMINI
from amq.runtime.agents.profile import with_prompt
from amq.runtime.agents.profiles import profile_for
from amq.runtime.policy.certification import NO_LIMITS, Limits, limited, limits
from amq.runtime.verdicts import SCENARIOS

ALL = {name: "" for name, _ in SCENARIOS}
UNCERTAIN = Limits(is_certain=False)


def failing(*names: str) -> dict[str, str]:
    return ALL | dict.fromkeys(names, "why")


@pytest.mark.parametrize(
    ("results", "tested", "found"),
    [
        (None, True, NO_LIMITS),
        (None, False, UNCERTAIN),
        (ALL, False, Limits(has_body=True)),
        (ALL, True, Limits(has_body=True)),
        *[
            (failing(name), tested, Limits(typing=f"{name}: why", has_body=True))
            for name in ("ready", "idle", "dialog", "question", "draft", "draft-lines", "named", "narrow", "places")
            for tested in (True, False)
        ],
        (failing("dialog", "idle"), False, Limits(typing="idle: why", has_body=True)),
        (failing("streams", "tool"), False, Limits(busy="streams: why", has_body=True)),
        (failing("tool"), False, Limits(busy="tool: why", has_body=True)),
        (failing("body"), True, Limits(channels="body: why")),
        (failing("exit"), False, Limits(has_body=True)),
        (failing("of a later amq"), False, Limits(typing="of a later amq: why", has_body=True)),
        ({}, False, UNCERTAIN),
        ({}, True, NO_LIMITS),
        ({name: result for name, result in ALL.items() if name != "body"}, False, NO_LIMITS),
        *[
            ({name: "" for name in ALL if name != missing}, False, Limits(is_certain=False, has_body=True))
            for missing in ("ready", "idle", "dialog", "draft")
        ],
    ],
)
def test_a_verdict_limits_what_failed(results: dict[str, str] | None, tested: bool, found: Limits) -> None:
    assert limits(results, is_tested=tested) == found


def test_what_failed_has_names() -> None:
    assert limits(failing("dialog", "tool", "body"), is_tested=True).failed == ("dialog", "tool", "body")
    assert NO_LIMITS.failed == ()


def test_a_tested_version_keeps_its_rules() -> None:
    assert limited(CLAUDE.rules, NO_LIMITS, publishes=True, is_known=True) == CLAUDE.rules


@pytest.mark.parametrize("is_known", [True, False])
@pytest.mark.parametrize("publishes", [True, False])
def test_another_version_has_to_say_what_others_say(publishes: bool, is_known: bool) -> None:
    """If it is only not known which one it is, it may be one that lacks the first key."""
    rules = limited(CLAUDE.rules, UNCERTAIN, publishes=publishes, is_known=is_known)
    assert (rules.must_agree, rules.fallback_submit_key) == (publishes, b"" if is_known else ENTER)


def test_a_cli_whose_only_key_is_the_fallback_keeps_it() -> None:
    assert limited(GEMINI.rules, UNCERTAIN, publishes=True, is_known=True) == replace(GEMINI.rules, must_agree=True)


def test_a_program_behind_a_named_prompt_keeps_its_rules() -> None:
    rules = with_prompt(profile_for("bash"), "> ").rules
    assert limited(rules, Limits(typing="x", busy="x", is_certain=False), publishes=True, is_known=True) == rules


def test_a_version_that_failed_gets_nothing_or_nothing_while_it_works() -> None:
    assert limited(CLAUDE.rules, Limits(typing="dialog: x"), publishes=True, is_known=True).off == "dialog: x"
    assert limited(CLAUDE.rules, Limits(busy="tool: x"), publishes=True, is_known=True).only_idle
