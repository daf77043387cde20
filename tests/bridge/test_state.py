"""The lock by which commands know whether a bridge runs."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from amq.bridge import state
from amq.bridge.checked_table import BadBridge
from amq.errors import Conflict


@pytest.fixture
def asking(tmp_path: Path) -> Iterator[int]:
    """Return the descriptor by which another process asks at this instant whether the bridge runs."""
    with state.running(str(tmp_path)):
        pass
    descriptor = os.open(tmp_path / state.LOCK, os.O_RDONLY)
    fcntl.flock(descriptor, fcntl.LOCK_SH)
    yield descriptor
    os.close(descriptor)


def test_a_question_is_not_another_bridge(tmp_path: Path, asking: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("amq.runtime.notifier_lock.time.sleep", lambda _: fcntl.flock(asking, fcntl.LOCK_UN))
    with state.running(str(tmp_path)):
        assert state.is_running(str(tmp_path))


@pytest.mark.usefixtures("asking")
def test_two_questions_at_one_instant_find_no_bridge(tmp_path: Path) -> None:
    assert not state.is_running(str(tmp_path))
    assert state.read_state(str(tmp_path)) is None


def test_a_bridge_runs_while_it_holds_its_lock(tmp_path: Path) -> None:
    assert not state.is_running(str(tmp_path))
    with state.running(str(tmp_path)):
        assert state.is_running(str(tmp_path))
        with pytest.raises(Conflict, match="another amq bridge runs"), state.running(str(tmp_path)):
            pass
    assert not state.is_running(str(tmp_path))


@pytest.mark.parametrize(
    "found",
    [
        {},
        {"pid": 1, "hub": "tls://h", "hub_reason": "", "since_ns": 0, "trouble": {}, "hosts": {}, "mailboxes": {}},
        {"mailboxes": {"codex-b": {"mail": {"waiting": 1}, "ack": {"sent": 2}, "reason": "no room"}}},
        {"hosts": {"b": {"heard_ns": 1, "clock_ahead_ns": -1, "version": "0.1.0", "agents": {"codex": {"note": ""}}}}},
    ],
)
def test_its_state_is_read_as_it_was_written(tmp_path: Path, found: dict[str, object]) -> None:
    with state.running(str(tmp_path)):
        state.write_state(str(tmp_path), found)
        assert state.read_state(str(tmp_path)) == found


@pytest.mark.parametrize(
    "found",
    [
        [], "x", None, {"mailboxes": []}, {"hosts": {"b": 1}}, {"hosts": {"b": {"heard_ns": "now"}}}, {"pid": True},
        {"hosts": {"b": {"agents": {"codex": {"mood": "good"}}}}}, {"trouble": {"hub": None}}, {"later": 1},
        {"mailboxes": {"codex-b": {"mail": {"waiting": "1"}}}},
    ],
)  # fmt: skip
def test_a_state_of_another_version_is_an_error(tmp_path: Path, found: dict[str, object]) -> None:
    with state.running(str(tmp_path)):
        state.write_state(str(tmp_path), found)
        with pytest.raises(BadBridge, match="not of this version"):
            state.read_state(str(tmp_path))
