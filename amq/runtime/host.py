"""`amq run`: host an agent's CLI in a pseudo-terminal, and watch its mailbox beside it.

The program is started first. Modules that only waking needs are imported after that, in the second thread.
"""

from __future__ import annotations

import gc
import os
import sys
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack, closing, suppress
from functools import partial

from amq import config, quoting
from amq.errors import AmqError, HostFailed, remedy, why
from amq.names import handle_from
from amq.pty import pid1, standard_streams
from amq.pty.child import Child, find_program
from amq.pty.errors import CannotRunError, PtyError
from amq.pty.host import Host
from amq.pty.screen import Screen
from amq.pty.user_terminal import Tty
from amq.record import replace
from amq.runtime import launch, notifier_lock
from amq.runtime.agents import registry
from amq.runtime.agents.profile import Profile
from amq.runtime.agents.version_cache import is_first
from amq.runtime.at_start import AtStart, at_start
from amq.runtime.certified import VERSION_WITHIN_S, Certified, ask_version, certified, within_limits
from amq.runtime.hosted_agent import HostedAgent, hosted_agent
from amq.runtime.journal import LOG_NAME, BoundedFile, WakeJournal
from amq.runtime.launch import Launch, Options
from amq.runtime.policy.notices import Notice
from amq.runtime.policy.reasons import Activity, WaitReason
from amq.runtime.policy.schedule import Readiness
from amq.runtime.private_state import PrivateState, run_directory
from amq.runtime.resource_limits import explained
from amq.runtime.session_info import SessionInfo, write_session
from amq.runtime.state_file import HOSTING, StatePublisher
from amq.runtime.user_notices import UserNotices
from amq.store.notifier_info import read_notifier

TYPE_CHECKING = False
if TYPE_CHECKING:
    from amq.mail.mailbox import Mailbox
    from amq.runtime.agents.native_delivery import PluginFeed
    from amq.runtime.tmux_labels import TmuxLabels
    from amq.runtime.trust import Trust

BY_PLUGIN = "mail goes to {} by a plugin for this run; --no-plugin leaves it out"
IMPORT_AFTER_S = 0.2  # seconds: a program that ends at once is not delayed by imports that it never needs
END_WITHIN_S = 2.0  # seconds for each thread to end after the program has
SWITCH_S = 0.0005  # seconds for which a background thread may keep the interpreter while a key waits
GARBAGE = (1000, 5, 1000)  # thresholds of the collector: a full collection takes 50 ms with a large inbox


class CannotRun(AmqError):
    """The program could not be started. The exit code is the one a shell would give: 126 or 127."""

    code = "cannot_run"

    def __init__(self, error: CannotRunError) -> None:
        super().__init__(str(error))
        self.exit_code = error.status


class Taken(HostFailed):
    """Another process already hosts or wakes the agent."""

    code = "taken"


class NoPluginError(Exception):
    """The program has to be started without a plugin; the message is a clause that says why."""


def check_program(name: str, environment: Mapping[str, str]) -> None:
    """Raise CannotRun if PATH of ENVIRONMENT has no program NAME. Creates nothing."""
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
    note: Callable[[str], None],
) -> int:
    """Host PROGRAM (its words) as the agent of MAILBOX until it ends; return its exit status, 128 + n for signal n.

    WARN is called only after the terminal is the user's again, NOTE before the program is started. Raises CannotRun if
    the program cannot be started, Taken if the agent has a notifier already, and HostFailed if hosting itself fails.
    """
    account, claim, run = mailbox.account, None, ""
    launch.remove_old_settings(account.agent)
    with ExitStack() as stack:
        try:
            standard_streams.plug()
            pid1.step_aside()
            if options.wake:
                run = os.urandom(8).hex()
                claim = _claim(mailbox, program, run if launch.reaches_shells(profile, program, environment) else "")
                stack.callback(claim.release)
                if options.says_handle:
                    note(f"{program[0]} runs as {account.me}{', which has unread mail' if mailbox.has_new() else ''}")
            elif read_notifier(account.agent) is None:
                private = trust.private.of_agent(account.queue.root, account.me).directory
                WakeJournal(private).waits((), *_why_not(options))
                StatePublisher(private, HOSTING).withdraw()
            files = stack.enter_context(
                run_directory(
                    trust.private, account.queue.root, account.me, config.where_agents_work(), alone=bool(claim)
                )
            )
            start = at_start(profile, program, environment, account.me, options, files, trust)
            log = BoundedFile(trust.private.of_agent(account.queue.root, account.me).directory, LOG_NAME)
            if start.not_vetted:
                log.append(f"no hooks: {start.not_vetted}")
            _announce(start.certified, profile, options, trust, note)
            planned = _prepared(profile, program, environment, mailbox, options, files, run, start)
            if planned.no_plugin and profile.plugin_versions:
                log.append(f"no plugin: {planned.no_plugin}")
            if options.denies_leased and not planned.has_hooks:
                note(f"{program[0]} is refused no edit (--deny-leased): its hooks are {planned.hooks}")
            if planned.has_plugin:
                note(BY_PLUGIN.format(profile.name))
            try:
                return _hosted(mailbox, planned, options, trust, claim, warn, note)
            except NoPluginError as error:
                note(f"{error}, so it is started without one")
                log.append(f"no plugin: {error}")
                planned = launch.without_plugin(planned, str(error))
                return _hosted(mailbox, planned, options, trust, claim, warn, note)
        except CannotRunError as error:
            raise CannotRun(error) from error
        except (PtyError, OSError) as error:
            to_do = remedy(error) or remedy(error.__cause__ or error)
            raise HostFailed(f"hosting {program[0]} failed: {why(error)}", hint=to_do) from error


def _why_not(options: Options) -> tuple[WaitReason, str]:
    """Return the reason why a hosted agent is not notified of its mail, and the detail for the user."""
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
    start: AtStart,
) -> Launch:
    """Plan how PROGRAM is started, and write its FILES. If that fails, as on a full disk, plan without files."""
    queue, me = mailbox.account.queue, mailbox.account.me
    planned = launch.plan(profile, program, environment, queue, me, options, files, run, start)
    try:
        launch.prepare(planned, mailbox, options)
    except OSError as error:
        return launch.plan(profile, program, environment, queue, me, options, PrivateState("", why(error)), run, start)
    return planned


def _announce(found: Certified, profile: Profile, options: Options, trust: Trust, note: Callable[[str], None]) -> None:
    """NOTE verdicts that cannot be read, and, once, that the version FOUND was neither tested nor certified.

    In the panes of `amq coop up` that is for `amq coop up` to say: the agent's screen would hide it.
    """
    if not options.wake or options.labels:
        return
    for fault in found.faults:
        note(fault)
    warning = found.warning(profile)
    if warning and is_first(trust.private, f"{profile.name} {found.version}"):
        note(warning)


def _note_session(private: PrivateState, agent: HostedAgent, options: Options) -> None:
    """Write into the agent's PRIVATE directory what `amq who` shows of its session, as far as that can be written."""
    planned = agent.launch
    rules = planned.profile.rules
    types = options.wake and rules.known and not rules.off
    hooks = planned.profile.hooks.value if planned.has_hooks else ""
    known = SessionInfo(
        planned.allowed, planned.is_allowed, planned.lacks, types, hooks, planned.files, planned.has_plugin,
        planned.certified.limits.failed,
        handle_from(planned.program[0]), agent.pid, agent.started_at, planned.profile.names.value,
        registry.names_in(planned.profile, planned.environment),
    )  # fmt: skip
    if private.directory:
        with suppress(OSError):
            write_session(private.directory, known)


def _claim(mailbox: Mailbox, program: Sequence[str], run: str) -> notifier_lock.Claim:
    me = mailbox.account.me
    try:
        return notifier_lock.claim(mailbox.state_dir, "run", run)
    except notifier_lock.TakenError as error:
        raise Taken(
            f"{me} is already hosted by {error.who}",
            hint=f"to start another: amq run --as auto -- {quoting.shell_line(program)}",
        ) from error


def _hosted(
    mailbox: Mailbox,
    planned: Launch,
    options: Options,
    trust: Trust,
    claim: notifier_lock.Claim | None,
    warn: Callable[[str], None],
    note: Callable[[str], None],
) -> int:
    """Start and host the program; return its exit status. Raises NoPluginError if its plugin keeps it from that."""
    with ExitStack() as stack:
        tty = stack.enter_context(closing(Tty(standard_streams.INPUT, standard_streams.OUTPUT)))
        # a fork: before the program, which the guard must outlive, and before any thread, whose locks it would keep
        # what is there so far is never collected: a collection writes to each page that it shares with its forks
        gc.freeze()
        tty.post_guard()
        feed = stack.enter_context(closing(_plugin_feed(planned))) if planned.has_plugin else None
        started, started_at, size, given = time.monotonic(), time.time(), tty.size(), standard_streams.handed_over()
        child = Child.spawn(
            planned.program, planned.environment, size, tty.attributes(), pixels=tty.pixels(), given=given
        )
        # else a pipe would stay open here after the program has closed it, and its writer would never hear of that
        if standard_streams.INPUT in given:
            standard_streams.let_go()
        agent = hosted_agent(planned, child.pid, started, started_at, Screen(size) if claim else None, feed)
        host = Host(child, tty, agent.terminal)
        waking = BackgroundThreads(mailbox, host, agent, options, trust)
        if claim:
            waking.start(claim)
        try:
            status, lived_s = host.run(), time.monotonic() - started
        finally:
            waking.stop()
            if waking.failure:
                warn(waking.failure)
            # a version that was not known at the start; its words had to wait until the screen is the user's again
            if waking.certified:
                _announce(waking.certified, planned.profile, options, trust, note)
        if feed and standard_streams.INPUT not in given and registry.is_plugin_refused(agent.terminal.shown(), lived_s):
            raise NoPluginError(f"your organization does not allow {planned.profile.name} to load a plugin")
        return status


def _plugin_feed(planned: Launch) -> PluginFeed:
    try:
        return registry.plugin_feed(planned.files)
    except OSError as error:  # such as a filesystem without named pipes
        raise NoPluginError(f"the pipes to the plugin cannot be made ({why(error)})") from error


def _lapse_offers(mailbox: Mailbox, before_ns: int) -> None:
    """Give back the mail that hooks of an earlier program had on offer BEFORE_NS: no receipt will come.

    Failing is harmless: it is given back when the session begins.
    """
    from amq.mail import offering

    with suppress(AmqError, OSError):
        for offer in offering.open_offers(mailbox.account.agent):
            if offer.at_ns < before_ns:
                offering.lapse(mailbox.account, offer)


def _traceback(error: BaseException) -> str:
    """Return the traceback of ERROR; its own words if the system has no open file left to import what formats it."""
    try:
        from traceback import format_exception
    except (ImportError, OSError):
        return repr(error)
    return "".join(format_exception(error))


class BackgroundThreads:
    """The two threads beside the pump: one wakes the agent, one follows its screen.

    The program goes on even if they fail. `failure` then says why the agent is no longer notified of mail; it is empty
    until then.
    """

    def __init__(self, mailbox: Mailbox, host: Host, agent: HostedAgent, options: Options, trust: Trust) -> None:
        self._mailbox = mailbox
        self._since_ns = mailbox.account.clock()  # the program has just been started: its hooks have offered nothing
        self._private = trust.private.of_agent(mailbox.account.queue.root, mailbox.account.me).directory
        self._host = host
        self._agent = agent
        self._options = options
        self._trust = trust
        self._stop = threading.Event()
        self._threads: list[threading.Thread] = []
        self._log: Callable[[str], None] = BoundedFile(self._private, LOG_NAME).append
        self._notices = UserNotices(mailbox.account.me, options.notices, config.environment(), host.tell, self._log)
        self._publisher: StatePublisher | None = None
        self.failure = ""
        self.certified: Certified | None = None  # what is known of a version that was not known at the start

    def start(self, claim: notifier_lock.Claim) -> None:
        """Start both threads. CLAIM holds the agent's notifier lock. Uncaught errors are written to the log."""
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
        """Stop both threads, and wait at most END_WITHIN_S seconds for each."""
        self._stop.set()
        self._host.terminal.stop_following()
        for thread in self._threads:
            if thread.is_alive():
                thread.join(END_WITHIN_S)
        self._notices.close()

    def _run(self, work: Callable[[], None]) -> None:
        try:
            work()
        except BaseException as error:
            self._fail(error)

    def _fail(self, error: BaseException) -> None:
        """Report that the agent is no longer notified: in the journal, by a notice now, and in `failure` for later."""
        self._log(_traceback(error))
        me = self._mailbox.account.me
        # words only at the end: the screen is the program's until then
        self.failure = f"amq run no longer notifies {me} of mail: {explained(error)} (see {LOG_NAME})"
        WakeJournal(self._private).waits((), WaitReason.NO_CHANNEL, self.failure)
        if self._publisher:
            self._publisher.withdraw()
        self._notices.notify(Notice.PARKED)

    def _follow(self) -> None:
        if not self._stop.wait(IMPORT_AFTER_S):
            self._host.terminal.follow(self._stop)

    def _wake(self, claim: notifier_lock.Claim) -> None:
        _note_session(PrivateState(self._private), self._agent, self._options)
        WakeJournal(self._private).waits((), WaitReason.STARTING)
        self._publisher = StatePublisher(
            self._private, HOSTING, self._agent.program_name(),
            ours=claim.holds, stirred=self._host.terminal.activity,
        )  # fmt: skip
        self._publisher.publish(Readiness(activity=Activity.STARTING))
        self._host.on_suspend = partial(self._publisher.publish, Readiness(activity=Activity.STOPPED))
        if self._stop.wait(IMPORT_AFTER_S):
            return
        import textwrap  # noqa: F401  `Row.has_room` needs it later, when this Python may have been replaced

        from amq.runtime import loop
        from amq.runtime.policy.wake_line import Wording

        self._learn_version()
        _lapse_offers(self._mailbox, self._since_ns)
        wording = Wording(self._agent.amq_command(self._stop), self._options.preview_chars)
        plugin = self._agent.plugin(self._mailbox, self._private, wording, self._log)
        channel = self._agent.channel(self._host, self._options, self._private, plugin)
        try:
            loop.run(
                self._mailbox, channel, self._options.policy, wording, self._log, self._stop, claim.holds, self._trust,
                lambda: self._agent.attaches(self._private),
                self._labels(), self._agent.launch.files,
                self._publisher,
                self._notices.notify,
            )  # fmt: skip
        finally:
            if plugin:
                plugin.close()

    def _learn_version(self) -> None:
        """Ask the program for its version if it was not known, and go on within the limits of that."""
        launch = self._agent.launch
        if launch.certified.version or launch.certified.limits.is_certain:
            return
        profile, program, environment = launch.profile, launch.program[0], launch.environment
        if not (version := ask_version(profile, program, environment, self._trust.private, VERSION_WITHIN_S)):
            return
        self.certified = certified(profile, program, environment, self._trust.private, self._options.amq, version)
        launch = replace(
            launch,
            profile=within_limits(profile, self.certified),
            certified=self.certified,
            lacks=(*launch.lacks, *self.certified.lacks(wants_channels=True)),  # it has what it was given at the start
        )
        self._agent = replace(self._agent, launch=launch)
        _note_session(PrivateState(self._private), self._agent, self._options)

    def _labels(self) -> TmuxLabels | None:
        if not self._options.labels:
            return None
        from amq.runtime.tmux_labels import TmuxLabels

        return TmuxLabels(self._agent.launch.environment, self._mailbox.account.queue.root)
