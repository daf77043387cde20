"""The private files of a session: its lock, its journal, its `amq`."""

from __future__ import annotations

import json
import os
import resource
import shutil
import stat
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from amq.errors import UnsafePath
from amq.layout import NOTIFIER_NAME as NAME
from amq.layout import RootedPath
from amq.runtime import notifier_lock, path_shim
from amq.runtime.journal import BoundedFile, WakeJournal
from amq.runtime.notifier_lock import Claim, TakenError
from amq.runtime.path_shim import login_shells_find, make_command, with_command
from amq.runtime.policy.reasons import Outcome, WaitReason
from amq.store.notifier_info import Notifier


def claim(directory: str, how: str, run: str = "") -> Claim:
    return notifier_lock.claim(RootedPath(directory), how, run)


def test_one_holder_at_a_time(tmp_path: Path) -> None:
    first = claim(str(tmp_path), "run")
    with pytest.raises(TakenError) as taken:
        claim(str(tmp_path), "wake")
    assert taken.value.holder == Notifier(os.getpid(), "run")
    first.release()
    claim(str(tmp_path), "wake").release()
    assert stat.S_IMODE((tmp_path / NAME).stat().st_mode) == 0o600


def test_a_lock_that_is_held_for_an_instant_is_waited_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A process that only asks for the notifier holds it so."""
    asking = claim(str(tmp_path), "run")
    monkeypatch.setattr("amq.runtime.notifier_lock.time.sleep", lambda _: asking.release())
    claim(str(tmp_path), "run").release()


def test_a_holder_that_cannot_write_its_name_keeps_no_lock(tmp_path: Path) -> None:
    """A lock kept without a name would be another's to its own holder, which would think that it was replaced."""
    usual = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, usual[1]))
    try:
        with pytest.raises(OSError, match="File too large"):
            claim(str(tmp_path), "run")
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, usual)
    claim(str(tmp_path), "run").release()


def test_a_lock_ends_with_its_process_not_with_what_that_started(tmp_path: Path) -> None:
    script = """if True:
        import subprocess, sys
        from amq.layout import RootedPath
        from amq.runtime.notifier_lock import claim
        claim(RootedPath(sys.argv[1]), "run")
        print(subprocess.Popen(["sleep", "60"], stdout=subprocess.DEVNULL, close_fds=False).pid)
    """
    ended = subprocess.run([sys.executable, "-c", script, str(tmp_path)], check=True, stdout=subprocess.PIPE)
    try:
        claim(str(tmp_path), "run").release()
    finally:
        os.kill(int(ended.stdout), 9)


class TestAMailboxThatIsMadeAgain:
    """A mailbox made again, while the lock goes with the one that it was in."""

    @pytest.fixture
    def state(self, tmp_path: Path) -> Path:
        state = tmp_path / "mailbox" / ".amq"
        state.mkdir(parents=True)
        return state

    def test_its_notifier_becomes_the_new_one_s(self, state: Path) -> None:
        held = claim(str(state), "run", "this run")
        shutil.rmtree(state.parent)
        state.parent.mkdir()
        for _ in range(3):
            assert held.holds()
        with pytest.raises(TakenError) as taken:
            claim(str(state), "wake")
        assert taken.value.holder == Notifier(os.getpid(), "run", "this run")
        held.release()
        claim(str(state), "wake").release()

    def test_only_one_of_two_has_it(self, state: Path) -> None:
        """The second waits until the first has ended."""
        held, before = claim(str(state), "run"), descriptors()
        state.parent.rename(state.parent.with_name("away"))
        state.mkdir(parents=True)
        other = claim(str(state), "wake")
        assert not held.holds()
        other.release()
        assert held.holds()
        assert descriptors() == before
        held.release()

    def test_nothing_is_made_in_one_that_is_away_or_being_removed(self, state: Path) -> None:
        held = claim(str(state), "run")
        shutil.rmtree(state)
        assert held.holds()
        assert not state.exists()
        state.parent.rmdir()
        assert held.holds()
        assert not state.parent.exists()
        held.release()


def descriptors() -> int:
    """Return how many descriptors this process has open."""
    return len(os.listdir("/dev/fd"))


def test_a_holder_that_has_not_said_who_it_is(tmp_path: Path) -> None:
    held = claim(str(tmp_path), "run")
    (tmp_path / NAME).write_text("")
    with pytest.raises(TakenError) as taken:
        claim(str(tmp_path), "run")
    assert taken.value.holder is None
    held.release()


def test_the_journal_has_attempts_and_each_new_wait_reason(tmp_path: Path) -> None:
    record = WakeJournal(str(tmp_path))
    for reason in (WaitReason.STARTING, WaitReason.DRAFT, WaitReason.DRAFT):
        record.waits({"b", "a"}, reason)
    record.attempt({"a"}, "pty", Outcome.SUBMITTED, "")
    record.waits({"a"}, WaitReason.DRAFT)
    entries = [json.loads(line) for line in (tmp_path / "wakes.jsonl").read_text().splitlines()]
    assert [entry.get("waits_for", entry.get("outcome")) for entry in entries] == [
        *("starting", "draft", "submitted", "draft")
    ]
    assert entries[0]["ids"] == ["a", "b"]
    assert entries[2]["way"] == "pty"


def test_a_file_stays_small_and_keeps_what_is_newest(tmp_path: Path) -> None:
    file = BoundedFile(str(tmp_path), "log", limit=1000)
    for number in range(1000):
        file.append(f"line {number}")
    assert (tmp_path / "log").stat().st_size < 1300
    assert (tmp_path / "log").read_text().endswith("line 998\nline 999\n")
    assert stat.S_IMODE((tmp_path / "log").stat().st_mode) == 0o600


def test_a_reader_meets_no_half_of_a_file(tmp_path: Path) -> None:
    file = BoundedFile(str(tmp_path), "log", limit=1000)
    file.append("x" * 200)
    while (before := (tmp_path / "log").read_text()) and len(before) < 1000:
        file.append("x" * 200)
    with (tmp_path / "log").open() as reader:
        file.append("new")
        assert reader.read() == before
    assert (tmp_path / "log").read_text().endswith("x\nnew\n")


def test_a_file_that_cannot_be_written_costs_only_the_line(tmp_path: Path) -> None:
    BoundedFile(str(tmp_path / "no"), "log").append("lost")
    (tmp_path / "link").symlink_to(tmp_path / "elsewhere")
    BoundedFile(str(tmp_path), "link").append("lost")
    assert not (tmp_path / "elsewhere").exists()


def test_where_there_is_no_private_directory_nothing_is_written_or_read(tmp_path: Path) -> None:
    (tmp_path / "wakes.jsonl").write_text("{}\n")
    nowhere = BoundedFile("", "wakes.jsonl")
    nowhere.append("lost")
    assert (nowhere.lines(), WakeJournal("").entries()) == ([], [])


def test_the_private_amq_is_alone_and_runs_this_python(tmp_path: Path) -> None:
    command = make_command(str(tmp_path))
    assert command == f"{tmp_path}/bin/amq"
    assert os.listdir(tmp_path / "bin") == ["amq"]
    assert f"exec {sys.executable} -P -m amq" in Path(command).read_text()
    assert os.access(command, os.X_OK)
    assert with_command({"PATH": "/bin"}, command) == {"PATH": f"{tmp_path}/bin:/bin"}


def shell(path: Path, text: str) -> str:
    path.write_text(f"#!/bin/sh\n{text}\n")
    path.chmod(0o700)
    return str(path)


@pytest.mark.parametrize(
    ("login", "found"),
    [
        ("echo Welcome; command -v amq", True),
        ("PATH=/bin; command -v amq", False),
        ("echo /usr/bin/amq", False),
        ("exit 1", False),
        ("printf %s no-newline", False),
        ("echo {tool}", True),  # a link to this installation, as uv and pipx make it
        ("echo {other}", False),
        ("echo amq", False),  # a function
    ],
)
def test_a_login_shell_is_asked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, login: str, found: bool) -> None:
    monkeypatch.chdir(tmp_path)
    command = make_command(str(tmp_path))
    tool, other = tmp_path / "amq", tmp_path / "other"
    tool.symlink_to(Path(sys.executable).with_name("amq"))
    shell(other, "")
    for name in ("bash", "myshell"):
        shell(tmp_path / name, login.format(tool=tool, other=other))
    environment = with_command({"PATH": f"{tmp_path}:/usr/bin:/bin", "SHELL": str(tmp_path / "myshell")}, command)
    assert login_shells_find(command, environment, threading.Event()) is found


def test_a_hard_link_to_a_file_outside_is_not_a_lock(tmp_path: Path) -> None:
    """The lock is written in place: anyone who can write to the queue could have a file overwritten."""
    (tmp_path / "precious").write_text("text")
    (tmp_path / "state").mkdir()
    os.link(tmp_path / "precious", tmp_path / "state" / "notifier.lock")
    with pytest.raises(UnsafePath, match="hard link"):
        claim(str(tmp_path / "state"), "run")
    assert (tmp_path / "precious").read_text() == "text"
    (tmp_path / "state" / "notifier.lock").unlink()
    claim(str(tmp_path / "state"), "run").release()


class Appeared(threading.Event):
    """An event that is set once PATH exists."""

    def __init__(self, path: Path) -> None:
        super().__init__()
        self._path = path

    def wait(self, timeout: float | None = None) -> bool:
        return super().wait(timeout) if not self._path.exists() else True


def test_a_login_shell_that_hangs_is_given_up_and_may_put_away_what_it_holds(tmp_path: Path) -> None:
    """An example is the lock of a version manager, which would stop every later login."""
    held = tmp_path / "lock"
    hanging = shell(tmp_path / "hanging", f"trap 'rm {held}; exit' TERM\ntouch {held}\nwhile :; do sleep 0.05; done")
    assert not login_shells_find("/x/amq", {"SHELL": hanging, "PATH": "/usr/bin:/bin"}, Appeared(held))
    assert not held.exists()


def test_a_login_shell_that_does_not_want_to_end_is_killed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(path_shim, "END_WITHIN_S", 0.05)
    ready = tmp_path / "ready"
    stubborn = shell(tmp_path / "stubborn", f"trap '' TERM\ntouch {ready}\nwhile :; do sleep 0.05; done")
    assert not login_shells_find("/x/amq", {"SHELL": stubborn, "PATH": "/usr/bin:/bin"}, Appeared(ready))


def test_the_command_that_started_us_is_this_installation(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """This holds wherever an installer has put it."""
    script = shell(tmp_path / "amq", "")
    shell(tmp_path / "bash", f"echo {script}")
    environment = {"PATH": str(tmp_path), "SHELL": "bash"}
    assert not login_shells_find("/x/amq", environment, threading.Event())
    monkeypatch.setattr(sys, "argv", [script, "run"])
    assert login_shells_find("/x/amq", environment, threading.Event())
