"""A program in its own terminal: its size, its modes, its keyboard."""

from __future__ import annotations

import os
import select
import signal
import sys

import pytest

from amq import procfs
from amq.pty.child import Child
from amq.pty.line_discipline import window
from tests.pty.user import wait_until

SCRIPT = """
import os, signal
signal.signal(signal.SIGTTOU, signal.SIG_IGN)
input()
child = os.fork()
if not child:
    os.setpgid(0, 0)
    os.tcsetpgrp(0, os.getpid())
    input()
    os._exit(0)
os.waitpid(child, 0)
os.tcsetpgrp(0, os.getpgrp())
input()
"""
"""At each line it gives its terminal's keyboard to another process group, or takes it back, as a shell does."""


def has_ended(child: Child) -> bool:
    child.poll()
    return child.status is not None


def test_its_terminal_has_its_size_from_the_first_instant() -> None:
    child = Child.spawn(["sleep", "1000"], os.environ, (24, 80), pixels=(900, 600))
    try:
        assert window(child.fd) == (24, 80, 900, 600)
    finally:
        child.signal(signal.SIGKILL)
        wait_until(lambda: has_ended(child))
        child.close()


def test_it_is_known_whether_the_program_itself_has_the_keyboard() -> None:
    child = Child.spawn([sys.executable, "-c", SCRIPT], os.environ, (24, 80))
    try:
        assert child.in_foreground()
        os.write(child.fd, b"\n")
        wait_until(lambda: not child.in_foreground())
        os.write(child.fd, b"\n")
        wait_until(child.in_foreground)
        os.write(child.fd, b"\n")
    finally:
        wait_until(lambda: has_ended(child))
        child.close()
    assert not child.in_foreground(), "there is no terminal any more"


@pytest.mark.parametrize("given", [None, "", "not a tty", "/dev/pts/0"])
def test_gnupg_asks_in_the_terminal_of_the_program(given: str | None) -> None:
    environment = {"PATH": os.defpath, **({} if given is None else {"GPG_TTY": given})}
    child = Child.spawn(["sh", "-c", 'echo "<${GPG_TTY-unset}> <$(tty)>"; read -r _'], environment, (24, 80))
    try:
        wait_until(lambda: bool(select.select([child.fd], [], [], 0)[0]))
        named, own = os.read(child.fd, 1000).decode().strip()[1:-1].split("> <")
        os.write(child.fd, b"\n")
    finally:
        wait_until(lambda: has_ended(child))
        child.close()
    assert own.startswith("/dev/")
    assert named == ("unset" if given is None else own)


@pytest.mark.skipif(not os.path.exists("/proc/self/task"), reason="needs /proc")
@pytest.mark.parametrize(
    ("script", "hangs"),
    [
        ("sleep 1000; :", True),  # a CLI behind a script
        ("sh -c 'sleep 1000; :'; :", True),  # and behind another
        ("sleep 1001 & sleep 1000; :", False),  # a CLI and its tool: which of them reads the keyboard is not known
        ("set -m; sleep 1000; read", False),  # a job of a shell
    ],
)
def test_a_cli_that_is_stopped_behind_a_script_hangs(script: str, hangs: bool) -> None:
    child = Child.spawn(["bash", "-c", script], os.environ, (24, 80))
    try:
        wait_until(lambda: sleeping(child.pid))
        (stopped,) = sleeping(child.pid)
        assert not child.hangs()
        os.kill(stopped, signal.SIGSTOP)
        wait_until(lambda: procfs.state(stopped) == b"T")
        assert child.hangs() == hangs
        os.kill(stopped, signal.SIGKILL)
    finally:
        child.signal(signal.SIGKILL)
        wait_until(lambda: has_ended(child))
        child.close()
    assert not child.hangs()


def sleeping(pid: int) -> list[int]:
    """Return the processes below PID that run `sleep 1000`."""
    found = list[int]()
    for each in procfs.children(pid):
        found += [each] if procfs.words(each) == [b"sleep", b"1000"] else sleeping(each)
    return found
