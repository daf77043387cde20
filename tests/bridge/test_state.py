"""The lock by which commands know whether a bridge runs."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from amq.bridge import state
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
