"""`amq wait`: it ends when an agent is as it was waited for, and says so if it cannot know."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator

import pytest

from amq.cli.commands import wait
from amq.cli.commands.wait import Sight, is_met
from amq.mail.mailbox import Mailbox
from amq.runtime import file_events, notifier_lock
from amq.runtime.file_events import FileEvents
from amq.runtime.policy.reasons import Activity
from amq.runtime.policy.schedule import Readiness
from amq.runtime.state_file import ReportedState, StatePublisher
from tests.conftest import Shell, private_directory

LONG = 20.0  # seconds: a test that takes longer has failed
HOLD = """
import sys
from amq.mail.mailbox import Mailbox
from amq.runtime import notifier_lock
claim = notifier_lock.claim(Mailbox(sys.argv[1], "bob").state_dir, "run")
print("on", flush=True)
sys.stdin.read()
"""


class Agents:
    """Agents that this process notifies."""

    def __init__(self, amq: Shell) -> None:
        self._amq = amq
        self._claims: dict[str, notifier_lock.Claim] = {}

    def publish(self, handle: str, activity: Activity, question: str = "") -> None:
        if handle not in self._claims:
            self._claims[handle] = notifier_lock.claim(Mailbox(str(self._amq.root), handle).state_dir, "run")
        place = str(private_directory(self._amq.root, handle))
        StatePublisher(place, "run").publish(Readiness(activity=activity, question=question))

    def end(self) -> None:
        for claim in self._claims.values():
            claim.release()
        self._claims.clear()


@pytest.fixture
def agents(amq: Shell) -> Iterator[Agents]:
    agents = Agents(amq)
    yield agents
    agents.end()


@pytest.fixture
def meanwhile(monkeypatch: pytest.MonkeyPatch) -> Callable[[Callable[[], object]], None]:
    """Return a function that has something done during the first wait, which only an event ends in time."""
    monkeypatch.setattr(wait, "LOOK_EVERY_S", LONG)

    def arrange(act: Callable[[], object]) -> None:
        _on_the_first_wait(monkeypatch, act)

    return arrange


Meanwhile = Callable[[Callable[[], object]], None]


def _on_the_first_wait(monkeypatch: pytest.MonkeyPatch, act: Callable[[], object]) -> threading.Thread:
    """Have ACT done in a thread when the first wait begins; return the thread."""
    real, beside = FileEvents.wait, threading.Thread(target=act)

    def first_wait(events: FileEvents, seconds: float) -> None:
        if beside.ident is None:
            beside.start()
        real(events, seconds)

    monkeypatch.setattr(FileEvents, "wait", first_wait)
    return beside


@pytest.mark.parametrize(
    ("condition", "activity", "line"),
    [("idle", Activity.IDLE, "bob: idle"), ("blocked", Activity.ASKS, "bob: asks you: Bash(git push)")],
)
def test_what_is_so_already_ends_it(
    amq: Shell, agents: Agents, condition: str, activity: Activity, line: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(FileEvents, "wait", lambda *_: pytest.fail("it waits"))
    agents.publish("bob", activity, "Bash(git push)" if activity is Activity.ASKS else "")
    assert amq.ok("wait", "bob", f"--{condition}") == f"{line}\n"


def test_an_event_ends_it(amq: Shell, agents: Agents, meanwhile: Meanwhile) -> None:
    agents.publish("bob", Activity.WORKING)
    meanwhile(lambda: agents.publish("bob", Activity.IDLE))
    assert amq.ok("wait", "bob", "--idle", "--timeout", "0") == "bob: idle\n"


def test_the_first_of_several_ends_it(amq: Shell, agents: Agents, meanwhile: Meanwhile) -> None:
    agents.publish("bob", Activity.WORKING)
    agents.publish("carol", Activity.WORKING)
    meanwhile(lambda: agents.publish("carol", Activity.IDLE))
    assert amq.ok("wait", "bob,carol", "--idle") == "carol: idle\n"
    result = amq("wait", "bob", "carol", "--idle", "--all", "--timeout", "1ms")
    assert (result.code, result.out) == (4, "timeout: bob: working; carol: idle\n")
    agents.publish("bob", Activity.IDLE)
    assert amq.ok("wait", "bob", "carol", "--idle", "--all") == "bob: idle\ncarol: idle\n"


def test_mail_that_is_not_read_in_time_is_counted(amq: Shell) -> None:
    amq.send()
    result = amq("wait", "bob", "--drained", "--timeout", "1ms")
    assert (result.code, result.out) == (4, "timeout: bob: 1 unread\n")


def test_any_change_ends_it(amq: Shell, agents: Agents, meanwhile: Meanwhile) -> None:
    agents.publish("bob", Activity.ASKS, "Bash(ls)")
    assert amq("wait", "bob", "--any", "--timeout", "1ms").code == 4
    meanwhile(lambda: agents.publish("bob", Activity.ASKS, "Bash(git push)"))
    assert amq.ok("wait", "bob", "--any") == "bob: asks you: Bash(git push)\n"


def test_json_has_the_documented_keys(amq: Shell, agents: Agents) -> None:
    agents.publish("bob", Activity.IDLE)
    found = amq("wait", "bob", "--idle", "--json").value
    assert found["agents"][0].pop("state_s") >= 0
    assert found == {"event": "idle", "agents": [{"handle": "bob", "unread": 0, "state": "idle"}]}
    result = amq("wait", "bob", "--blocked", "--timeout", "1ms", "--json")
    assert (result.code, result.value["event"]) == (4, "timeout")


def test_reading_needs_no_notifier(amq: Shell, meanwhile: Meanwhile) -> None:
    amq.send()
    assert amq("wait", "bob", "--drained", "--timeout", "1ms").code == 4

    def drain() -> None:
        with Mailbox(str(amq.root), "bob").drain() as mail:
            list(mail)

    meanwhile(drain)
    assert amq.ok("wait", "bob", "--drained") == "bob: drained\n"


def test_an_agent_that_nothing_notifies_is_an_error(amq: Shell) -> None:
    result = amq("wait", "bob", "--idle")
    assert (result.code, result.out) == (1, "")
    assert "nothing notifies bob, so its state is not known" in result.err
    assert amq("wait", "stranger", "--idle").code == 3
    assert amq("wait", "bob").code == 2
    assert amq("wait", "bob", "--idle", "--drained").code == 2


def test_a_killed_host_ends_it(amq: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(wait, "LOOK_EVERY_S", 0.05)
    for condition, code, told in (("--idle", 1, "has ended (amq run, process"), ("--any", 0, "bob: not running\n")):
        with subprocess.Popen(
            [sys.executable, "-c", HOLD, str(amq.root)], stdin=subprocess.PIPE, stdout=subprocess.PIPE
        ) as host:
            assert host.stdout is not None
            assert host.stdout.readline() == b"on\n"
            wire = f'{{"pid": {host.pid}, "how": "run"}}'
            private_directory(amq.root, "bob").joinpath("state.json").write_text(wire)
            killing = _on_the_first_wait(monkeypatch, host.kill)
            result = amq("wait", "bob", condition)
            killing.join()
        assert result.code == code
        assert told in result.out + result.err


def test_an_agent_that_is_removed_ends_it(amq: Shell, agents: Agents, meanwhile: Meanwhile) -> None:
    amq.send()
    meanwhile(lambda: amq.root.joinpath("agents", "bob").rename(amq.root / "agents" / "rob"))
    result = amq("wait", "bob", "--drained")
    assert result.code == 3
    assert "bob was removed meanwhile" in result.err


def test_an_interruption_ends_it(amq: Shell, agents: Agents, meanwhile: Meanwhile) -> None:
    agents.publish("bob", Activity.WORKING)
    meanwhile(lambda: os.kill(os.getpid(), signal.SIGINT))
    assert amq("wait", "bob", "--idle").code == 130


def test_where_the_system_gives_no_events_it_looks(
    amq: Shell, agents: Agents, meanwhile: Meanwhile, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(**_: object) -> None:
        raise OSError(24, "Too many open files")

    monkeypatch.setattr(file_events, "DirectoryEvents", refuse)
    monkeypatch.setattr(file_events, "POLL_S", 0.01)
    agents.publish("bob", Activity.WORKING)
    meanwhile(lambda: agents.publish("bob", Activity.IDLE))
    assert amq.ok("wait", "bob", "--idle") == "bob: idle\n"


def test_a_directory_that_takes_its_place_is_watched(amq: Shell) -> None:
    place = amq.root / "agents" / "bob" / "inbox" / "new"
    with FileEvents() as events:
        events.follow([str(place), str(place / "missing")])
        place.rename(place.with_name("old"))
        place.mkdir()
        events.follow([str(place)])
        events.wait(0.1)  # whatever happened before
        beside = threading.Thread(target=place.joinpath("x").touch)
        begun = time.monotonic()
        beside.start()
        events.wait(LONG)
        beside.join()
    assert time.monotonic() - begun < LONG / 2


def test_an_unknown_state_is_neither() -> None:
    unknown = Sight("bob", 0, None, ReportedState(Activity.UNKNOWN))
    assert not is_met("idle", unknown, unknown)
    assert not is_met("blocked", unknown, Sight("bob", 0, None, None))
