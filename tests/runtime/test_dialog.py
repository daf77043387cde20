"""The dialogs of CLIs, as recorded, with other commands in them."""

from __future__ import annotations

import pytest

from amq.pty.screen import Screen
from amq.runtime.agents.profiles import built_in
from amq.runtime.policy.dialog import asked_command
from tests.screens import recordings

DRAIN = "amq drain --include-body"
RECORDED = (
    *(("claude", name) for name in ("claude-session", "claude-old-session", "claude-reader", "claude-plain")),
    *(("codex", name) for name in ("codex-session", "codex-plain")),
)


def shown(name: str, mark: str) -> str:
    """Return the screen of the recording NAME at MARK."""
    recording = recordings.load(name)
    screen = Screen(recording.size)
    for each, part in recording.parts():
        screen.enqueue(part)
        screen.feed(len(part))
        if each.name == mark:
            break
    view = screen.view()
    assert view is not None
    return "\n".join(row.rstrip() for row in view.rows)


@pytest.mark.parametrize(("cli", "name"), RECORDED)
def test_a_dialog_about_amq_is_named(cli: str, name: str) -> None:
    dialogs, screen = built_in()[cli].asks, shown(name, "permission")
    assert "touch done" in screen
    assert asked_command(screen.replace("touch done", DRAIN), dialogs) == "amq drain"
    assert asked_command(screen.replace("touch done", "/opt/a/bin/amq list"), dialogs) == "amq list"


@pytest.mark.parametrize(("cli", "name"), RECORDED)
@pytest.mark.parametrize(
    "command", ["touch done", "amq drain; touch x", "amq list >x", "amq $(x)", "amq-x drain", "x amq drain", "amq"]
)
def test_a_dialog_about_anything_else_is_not(cli: str, name: str, command: str) -> None:
    """Above it is amq's own line, which names the command to run."""
    screen = shown(name, "permission").replace("touch done", command)
    assert asked_command(screen, built_in()[cli].asks) == ""


@pytest.mark.parametrize(("cli", "name"), RECORDED)
def test_no_dialog_is_named_after_it_has_gone(cli: str, name: str) -> None:
    assert asked_command(shown(name, "dialog gone").replace("touch done", DRAIN), built_in()[cli].asks) == ""
