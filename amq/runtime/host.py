"""`amq run`: an agent's CLI in a terminal of ours, with its mailbox watched beside it.

The program is started first. What the waking needs is imported after that, in the second thread.
"""

from __future__ import annotations

import gc
import os
import sys
import threading
import time
import traceback
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack, closing
from functools import partial
from typing import TYPE_CHECKING

from amq import config, quoting
from amq.errors import AmqError, HostFailed, remedy, why
from amq.pty import init, standard
from amq.pty.child import Child, find_program
from amq.pty.errors import CannotRunError, PtyError
from amq.pty.host import Host
from amq.pty.screen import Screen
from amq.pty.terminal import Terminal
from amq.pty.tty import Tty
from amq.runtime import launch, notifier_lock
from amq.runtime.agents.profiles import NativeWay, Profile, StatusSource
from amq.runtime.agents.status_sources import AgentStatus, claude_sessions
from amq.runtime.journal import LOG_NAME, BoundedFile, WakeJournal
from amq.runtime.launch import Launch, Options
from amq.runtime.limits import explained
from amq.runtime.path_shim import command_path, own_command
from amq.runtime.policy.reasons import WaitReason
from amq.runtime.private import PrivateState, run_directory
from amq.store.notifier_info import read_notifier

if TYPE_CHECKING:
    from amq.mail.mailbox import Mailbox
    from amq.runtime.channels import Channel
    from amq.runtime.trust import Trust

IMPORT_AFTER = 0.2  # seconds: a program that ends at once is not held up by what it never needed
END_WITHIN = 2.0  # seconds for the waking to come to its end when the program has
SWITCH_S = 0.0005  # seconds for which the waking may keep the interpreter from passing on a key
GARBAGE = (1000, 5, 1000)  # objects, and then rounds: to look for it in a large inbox at once takes 50 ms


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
    warn: Callable[[str], None],
) -> int:
    """Host PROGRAM (its words) as the agent of MAILBOX until it ends; returns its status, 128 + n for signal n.

    WARN is called while the terminal is not the program's. Raises CannotRun, Taken, or HostFailed for our own failure.
    """
    account, claim, run = mailbox.account, None, ""
    launch.remove_old_settings(account.agent)
    with ExitStack() as stack:
        try:
            standard.plug()
            init.step_aside()
            if options.wake:
                run = os.urandom(8).hex()
                claim = _claim(mailbox, program, run if launch.reaches_shells(profile, program, environment) else "")
                stack.callback(claim.release)
            elif read_notifier(account.agent) is None:
                WakeJournal(trust.private.of_agent(account.queue.root, account.me).directory).waits(
                    (), *_why_not(options)
                )
            files = stack.enter_context(
                run_directory(
                    trust.private, account.queue.root, account.me, config.where_agents_work(), alone=bool(claim)
                )
            )
            planned = _prepared(profile, program, environment, mailbox, options, files, run)
            return _hosted(mailbox, planned, options, trust, claim, warn)
        except CannotRunError as error:
            raise CannotRun(error) from error
        except (PtyError, OSError) as error:
            to_do = remedy(error) or remedy(error.__cause__ or error)
            raise HostFailed(f"hosting {program[0]} failed: {why(error)}", hint=to_do) from error


def _why_not(options: Options) -> tuple[WaitReason, str]:
    """What the mail of an agent waits for that is hosted and not notified, and why."""
    if options.untrusted:
        return WaitReason.UNTRUSTED, options.untrusted
    return (WaitReason.NO_CHANNEL, options.shortage) if options.shortage else (WaitReason.OFF, "")


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


def _claim(mailbox: Mailbox, program: Sequence[str], run: str) -> notifier_lock.Claim:
    me = mailbox.account.me
    try:
        return notifier_lock.claim(mailbox.state_dir, "run", run)
    except notifier_lock.TakenError as error:
        raise Taken(
            f"{me} is already hosted by {error.who}",
            hint=f"to start another: amq run --as {me}-2 -- {quoting.shell_line(program)}",
        ) from error


def _hosted(
    mailbox: Mailbox,
    planned: Launch,
    options: Options,
    trust: Trust,
    claim: notifier_lock.Claim | None,
    warn: Callable[[str], None],
) -> int:
    with closing(Tty(standard.INPUT, standard.OUTPUT)) as tty:
        # a fork: before the program, which the guard must outlive, and before any thread, whose locks it would keep
        tty.post_guard()
        started, started_at, size, given = time.monotonic(), time.time(), tty.size(), standard.handed_over()
        child = Child.spawn(
            planned.program, planned.environment, size, tty.attributes(), pixels=tty.pixels(), given=given
        )
        # else a pipe would stay open here after the program has closed it, and its writer would never hear of that
        if standard.INPUT in given:
            standard.let_go()
        host = Host(child, tty, _terminal(planned.profile, started, Screen(size) if claim else None))
        waking = BackgroundThreads(
            mailbox, host, _agent_status(planned, child.pid, started_at), planned, options, trust
        )
        if claim:
            waking.start(claim)
        try:
            return host.run()
        finally:
            waking.stop()
            if waking.failure:
                warn(waking.failure)


def _terminal(profile: Profile, started: float, screen: Screen | None) -> Terminal:
    return Terminal(
        started, profile.line, answers_state=profile.answers_state, screen=screen, row=profile.rules.prompt_row
    )


def _agent_status(planned: Launch, pid: int, started_at: float) -> AgentStatus:
    sessions = claude_sessions(planned.environment) if planned.profile.publishes is StatusSource.SESSIONS else ""
    return AgentStatus(planned.files if planned.hooked else "", pid, started_at, sessions)


class BackgroundThreads:
    """Two more threads: one wakes, one follows the screen. Whatever happens in them, the program goes on.

    `failure` is why the agent is not told of its mail any more, once that is so.
    """

    def __init__(
        self, mailbox: Mailbox, host: Host, agent_status: AgentStatus, planned: Launch, options: Options, trust: Trust
    ) -> None:
        self._mailbox = mailbox
        self._private = trust.private.of_agent(mailbox.account.queue.root, mailbox.account.me).directory
        self._host = host
        self._agent_status = agent_status
        self._planned = planned
        self._options = options
        self._trust = trust
        self._stop = threading.Event()
        self._threads: list[threading.Thread] = []
        self._log: Callable[[str], None] = BoundedFile(self._private, LOG_NAME).append
        self.failure = ""

    def start(self, claim: notifier_lock.Claim) -> None:
        """Start them, while CLAIM holds the agent's notifier lock. Errors that nothing catches go into the log."""
        sys.setswitchinterval(SWITCH_S)
        gc.set_threshold(*GARBAGE)
        # Python would print to stderr, which is the agent's screen
        sys.unraisablehook = lambda found: self._log(f"ignored: {found.exc_value!r} in {found.object!r}")
        self._threads = [
            threading.Thread(target=self._run, args=(work,), name=name, daemon=True)
            for name, work in (("wake", partial(self._wake, claim)), ("follow", self._follow))
        ]
        try:
            for thread in self._threads:
                thread.start()
        except RuntimeError as error:
            self._stop.set()
            self._fail(error)

    def stop(self) -> None:
        self._stop.set()
        self._host.terminal.stop_following()
        for thread in self._threads:
            if thread.is_alive():
                thread.join(END_WITHIN)

    def _run(self, work: Callable[[], None]) -> None:
        try:
            work()
        except BaseException as error:
            self._fail(error)

    def _fail(self, error: BaseException) -> None:
        """Say that the agent is no longer notified: in the record, to the user at once, and in words in the end."""
        self._log("".join(traceback.format_exception(error)))
        me = self._mailbox.account.me
        # words only at the end: the screen is the program's until then
        self.failure = f"amq run no longer notifies {me} of mail: {explained(error)} (see {LOG_NAME})"
        WakeJournal(self._private).waits((), WaitReason.NO_CHANNEL, self.failure)
        self._host.tell(self._options.notice)

    def _follow(self) -> None:
        if not self._stop.wait(IMPORT_AFTER):
            self._host.terminal.follow(self._stop)

    def _wake(self, claim: notifier_lock.Claim) -> None:
        WakeJournal(self._private).waits((), WaitReason.STARTING)
        if self._stop.wait(IMPORT_AFTER):
            return
        from amq.runtime import loop
        from amq.runtime.channels.pty import PtyChannel
        from amq.runtime.policy.wake_line import Wording

        planned = self._planned
        typed = PtyChannel(self._host, planned.profile.rules, self._agent_status, self._options.notice)
        channel = self._native_first(typed) if self._options.native else typed
        wording = Wording(self._typed_command(), self._options.preview)
        loop.run(self._mailbox, channel, self._options.policy, wording, self._log, self._stop, claim.holds, self._trust)

    def _typed_command(self) -> str:
        """What the agent's shell has to be given to run this amq."""
        from amq.runtime.path_shim import typed_command
        from amq.runtime.policy.wake_line import COMMAND

        planned = self._planned
        if planned.finds_amq:
            return COMMAND
        path = command_path(planned.files) if planned.files else own_command(planned.environment)
        return typed_command(path, planned.environment, self._stop)

    def _native_first(self, typed: Channel) -> Channel:
        from amq.runtime.channels.agent_api import ClaudeSocket, CodexQueue, NativeFirst
        from amq.runtime.hooks.state import read_state

        planned, state = self._planned, self._private
        if planned.profile.native is NativeWay.CLAUDE_SOCKET:
            return NativeFirst(ClaudeSocket(self._agent_status), typed)
        if planned.profile.native is NativeWay.CODEX_QUEUE:
            queue = CodexQueue(
                self._agent_status, lambda: read_state(state).session, planned.program[0], planned.environment
            )
            return NativeFirst(queue, typed)
        return typed
