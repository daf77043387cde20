"""`amq run`: an agent's CLI in a terminal of ours, with its mailbox watched beside it.

The program is started first. What the waking needs is imported after that, in the second thread.
"""

from __future__ import annotations

import os
import threading
import time
import traceback
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack, closing
from typing import TYPE_CHECKING

from amq.errors import AmqError, HostFailed
from amq.pty.child import Child, find_program
from amq.pty.errors import CannotRunError, PtyError
from amq.pty.host import Host
from amq.pty.screen import Screen
from amq.pty.terminal import Terminal
from amq.pty.tty import Tty
from amq.runtime import lock
from amq.runtime.profiles import Profile, profile_for
from amq.runtime.reach import make_command, with_command
from amq.runtime.record import BoundedFile, Record

if TYPE_CHECKING:
    from amq.mailbox import Mailbox

IMPORT_AFTER = 0.2  # seconds: a program that ends at once is not held up by what it never needed
END_WITHIN = 2.0  # seconds for the waking to come to its end when the program has
STDIN, STDOUT = 0, 1


class CannotRun(AmqError):
    """The program could not be started; the exit code is what a shell would give, 126 or 127."""

    code = "cannot_run"

    def __init__(self, error: CannotRunError) -> None:
        super().__init__(str(error))
        self.exit_code = error.status


class Taken(HostFailed):
    """The agent is hosted already."""

    code = "taken"


def check_program(name: str, environment: Mapping[str, str]) -> None:
    """Raise CannotRun if there is no program NAME, before anything is made for it."""
    try:
        find_program(name, environment.get("PATH", os.defpath))
    except CannotRunError as error:
        raise CannotRun(error) from error


def run(mailbox: Mailbox, program: Sequence[str], environment: Mapping[str, str], *, wake: bool) -> int:
    """Host PROGRAM (its words) as the agent of MAILBOX until it ends; returns its status, 128 + n for signal n.

    Raises CannotRun, Taken, or HostFailed for a failure of our own.
    """
    with ExitStack() as stack:
        try:
            state = mailbox.state_dir
            if wake:
                stack.callback(_claim(state, mailbox, program).release)
            return _hosted(mailbox, state, program, environment, wake=wake)
        except CannotRunError as error:
            raise CannotRun(error) from error
        except (PtyError, OSError) as error:
            raise HostFailed(f"hosting {program[0]} failed: {error}") from error


def _claim(state: str, mailbox: Mailbox, program: Sequence[str]) -> lock.Claim:
    me = mailbox.account.me
    try:
        return lock.claim(state, "run")
    except lock.TakenError as error:
        who = f"amq {error.holder.how}, process {error.holder.pid}" if error.holder else "another process"
        raise Taken(
            f"{me} is already hosted by {who}", hint=f"to start another: amq run --as {me}-2 -- {' '.join(program)}"
        ) from error


def _hosted(mailbox: Mailbox, state: str, program: Sequence[str], environment: Mapping[str, str], *, wake: bool) -> int:
    profile = profile_for(program[0])
    command = make_command(state)
    inside = {
        **with_command(environment, command),
        "AM_ROOT": mailbox.account.queue.root,
        "AM_ME": mailbox.account.me,
    }
    tty = Tty(STDIN, STDOUT)
    with closing(tty):
        started = time.monotonic()
        size = tty.size()
        child = Child.spawn(profile.arguments(program), inside, size, tty.attributes())
        terminal = Terminal(
            started,
            profile.line,
            answers_state=profile.answers_state,
            screen=Screen(size) if wake else None,
            row=profile.rules.row,
        )
        host = Host(child, tty, terminal)
        waking = Waking(mailbox, state, host, profile, command, inside)
        if wake:
            waking.start()
        try:
            return host.run()
        finally:
            waking.stop()


class Waking:
    """Two more threads: one wakes, one follows the screen. Whatever happens in them, the program goes on."""

    def __init__(
        self,
        mailbox: Mailbox,
        state: str,
        host: Host,
        profile: Profile,
        command: str,
        environment: Mapping[str, str],
    ) -> None:
        self._mailbox = mailbox
        self._state = state
        self._host = host
        self._profile = profile
        self._command = command
        self._environment = environment
        self._stop = threading.Event()
        self._threads = [
            threading.Thread(target=self._run, args=(work,), name=work.__name__.strip("_"), daemon=True)
            for work in (self._wake, self._follow)
        ]
        self._log: Callable[[str], None] = BoundedFile(f"{state}/run.log").append

    def start(self) -> None:
        for thread in self._threads:
            thread.start()

    def stop(self) -> None:
        self._stop.set()
        self._host.terminal.stop_following()
        for thread in self._threads:
            if thread.is_alive():
                thread.join(END_WITHIN)

    def _run(self, work: Callable[[], None]) -> None:
        try:
            work()
        except BaseException:
            self._log(traceback.format_exc())

    def _follow(self) -> None:
        if not self._stop.wait(IMPORT_AFTER):
            self._host.terminal.follow(self._stop)

    def _wake(self) -> None:
        if self._stop.wait(IMPORT_AFTER):
            return
        from amq.runtime import waking
        from amq.runtime.channels.pty import PtyChannel

        channel = PtyChannel(self._host, self._profile.rules)
        record = Record(f"{self._state}/wakes.jsonl")
        command = self._typeable_command()
        waking.run(self._mailbox, channel, record, command, self._log, self._stop)

    def _typeable_command(self) -> str:
        """What the agent has to type for amq: the bare word, if even a login shell would find ours by it."""
        from amq.runtime.notification import COMMAND, is_typeable
        from amq.runtime.reach import login_shells_find

        if not is_typeable(self._command):
            return COMMAND
        return COMMAND if login_shells_find(self._command, self._environment, self._stop) else self._command
