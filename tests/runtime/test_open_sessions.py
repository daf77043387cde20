"""Sessions that a user has open in terminals: which processes they are, and which are none."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import pexpect
import pytest

from amq import procfs
from amq.pty import controlling_tty
from amq.runtime.agents import processes
from amq.runtime.agents.codex.open_thread import OpenThread
from amq.runtime.agents.open_sessions import (
    NoSessionError,
    OpenSession,
    SessionForeground,
    open_sessions,
    session_of,
)
from amq.runtime.channels.registry import LaunchContext
from tests.pty.user import wait_until
from tests.runtime.test_sidecar import linux

WAITS = "#!/bin/sh\necho ready\nread word\n"
STARTS_ANOTHER = '#!/bin/sh\n"${0%/*}/inner/codex" "$@"\n'
BECOMES_ANOTHER = "#!/bin/sh\necho ready\nread word\nexec cat\n"


class Program:
    """A program in a terminal."""

    def __init__(self, *words: str, cwd: Path) -> None:
        self._child: pexpect.spawn[bytes] = pexpect.spawn(words[0], list(words[1:]), cwd=str(cwd), timeout=20)
        assert self._child.pid is not None
        self.pid: int = self._child.pid

    def shows(self, expression: bytes) -> None:
        self._child.expect(expression)

    def press(self, keys: bytes) -> None:
        self._child.send(keys)

    def close(self) -> None:
        self._child.close(force=True)


Start = Callable[..., Program]


def script(path: Path, text: str) -> str:
    path.parent.mkdir(exist_ok=True)
    path.write_text(text)
    path.chmod(0o700)
    return str(path)


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Start]:
    """Start a program in a terminal of its own; it is ready when the function returns."""
    running: list[Program] = []

    def start(*words: str, ready: bytes = b"ready") -> Program:
        program = Program(*words, cwd=tmp_path)
        running.append(program)
        program.shows(ready)
        return program

    yield start
    for program in running:
        program.close()


def test_a_session_has_a_terminal_and_a_place(tmp_path: Path, start: Start) -> None:
    pid = start(script(tmp_path / "claude", WAITS)).pid
    (found,) = [each for each in open_sessions("claude") if each.pid == pid]
    assert found == session_of("claude", pid)
    assert (found.reference, found.leader, found.directory) == (f"claude:{pid}", pid, str(tmp_path))
    assert os.stat(found.terminal).st_rdev == os.makedev(136, os.minor(os.stat(found.terminal).st_rdev))
    assert found.environment is not None
    assert found.environment["PATH"] == os.environ["PATH"]
    assert pid not in [each.pid for each in open_sessions("codex")]


def test_the_script_that_starts_a_program_is_not_a_session(tmp_path: Path, start: Start) -> None:
    inner = script(tmp_path / "inner" / "codex", WAITS)
    outer = start(script(tmp_path / "codex", STARTS_ANOTHER), "-m", "x").pid
    (found,) = [each for each in open_sessions("codex") if each.directory == str(tmp_path)]
    assert (found.pid != outer, processes.words(found.pid)[1:]) == (True, (inner, "-m", "x"))
    assert found.words[1:] == (str(tmp_path / "codex"), "-m", "x"), "by these its version is found"
    assert session_of("codex", outer) == session_of("codex", found.pid) == found


@pytest.mark.parametrize(
    ("words", "reason"),
    [
        (("exec", "fix it"), "it shows no session"),
        ((), ""),
    ],
)
def test_a_program_without_a_row_is_not_a_session(
    tmp_path: Path, start: Start, words: tuple[str, ...], reason: str
) -> None:
    pid = start(script(tmp_path / "codex", WAITS), *words).pid
    assert any(each.pid == pid for each in open_sessions("codex")) is not bool(reason)
    if reason:
        with pytest.raises(NoSessionError, match=reason):
            session_of("codex", pid)


def test_what_is_not_a_session(tmp_path: Path, start: Start, monkeypatch: pytest.MonkeyPatch) -> None:
    def why_not(pid: int) -> str:
        with pytest.raises(NoSessionError) as raised:
            session_of("claude", pid)
        return str(raised.value)

    without_terminal = [script(tmp_path / "claude", WAITS)]
    with subprocess.Popen(
        without_terminal, stdin=subprocess.PIPE, stdout=subprocess.PIPE, start_new_session=True
    ) as piped:
        assert piped.stdout is not None
        assert piped.stdout.readline() == b"ready\n"
        assert why_not(piped.pid) == "it has no terminal"
    assert why_not(piped.pid) == "no such process runs"
    assert why_not(start(script(tmp_path / "vi", WAITS), "claude").pid) == "it is not claude, but sh vi"
    pid = start(script(tmp_path / "claude", WAITS)).pid
    for name, value, reason in (
        ("owner", os.geteuid() + 1, "it belongs to another user"),
        ("is_beside_us", False, "it runs in a container, or in another namespace of files"),
        ("identity", "", "it has ended"),
    ):
        with monkeypatch.context() as patched:
            patched.setattr(processes, name, lambda _pid, value=value: value)
            assert why_not(pid) == reason
            assert pid not in [each.pid for each in open_sessions("claude")]
    ids = iter(("1", "2"))
    monkeypatch.setattr(processes, "identity", lambda _: next(ids))
    assert why_not(pid) == "it has ended", "what was read may be of an earlier process with that id"


def test_a_process_that_runs_another_program_is_not_the_session(tmp_path: Path, start: Start) -> None:
    """Its id and its start time stay."""
    child = start(script(tmp_path / "claude", BECOMES_ANOTHER))
    session = session_of("claude", child.pid)
    assert session.is_alive()
    child.press(b"go\r")
    wait_until(lambda: not session.is_alive())
    assert processes.identity(child.pid) == session.identity


def test_a_place_is_gone_with_its_session(tmp_path: Path, start: Start) -> None:
    child = start(script(tmp_path / "claude", BECOMES_ANOTHER))
    place = LaunchContext.of_session({}, session_of("claude", child.pid))
    assert not place.is_gone()
    child.press(b"go\r")
    wait_until(place.is_gone)
    assert place.terminal is not None
    assert not controlling_tty.is_gone(place.terminal)


def test_a_later_process_with_its_id_is_not_the_session(tmp_path: Path, start: Start) -> None:
    child = start(script(tmp_path / "claude", WAITS))
    found = session_of("claude", child.pid)
    earlier = OpenSession(found.profile, found.pid, "1", found.leader, found.terminal, "", None)
    assert (found.is_alive(), earlier.is_alive()) == (True, False)


def test_it_reads_the_keyboard_or_another_program_does(tmp_path: Path, start: Start) -> None:
    """In a shell's terminal, where it is stopped and resumed."""
    shell = start("/bin/bash", "--norc", "--noprofile", "-i", ready=b"[$#] ")
    shell.press(script(tmp_path / "claude", WAITS).encode() + b"\r")
    shell.shows(b"ready")
    (session,) = [each for each in open_sessions("claude") if each.directory == str(tmp_path)]
    terminal = os.open(session.terminal, os.O_RDWR | os.O_NOCTTY)
    foreground = SessionForeground(session, terminal, {}, lambda profile, word, _: (profile, word))
    agent = foreground.agent()
    assert agent is not None
    assert (agent.pid, agent.profile.name, session.leader) == (session.pid, "claude", shell.pid)
    assert agent.version == str(tmp_path / "claude"), "the limits are those of the program that runs"
    assert foreground.discipline().canonical
    shell.press(b"\x1a")
    wait_until(lambda: foreground.agent() is None)
    assert foreground.known() is agent
    shell.press(b"fg\r")
    wait_until(lambda: foreground.agent() is agent)
    shell.press(b"word\r")
    wait_until(lambda: not session.is_alive())
    assert foreground.known() is None
    os.close(terminal)


# -- facts about processes --------------------------------------------------------------------------------------------


def check_facts(pid: int, place: Path) -> None:
    assert pid in [each for each, _ in processes.command_lines()]
    assert processes.identity(pid) == processes.identity(pid) != ""
    assert processes.owner(pid) == os.geteuid()
    assert processes.foreground(pid) == pid
    assert processes.terminal(pid).startswith("/dev/")
    assert processes.directory(pid) == str(place)
    assert str(place / "opened") in processes.open_files(pid)


OPENS = "#!/bin/sh\nexec 5>opened\necho ready\nread word\n"


def test_facts_about_a_process(tmp_path: Path, start: Start, monkeypatch: pytest.MonkeyPatch) -> None:
    """They are the same without /proc, as on macOS, but for the environment and the namespace."""
    pid = start(script(tmp_path / "claude", OPENS)).pid
    check_facts(pid, tmp_path)
    assert processes.is_beside_us(pid)
    ours = processes.terminal(pid)
    monkeypatch.setattr(procfs, "PROC", str(tmp_path))
    monkeypatch.setattr(processes, "_LSOF", "/usr/bin/lsof")
    if os.path.exists(processes._LSOF):
        check_facts(pid, tmp_path)
    assert processes.terminal(pid) == ours
    assert processes.environment(pid) is None
    assert processes.is_beside_us(pid)
    assert (processes.identity(1 << 22), processes.owner(1 << 22), processes.foreground(1 << 22)) == ("", None, -1)
    monkeypatch.setattr(processes, "_LSOF", "/nowhere")
    assert processes.directory(pid) == ""


@linux
def test_a_process_in_another_namespace_of_files_is_not_beside_us(tmp_path: Path) -> None:
    words = ["unshare", *([] if os.geteuid() == 0 else ["-r"]), "-m", "sh", "-c", "echo ready; read word"]
    with subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as apart:
        assert apart.stdout is not None
        if apart.stdout.readline() != b"ready\n":
            pytest.skip("this machine makes no namespaces")
        assert not processes.is_beside_us(apart.pid)
        apart.communicate(b"\n")


# -- Codex's threads --------------------------------------------------------------------------------------------------

OLD, NEW = "01a22cb9-250d-75a2-94e3-bd6d1255c763", "01a22cba-112c-78e2-8395-89968158881c"
HOLDS = """\
import sys
files = [open(name, "a") for name in sys.argv[sys.argv.index("--") + 1:]]
print("ready", flush=True)
input()
"""


class Codex:
    """Codex's home, and processes that have files in it open."""

    def __init__(self, place: Path) -> None:
        self.home = place / "home"
        self.program = script(place / "codex", f"#!{sys.executable}\n{HOLDS}")
        self.running: list[subprocess.Popen[bytes]] = []

    def runs(self, *words: str, locks: tuple[str, ...] = (), rollouts: tuple[str, ...] = (), home: str = "") -> int:
        place = self.home if not home else self.home / home
        for name in ("thread-writer-locks", "sessions/2026/11/30"):
            (place / name).mkdir(parents=True, exist_ok=True)
        files = [f"{place}/state_5.sqlite", *(f"{place}/thread-writer-locks/{each}.lock" for each in locks)]
        files += [f"{place}/sessions/2026/11/30/rollout-2026-11-30T13-51-00-{each}.jsonl" for each in rollouts]
        command = [self.program, *words, "--", *files]
        started = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        self.running.append(started)
        assert started.stdout is not None
        assert started.stdout.readline() == b"ready\n"
        return started.pid


@pytest.fixture
def codex(tmp_path: Path) -> Iterator[Codex]:
    made = Codex(tmp_path)
    yield made
    for each in made.running:
        with suppress(BrokenPipeError):
            each.communicate(b"\n")


@pytest.mark.parametrize(
    ("locks", "rollouts", "thread"),
    [
        ((NEW,), (NEW,), NEW),
        ((NEW,), (), ""),  # no turn has begun
        ((NEW,), (OLD,), ""),
        ((NEW, OLD), (NEW, OLD), ""),  # after /new: it is not seen which one the terminal shows
    ],
)
def test_the_thread_of_a_codex_without_the_daemon(
    codex: Codex, locks: tuple[str, ...], rollouts: tuple[str, ...], thread: str
) -> None:
    codex.runs("app-server", locks=(OLD,), rollouts=(OLD,))
    assert OpenThread(codex.runs("--no-daemon", locks=locks, rollouts=rollouts)).id() == thread


def test_the_thread_of_a_codex_with_the_daemon(codex: Codex) -> None:
    pid = codex.runs()
    assert OpenThread(pid).id() == ""
    codex.runs("app-server", home="other", locks=(OLD,), rollouts=(OLD,))
    codex.runs("app-server", locks=(NEW,), rollouts=(NEW,))
    now = iter((0.0, 0.0, 1.9, 2.0, 2.0))
    thread = OpenThread(pid, lambda: next(now))
    assert (thread.id(), thread.id()) == (NEW, NEW)
    codex.runs()
    assert thread.id() == "", "which of the two at a terminal shows it is not seen"


def test_threads_that_the_daemon_keeps_leave_it_unknown(codex: Codex) -> None:
    pid = codex.runs()
    codex.runs("app-server", locks=(NEW, OLD), rollouts=(NEW, OLD))
    assert OpenThread(pid).id() == ""


def test_a_codex_whose_files_cannot_be_seen_has_no_thread(monkeypatch: pytest.MonkeyPatch, codex: Codex) -> None:
    def denied(_pid: int) -> list[str]:
        raise PermissionError

    pid = codex.runs(locks=(NEW,), rollouts=(NEW,))
    monkeypatch.setattr(processes, "open_files", denied)
    assert OpenThread(pid).id() == ""
