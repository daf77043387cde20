"""`amq why`: the reason in one line, and the history."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from amq.instants import SECOND_NS, format_instant, short_age
from amq.layout import RootedPath
from amq.mail.mailbox import Mailbox
from amq.runtime import notifier_lock
from amq.runtime.journal import MOST_IDS, WAKES_NAME, WakeJournal
from amq.runtime.policy.reasons import ENDED_IN_WORDS, WAITS_IN_WORDS, Outcome, WaitReason
from amq.runtime.session_info import SessionInfo, write_session
from amq.runtime.why_waiting import RECORDED_WITHIN_S
from tests.conftest import Shell, private_directory
from tests.samples import message_file


@pytest.fixture
def state(amq: Shell) -> str:
    return str(private_directory(amq.root, "bob"))


@pytest.fixture
def notified(amq: Shell) -> Iterator[None]:
    """Notify bob, by this process."""
    claim = notifier_lock.claim(Mailbox(str(amq.root), "bob").state_dir, "run")
    yield
    claim.release()


def waits_for(amq: Shell) -> str:
    found = amq("why", "bob", "--json").value
    assert found["handle"] == "bob"
    assert found == {**found, "unread": 1}
    (listed,) = (agent for agent in amq("who", "--json").value if agent["handle"] == "bob")
    assert listed["waits_for"] == found["waits_for"], "who says the same"
    return str(found["waits_for"])


def test_no_mail_waits(amq: Shell) -> None:
    assert amq.ok("why", "bob") == "bob has no unread mail\n"
    assert amq("why", "--json").value == {"handle": "alice", "unread": 0}


def test_what_its_cli_runs_without_asking_is_said(amq: Shell, state: str, notified: None) -> None:
    write_session(state, SessionInfo("none: \x1b[31myou said no", is_allowed=False))
    assert amq.ok("why", "bob").splitlines()[1:] == [
        "bob: commands that its CLI runs without asking: none: ^[[31myou said no"
    ]
    assert amq("why", "bob", "--json").value["allowed"].startswith("none: ")


def test_what_its_cli_lacks_is_said(amq: Shell, state: str, notified: None) -> None:
    write_session(state, SessionInfo("none", is_allowed=False, lacks=("write access: \x1b[31mread-only",)))
    assert amq.ok("why", "bob").splitlines()[2:] == ["bob lacks write access: ^[[31mread-only"]
    assert amq("why", "bob", "--json").value["lacks"] == ["write access: \x1b[31mread-only"]


def test_it_has_no_notifier(amq: Shell, state: RootedPath) -> None:
    amq.send()
    assert amq.ok("why", "bob") == "bob: 1 unread message: no-channel: nothing notifies it: start it with amq run\n"
    WakeJournal(state).waits((), WaitReason.OFF)
    assert waits_for(amq) == "off"


def test_the_user_needs_no_notifier(amq: Shell) -> None:
    amq.send(to="user")
    expected = "user: 1 unread message: no-channel: nothing notifies the user; to read it: amq drain --include-body\n"
    assert amq.ok("why", "user") == expected


def test_a_notifier_that_is_stopped_notifies_no_one(amq: Shell, state: RootedPath) -> None:
    if not Path("/proc/self/stat").exists():
        pytest.skip("needs /proc")
    WakeJournal(state).attempt({amq.send()}, "pty", Outcome.SUBMITTED, "")
    place = Mailbox(str(amq.root), "bob").state_dir
    holder = (
        "from amq.layout import RootedPath; from amq.runtime import notifier_lock as lock; "
        f"c = lock.claim(RootedPath({place.root!r}, *{place.names!r}), 'run'); print(flush=True); input()"
    )
    with subprocess.Popen([sys.executable, "-c", holder], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdout
        process.stdout.readline()
        assert waits_for(amq) == "notified"
        process.send_signal(signal.SIGSTOP)
        os.waitid(os.P_PID, process.pid, os.WSTOPPED)
        assert waits_for(amq) == "stopped"
        assert f"amq run (pid {process.pid}) is stopped; to resume it: fg in its shell" in amq.ok("why", "bob")
        process.send_signal(signal.SIGCONT)
        process.communicate()


def test_a_notifier_that_has_ended_says_nothing_any_more(amq: Shell, state: RootedPath) -> None:
    WakeJournal(state).waits({amq.send()}, WaitReason.STOPPED)
    assert waits_for(amq) == "no-channel"


@pytest.mark.parametrize(
    "reason", [reason for reason in WaitReason if reason not in (WaitReason.OFF, WaitReason.NOTIFIED)]
)
def test_what_the_notifier_said_last(amq: Shell, state: RootedPath, notified: None, reason: WaitReason) -> None:
    identifier = amq.send()
    WakeJournal(state).attempt({identifier}, "pty", Outcome.SUBMITTED, "")
    WakeJournal(state).waits({identifier}, reason)
    assert waits_for(amq) == reason.value
    assert amq.ok("why", "bob").startswith(f"bob: 1 unread message: {reason.value}, for 0s: ")


@pytest.mark.parametrize("outcome", Outcome)
def test_how_the_last_attempt_ended(amq: Shell, state: RootedPath, notified: None, outcome: Outcome) -> None:
    WakeJournal(state).attempt({amq.send()}, "pty", outcome, "a\x1b reason")
    assert waits_for(amq) == "notified"
    said = amq.ok("why", "bob")
    assert said.startswith(f"bob: 1 unread message: 0s ago {ENDED_IN_WORDS[outcome]} (a^[ reason)")


def test_its_state_since_the_notification_is_not_known(amq: Shell, state: RootedPath, notified: None) -> None:
    """A dialog, for instance, is looked at when a reminder is due."""
    WakeJournal(state).attempt({amq.send()}, "pty", Outcome.SUBMITTED, "")
    expected = "bob: 1 unread message: 0s ago it was notified; it may be working, or asking the user a question\n"
    assert amq.ok("why", "bob") == expected


def test_a_notifier_that_failed_says_so(amq: Shell, state: RootedPath, notified: None) -> None:
    identifier = amq.send()
    WakeJournal(state).waits({identifier}, WaitReason.DRAFT)
    WakeJournal(state).waits((), WaitReason.NO_CHANNEL, "it failed: see run.log")
    assert "no-channel, for 0s: it failed: see run.log" in amq.ok("why", "bob")


@pytest.mark.parametrize(
    ("age_s", "reason"), [(RECORDED_WITHIN_S - 10, "notified"), (RECORDED_WITHIN_S + 10, "unknown")]
)
def test_where_the_record_cannot_be_read_the_reason_is_not_known(
    amq: Shell, notified: None, age_s: float, reason: str
) -> None:
    """In a sandbox the private directory is missing, or another one."""
    created = f"{format_instant(time.time_ns() - int(age_s * SECOND_NS))[:23]}Z"
    identifier = f"{created.replace(':', '-')}_pid1_aaaaaaaa"
    amq.put(f"{identifier}.md", message_file(id=identifier, created=created))
    assert waits_for(amq) == reason
    assert f"  {reason}  " in amq.ok("who").splitlines()[2]


def test_what_was_said_of_other_mail_is_not_said_of_this(amq: Shell, state: RootedPath, notified: None) -> None:
    WakeJournal(state).waits({"another"}, WaitReason.DRAFT)
    amq.send()
    assert waits_for(amq) == "notified"
    WakeJournal(state).waits(set(map(str, range(MOST_IDS + 1))), WaitReason.DRAFT)
    assert waits_for(amq) == "draft"


def test_a_damaged_record_stops_nothing(amq: Shell, state: RootedPath, notified: None) -> None:
    identifier = amq.send()
    WakeJournal(state).waits({identifier}, WaitReason.DRAFT)
    whole = json.dumps({"at": "x", "count": 1, "ids": [identifier], "waits_for": "draft"})
    with Path(state, WAKES_NAME).open("a") as file:
        file.write(f'{whole}\n{{"at": "20\n[]\n7\n{whole.replace("draft", "moon")}\n')
    assert waits_for(amq) == "draft"
    assert "draft: its input line has" in amq.ok("why", "bob"), "an instant that is none has no age"


def test_the_history(amq: Shell, state: RootedPath) -> None:
    record = WakeJournal(state)
    record.waits({"a", "b"}, WaitReason.BUSY)
    record.attempt({"a"}, "pty", Outcome.UNCERTAIN, "the program did not echo amq's text")
    assert [line.partition("Z  ")[2] for line in amq.ok("why", "bob", "--history").splitlines()] == [
        "2 unread  waits for busy",
        "1 unread  uncertain (pty): the program did not echo amq's text",
    ]
    assert [entry["count"] for entry in amq("why", "bob", "--history", "--json").value] == [2, 1]


def test_an_agent_that_is_not_there(amq: Shell) -> None:
    assert amq("why", "bib").code == 3
    assert amq("why", "B b").code == 2


def test_every_word_has_a_sentence() -> None:
    assert set(WAITS_IN_WORDS) == set(WaitReason)
    assert set(ENDED_IN_WORDS) == set(Outcome)


@pytest.mark.parametrize(("seconds", "text"), [(0.9, "0s"), (61, "1m"), (7200, "2h"), (90_000, "1d")])
def test_an_age(seconds: float, text: str) -> None:
    assert short_age(seconds) == text
