"""Answers about other processes (notifiers, holders of locks), which are equal inside and outside a sandbox.

Codex runs a command as process 2 of a namespace with its own /proc.
"""

from __future__ import annotations

import fcntl
import json
import os
import re
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from amq.layout import NOTIFIER_NAME
from amq.mail.mailbox import Mailbox
from amq.runtime.state_file import is_stopped
from amq.store import durable
from amq.store.durable import Directory, Syscalls
from amq.store.notifier_info import Notifier, read_notifier
from tests.conftest import Shell
from tests.pty.user import wait_until
from tests.runtime.run_session import Desk
from tests.setup.conftest import own_processes

ASKED = (
    "send --to tui --new-id m1 --body more",
    "who",
    "why tui --json",
    "--me tui wake --command true",
    "run --as tui --no-ask -- true",
)
SINCE = re.compile(r'\d+[smhd]\b|_s": [\d.]+|\d{4}-[-\d]+T\S+')


def said(desk: Desk, before: list[str], line: str) -> tuple[int, str, str]:
    """Return amq's status and output when codex calls it behind the words BEFORE, without times and durations."""
    me = [] if "--me" in line else ["--me", "codex"]
    done = subprocess.run(
        [*before, sys.executable, "-P", "-m", "amq", "--root", desk.root, *me, *line.split()],
        env=desk.environment(), stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False,
    )  # fmt: skip
    return done.returncode, SINCE.sub("…", done.stdout), SINCE.sub("…", done.stderr)


def test_a_sandbox_says_what_is_said_outside(desk: Desk) -> None:
    inside = own_processes()
    session = desk.run("cat")
    desk.send()
    wait_until(lambda: desk.recorded()[-1:] == ["unknown-program"])
    said(desk, [], ASKED[0])
    for line in ASKED:
        assert said(desk, inside, line) == said(desk, [], line), line
    code, _, refused = said(desk, inside, "--me tui wake --command true")
    assert (code, f"already notified by amq run, process {session.pid}" in refused) == (125, True)


def test_what_a_drain_holds_is_held_in_a_sandbox(desk: Desk) -> None:
    inside = own_processes()
    desk.send()
    with Mailbox(desk.root, "tui").drain() as mail:
        assert mail.count == 1
        assert said(desk, inside, "--me tui drain") == (0, "", "")
    code, shown, _ = said(desk, inside, "--me tui drain")
    assert (code, "new message" in shown) == (0, True)


def test_the_number_of_a_stopped_process_does_not_stop_a_notifier(amq: Shell) -> None:
    if not Path("/proc/locks").exists():
        pytest.skip("needs /proc/locks")
    mailbox = Mailbox(str(amq.root), "bob")
    lock = Path(mailbox.state_dir, NOTIFIER_NAME)
    with subprocess.Popen(["sleep", "60"]) as another, lock.open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        file.write(json.dumps({"pid": another.pid, "how": "run"}))
        file.flush()
        another.send_signal(signal.SIGSTOP)
        os.waitid(os.P_PID, another.pid, os.WSTOPPED)
        assert read_notifier(mailbox.account.agent) == Notifier(another.pid, "run")
        assert not is_stopped(mailbox.account.agent, Notifier(another.pid, "run"))
        another.kill()


def test_who_notifies_is_known_where_nothing_may_be_written(amq: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
    class ReadOnly(Syscalls):
        def open(self, directory: Directory, name: str, flags: int) -> int:
            if flags & (os.O_RDWR | os.O_WRONLY):
                raise OSError(30, "Read-only file system", name)
            return super().open(directory, name, flags)

    mailbox = Mailbox(str(amq.root), "bob")
    lock = Path(mailbox.state_dir, NOTIFIER_NAME)
    lock.write_text(json.dumps({"pid": 1, "how": "run"}))
    monkeypatch.setattr(durable, "syscalls", ReadOnly())
    assert read_notifier(mailbox.account.agent) is None
    with lock.open() as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        assert read_notifier(mailbox.account.agent) == Notifier(1, "run")
