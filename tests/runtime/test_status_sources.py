"""A program's status from sources besides its terminal, and which of them counts."""

from __future__ import annotations

import json
import os
import time
from pathlib import Path

import pytest

from amq.pty.osc_state import AgentState
from amq.runtime.agents.claude.session_file import SessionFile, sessions
from amq.runtime.agents.status_sources import AgentStatus

PID = 4711
STARTED = 1_800_000_000.0


def agent_status(place: Path) -> AgentStatus:
    return AgentStatus(str(place), SessionFile(str(place), PID, STARTED))


def session(place: Path, status: object, **other: object) -> None:
    wire = {"pid": PID, "startedAt": (STARTED + 0.5) * 1000, "status": status, **other}
    (place / f"{PID}.json").write_text(json.dumps(wire))


def event(place: Path, *words: str, age: float = 0.0) -> None:
    path = place / "hook.event"
    path.write_text("".join(f"{word}\n" for word in words))
    at = time.time() - age
    os.utime(path, (at, at))


@pytest.mark.parametrize(
    ("status", "published", "counts"),
    [
        ("idle", None, AgentState.IDLE),
        ("busy", None, AgentState.WORKING),
        ("waiting", None, AgentState.BLOCKED),
        ("waiting", AgentState.IDLE, AgentState.BLOCKED),
        ("idle", AgentState.BLOCKED, AgentState.BLOCKED),
        ("busy", AgentState.DONE, AgentState.WORKING),
        ("idle", AgentState.WORKING, AgentState.WORKING),
        ("idle", AgentState.DONE, AgentState.IDLE),
        ("a word of a later version", None, None),
        (None, AgentState.IDLE, AgentState.IDLE),
        (["list"], AgentState.IDLE, AgentState.IDLE),
    ],
)
def test_the_word_that_asks_for_more_care_counts(
    tmp_path: Path, status: object, published: AgentState | None, counts: AgentState | None
) -> None:
    session(tmp_path, status)
    assert agent_status(tmp_path).look(published, None, 0.0) is counts


@pytest.mark.parametrize("other", [{"pid": 1}, {"startedAt": (STARTED - 60) * 1000}, {"startedAt": "x"}])
def test_what_another_process_left_behind_does_not_count(tmp_path: Path, other: dict[str, object]) -> None:
    session(tmp_path, "waiting", **other)
    assert agent_status(tmp_path).look(None, None, 0.0) is None


@pytest.mark.parametrize("content", ["", "{", "[]", '"waiting"'])
def test_a_file_that_is_being_written_says_nothing(tmp_path: Path, content: str) -> None:
    (tmp_path / f"{PID}.json").write_text(content)
    assert agent_status(tmp_path).look(AgentState.IDLE, None, 0.0) is AgentState.IDLE


@pytest.mark.parametrize(
    ("words", "counts", "hooked"),
    [
        ((), None, False),
        (("start",), None, True),
        (("start", "prompt"), AgentState.WORKING, True),
        (("start", *["tool"] * 20), AgentState.WORKING, True),
        (("start", "stop", "edit"), AgentState.WORKING, True),
        (("start", "prompt", "ask"), AgentState.BLOCKED, True),
        (("start", "prompt", "stop"), None, True),
        (("start", "end"), None, False),
    ],
)
def test_a_hook_event_counts_where_no_other_source_speaks(
    tmp_path: Path, words: tuple[str, ...], counts: AgentState | None, hooked: bool
) -> None:
    event(tmp_path, *words)
    assert agent_status(tmp_path).look(None, None, 0.0) is counts
    assert agent_status(tmp_path).look(AgentState.IDLE, None, 0.0) is AgentState.IDLE
    assert agent_status(tmp_path).hooks_active is hooked


def test_a_hook_event_counts_until_the_user_presses_a_key(tmp_path: Path) -> None:
    event(tmp_path, "ask", age=10.0)
    assert agent_status(tmp_path).look(None, 80.0, 100.0) is AgentState.BLOCKED
    assert agent_status(tmp_path).look(None, 95.0, 100.0) is None


@pytest.mark.parametrize("jump", [-3600.0, 3600.0])
@pytest.mark.parametrize(("last_key", "counts"), [(80.0, AgentState.BLOCKED), (95.0, None)])
def test_whether_the_key_came_first_does_not_change_when_the_wall_clock_is_set(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, jump: float, last_key: float, counts: AgentState | None
) -> None:
    """Nor when the machine sleeps, which the clock of the keys does not count."""
    event(tmp_path, "ask", age=10.0)
    asked = agent_status(tmp_path)
    assert asked.look(None, last_key, 100.0) is counts
    at = time.time() + jump
    monkeypatch.setattr(time, "time", lambda: at)
    assert asked.look(None, last_key, 100.5) is counts


def test_a_new_event_has_a_time_of_its_own(tmp_path: Path) -> None:
    asked = agent_status(tmp_path)
    event(tmp_path, "ask", age=20.0)
    assert asked.look(None, 85.0, 100.0) is None
    event(tmp_path, "ask", age=10.0)
    assert asked.look(None, 85.0, 100.0) is AgentState.BLOCKED


def test_where_the_sessions_are() -> None:
    assert sessions({"HOME": "/h"}) == "/h/.claude/sessions"
    assert sessions({"HOME": "/h", "CLAUDE_CONFIG_DIR": "/c"}) == "/c/sessions"


def test_no_files_no_word() -> None:
    silent = AgentStatus("")
    assert (silent.look(None, None, 0.0), silent.hooks_active) == (None, False)


def test_a_session_that_has_been_moved_into_another_process_says_nothing_more(tmp_path: Path) -> None:
    """Its file keeps the last status there was."""
    session(tmp_path, "busy", parkedJobId="d55e4440", version="2.1.332")
    seen = agent_status(tmp_path)
    assert seen.is_detached()
    assert seen.look(None, None, 0.0) is None
    assert seen.look(AgentState.IDLE, None, 0.0) is AgentState.IDLE
    session(tmp_path, "busy")
    assert not seen.is_detached()
    assert seen.look(None, None, 0.0) is AgentState.WORKING


def test_the_version_comes_from_the_status_file(tmp_path: Path) -> None:
    assert agent_status(tmp_path).version() == ""
    session(tmp_path, "idle", version="2.1.332")
    assert agent_status(tmp_path).version() == "2.1.332"


@pytest.mark.parametrize(
    ("published", "counts"),
    [
        (AgentState.CLEAR, AgentState.CLEAR),
        (AgentState.OTHER, AgentState.OTHER),
        (AgentState.ERROR, AgentState.ERROR),
    ],
)
def test_idle_does_not_hide_what_the_terminal_says(tmp_path: Path, published: AgentState, counts: AgentState) -> None:
    session(tmp_path, "idle")
    assert agent_status(tmp_path).look(published, None, 0.0) is counts
