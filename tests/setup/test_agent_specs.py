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
    ],
)
def test_what_does_not_name_agents_is_refused(text: str, what: str) -> None:
    with pytest.raises(UsageError, match=what):
        parse_agent_specs(text)
