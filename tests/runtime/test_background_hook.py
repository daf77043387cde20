"""The hook that waits in the background, as a process of its own, and the host's side of its pipe."""

from __future__ import annotations

import json
import os
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from amq.runtime.agents.claude import background_hook
from amq.runtime.agents.claude.background_hook import BackgroundHook
from amq.runtime.agents.claude.session_file import SessionFile
from amq.runtime.agents.status_sources import AgentStatus
from amq.runtime.hooks import script
from amq.runtime.policy.injection import End
from amq.runtime.policy.reasons import Outcome, WaitReason
from amq.runtime.policy.schedule import Readiness
from amq.runtime.private_state import make_pipe
from tests.pty.user import wait_until

LINE = "amq: 1 new message from codex, attached. If it is missing, run: amq drain --include-body"


class Run:
    """The directory of a run, and the hooks that were started in it."""

    def __init__(self, files: Path) -> None:
        self.files = files
        make_pipe(f"{files}/{script.PIPE_NAME}")
        self.script = script.write_script(
            str(files), str(files / "new"), root="/q", me="claude", kind="claude", command="/amq", normal_after_s=1.0
        )
        self.hooks: list[subprocess.Popen[str]] = []

    def hook(self) -> subprocess.Popen[str]:
        """Start a hook that waits."""
        words = [self.script, script.WAIT]
        self.hooks.append(subprocess.Popen(words, stdin=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True))
        return self.hooks[-1]

    def ended(self, hook: subprocess.Popen[str]) -> tuple[int, str]:
        """Return the exit status of HOOK and what it printed to stderr."""
        said = hook.communicate(timeout=10)[1]
        return hook.returncode, said


@pytest.fixture
def run(tmp_path: Path) -> Iterator[Run]:
    run = Run(tmp_path)
    yield run
    for hook in run.hooks:
        hook.kill()
        hook.communicate()


class Heard(AgentStatus):
    """A program that begins a turn whenever a hook asks for one, and calls another then."""

    @property
    def noted_bytes(self) -> int:
        """Return more each time."""
        self._calls = getattr(self, "_calls", 0) + 1
        return self._calls


@pytest.fixture
def host(run: Run) -> Iterator[BackgroundHook]:
    host = BackgroundHook(str(run.files), Heard(""))
    yield host
    if host._end is not None:
        os.close(host._end)


def test_it_begins_a_turn_with_the_line(run: Run, host: BackgroundHook) -> None:
    assert not host.is_there()
    hook = run.hook()
    wait_until(host.is_there)
    assert host.tell(LINE).outcome is Outcome.SENT
    assert run.ended(hook) == (2, f"{LINE}\n")
    assert not host.is_there()


def test_it_says_that_no_turn_has_begun(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """The program has moved the session away, and listens to none of its hooks."""
    host = BackgroundHook(str(run.files), AgentStatus(str(run.files)))
    (run.files / script.EVENT_NAME).write_text("start\n")
    hook = run.hook()
    wait_until(host.is_there)
    monkeypatch.setattr(background_hook, "BEGUN_WITHIN_S", 0.05)
    assert host.tell(LINE) == End(Outcome.REFUSED, "no turn has begun")
    assert run.ended(hook)[0] == 2
    assert host._end is not None
    os.close(host._end)


def test_one_waits_at_a_time(run: Run, host: BackgroundHook) -> None:
    first = run.hook()
    wait_until(host.is_there)
    assert run.ended(run.hook()) == (0, "")
    assert first.poll() is None
    assert host.tell(LINE).outcome is Outcome.SENT
    assert run.ended(first)[0] == 2
    another = run.hook()
    wait_until(host.is_there)
    assert another.poll() is None


def test_after_one_was_killed_another_waits(run: Run, host: BackgroundHook) -> None:
    first = run.hook()
    wait_until(host.is_there)
    first.kill()
    first.wait()
    assert not host.is_there()
    run.hook()
    wait_until(host.is_there)


def test_another_process_with_its_id_keeps_no_hook_from_waiting(run: Run, host: BackgroundHook) -> None:
    waiter = run.files / script.WAITER_NAME
    waiter.write_text(f"{os.getpid()}\n")
    assert not host.is_there()
    assert run.ended(run.hook()) == (0, ""), "it may be about to read the pipe"
    os.utime(waiter, (0, 0))
    assert not host.is_there()
    run.hook()
    wait_until(host.is_there)


def test_it_ends_with_the_host(run: Run) -> None:
    host = BackgroundHook(str(run.files), AgentStatus(""))
    hook = run.hook()
    wait_until(host.is_there)
    assert host._end is not None
    os.close(host._end)
    assert run.ended(hook) == (0, "")


def test_what_no_hook_reads_is_taken_back(run: Run, host: BackgroundHook, monkeypatch: pytest.MonkeyPatch) -> None:
    """No hook may begin a turn with it later: the line has been typed meanwhile."""
    assert host.tell(LINE).outcome is Outcome.REFUSED, "none is there"
    hook = run.hook()
    wait_until(host.is_there)
    hook.send_signal(signal.SIGSTOP)
    os.waitpid(hook.pid, os.WUNTRACED)
    with monkeypatch.context() as patch:
        patch.setattr(background_hook, "TAKEN_WITHIN_S", 0.05)
        assert host.tell(LINE).outcome is Outcome.REFUSED
    hook.send_signal(signal.SIGCONT)
    assert host.tell("amq: another").outcome is Outcome.SENT
    assert run.ended(hook) == (2, "amq: another\n")


def test_without_a_pipe_nothing_is_sent(tmp_path: Path) -> None:
    host = BackgroundHook(str(tmp_path), AgentStatus(""))
    assert not host.is_there()
    assert host.tell(LINE).outcome is Outcome.REFUSED


def test_a_hook_of_a_session_that_was_moved_is_not_there(run: Run, host: BackgroundHook) -> None:
    """Claude Code's list of agents moves it: what the hook of the first process prints begins no turn then."""
    run.hook()
    wait_until(host.is_there)
    sessions = run.files / "sessions"
    sessions.mkdir()
    wire = {"pid": 1, "startedAt": 0, "status": "idle", "parkedJobId": "j"}
    (sessions / "1.json").write_text(json.dumps(wire))
    moved = AgentStatus("", SessionFile(str(sessions), 1, 0.0))
    assert not BackgroundHook(str(run.files), moved).is_there()


@pytest.mark.parametrize(
    ("idle", "blocked_by", "reaches"),
    [
        (True, WaitReason.DRAFT, True),
        (True, WaitReason.UNKNOWN_SCREEN, True),
        (True, WaitReason.UNKNOWN_LOOK, True),
        (True, WaitReason.NOT_CERTIFIED, True),
        (False, WaitReason.NOT_CERTIFIED, False),
        (True, WaitReason.API_ERROR, False),
        (True, WaitReason.DIALOG, False),
        (True, WaitReason.STOPPED, False),
        (True, WaitReason.STARTING, False),
        (True, WaitReason.UNTRUSTED, False),
        (False, WaitReason.DRAFT, False),
    ],
)
def test_it_reaches_an_agent_that_says_it_is_idle(
    host: BackgroundHook, idle: bool, blocked_by: WaitReason, reaches: bool
) -> None:
    assert host.reaches(Readiness(idle=idle, blocked_by=blocked_by)) is reaches
