"""Parse what an agent's CLI gives to `amq hook` into an event that amq acts on."""

from __future__ import annotations

import json

from amq.runtime.policy.hook_decision import EVENTS, RECEIPTS, TO_MODEL, Event

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

START = "start"
NOTIFY = "notify"
"""The event after a turn of a CLI that can only run a program then, as Codex does with its setting `notify`."""
TURN_ENDED = "agent-turn-complete"
"""The `type` that Codex gives to that program after a turn (developers.openai.com/codex/config)."""


def parse_event(name: str, text: bytes | str) -> Event | None:
    """Return the event NAME, the CLI's name or amq's, with what amq uses of its JSON TEXT.

    None if amq does nothing then: at an event that it does not know, and at those of a sub-agent, which has no mail.
    Raises ValueError or RecursionError for a text that is not JSON.
    """
    wire = json.loads(text or b"{}")
    fields = wire if isinstance(wire, dict) else {}
    name = EVENTS.get(name, name)
    if name == NOTIFY:
        return Event(name) if fields.get("type") == TURN_ENDED else None
    if name not in (*TO_MODEL, *RECEIPTS) or fields.get("agent_id"):
        return None
    return Event(
        name,
        session=_text(fields, "session_id"),
        prompt=_text(fields, "prompt"),
        turn=_text(fields, "prompt_id") or _text(fields, "turn_id"),
        history=_text(fields, "transcript_path"),
        goes_on=fields.get("stop_hook_active") is True,
    )


def _text(fields: dict[str, Any], name: str) -> str:
    value = fields.get(name)
    return value if isinstance(value, str) else ""
