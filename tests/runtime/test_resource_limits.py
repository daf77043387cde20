"""A system without another file, thread or process for amq: amq says so, and a hosted program goes on."""

from __future__ import annotations

import errno
import os
import subprocess
import sys
from pathlib import Path

import pexpect
import pytest

from amq.errors import remedy
from amq.mail.mailbox import Mailbox
from amq.pty.child import Child
from amq.pty.errors import PtyError
from amq.pty.user_terminal import USUAL_SIZE
from amq.runtime import resource_limits
from amq.runtime.journal import BoundedFile
from amq.runtime.loop import WakeLoop
from amq.runtime.policy.injection import End
from amq.runtime.policy.notices import Notice
from amq.runtime.policy.reasons import Outcome
from amq.runtime.policy.schedule import Readiness, SchedulePolicy
from amq.runtime.policy.wake_line import Notification, Wording
from amq.runtime.private_state import PrivateState, private_state
from amq.runtime.trust import Trust
from amq.runtime.why_waiting import why
from tests.conftest import Shell, private_directory
from tests.pty.user import wait_until
from tests.runtime.run_session import AT_PROMPT, TUI, Desk, Session

FEW_THREADS = Path(__file__).with_name("few_threads.py")
NO_THREADS = "can't start new thread; allow more processes and threads: ulimit -u"
NO_FILES = f"of the {resource_limits.FILES} files it needs; allow more open files: ulimit -n"
WITHOUT_THREADS = """
import os, resource, sys, time
from amq.layout import RootedPath
from amq.runtime.inbox_watcher import EventWatch
resource.setrlimit(resource.RLIMIT_NPROC, (1, 1))
os.setresuid(54321, 54321, 54321)
with EventWatch(RootedPath(sys.argv[1])) as watch:
    print(watch.failure)
    watch.wait(0.1)
"""
"""A program that watches a directory as a user without other processes."""


def with_files(number: int, *command: str) -> list[str]:
    """Return COMMAND as one that may have NUMBER files open."""
    return ["sh", "-c", f'ulimit -n {number} && exec "$@"', "sh", *command]


def tui(desk: Desk) -> list[str]:
    return desk.command(sys.executable, str(TUI), str(desk.log), options=AT_PROMPT)


def why_unread(desk: Desk) -> str:
    """Return the reason of `amq why` for the agent's waiting mail."""
    mailbox = Mailbox(desk.root, "tui")
    unread = [message.id for message in mailbox.unread()]
    return why(mailbox.account.agent, unread, None, PrivateState(str(private_directory(desk.root, "tui"))), 0).detail


def goes_on(session: Session) -> None:
    """Check that the program has its terminal, and ends well."""
    session.send("hello\r")
    session.expect_exact("hello")
    session.send("quit\r")


def ends(session: Session) -> int | None:
    session.wait()
    return session.exitstatus


@pytest.mark.parametrize("number", [10])
def test_too_few_files_for_a_terminal_is_our_failure(desk: Desk, number: int) -> None:
    session = desk.spawn(with_files(number, *tui(desk)))
    session.expect_exact(NO_FILES)
    session.expect_exact("failed")
    session.expect_exact("allow more open files: ulimit -n")
    assert ends(session) == 125


@pytest.mark.parametrize("number", [16])
def test_with_few_files_the_program_is_hosted_and_its_mail_waits(desk: Desk, number: int) -> None:
    session = desk.spawn(with_files(number, *tui(desk)))
    session.expect_exact(NO_FILES)
    session.expect_exact("> ")
    desk.send()
    assert NO_FILES in why_unread(desk)
    goes_on(session)
    assert ends(session) == 0


def test_with_files_enough_nothing_is_lacking(desk: Desk) -> None:
    """Python has about three more open."""
    session = desk.spawn(with_files(resource_limits.FILES + 8, *tui(desk)))
    session.expect_exact("> ")
    desk.send()
    session.expect_exact("amq: 1 new message")
    assert not (private_directory(desk.root, "tui") / "run.log").exists()


@pytest.mark.parametrize("more", [-1, 0, 4, 5])
def test_wherever_threads_run_out_the_program_goes_on(desk: Desk, more: int) -> None:
    _, _, _, *words = tui(desk)
    session = desk.spawn([sys.executable, "-P", str(FEW_THREADS), str(resource_limits.THREADS + more), *words])
    if more < 0:
        session.expect_exact(NO_THREADS[:40])
    session.expect_exact("> ")
    desk.send()
    if more < 5:
        wait_until(lambda: NO_THREADS in why_unread(desk))
    else:  # without the system's events, which take one
        session.expect_exact("amq: 1 new message")
        wait_until(lambda: not desk.unread())
    goes_on(session)
    if 0 <= more < 5:
        session.expect_exact("amq: warning: amq run no longer notifies tui of mail")
    session.expect(pexpect.EOF)
    assert ends(session) == 0
    assert b"Traceback" not in (session.before or b"")


def test_the_systems_events_are_done_without_rather_than_end_the_process(tmp_path: Path) -> None:
    """Their thread is one of Rust's, which aborts if there is none: with amq the program would be hung up."""
    if os.getuid():
        pytest.skip("needs root, to become a user without processes")
    tmp_path.chmod(0o755)
    watched = subprocess.run(
        [sys.executable, "-c", WITHOUT_THREADS, "/var/tmp"], capture_output=True, text=True, check=False
    )
    assert (watched.returncode, watched.stdout, watched.stderr) == (0, "can't start new thread\n", "")


@pytest.mark.parametrize(
    ("more", "said", "status"),
    [(-1, "cannot be notified of mail", 125), (0, "start new thread", 1), (1, "notifying tui", 125)],
)
def test_wake_ends_with_the_reason(desk: Desk, more: int, said: str, status: int) -> None:
    """After its first line it is silent: this is the agent's terminal."""
    options = ["--root", desk.root, "--me", "tui", "wake", "--command", "true"]
    session = desk.spawn([sys.executable, "-P", str(FEW_THREADS), str(resource_limits.THREADS + more), *options])
    session.expect_exact(said)
    assert ends(session) == status
    if more == 1:
        desk.send()
        assert f"amq wake has ended: {NO_THREADS}" in why_unread(desk)


@pytest.mark.parametrize(
    ("error", "to_do"),
    [
        (RuntimeError("can't start new thread"), "ulimit -u"),
        (ImportError(f"fcntl.so: cannot open shared object file: {os.strerror(errno.EMFILE)}"), "ulimit -n"),
        (BlockingIOError(errno.EAGAIN, "Resource temporarily unavailable"), "ulimit -u"),
        (OSError(errno.ENFILE, "Too many open files in system"), "ulimit -n"),
    ],
)
def test_a_lack_of_resources_is_not_an_internal_error(
    amq: Shell, monkeypatch: pytest.MonkeyPatch, error: Exception, to_do: str
) -> None:
    def fails(*_: object) -> None:
        raise error

    monkeypatch.setattr("amq.cli.commands.watch.run", fails)
    ended = amq("watch")
    assert (ended.code, to_do in ended.err, "internal error" in ended.err) == (1, True, False)


def test_any_other_error_is_one(amq: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
    def fails(*_: object) -> None:
        raise RuntimeError("another")

    monkeypatch.setattr("amq.cli.commands.watch.run", fails)
    ended = amq("watch")
    assert (ended.code, "internal error" in ended.err) == (70, True)


def test_a_process_without_descriptors_still_writes_its_log(tmp_path: Path) -> None:
    script = (
        "import os, sys\nfrom amq.runtime.journal import BoundedFile\n"
        "log = BoundedFile(sys.argv[1], 'log')\nlog.append('first')\n"
        "try:\n    while os.dup(0): pass\n"
        "except OSError: [log.append(text) for text in ('second', 'third')]\n"
    )
    subprocess.run(with_files(40, sys.executable, "-c", script, str(tmp_path)), check=True, stdin=subprocess.DEVNULL)
    assert BoundedFile(str(tmp_path), "log").lines() == ["first", "second", "third"]


class Failing:
    """A channel for which the system lacks something."""

    way = "failing"

    def __init__(self, error: Exception, *, looks: bool) -> None:
        self._error, self._looks = error, looks

    def look(self) -> Readiness:
        if self._looks:
            raise self._error
        return Readiness()

    def drained(self) -> None:
        pass

    async def attempt(self, _: Notification) -> End:
        raise self._error


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


@pytest.mark.anyio
@pytest.mark.parametrize(
    ("error", "looks", "outcome"),
    [
        (BlockingIOError(errno.EAGAIN, "fork failed"), False, Outcome.FAILED),
        (OSError(errno.EMFILE, "no pipe"), True, None),
        (RuntimeError("can't start new thread"), False, Outcome.UNCERTAIN),
    ],
)
async def test_a_way_that_lacks_something_fails_and_the_waking_goes_on(
    amq: Shell, error: Exception, looks: bool, outcome: Outcome | None
) -> None:
    amq.send()
    mailbox, channel = Mailbox(str(amq.root), "bob"), Failing(error, looks=looks)
    private = private_directory(amq.root, "bob")
    trust = Trust(str(amq.root), private_state(os.environ, ()))
    waker = WakeLoop(mailbox, channel, SchedulePolicy(), Wording(), print, trust)
    await waker.turn(rung=True)
    entries = BoundedFile(str(private), "wakes.jsonl").lines()
    assert outcome is None or f'"outcome": "{outcome.value}"' in entries[0]
    assert "ulimit" in entries[-1]


@pytest.mark.anyio
async def test_the_user_hears_that_the_inbox_cannot_be_read(amq: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
    def fails(*_: object) -> None:
        raise OSError(errno.EMFILE, "Too many open files")

    mailbox, channel, heard = Mailbox(str(amq.root), "bob"), Failing(OSError(), looks=False), list[Notice]()
    waker = WakeLoop(
        mailbox, channel, SchedulePolicy(), Wording(), print, Trust(str(amq.root), private_state(os.environ, ())),
        notify=lambda notice, _: heard.append(notice),
    )  # fmt: skip
    monkeypatch.setattr("amq.mail.inbox_view.InboxView.look", fails)
    for _ in range(3):
        await waker.turn(rung=True)
    entries = BoundedFile(str(private_directory(amq.root, "bob")), "wakes.jsonl").lines()
    assert (heard, len(entries), "ulimit -n" in entries[0]) == ([Notice.PARKED], 1, True)


@pytest.mark.parametrize("code", [errno.EMFILE, errno.ENFILE, errno.EAGAIN])
def test_no_terminal_is_not_the_programs_failure(monkeypatch: pytest.MonkeyPatch, code: int) -> None:
    def fails(*_: object) -> None:
        raise OSError(code, os.strerror(code))

    monkeypatch.setattr("amq.pty.child.start", fails)
    with pytest.raises(PtyError, match="no terminal for true") as failure:
        Child.spawn(["true"], os.environ, USUAL_SIZE)
    assert (type(failure.value), remedy(failure.value.__cause__ or failure.value)[:6]) == (PtyError, "allow ")


def test_keys_that_cannot_be_asked_for_now_may_be_unread(monkeypatch: pytest.MonkeyPatch) -> None:
    hosted = Child.spawn(["cat"], os.environ, USUAL_SIZE)
    monkeypatch.setattr("fcntl.ioctl", lambda *_: os.open("/dev/null/none", os.O_RDONLY))
    assert not hosted.has_unread()

    def fails(*_: object) -> None:
        raise OSError(errno.EMFILE, "Too many open files")

    monkeypatch.setattr("fcntl.ioctl", fails)
    assert hosted.has_unread()
    monkeypatch.undo()
    hosted.signal(9)
    hosted.close()
