"""The file in which an agent's state is published: true, or not believed."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from amq.layout import AgentLayout
from amq.mail.mailbox import Mailbox
from amq.runtime import notifier_lock, state_file
from amq.runtime.policy.reasons import Activity
from amq.runtime.policy.schedule import Readiness
from amq.runtime.state_file import (
    COST,
    LONGEST_REST_S,
    REST_S,
    SETTLED_AFTER_S,
    STATE_NAME,
    ReportedState,
    StatePublisher,
    read_state,
)
from amq.store.notifier_info import Notifier, read_notifier
from tests.conftest import Shell, private_directory

IDLE, WORKING = Readiness(activity=Activity.IDLE), Readiness(activity=Activity.WORKING)
US = Notifier(os.getpid(), "run")
UNKNOWN = ReportedState(Activity.UNKNOWN)


class Time:
    """A clock that does not go on by itself."""

    def __init__(self) -> None:
        self.at = 1000.0

    def __call__(self) -> float:
        return self.at


@pytest.fixture
def time(monkeypatch: pytest.MonkeyPatch) -> Time:
    time = Time()
    monkeypatch.setattr(state_file, "now", time)
    return time


@pytest.fixture
def place(amq: Shell) -> str:
    return str(private_directory(amq.root, "bob"))


@pytest.fixture
def bob(amq: Shell) -> AgentLayout:
    return Mailbox(str(amq.root), "bob").account.agent


@pytest.fixture
def notified(amq: Shell) -> Iterator[None]:
    """Notify bob, by this process."""
    claim = notifier_lock.claim(Mailbox(str(amq.root), "bob").state_dir, "run")
    yield
    claim.release()


def test_a_state_lasts_from_its_first_look(place: str, bob: AgentLayout, time: Time) -> None:
    publisher = StatePublisher(place, "run", "claude", clock=time)
    publisher.publish(WORKING)
    time.at += 5
    publisher.publish(Readiness(activity=Activity.WORKING, version="2.1.332"))
    time.at += 5
    assert read_state(place, bob, US) == ReportedState(Activity.WORKING, 10.0, "", "claude", "2.1.332")
    publisher.publish(IDLE)
    assert read_state(place, bob, US) == ReportedState(Activity.IDLE, 0.0, "", "claude")


def test_another_question_is_another_state(place: str, bob: AgentLayout, time: Time) -> None:
    publisher = StatePublisher(place, "run", clock=time)
    publisher.publish(Readiness(activity=Activity.ASKS, question="Bash(ls)"))
    time.at += 5
    publisher.publish(Readiness(activity=Activity.ASKS, question="Bash(git push)"))
    found = read_state(place, bob, US)
    assert found == ReportedState(Activity.ASKS, 0.0, "Bash(git push)")
    assert found.words() == "asks you: Bash(git push)"


def test_a_question_that_is_drawn_late_begins_no_new_state(place: str, bob: AgentLayout, time: Time) -> None:
    publisher = StatePublisher(place, "run", clock=time)
    publisher.publish(Readiness(activity=Activity.ASKS))
    time.at += 1
    publisher.publish(Readiness(activity=Activity.ASKS, question="Bash(ls)"))
    assert read_state(place, bob, US) == ReportedState(Activity.ASKS, 1.0, "Bash(ls)")


def test_nothing_is_written_without_a_change(place: str, monkeypatch: pytest.MonkeyPatch) -> None:
    written: list[str] = []
    monkeypatch.setattr(state_file, "write_private", lambda path, _: written.append(path))
    publisher = StatePublisher(place, "run")
    for agent in (IDLE, IDLE, WORKING, WORKING, WORKING):
        publisher.publish(agent)
    assert written == [f"{place}/{STATE_NAME}"] * 2


def test_a_killed_notifier_leaves_nothing_that_is_believed(place: str, bob: AgentLayout, notified: None) -> None:
    StatePublisher(place, "run").publish(IDLE)
    assert read_state(place, bob, read_notifier(bob)) != UNKNOWN
    assert read_state(place, bob, None) == ReportedState(Activity.NOT_RUNNING)
    assert read_state(place, bob, Notifier(os.getpid() + 1, "run")) == UNKNOWN, "the next has not written yet"


def test_of_an_agent_that_amq_did_not_host_nothing_is_known(place: str, bob: AgentLayout) -> None:
    assert read_state(place, bob, None) is None
    StatePublisher(place, "wake").publish(IDLE)
    assert read_state(place, bob, None) is None, "its program may go on"


def test_a_stopped_notifier_is_not_believed(amq: Shell, place: str, bob: AgentLayout) -> None:
    code = """
import os, signal, sys
from amq.mail.mailbox import Mailbox
from amq.runtime import notifier_lock
from amq.runtime.policy.reasons import Activity
from amq.runtime.policy.schedule import Readiness
from amq.runtime.state_file import StatePublisher
claim = notifier_lock.claim(Mailbox(sys.argv[1], "bob").state_dir, "run")
StatePublisher(sys.argv[2], "run").publish(Readiness(activity=Activity.IDLE))
os.kill(os.getpid(), signal.SIGSTOP)
print("on", flush=True)
sys.stdin.read()
"""
    with subprocess.Popen(
        [sys.executable, "-c", code, str(amq.root), place], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as other:
        os.waitpid(other.pid, os.WUNTRACED)
        found = read_state(place, bob, read_notifier(bob))
        os.kill(other.pid, 18)
        assert other.stdout is not None
        assert other.stdout.readline() == b"on\n"
        again = read_state(place, bob, read_notifier(bob))
        other.kill()
    assert found == ReportedState(Activity.STOPPED)
    assert again is not None
    assert again.activity is Activity.IDLE
    assert read_state(place, bob, read_notifier(bob)) == ReportedState(Activity.NOT_RUNNING)


@pytest.mark.parametrize(
    "changes",
    [
        {"pid": str(os.getpid())}, {"state": "asleep"}, {"state": ["idle"]}, {"state": 1}, {"question": None},
        {"question": "x" * 301}, {"program": 1}, {"since": "1.0"}, {"since": True}, {"since": None}, {"since": 10**400},
    ],
)  # fmt: skip
def test_a_forged_file_is_not_believed(place: str, bob: AgentLayout, changes: dict[str, object]) -> None:
    StatePublisher(place, "run").publish(IDLE)
    path = Path(place, STATE_NAME)
    path.write_text(json.dumps(json.loads(path.read_text()) | changes))
    assert read_state(place, bob, US) == UNKNOWN


@pytest.mark.parametrize("since", ["-1e9", "1e9", "-1e400", "1e400"])
def test_a_time_that_cannot_be_is_left_out(place: str, bob: AgentLayout, time: Time, since: str) -> None:
    StatePublisher(place, "run", clock=time).publish(IDLE)
    path = Path(place, STATE_NAME)
    path.write_text(path.read_text().replace("1000.0", since))
    found = read_state(place, bob, US)
    assert found is not None
    assert found.activity is Activity.IDLE
    assert found.seconds in (None, 1000 + 1e9)


@pytest.mark.parametrize("data", [b"", b"\xff", b"[]", b'"idle"', b'{"pid": 1', b"[" * 5000, b" " * 9000 + b"{}"])
def test_a_broken_file_is_not_believed(place: str, bob: AgentLayout, data: bytes) -> None:
    Path(place, STATE_NAME).write_bytes(data)
    assert read_state(place, bob, US) == UNKNOWN
    assert read_state(place, bob, None) is None


def test_a_link_or_a_pipe_is_neither_followed_nor_waited_for(place: str, bob: AgentLayout, tmp_path: Path) -> None:
    path, real = Path(place, STATE_NAME), tmp_path / STATE_NAME
    StatePublisher(str(tmp_path), "run").publish(IDLE)
    path.symlink_to(real)
    assert read_state(place, bob, US) == UNKNOWN
    path.unlink()
    os.mkfifo(path)
    assert read_state(place, bob, US) == UNKNOWN
    path.unlink()
    path.mkdir()
    assert read_state(place, bob, US) == UNKNOWN


def test_without_a_private_directory_nothing_is_known(bob: AgentLayout) -> None:
    StatePublisher("", "run").publish(IDLE)
    assert read_state("", bob, US) == UNKNOWN


def test_what_the_screen_said_does_not_act_on_a_terminal(place: str, bob: AgentLayout) -> None:
    asks = Readiness(activity=Activity.ASKS, question="Bash(\x1b[2J\u202e)" + "x" * 400, version="\x07")
    StatePublisher(place, "run").publish(asks)
    found = read_state(place, bob, US)
    assert found is not None
    assert found.question.startswith("Bash(^[[2J<U+202E>)x")
    assert found.version == "^G"


def test_a_full_disk_leaves_no_old_state(place: str, bob: AgentLayout, monkeypatch: pytest.MonkeyPatch) -> None:
    publisher = StatePublisher(place, "run")
    publisher.publish(IDLE)
    with monkeypatch.context() as patched:
        patched.setattr(os, "replace", _no_space)
        publisher.publish(WORKING)
    assert read_state(place, bob, US) == UNKNOWN
    publisher.publish(WORKING)
    assert read_state(place, bob, US) != UNKNOWN, "the next look tries again"
    assert os.listdir(place) == [STATE_NAME]


def _no_space(*_: object) -> None:
    raise OSError(28, "No space left on device")


def test_who_notifies_no_more_publishes_no_more(place: str, bob: AgentLayout) -> None:
    publisher = StatePublisher(place, "run", ours=lambda: False)
    publisher.publish(IDLE)
    assert not Path(place, STATE_NAME).exists()


def test_looks_are_rare_while_nothing_stirs(time: Time) -> None:
    stirs = [0]
    publisher = StatePublisher("", "run", stirred=lambda: stirs[0], clock=time)

    def looks_within(seconds: int) -> int:
        looks = 0
        for _ in range(seconds):
            time.at += 1
            if publisher.is_look_due():
                looks += 1
                publisher.publish(IDLE, 0.001)
        return looks

    looks_within(10)
    assert looks_within(60) == 60 / REST_S
    stirs[0] += 1
    assert looks_within(int(SETTLED_AFTER_S)) == SETTLED_AFTER_S
    assert looks_within(60) <= 60 / REST_S


@pytest.mark.parametrize(("took", "rest"), [(0.001, REST_S), (0.02, 0.02 * COST), (9.0, LONGEST_REST_S)])
def test_a_look_that_costs_much_is_rarer(time: Time, took: float, rest: float) -> None:
    publisher = StatePublisher("", "run", clock=time)
    publisher.publish(IDLE, took)
    time.at += rest - 0.1
    assert not publisher.is_look_due()
    time.at += 0.2
    assert publisher.is_look_due()
