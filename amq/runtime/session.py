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
from functools import partial
from typing import TYPE_CHECKING

from amq import config, quoting
from amq.errors import AmqError, HostFailed, why
from amq.pty.child import Child, find_program
from amq.pty.errors import CannotRunError, PtyError
from amq.pty.host import Host
from amq.pty.screen import Screen
from amq.pty.terminal import Terminal
from amq.pty.tty import Tty
from amq.runtime import launch, lock
from amq.runtime.launch import Launch, Options
from amq.runtime.private import PrivateState, run_directory
from amq.runtime.profiles import NativeWay, Profile, Published
from amq.runtime.reach import command_path, own_command
from amq.runtime.record import LOG_NAME, BoundedFile, Record
from amq.runtime.witness import Witness, claude_sessions
from amq.runtime.words import Reason
from amq.store.notifier import read_notifier

if TYPE_CHECKING:
    from amq.mailbox import Mailbox
    from amq.runtime.channels import Channel
    from amq.runtime.trust import Trust

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


def run(
    mailbox: Mailbox,
    program: Sequence[str],
    environment: Mapping[str, str],
    profile: Profile,
    options: Options,
    trust: Trust,
) -> int:
    """Host PROGRAM (its words) as the agent of MAILBOX until it ends; returns its status, 128 + n for signal n.

    Raises CannotRun, Taken, or HostFailed for a failure of our own.
    """
    account, claim, run = mailbox.account, None, ""
    launch.remove_old_settings(account.agent)
    with ExitStack() as stack:
        try:
            if options.wake:
                run = os.urandom(8).hex()
                claim = _claim(mailbox, program, run if launch.reaches_shells(profile, program, environment) else "")
                stack.callback(claim.release)
            elif read_notifier(account.agent) is None:
                why_not = (Reason.UNTRUSTED, options.untrusted) if options.untrusted else (Reason.OFF, "")
                Record(trust.private.of_agent(account.queue.root, account.me).directory).waits((), *why_not)
            files = stack.enter_context(
                run_directory(
                    trust.private, account.queue.root, account.me, config.where_agents_work(), alone=bool(claim)
                )
            )
            planned = _prepared(profile, program, environment, mailbox, options, files, run)
            return _hosted(mailbox, planned, options, trust, claim)
        except CannotRunError as error:
            raise CannotRun(error) from error
        except (PtyError, OSError) as error:
            raise HostFailed(f"hosting {program[0]} failed: {why(error)}") from error


def _prepared(
    profile: Profile,
    program: Sequence[str],
    environment: Mapping[str, str],
    mailbox: Mailbox,
    options: Options,
    files: PrivateState,
    run: str,
) -> Launch:
    """Return how PROGRAM is started, its FILES written; where they cannot be, as on a full disk, it is given none."""
    queue, me = mailbox.account.queue, mailbox.account.me
    planned = launch.plan(profile, program, environment, queue, me, options, files, run)
    try:
        launch.prepare(planned, mailbox, options)
    except OSError as error:
        return launch.plan(profile, program, environment, queue, me, options, PrivateState("", why(error)), run)
    return planned


def _claim(mailbox: Mailbox, program: Sequence[str], run: str) -> lock.Claim:
    me = mailbox.account.me
    try:
        return lock.claim(mailbox.state_dir, "run", run)
    except lock.TakenError as error:
        raise Taken(
            f"{me} is already hosted by {error.who}",
            hint=f"to start another: amq run --as {me}-2 -- {quoting.shell_line(program)}",
        ) from error


def _hosted(mailbox: Mailbox, planned: Launch, options: Options, trust: Trust, claim: lock.Claim | None) -> int:
    with closing(Tty(STDIN, STDOUT)) as tty:
        tty.post_guard()
        started, started_at, size = time.monotonic(), time.time(), tty.size()
        child = Child.spawn(planned.program, planned.environment, size, tty.attributes())
        host = Host(child, tty, _terminal(planned.profile, started, Screen(size) if claim else None))
        waking = Waking(mailbox, host, _witness(planned, child.pid, started_at), planned, options, trust)
        if claim:
            waking.start(claim)
        try:
            return host.run()
        finally:
            waking.stop()


def _terminal(profile: Profile, started: float, screen: Screen | None) -> Terminal:
    return Terminal(started, profile.line, answers_state=profile.answers_state, screen=screen, row=profile.rules.row)


def _witness(planned: Launch, pid: int, started_at: float) -> Witness:
    sessions = claude_sessions(planned.environment) if planned.profile.publishes is Published.SESSIONS else ""
    return Witness(planned.files if planned.hooked else "", pid, started_at, sessions)


class Waking:
    """Two more threads: one wakes, one follows the screen. Whatever happens in them, the program goes on."""

    def __init__(
        self, mailbox: Mailbox, host: Host, witness: Witness, planned: Launch, options: Options, trust: Trust
    ) -> None:
        self._mailbox = mailbox
        self._private = trust.private.of_agent(mailbox.account.queue.root, mailbox.account.me).directory
        self._host = host
        self._witness = witness
        self._planned = planned
        self._options = options
        self._trust = trust
        self._stop = threading.Event()
        self._threads: list[threading.Thread] = []
        self._log: Callable[[str], None] = BoundedFile(self._private, LOG_NAME).append

    def start(self, claim: lock.Claim) -> None:
        """Start them, for an agent that is ours as long as CLAIM holds."""
        self._threads = [
            threading.Thread(target=self._run, args=(work,), name=name, daemon=True)
            for name, work in (("wake", partial(self._wake, claim)), ("follow", self._follow))
        ]
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
            Record(self._private).waits((), Reason.NO_CHANNEL, "amq run failed to watch the inbox: see run.log")

    def _follow(self) -> None:
        if not self._stop.wait(IMPORT_AFTER):
            self._host.terminal.follow(self._stop)

    def _wake(self, claim: lock.Claim) -> None:
        Record(self._private).waits((), Reason.STARTING)
        if self._stop.wait(IMPORT_AFTER):
            return
        from amq.runtime import waking
        from amq.runtime.channels.pty import PtyChannel
        from amq.runtime.notification import Wording

        planned = self._planned
        typed = PtyChannel(self._host, planned.profile.rules, self._witness, self._options.notice)
        channel = self._native_first(typed) if self._options.native else typed
        wording = Wording(self._typed_command(), self._options.preview)
        waking.run(
            self._mailbox, channel, self._options.policy, wording, self._log, self._stop, claim.holds, self._trust
        )

    def _typed_command(self) -> str:
        """What the agent's shell has to be given to run this amq."""
        from amq.runtime.notification import COMMAND, typed_command

        planned = self._planned
        if planned.finds_amq:
            return COMMAND
        path = command_path(planned.files) if planned.files else own_command(planned.environment)
        return typed_command(path, planned.environment, self._stop)

    def _native_first(self, typed: Channel) -> Channel:
        from amq.runtime.channels.native import ClaudeSocket, CodexQueue, NativeFirst
        from amq.runtime.handed import read_handed

        planned, state = self._planned, self._private
        if planned.profile.native is NativeWay.CLAUDE_SOCKET:
            return NativeFirst(ClaudeSocket(self._witness), typed)
        if planned.profile.native is NativeWay.CODEX_QUEUE:
            queue = CodexQueue(
                self._witness, lambda: read_handed(state).session, planned.program[0], planned.environment
            )
            return NativeFirst(queue, typed)
        return typed
