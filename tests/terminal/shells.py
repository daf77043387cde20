"""A person at a shell with job control, in whose terminal `amq run` is one job."""

from __future__ import annotations

import contextlib
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pexpect
import pytest

from tests.pty.person import PATIENCE, wait_until

PROMPT = "\x1b[?2004h"  # the last that both print before they read a line
SHELLS = {"bash": ["--norc", "--noprofile", "-i"], "zsh": ["-f", "-i"]}
AMQ = f"{sys.executable} -P -m amq"
LINES = f"{sys.executable} -P {Path(__file__).with_name('lines.py')}"
"""A program that reads lines in a terminal whose line the kernel edits."""


class Shell:
    """What the person can do and see; commands are waited for."""

    def __init__(self, screen: pexpect.spawn[bytes]) -> None:
        self.screen = screen
        self._asked = 0

    def type(self, text: str) -> None:
        """Keys for whoever reads them."""
        self.screen.send(text)

    def sees(self, text: str) -> None:
        self.screen.expect_exact(text.encode())

    def run(self, command: str) -> None:
        """Type COMMAND at the prompt."""
        self.type(f"{command}\r")

    def says(self, command: str) -> str:
        """What COMMAND prints, run by the shell at its prompt."""
        self._asked += 1
        self.run(f"echo '<'{self._asked}; {command}; echo {self._asked}'>'")
        self.sees(f"<{self._asked}\r\n")
        self.sees(f"{self._asked}>\r\n")
        answer = (self.screen.before or b"").decode().strip()
        self.sees(PROMPT)
        return answer

    def stop(self) -> None:
        """Press ^Z, and see that the shell has its terminal again."""
        self.type("\x1a")
        self.is_told_of_the_stop()

    def is_told_of_the_stop(self) -> None:
        self.screen.expect(b"(?i)(stopped|suspended)")
        self.sees(PROMPT)

    def finds_it_stopped(self) -> None:
        """The only job, which was running in the background."""
        wait_until(lambda: re.search("(?i)stopped|suspended", self.says("jobs")))

    def go_on(self) -> None:
        """`fg`, and see that the shell does it."""
        self.run("fg")
        self.sees("amq run")

    def signal_job(self, number: int) -> None:
        """Send signal NUMBER to `amq run`, as `kill` does from elsewhere."""
        os.kill(int(self._job()[0]), number)

    def job_is_stopped(self) -> bool:
        """Whether the kernel says so of `amq run`."""
        return self._job()[2].startswith("T")

    def _job(self) -> list[str]:
        """The process id of `amq run`, its parent's, its state, and its words."""
        command = ["ps", "-A", "-o", "pid=,ppid=,stat=,args="]
        lines = subprocess.run(command, capture_output=True, text=True, check=True).stdout.splitlines()
        processes = [line.split(None, 3) for line in lines]
        return next(each for each in processes if int(each[1]) == self.screen.pid and "amq run" in each[3])


def check_installed(program: str) -> None:
    """Skip the test, or fail it where everything is required to run."""
    if shutil.which(program) is None:
        reason = f"{program} is not installed"
        if os.environ.get("AMQ_REQUIRE_ALL") == "1":
            pytest.fail(f"required, but {reason}")
        pytest.skip(reason)


@contextlib.contextmanager
def shell(name: str, place: Path, rows: int = 30, columns: int = 100) -> Iterator[Shell]:
    """The shell NAME in a repository in PLACE, its home."""
    project = place / "project"
    (project / ".git").mkdir(parents=True)
    (project / ".git" / "HEAD").touch()
    program = shutil.which(name)
    assert program is not None
    environment = {
        **{key: value for key, value in os.environ.items() if not key.startswith("AM_")},
        "PS1": "$ ",
        "HISTFILE": "",
        "TERM": "xterm-256color",
        "HOME": str(place),
    }
    screen: pexpect.spawn[bytes] = pexpect.spawn(
        program, SHELLS[name], cwd=str(project), env=environment, dimensions=(rows, columns), timeout=PATIENCE
    )
    screen.delaybeforesend = None
    screen.delayafterclose = screen.delayafterterminate = 0
    try:
        person = Shell(screen)
        person.sees(PROMPT)
        yield person
    finally:
        screen.close(force=True)
