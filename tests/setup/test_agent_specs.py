"""Agents that `--agents` names."""

from __future__ import annotations

import pytest

from amq.errors import UsageError
from amq.setup.agent_specs import AgentSpec, parse_agent_specs


@pytest.mark.parametrize(
    ("text", "specs"),
    [
        ("claude,codex", [("claude", "claude"), ("codex", "codex")]),
        (" claude , claude-2,", [("claude", "claude"), ("claude-2", "claude")]),
        ("gpt-4-20", [("gpt-4-20", "gpt-4")]),
        ("reviewer=codex -m o3", [("reviewer", "codex", "-m", "o3")]),
        ("claude*3,codex", [("claude", "claude"), ("claude-2", "claude"), ("claude-3", "claude"), ("codex", "codex")]),
        (" codex * 1 ", [("codex", "codex")]),
        ("lead,r*2=codex -m 'o*3'", [("lead", "lead"), ("r", "codex", "-m", "o*3"), ("r-2", "codex", "-m", "o*3")]),
        ("gpt-4*2", [("gpt-4", "gpt"), ("gpt-4-2", "gpt")]),
        ("a='/opt/my agent' --x=y", [("a", "/opt/my agent", "--x=y")]),
    ],
)
def test_agents(text: str, specs: list[tuple[str, ...]]) -> None:
    assert parse_agent_specs(text) == [AgentSpec(handle, tuple(program)) for handle, *program in specs]


@pytest.mark.parametrize(
    ("text", "what"),
    [
        ("", "no agents"),
        (" , ", "no agents"),
        ("Claude", "not a handle"),
        ("user", "the user"),
        ("a,a=b", "used twice"),
        ("a=", "no program"),
        ("a='", "split into words"),
        ("claude*0", "a number from 1 to 20 after"),
        ("claude*-1", "a number from 1 to 20 after"),
        ("claude*21", "a number from 1 to 20 after"),
        ("claude*1000", "a number from 1 to 20 after"),
        ("claude*" + "9" * 5000, "a number from 1 to 20 after"),
        ("claude*", "a number from 1 to 20 after"),
        ("claude*٣", "a number from 1 to 20 after"),
        ("claude*2*2", "a number from 1 to 20 after"),
        ("*3", "not a handle"),
        ("user*2", "the user"),
        ("claude*2,claude-2=codex", "claude-2 is used twice"),
        ("r=claude*2", "the number belongs to the handle"),
        ("a" * 63 + "*2", "not a handle"),
        ("auto=claude", "the next free handle"),
    ],
)
def test_what_does_not_name_agents_is_refused(text: str, what: str) -> None:
    with pytest.raises(UsageError, match=what):
        parse_agent_specs(text)
