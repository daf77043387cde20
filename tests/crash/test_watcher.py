"""Faults of the file watcher: every command that waits still hears of new mail, and none shows a traceback."""

from __future__ import annotations

import os
import shlex
import shutil
import signal
import subprocess
import sys
import time
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import pexpect
import pytest

from amq.layout import QueueLayout
from amq.mail.mailbox import Mailbox
from amq.runtime.journal import WakeJournal
from amq.runtime.policy.schedule import SchedulePolicy
from amq.store import registry
from tests.conftest import private_directory, without_note
from tests.crash.tools import missing, require
from tests.pty.user import PATIENCE, hang_up, wait_until
from tests.seeds import SOAK

if TYPE_CHECKING:
    from collections.abc import Iterator


RECEIVING = ("watch", "monitor", "run", "wake")
WAITING = (*RECEIVING, "wait-for")
"""Waiting commands, each with its own agent; `peer` sends all their mail and receives theirs."""
LIMITS = Path("/proc/sys/user")
AMQ = [sys.executable, "-P", "-m", "amq"]

pytestmark = pytest.mark.skipif(not Path("/proc/self/maps").exists(), reason="needs /proc")


class WaitingAgents:
    """Five agents, each of which waits for mail in another way. The queue may be at another path for them."""

    def __init__(self, place: Path, root: Path, prefix: list[str], *, seen_at: Path | None = None) -> None:
        self.root = root
        self._place = place
        self._prefix = prefix
        self._seen_at = seen_at or root
        self._pids: dict[str, int] = {}
        self._commands: dict[str, subprocess.Popen[str]] = {}
        self._hosted: pexpect.spawn[bytes] | None = None
        make_queue(root)

    def wait(self) -> None:
        """Start them, and return when each of them waits, or is about to."""
        for name, words in (
            ("watch", ["watch", "--timeout", "60s"]),
            ("monitor", ["monitor", "--timeout", "60s"]),
            ("wait-for", ["send", "--to", "peer", "--body", "x", "--wait-for", "drained", "--wait-timeout", "60s"]),
            ("wake", ["wake", "--via", "command", "--command", f'echo "$1" >>{self._log("wake")}']),
        ):
            self._start(name, words)
        program = f'while printf "> "; read -r line; do echo "$line" >>{self._log("run")}; done'
        host = self._words("run", ["run", "--as", "run", "--prompt", ">", "--", "sh", "-c", program])
        self._hosted = pexpect.spawn(host[0], host[1:], timeout=PATIENCE, env={**os.environ, "SHELL": "/bin/sh"})
        assert self._hosted.pid is not None
        self._pids["run"] = self._hosted.pid
        wait_until(lambda: not self._late(), self._late)

    def send(self, *, number: int = 1, to: tuple[str, ...] = WAITING) -> None:
        """Send each of them the mail that it waits for."""
        peer = Mailbox(str(self.root), "peer")
        for name in set(to) & set(RECEIVING):
            for _ in range(number):
                peer.send([name], b"hello")
        if "wait-for" in to:
            with peer.drain() as mail:
                assert list(mail)

    def hear(self, *, who: tuple[str, ...] = WAITING) -> None:
        """Wait until each of them has heard of it, and check that none has shown a traceback."""
        for name in who:
            if name in self._commands and name != "wake":
                output, errors = self._commands[name].communicate(timeout=PATIENCE)
                assert (self._commands[name].returncode, without_note(errors)) == (0, ""), output
            else:
                wait_until(self._log(name).exists)
        for name in WAITING:
            log = private_directory(self.root, name) / "run.log"
            assert not log.exists() or "Traceback" not in log.read_text()

    def lines(self, name: str) -> list[str]:
        """Return the lines that came to one of them."""
        return self._log(name).read_text().splitlines()

    def records(self, name: str) -> list[str]:
        """Return the records, which are attempts (`outcome`) or waits (`waits_for`)."""
        entries = WakeJournal(str(private_directory(self.root, name))).entries()
        return ["outcome" if "outcome" in entry else "waits_for" for entry in entries]

    def signal(self, number: int) -> None:
        """Send a signal to all of them."""
        for pid in self._pids.values():
            os.kill(pid, number)

    def close(self) -> None:
        """End them."""
        for command in self._commands.values():
            command.kill()
            command.wait()
            for pipe in filter(None, (command.stdout, command.stderr)):
                pipe.close()
        if self._hosted is not None:
            hang_up(self._hosted)

    def _late(self) -> dict[str, int | None]:
        """Return the agents that do not wait yet, and how each ended if it has."""
        ended = {name: command.poll() for name, command in self._commands.items()}
        return {name: ended.get(name) for name, pid in self._pids.items() if not is_about_to_wait(name, pid)}

    def _start(self, name: str, words: list[str]) -> None:
        command = subprocess.Popen(
            self._words(name, words),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )
        self._commands[name], self._pids[name] = command, command.pid

    def _words(self, me: str, words: list[str]) -> list[str]:
        me_words = [] if words[0] == "run" else ["--me", me]
        return [*self._prefix, *AMQ, "--root", str(self._seen_at), *me_words, *words]

    def _log(self, name: str) -> Path:
        return self._place / f"{name}.log"


def passes(seconds: float) -> None:
    """Let time pass: only that can show that something does not happen."""
    at = time.monotonic() + seconds
    while time.monotonic() < at:
        time.sleep(0.05)


def is_about_to_wait(name: str, pid: int) -> bool:
    """Return whether it has imported what it waits with, or sleeps between two polls."""
    if name in ("run", "wake"):
        return "_rust_notify" in Path(f"/proc/{pid}/maps").read_text()
    return "nanosleep" in Path(f"/proc/{pid}/wchan").read_text()


def make_queue(root: Path) -> None:
    queue = QueueLayout(str(root))
    registry.make_queue(queue, tracked=False)
    registry.register(queue, [*WAITING, "peer"], 0)


def inside(script: str) -> list[str]:
    """Return the command prefix that runs a command in its own namespaces after SCRIPT.

    Skip the test where that is not allowed.
    """
    require("unshare")
    words = ["unshare", "--user", "--map-root-user", "--mount", "sh", "-c", f'{script} && exec "$@"', "sh"]
    done = subprocess.run([*words, "true"], capture_output=True, text=True, check=False)
    if done.returncode:
        missing(f"a kernel that lets us have our own limits and mounts ({done.stderr.strip()})")
    return words


@contextmanager
def one_place(script: str) -> Iterator[list[str]]:
    """Yield a command prefix for one set of namespaces, after SCRIPT there.

    An overlay must not be mounted twice at once.
    """
    require("nsenter")
    holding = [*inside(script), "sh", "-c", "echo; read -r _"]
    with subprocess.Popen(holding, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == b"\n"
        yield ["nsenter", "--user", "--preserve-credentials", "--mount", f"--target={holder.pid}"]


@pytest.fixture
def closing() -> Iterator[list[WaitingAgents]]:
    waiting_agents = list[WaitingAgents]()
    yield waiting_agents
    for each in waiting_agents:
        each.close()


@pytest.fixture
def waiting_agents(place: Path, closing: list[WaitingAgents]) -> WaitingAgents:
    each = WaitingAgents(place, place / "queue", [])
    closing.append(each)
    each.wait()
    return each


@pytest.mark.parametrize("limit", ["max_inotify_instances", "max_inotify_watches"])
def test_without_events_of_the_system_mail_is_heard_of_and_doctor_says_so(
    place: Path, closing: list[WaitingAgents], limit: str
) -> None:
    limited = inside(f"echo 0 >{LIMITS / limit}")
    each = WaitingAgents(place, place / "queue", limited)
    closing.append(each)
    each.wait()
    each.send()
    each.hear()
    doctor = [*limited, *AMQ, "--root", str(each.root), "doctor"]
    said = subprocess.run(doctor, capture_output=True, text=True, check=False)
    assert "directories cannot be watched" in said.stdout
    log = private_directory(each.root, "run") / "run.log"
    assert log.read_text().count("cannot be watched") == 1


def test_mail_that_another_machine_brings_gives_no_event_and_is_heard_of(
    place: Path, closing: list[WaitingAgents]
) -> None:
    """A file written below an overlay is seen in it without an event, as on a network filesystem.

    A removal below it is not seen: the sender's overlay goes on to show the message it has written.
    """
    over = place / "over"
    for name in ("lower", "upper", "work", "merged"):
        (over / name).mkdir(parents=True)
    layers = f"lowerdir={over}/lower,upperdir={over}/upper,workdir={over}/work,userxattr"
    with one_place(f"mount -t overlay overlay -o {shlex.quote(layers)} {over}/merged") as mounted:
        assert_silent(mounted, over)
        each = WaitingAgents(place, over / "upper" / "queue", mounted, seen_at=over / "merged" / "queue")
        closing.append(each)
        each.wait()
        each.send(to=RECEIVING)
        each.hear(who=RECEIVING)


def assert_silent(mounted: list[str], over: Path) -> None:
    """Check the absence of events instead of assuming it."""
    script = (
        "import sys; from watchfiles._rust_notify import RustNotify\n"
        "watch = RustNotify([sys.argv[1]], False, False, 0, False, False)\n"
        "print(flush=True); input(); print(watch.watch(0, 1, 50, None))\n"
    )
    words = [*mounted, sys.executable, "-c", script, f"{over}/merged"]
    with subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as watching:
        assert watching.stdin is not None
        assert watching.stdout is not None
        watching.stdout.readline()
        (over / "upper" / "mail").touch()
        watching.stdin.write("\n")
        watching.stdin.flush()
        assert watching.stdout.readline() == "timeout\n"


def test_an_overflow_of_events_hides_no_mail_and_a_stop_ends_in_one_line(waiting_agents: WaitingAgents) -> None:
    most = int(Path("/proc/sys/fs/inotify/max_queued_events").read_text())
    if most > 1 << 16:
        pytest.skip(f"{most} events may wait here, which are too many to make")
    waiting_agents.signal(signal.SIGSTOP)
    for inbox in waiting_agents.root.glob("agents/*/inbox/new"):
        origin, link = inbox.parent / "origin", inbox / "link"
        origin.touch()
        for _ in range(most // 2 + 1):  # two events each
            os.link(origin, link)
            os.unlink(link)
        origin.unlink()
    waiting_agents.send(number=3)
    waiting_agents.signal(signal.SIGCONT)
    waiting_agents.hear()
    (line,) = waiting_agents.lines("wake")
    assert line.startswith("amq: 3 new messages from peer. Run: ")
    assert len(waiting_agents.lines("run")) == 1


def test_an_inbox_that_is_replaced_is_watched_on(waiting_agents: WaitingAgents) -> None:
    for inbox in waiting_agents.root.glob("agents/*/inbox/new"):
        mail = list(inbox.iterdir())
        inbox.rename(inbox.with_name("away"))
        inbox.mkdir(mode=0o700)
        for message in mail:
            shutil.move(inbox.with_name("away") / message.name, inbox)
    waiting_agents.send()
    waiting_agents.hear()


def test_a_queue_that_is_away_and_comes_back_is_watched_on(waiting_agents: WaitingAgents) -> None:
    away = waiting_agents.root.with_name("away")
    waiting_agents.root.rename(away)
    passes(1.0)  # no one can be asked whether all have missed it
    away.rename(waiting_agents.root)
    waiting_agents.send()
    waiting_agents.hear()


def test_a_queue_that_is_made_again_is_watched_on(waiting_agents: WaitingAgents) -> None:
    """Earlier mail is gone with the old queue. The notifier is known again."""
    shutil.rmtree(waiting_agents.root)
    make_queue(waiting_agents.root)
    waiting_agents.send(to=RECEIVING)
    waiting_agents.hear(who=RECEIVING)
    notifiers = {
        agent.handle: agent.notifier.how for agent in Mailbox(str(waiting_agents.root), "peer").who() if agent.notifier
    }
    assert notifiers == {"run": "run", "wake": "wake --via command"}


@pytest.mark.timeout(180)
def test_a_stop_ends_in_one_reminder_if_it_was_longer_than_that(waiting_agents: WaitingAgents) -> None:
    awake = ("run", "wake")
    stopped, count = (SchedulePolicy().remind_after_s[0] + 5.0, 2) if SOAK else (1.0, 1)
    waiting_agents.send(to=awake)
    wait_until(lambda: all(waiting_agents.records(name)[-1:] == ["outcome"] for name in awake))
    waiting_agents.signal(signal.SIGSTOP)
    passes(stopped)
    waiting_agents.signal(signal.SIGCONT)
    wait_until(lambda: all(len(waiting_agents.lines(name)) == count for name in awake))
    passes(stopped / 5)
    assert [len(waiting_agents.lines(name)) for name in awake] == [count, count]
