"""The events of an agent's CLI: which of them amq acts on, and what it takes from their JSON."""

from __future__ import annotations

import pytest

from amq.runtime.hooks.event import TURN_ENDED, parse_event
from amq.runtime.policy.hook_decision import Event


@pytest.mark.parametrize(
    ("name", "text", "event"),
    [
        ("start", b"", Event("start")),
        ("SessionStart", b'{"session_id": "s", "cwd": "/"}', Event("start", session="s")),
        ("UserPromptSubmit", b'{"session_id": "s", "prompt": "go"}', Event("prompt", session="s", prompt="go")),
        ("tool", b'{"prompt": 7, "session_id": []}', Event("tool")),
        ("Stop", b"[]", Event("stop")),
        ("Stop", b'{"agent_id": ""}', Event("stop")),
        ("Stop", b'{"agent_id": "a1"}', None),
        ("ask", b"{}", None),
        ("SessionEnd", b"{}", None),
        ("?", b"{}", None),
        ("notify", f'{{"type": "{TURN_ENDED}"}}', Event("notify")),
        ("notify", '{"type": "approval-requested"}', None),
        ("notify", "", None),
    ],
)
def test_event(name: str, text: bytes | str, event: Event | None) -> None:
    assert parse_event(name, text) == event


@pytest.mark.parametrize("name", ["Stop", "notify", "?"])
def test_text_that_is_not_json_is_an_error(name: str) -> None:
    with pytest.raises(ValueError, match="Expecting value"):
        parse_event(name, "nonsense")
