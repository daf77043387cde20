"""Give mail to Claude Code by the mod, its plugin for one run: no key is pressed, and the user's draft stays.

The mod takes the text of the mail and a line. It begins a turn with the line, or lets the text go with the turn that is
running. The line is on the screen, the text is not. What is given is an offer, recorded before it is given; the mod
reports what becomes of it, and `policy.receipts` says what follows. Measured on the versions that the profile names;
docs/decisions/claude-plugin.md.
"""

from __future__ import annotations

import select
import threading
import time
from collections.abc import Callable, Sequence

from amq.errors import AmqError, why
from amq.mail import offering
from amq.mail.draining import Drain, Drained
from amq.mail.mailbox import Mailbox
from amq.mail.rendering import handed_over, is_whole, room_for
from amq.output_budget import Budget
from amq.record import replace
from amq.runtime.agents.claude.mod_feed import ERROR, Event, ModFeed, Presence
from amq.runtime.agents.plugin_presence import note_presence
from amq.runtime.agents.status_sources import AgentStatus
from amq.runtime.hooks import announcements
from amq.runtime.hooks.receipts import take_reports
from amq.runtime.policy import hook_decision
from amq.runtime.policy.hook_decision import HookState, given
from amq.runtime.policy.injection import End
from amq.runtime.policy.reasons import WAITS_IN_WORDS, Outcome, WaitReason
from amq.runtime.policy.receipts import ENDS, PLUGIN, Report
from amq.runtime.policy.schedule import Readiness
from amq.runtime.policy.wake_line import Wording, is_notification, notification, preview
from amq.text import visible

BUDGET = Budget(100_000, in_bytes=True)
PING_EVERY_S = 10.0  # while something is on offer
TAKEN_WITHIN_S = 3.0  # for the mod to say that Claude Code has taken a text; it may wait for a session to begin
LONGEST_REASON = 200  # characters
_LOOK_EVERY_S = 0.05
_TAKEN = ("appended", "started", "held", "answered")
_OF_AN_OFFER = (*_TAKEN, "refused", "lost")
_ROW_SHOWN = (None, WaitReason.DRAFT)
_IN_ITS_WAY = (
    WaitReason.DRAFT, WaitReason.DIALOG, WaitReason.UNKNOWN_SCREEN, WaitReason.UNKNOWN_LOOK, WaitReason.NOT_CERTIFIED,
)  # fmt: skip
"""The reasons that keep amq from typing, and do not keep the mod: it waits by itself until a dialog is closed."""


class ModChannel:
    """The mod of one run. FEED has its pipes, WORDING is how the line reads, LOG takes a line for the private log.

    FILES is the directory of the run, DIRECTORY the agent's private one. AGENT_STATUS knows whether the terminal shows
    another session. `look` and `tell` may run in two threads.
    """

    way = PLUGIN

    def __init__(
        self,
        feed: ModFeed,
        mailbox: Mailbox,
        files: str,
        directory: str,
        agent_status: AgentStatus,
        wording: Wording,
        log: Callable[[str], None],
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._feed = feed
        self._mailbox = mailbox
        self._files = files
        self._directory = directory
        self._agent_status = agent_status
        self._wording = wording
        self._log = log
        self._clock = clock
        self._lock = threading.RLock()
        self._session = ""
        self._open = set[str]()  # the names of what is on offer
        self._awaited = self._said = ""  # the name of what was given last, and the newest report of it
        self._reports: list[Report] = []  # not carried out yet
        self._was = Presence.UNKNOWN
        self._pinged_at = 0.0
        self._pong: Event | None = None  # the last one
        self._parts = 0
        self._failure = ""

    def is_there(self) -> bool:
        """Return whether the mod answers, and the terminal shows its session."""
        return self._feed.health.presence(self._clock()) is Presence.THERE and not self._agent_status.is_detached()

    def reaches(self, readiness: Readiness) -> bool:
        """Return whether the mod takes mail although amq must not type.

        Not after the user has interrupted the agent: what Claude Code takes then cannot be taken back.
        """
        return readiness.blocked_by in _IN_ITS_WAY

    def look(self, readiness: Readiness) -> Readiness:
        """Take the mod's reports; return READINESS, which is that of the terminal, with what is known of the mod.

        Until it has said hello, or is late with it, nothing else is tried.
        """
        with self._lock:
            now = self._clock()
            if readiness.blocked_by in _ROW_SHOWN:
                self._feed.health.row_seen(now)
            self._receive(now)
            self._ask(readiness, now)
            self._carry_out()
        if self._was is Presence.UNKNOWN and readiness.blocked_by in _ROW_SHOWN:
            return replace(readiness, blocked_by=WaitReason.STARTING)
        return readiness

    def tell(self, text: str) -> End:  # noqa: ARG002  it has words of its own
        """Give all mail that is not on offer, as far as there is room; refused if the mod has not taken it.

        It words a line for what it gives, so TEXT is not used. Where the mod answers, and has not said yet that Claude
        Code has taken the mail, it has it: it is not recalled.
        """
        try:
            name = self._give()
        except AmqError as error:
            return End(Outcome.REFUSED, error.message)
        except OSError as error:
            return End(Outcome.REFUSED, why(error))
        deadline = self._clock() + TAKEN_WITHIN_S
        while name:
            with self._lock:
                now = self._clock()
                self._receive(now)
                self._carry_out()
                is_taken = self._said in _TAKEN or (now > deadline and self._was is Presence.THERE)
                is_refused = bool(self._said) or self._was is not Presence.THERE
            if is_taken:
                return End(Outcome.SENT, "")
            if is_refused:
                return End(Outcome.REFUSED, self._said or f"the plugin is {self._was.value}")
            select.select([self._feed], [], [], _LOOK_EVERY_S)
        return End(Outcome.REFUSED, "there is no mail that the plugin has not been given")

    def forbids(self) -> WaitReason | None:
        """Ask the mod; return what forbids typing by its answer: a draft other than amq's line, or a turn.

        It knows drafts that the screen does not show. If it does not answer, it becomes silent and the screen counts.
        """
        with self._lock:
            number = self._ping(self._clock())
        while number and self.is_there():
            with self._lock:
                self._receive(self._clock())
                pong = self._pong
            if pong and pong.n >= number:
                return _forbidden(pong)
            select.select([self._feed], [], [], _LOOK_EVERY_S)
        return None

    def close(self) -> None:
        """Take the last reports, give back what is still on offer, and close the pipes."""
        with self._lock:
            self._receive(self._clock())
            self._reports.append(Report("unheard"))
            self._carry_out()
            self._feed.close()

    # -- giving --------------------------------------------------------------------------------------------------------

    def _give(self) -> str:
        """Give mail to the mod; return the name under which it reports of it, "" if there is none to give.

        Bad mail waits for a drain. Raises AmqError or OSError.
        """
        account, command = self._mailbox.account, self._wording.command
        with self._lock, announcements.locked(self._directory):
            state = announcements.read_state(self._directory)
            with offering.hold(account, self._to_skip(state)) as mail:
                fits = room_for(BUDGET, account.me, mail.count + mail.remaining, command)
                for batch in mail.batches(fits):
                    if good := [item for item in batch if item.header]:
                        remaining = mail.remaining + len(batch) - len(good)
                        return self._give_batch(state, mail, good, remaining)
                    mail.leave()
        return ""

    def _to_skip(self, state: HookState) -> frozenset[str]:
        """Return the mail that the model knows of, a part of it or that it is there, unless there is no other."""
        offered = {each for offer in offering.open_offers(self._mailbox.account.agent) for each in offer.ids}
        free = {message.id for message in self._mailbox.unread()} - offered
        return state.announced if free - state.announced else frozenset()

    def _give_batch(self, state: HookState, mail: Drain, good: Sequence[Drained], remaining: int) -> str:
        """Give the GOOD messages, recorded as an offer first; of one that is too long give a part, which stays new."""
        me, command, notice = self._mailbox.account.me, self._wording.command, self._notice(good)
        if is_part := len(good) == 1 and not is_whole(good[0], me, remaining, BUDGET, command):
            good = [replace(good[0], redelivered=good[0].id in state.announced)]
        text = handed_over(good, me, remaining, BUDGET, command)
        if is_part:
            mail.leave()
            at = hook_decision.Event(PLUGIN)
            announcements.write_state(self._directory, given(state, at, [good[0].id], in_part=True))
            self._parts += 1
            name = f"part {self._parts}"
        else:
            name = mail.leave_offered(PLUGIN, self._session, "", "", 0, len(text)).name
            self._open.add(name)
        self._awaited, self._said = name, ""
        if self._feed.deliver(name, [text], notice):
            self._ping(self._clock())
        else:
            self._hear(Event("refused", offer=name, reason="its pipe takes nothing"))
        return name

    def _notice(self, given: Sequence[Drained]) -> str:
        """Return the line for what is GIVEN: the user sees it, and the model gets it with the text."""
        headers, wording = [item.header for item in given if item.header], self._wording
        subject = preview(headers[-1].subject, wording.preview_chars) if wording.preview_chars else ""
        senders = [header.sender for header in headers]
        known = self._mailbox.account.known_agents()
        return notification(senders, known, wording.command, subject, attached=True).text

    # -- reports -------------------------------------------------------------------------------------------------------

    def _receive(self, now: float) -> None:
        """Take what the mod has reported, and note whether it is there."""
        for event in self._feed.receive(now):
            self._hear(event)
        presence = self._feed.health.presence(now)
        if presence is self._was:
            return
        self._was = presence
        self._log(f"plugin: {presence.value}")
        note_presence(self._files, presence.value)
        if presence is not Presence.THERE:
            self._reports.append(Report("unheard"))

    def _hear(self, event: Event) -> None:
        name = event.name
        if name == "hello":
            self._session = event.session
            self._reports.append(Report("unheard"))  # a mod that was loaded again knows of nothing
        elif name == "ended":
            self._session = ""  # the next one's id is not reported
            self._reports.append(Report("ended"))
        elif name in _OF_AN_OFFER:
            reason = f"it goes with your next prompt ({visible(event.reason)[:LONGEST_REASON]})"
            self._reports.append(Report(name, event.offer, reason if name == "held" else ""))
            self._said = name if event.offer == self._awaited else self._said
        elif name == "pong":
            self._pong = event
        elif name == "completed" and event.outcome != "answer":
            self._reports.append(Report("failed"))
        if name in (ERROR, "refused"):
            self._log(f"plugin: {name}: {visible(event.reason)}")

    def _carry_out(self) -> None:
        """Do what the reports say; if that fails, the next look does. Nothing is read while nothing is on offer."""
        reports = self._reports if self._open else []
        try:
            if reports:
                take_reports(self._mailbox.account, self._directory, reports)
        except (AmqError, OSError) as error:
            if str(error) != self._failure:
                self._failure = str(error)
                self._log(f"the plugin's reports cannot be carried out: {error}")
            return
        self._failure = ""
        for report in reports:
            if report.name in ENDS:
                self._open = self._open - {report.offer} if report.offer else set()
        self._reports = []

    def _ask(self, readiness: Readiness, now: float) -> None:
        """Ask a mod that has mail on offer whether it is there; note what the mail waits for if it answers."""
        if not self._open or self._was is not Presence.THERE or now - self._pinged_at < PING_EVERY_S:
            return
        self._ping(now)
        reason = WaitReason.BUSY if readiness.busy else None
        reason = reason if readiness.blocked_by in _ROW_SHOWN else readiness.blocked_by
        if reason is not None:
            self._reports.append(Report("waits", reason=WAITS_IN_WORDS[reason]))

    def _ping(self, now: float) -> int:
        self._pinged_at = now
        return self._feed.ping(now)


def _forbidden(pong: Event) -> WaitReason | None:
    if pong.draft and not is_notification(pong.draft.replace("\n", " ")):
        return WaitReason.DRAFT
    return WaitReason.BUSY if pong.busy else None
