"""Notify an agent of its mail: look at the inbox and the terminal, and act as `policy.schedule` decides.

`amq run` runs this loop in a thread beside the pump, and imports it there after the program has been started.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable

import anyio
import anyio.to_thread

from amq.errors import AmqError, remedy
from amq.mail.inbox_view import Unread
from amq.mail.mailbox import Mailbox
from amq.names import USER
from amq.record import replace
from amq.runtime.channels import Channel
from amq.runtime.drift_file import note_drift
from amq.runtime.hooks.announcements import HookStateWatcher
from amq.runtime.hooks.receipts import lapse_of_plugins, on_its_way
from amq.runtime.inbox_watcher import looks
from amq.runtime.journal import WakeJournal
from amq.runtime.mail_to_user import MailToUser
from amq.runtime.policy import drift, notices, schedule
from amq.runtime.policy.drift import NO_DRIFT, Drift
from amq.runtime.policy.injection import NO_EFFECT, End
from amq.runtime.policy.notices import Notice
from amq.runtime.policy.reasons import Activity, Outcome, WaitReason
from amq.runtime.policy.schedule import (
    LOOK_EVERY_S,
    AlertUser,
    Attempt,
    AttemptFinished,
    Observation,
    Readiness,
    SchedulePolicy,
    ScheduleState,
    WakeAt,
)
from amq.runtime.policy.wake_line import Wording
from amq.runtime.resource_limits import explained, is_shortage
from amq.runtime.stat_polling import now
from amq.runtime.state_file import StatePublisher
from amq.runtime.tmux_labels import TmuxLabels, state_word
from amq.runtime.trust import Trust
from amq.runtime.wake_request import WakeRequests

SHOW_EVERY_S = 1.0  # seconds between looks for a label, or for a dialog that follows a notification
ANNOUNCED = (schedule.Phase.OUTSTANDING, schedule.Phase.UNCERTAIN)
ANSWERED = "it was notified, and has had an answer to its question since"


class PrivateLog(logging.Handler):
    """Write the warnings of libraries to the private log. Without a handler they would appear on the agent's screen."""

    def __init__(self, log: Callable[[str], None]) -> None:
        super().__init__(logging.WARNING)
        self._log = log

    def emit(self, record: logging.LogRecord) -> None:
        self._log(self.format(record))


class WakeLoop:
    """Wake one agent.

    `log` takes a line for the private log. `ours` reports whether this process still holds its notifier lock,
    `attaches` whether the agent's hooks give its model the mail together with a line that says so. `publisher` writes
    the agent's state down, and `labels` show it to the user. `notify` notifies the user of something about the agent.
    `files` is the directory of the run, "" if it has none.
    """

    def __init__(
        self,
        mailbox: Mailbox,
        channel: Channel,
        policy: SchedulePolicy,
        wording: Wording,
        log: Callable[[str], None],
        trust: Trust,
        clock: Callable[[], float] = now,
        ours: Callable[[], bool] = lambda: True,
        attaches: Callable[[], bool] = lambda: False,
        labels: TmuxLabels | None = None,
        files: str = "",
        publisher: StatePublisher | None = None,
        notify: Callable[[Notice, Activity], None] = lambda *_: None,
    ) -> None:
        self._mailbox = mailbox
        self._view = mailbox.inbox_view()
        self._channel = channel
        self._policy = policy
        self._trust = trust
        self._private = trust.private.of_agent(mailbox.account.queue.root, mailbox.account.me).directory
        self._record = WakeJournal(self._private)
        self._handed = HookStateWatcher(self._private)
        self._requests = WakeRequests(self._private)
        self._wording = wording
        self._log = log
        self._clock = clock
        self._ours = ours
        self._attaches = attaches
        self._labels = labels
        self._files = files
        self._drift = NO_DRIFT
        self._publisher = publisher
        self._notify = notify
        self._agent = Readiness()  # as at the last look
        self._asked = notices.Asked()
        self._state = ScheduleState()
        self._unread: list[Unread] = []
        self._looked = Observation(
            frozenset(), frozenset(), frozenset(), Readiness()
        )  # the unread mail in the form that `schedule` takes
        self._failure = ""  # why the inbox cannot be read
        self._asks = ""  # the command of amq's that the agent's dialog asks about
        self._is_asked = False  # the journal says so, of mail that was announced
        self._forbids = ""  # more about what forbids typing, from the last look
        self._no_way = ""  # why the last look at the agent, or the last attempt, failed
        self._is_first = True  # no look at the offers has been taken yet
        self._rung = anyio.Event()  # "look again" since the last look
        self._requested = False  # the user has asked for an attempt, since the last look
        self._stop_listening = threading.Event()

    async def run(self, stop: threading.Event) -> None:
        """Run the loop until STOP is set."""
        account = self._mailbox.account
        to_user = MailToUser(account.queue, account.me)
        to_user.has_begun()  # before the first look at the agent: what it writes later is counted
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(self._listen)
            tasks.start_soon(self._keep_waking)
            tasks.start_soon(self._keep_showing)
            tasks.start_soon(self._keep_answering)
            if account.me != USER:
                tasks.start_soon(self._keep_notifying, to_user)
            try:
                await anyio.to_thread.run_sync(stop.wait, abandon_on_cancel=True)
            finally:
                # before the cancellation: the watcher waits in a thread that no cancellation reaches, and it took 5 s
                self._stop_listening.set()
            tasks.cancel_scope.cancel()
        if self._unread:
            self._record.waits(self._state.unread, WaitReason.STOPPED)

    async def _listen(self) -> None:
        inbox = self._mailbox.account.agent.inbox_new
        async for _ in looks(inbox, self._stop_listening, self._log, self._clock):
            self._rung.set()

    async def _keep_showing(self) -> None:
        """Publish what the agent does; show that and its number of unread messages, as long as the labels work."""
        while self._publisher or (self._labels and self._labels.works):
            if self._publisher is None or self._publisher.is_look_due():
                self._look_at_agent()
            if self._labels and self._labels.works:
                await anyio.to_thread.run_sync(self._labels.show, state_word(self._agent), len(self._unread))
            await self._next_second()

    async def _keep_answering(self) -> None:
        """Look at once when the user asks for another attempt, also where the mail is parked."""
        while self._private:
            if self._requests.another():
                self._requested = True
                self._rung.set()
            await self._next_second()

    async def _keep_notifying(self, to_user: MailToUser) -> None:
        """Notify the user when the agent writes to them, in a queue that they trust."""
        while True:
            has_begun = to_user.is_look_due() and to_user.has_begun()
            if has_begun and self._ours() and not self._trust.why_not():
                self._notify(Notice.MAIL, self._agent.activity)
            await self._next_second()

    async def _next_second(self) -> None:
        """Sleep until the clock's next whole second, so that all who look once a second wake the processor once."""
        await anyio.sleep(SHOW_EVERY_S - self._clock() % SHOW_EVERY_S)

    async def _keep_waking(self) -> None:
        again = float("inf")
        while True:
            with anyio.move_on_after(max(0.0, again - self._clock())):
                await self._rung.wait()
            # a new event before the look: a hint that comes during the look leads to another one
            rung, self._rung = self._rung.is_set(), anyio.Event()
            again = await self.turn(rung=rung)

    async def turn(self, *, rung: bool) -> float:
        """Look, decide, and perhaps wake the agent; return when to look again, on the loop's clock.

        RUNG says that the inbox may have changed. It is also read before anything is typed. While the terminal is not
        safe to type into, it is not read: the terminal is looked at far more often, and the inbox may be large.
        """
        readiness, handed = self._look_at_agent(), self._handed.another()
        self._note(drift.looked(self._drift, readiness.signs))
        self._asks, self._forbids = readiness.asks, readiness.detail
        if rung or handed or readiness.blocked_by is None:
            self._look_into_inbox()
        if self._unread and self._trust.why_not():
            readiness = replace(readiness, blocked_by=WaitReason.UNTRUSTED)
        on_the_way, offered = self._on_its_way(readiness)
        looked = replace(
            self._looked, agent=readiness, on_its_way=on_the_way, offered=offered, requested=self._requested
        )
        self._requested = False
        # a hook's report before the observation: else this turn would type what the hook has just announced. Where all
        # of that has left, the report is of no mail that is here
        if handed & looked.unread:
            self._decide(AttemptFinished(Outcome.HANDED, unread=looked.unread))
        actions = self._decide(looked)
        if any(isinstance(action, Attempt) for action in actions):
            actions = self._decide(self._ended(await self._attempt()))
        if any(isinstance(action, AlertUser) for action in actions):
            self._notify(Notice.PARKED, self._agent.activity)
        again = next((action.at for action in actions if isinstance(action, WakeAt)), float("inf"))
        if self._state.phase in ANNOUNCED:
            self._note_dialog(readiness)
            again = min(again, self._clock() + SHOW_EVERY_S)
        # no file event shows what a hook has given: it stays in the inbox
        hooked = bool(self._unread) and readiness.hooks_active
        return min(again, self._clock() + LOOK_EVERY_S) if hooked else again

    def _on_its_way(self, agent: Readiness) -> tuple[frozenset[str], frozenset[str]]:
        """Return the mail that hooks or a plugin have given to the model, as far as it is on its way, and all of it.

        None is on its way if that cannot be known. What has arrived is filed here, or was by a hook or the plugin, so
        the inbox is read again then: else that mail would be announced. A plugin has given nothing before the first
        look: its mail is that of a host which was killed.
        """
        if not (self._unread and self._private):
            return frozenset(), frozenset()
        try:
            if self._is_first:
                lapse_of_plugins(self._mailbox.account, self._private)
                self._is_first = False
            rest_s = 0.0 if agent.busy else agent.quiet_for_s
            found, offered, filed = on_its_way(self._mailbox.account, self._private, idle=agent.idle, rest_s=rest_s)
            if filed or self._state.offered - offered:
                self._look_into_inbox()
            return found, offered
        except (AmqError, OSError) as error:
            self._log(f"the offers cannot be read: {explained(error)}")
            return frozenset(), self._state.offered

    def _look_at_agent(self) -> Readiness:
        """Ask the channel how the agent is, and publish that.

        If the system lacks what that takes, the agent has no channel just now.
        """
        begun = self._clock()
        try:
            self._agent = self._channel.look()
        except OSError as error:
            self._no_way = explained(error)
            self._agent = Readiness(blocked_by=WaitReason.NO_CHANNEL)
        now = self._clock()
        if self._publisher:
            self._publisher.publish(self._agent, now - begun)
        self._asked, is_due = notices.step(self._asked, self._agent.activity, self._agent.question, now)
        if is_due:
            self._notify(Notice.QUESTION, self._agent.activity)
        return self._agent

    async def _attempt(self) -> End:
        """Notify the agent once, unless the queue is not trusted any more. Raises no error for a shortage."""
        if self._trust.why_not(anew=True):
            return End(Outcome.REFUSED, WaitReason.UNTRUSTED.value)
        known, attached = self._mailbox.account.known_agents(), self._attaches()
        line = self._wording.line(self._unread, known, attached=attached)
        try:
            return await self._channel.attempt(line)
        except (OSError, RuntimeError) as error:
            if not remedy(error):
                raise
            # OSError: no process was started. RuntimeError: it may have been, but no thread could wait for it
            return End(Outcome.FAILED if isinstance(error, OSError) else Outcome.UNCERTAIN, explained(error))

    def _look_into_inbox(self) -> None:
        try:
            unread = self._view.look() if self._ours() else []
        except (AmqError, OSError) as error:
            self._unreadable(f"the inbox cannot be read: {explained(error)}", is_lasting=is_shortage(error))
            return
        self._unreadable("")
        # an unchanged inbox keeps its sets: `schedule` knows them by identity, however large they are
        if unread == self._unread:
            return
        looked = _looked(unread)
        if self._looked.unread - looked.unread:
            self._channel.drained()
        self._unread, self._looked = unread, looked

    def _unreadable(self, why: str, *, is_lasting: bool = False) -> None:
        """Record WHY the inbox cannot be read, once for each reason, and record when it can be read again (empty WHY).

        Only a lasting failure alerts the user: a queue that is away may be back in a moment.
        """
        if why and why != self._failure:
            self._log(why)
            self._record.waits((), WaitReason.NO_CHANNEL, why)
            if is_lasting and not self._failure:
                self._notify(Notice.PARKED, self._agent.activity)
        elif self._failure and not why:
            self._record.waits(self._state.unread, self._state.reason, "the inbox could not be read for some time")
        self._failure = why

    def _ended(self, end: End) -> AttemptFinished:
        # not in the journal: nothing was typed, and a gate that stays closed is tried five times a second
        if end.outcome is Outcome.REFUSED:
            return AttemptFinished(end.outcome, WaitReason(end.reason))
        if end.reason == NO_EFFECT:
            self._note(drift.key_without_effect(self._drift))
        self._no_way = end.reason if end.outcome is Outcome.FAILED else ""
        self._record.attempt((message.id for message in self._unread), self._channel.way, end.outcome, end.reason)
        return AttemptFinished(end.outcome, unsent=end.unsent)

    def _note(self, found: Drift) -> None:
        """Keep what was FOUND of the program's looks, for `amq why`, `who` and `doctor`."""
        if found.counts != self._drift.counts:
            note_drift(self._files, found.counts)
        self._drift = found

    def _decide(self, event: Observation | AttemptFinished) -> tuple[schedule.Action, ...]:
        self._state, actions = schedule.step(self._state, event, self._clock(), self._policy)
        if self._state.phase in (schedule.Phase.WAITING, schedule.Phase.PARKED):
            reason = WaitReason.DIALOG if self._asks else self._state.reason
            self._record.waits(self._state.unread, reason, self._why())
        return actions

    def _note_dialog(self, agent: Readiness) -> None:
        """Record that the announced mail waits for a dialog about a command of amq's, and when it does not any more.

        It opens after the attempt: the agent has read the line, and must not do what it says without a yes.
        """
        if self._asks:
            self._record.waits(self._state.unread, WaitReason.DIALOG, self._why())
        elif self._is_asked and agent.blocked_by is not WaitReason.DIALOG:
            self._record.waits(self._state.unread, WaitReason.NOTIFIED, ANSWERED)
        else:
            return
        self._is_asked = bool(self._asks)

    def _why(self) -> str:
        """Return the detail behind the reason for which the mail waits; may be empty."""
        if self._asks:
            return f"{self._mailbox.account.me} asks you whether it may run {self._asks}"
        if self._state.reason is WaitReason.UNTRUSTED:
            return self._trust.why_not()
        if self._state.reason is WaitReason.NOT_CERTIFIED:
            return self._forbids
        return self._no_way if self._state.reason is WaitReason.NO_CHANNEL else ""


def _looked(unread: list[Unread]) -> Observation:
    def of(priority: str) -> frozenset[str]:
        return frozenset(message.id for message in unread if message.priority == priority)

    return Observation(frozenset(message.id for message in unread), of("urgent"), of("low"), Readiness())


def run(
    mailbox: Mailbox,
    channel: Channel,
    policy: SchedulePolicy,
    wording: Wording,
    log: Callable[[str], None],
    stop: threading.Event,
    ours: Callable[[], bool],
    trust: Trust,
    attaches: Callable[[], bool] = lambda: False,
    labels: TmuxLabels | None = None,
    files: str = "",
    publisher: StatePublisher | None = None,
    notify: Callable[[Notice, Activity], None] = lambda *_: None,
) -> None:
    """Notify the agent of MAILBOX through CHANNEL until STOP is set.

    LOG takes a line for the private log. OURS reports whether this process still holds the agent's notifier lock,
    ATTACHES whether the agent's hooks give its model the mail together with a line that says so. PUBLISHER writes the
    agent's state down, and LABELS show it to the user. NOTIFY notifies the user of something about it. FILES is the
    directory of the run, "" if it has none.
    """
    logging.getLogger().addHandler(PrivateLog(log))
    loop = WakeLoop(
        mailbox, channel, policy, wording, log, trust, ours=ours, attaches=attaches, labels=labels,
        files=files, publisher=publisher, notify=notify,
    )  # fmt: skip
    anyio.run(loop.run, stop)
