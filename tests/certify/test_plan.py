"""The scenarios that are planned for a CLI: those for which amq knows enough of it."""

from __future__ import annotations

from amq.certify.certification import ONCE
from amq.certify.plan import plans, tried
from amq.runtime.agents import registry


def test_what_a_cli_lacks_is_not_tried() -> None:
    """pi asks for no permission, and for no answer."""
    planned = {name: set(tried(plans(name, name, "/d", {}, ONCE, private=False))) for name in registry.NAMES}
    assert planned["claude"] == planned["copilot"] == set(ONCE)
    assert set(ONCE) - planned["pi"] == {"dialog", "question", "places", "named"}
    assert "dialog" in planned["gemini"]
