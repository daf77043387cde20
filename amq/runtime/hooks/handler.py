"""Handle an event of an agent's CLI: introduce the agent, give its mail to the model, or notify the user.

Most events find no mail. So what is imported only where some waits is imported inside functions.
"""

from __future__ import annotations

from amq import quoting
from amq.errors import Unsafe
from amq.jsontext import render
from amq.record import replace
from amq.runtime.hooks import announcements
from amq.runtime.hooks.event import NOTIFY, START
from amq.runtime.policy.hook_decision import (
    TO_MODEL,
    HookState,
    begin,
    decide,
    given,
    introduction,
    is_own_line,
    may_offer,
    output,
)
from amq.runtime.private_state import NoPrivateDirectory
from amq.text import subject_line

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from amq.mail.draining import Drain, Drained
    from amq.mail.inbox_view import Unread
    from amq.mail.mailbox import Mailbox
    from amq.mail.offering import Offer
    from amq.output_budget import Budget
    from amq.runtime.policy.hook_decision import Event
    from amq.runtime.private_state import PrivateState

LONGEST_NOTE = 200  # characters
NOTICE_WITHIN_S = 5.0
ENDED_WITHIN_S = 10.0
"""Seconds after which a hook counts as too late: the CLI goes on without what it prints, but not without its event."""


class Handler:
    """Handles the events of one agent.

    WRITE puts text on stdout, where the CLI reads it, and ELAPSED_S returns the seconds since it called the hook.
    TRUSTED: the user has said so for this call. NORMAL_AFTER_S is as in `hook_decision.decide`. BUDGET is what the CLI
    passes to its model of one hook's text, and STOP_BLOCKS says how its hook goes on with a turn, as in
    `hook_decision.output`. SHELL_FILE returns the file that the agent's shell reads before each command, or "".
    """

    def __init__(
        self,
        mailbox: Mailbox,
        private: PrivateState,
        environ: Mapping[str, str],
        write: Callable[[str], None],
        elapsed_s: Callable[[], float],
        *,
        trusted: bool,
        normal_after_s: float,
        budget: Budget,
        stop_blocks: bool,
        shell_file: Callable[[], str],
    ) -> None:
        self._mailbox = mailbox
        self._private = private
        self._environ = environ
        self._write = write
        self._elapsed_s = elapsed_s
        self._trusted = trusted
        self._normal_after_s = normal_after_s
        self._budget = budget
        self._stop_blocks = stop_blocks
        self._shell_file = shell_file

    def handle(self, event: Event) -> None:
        """Do what EVENT asks for. Raises AmqError or OSError, such as Unsafe for a queue that the user does not trust.

        The inbox is read once, so all that is said and recorded is about the same messages.
        """
        if event.name == NOTIFY:
            self._notify_user(self._mailbox.unread())
        elif event.name == START:
            self._start_session(event, self._mailbox.unread())
        elif self._mailbox.has_new():
            self._pass_on(event)

    def _start_session(self, event: Event, unread: Sequence[Unread]) -> None:
        """Introduce the agent to its model and to its shell. The model knows of no mail then."""
        self._require_trust()
        self._introduce(event)
        directory = self._agent_directory()
        with announcements.locked(directory):
            state = begin(announcements.read_state(directory), event.session)
            announcements.write_state(directory, state)
            if unread:
                self._take_receipts(event, directory, state)

    def _pass_on(self, event: Event) -> None:
        """Take receipts of what was given before, then give unread mail to the model if that is due.

        It is listed after that: while the lock is waited for, the host may file mail that a plugin has given.
        What was given is recorded after it was written: only then was it said. See `_say` for the end of a turn.
        """
        self._require_trust()
        directory, now_ns = self._agent_directory(), self._mailbox.account.clock()
        with announcements.locked(directory):
            before = announcements.read_state(directory)
            state, _, offers = self._take_receipts(event, directory, before)
            offered = {identifier for offer in offers for identifier in offer.ids}
            left = self._mailbox.unread()
            after, is_due = state, False
            if event.name in TO_MODEL and left:
                after, is_due = decide(state, event, left, now_ns, self._normal_after_s, offered)
            if is_due:
                waiting = [message for message in left if message.id not in offered]
                ids, in_part = self._give(event, after, waiting) if may_offer(after, event) else ([], False)
                after = given(after, event, ids or self._announce(event, after, waiting), in_part=in_part)
                _record(directory, event, waiting)
            elif is_own_line(event):
                self._show_user([message for message in left if _is_of_plugin(message.id, offers)])
            if after != state:
                announcements.write_state(directory, after)

    def _show_user(self, attached: Sequence[Unread]) -> None:
        """Show the user what mail is ATTACHED to amq's own line, by a plugin: the line has no subject."""
        heads = [(message.sender, message.subject) for message in attached if message.sender]
        if heads:
            self._write(render({"systemMessage": _note(heads)}, indent=None) + "\n")

    def _take_receipts(self, event: Event, directory: str, state: HookState) -> tuple[HookState, set[str], list[Offer]]:
        """Take EVENT as a receipt of open offers; the hooks remember STATE, in DIRECTORY.

        Return the state then, the ids of the mail that was filed, and the offers that are open still.
        """
        from amq.runtime.hooks import receipts

        return receipts.take(self._mailbox.account, directory, state, event)

    def _give(self, event: Event, state: HookState, waiting: Sequence[Unread]) -> tuple[list[str], bool]:
        """Give the model the text of what is WAITING, as much as there is room for.

        Return the ids of what was shown, and whether that is one message in part. Mail that the model knows of was too
        long for a hook: it must not keep the other mail from its place, and the part is marked if it comes again.
        """
        from amq.mail import offering
        from amq.mail.rendering import room_for

        account = self._mailbox.account
        known = state.announced if any(message.id not in state.announced for message in waiting) else frozenset[str]()
        self._require_time()  # before mail is held: a hook that fails then marks it
        with offering.hold(account, known) as mail:
            fits = room_for(self._budget, account.me, mail.count + mail.remaining)
            for batch in mail.batches(fits):
                if good := [item for item in batch if item.header]:
                    remaining = mail.remaining + len(batch) - len(good)  # only a drain puts the bad ones away
                    in_part = self._give_batch(event, state, waiting, mail, good, remaining)
                    return [item.id for item in batch], in_part
                mail.leave()
        return [], False

    def _give_batch(
        self,
        event: Event,
        state: HookState,
        waiting: Sequence[Unread],
        mail: Drain,
        good: Sequence[Drained],
        remaining: int,
    ) -> bool:
        """Write the GOOD messages of WAITING mail, and leave them as an offer if that was in time.

        If it is one that is too long, write a part; return whether it was that. No receipt could file it.
        """
        from amq.mail.rendering import handed_over, is_whole
        from amq.runtime.hooks import history

        me, budget = self._mailbox.account.me, self._budget
        if len(good) == 1 and not is_whole(good[0], me, remaining, budget):
            marked = replace(good[0], redelivered=good[0].id in state.announced)
            self._say(
                event, state, waiting, handed_over([marked], me, remaining, budget), _note(_heads(good), " in part")
            )
            mail.leave()
            return True
        text, position = handed_over(good, me, remaining, budget), history.size(event.history)
        self._say(event, state, waiting, text, _note(_heads(good)))
        self._require_time()
        mail.leave_offered(event.name, event.session, event.turn, event.history, position, len(text.strip()))
        return False

    def _say(self, event: Event, state: HookState, waiting: Sequence[Unread], text: str, note: str = "") -> None:
        """Write TEXT about what is WAITING, if there is time. The hooks remember STATE, with what follows from EVENT.

        At the end of a turn it is recorded first, of all that waits. A hook that can write, and cannot record that it
        has written, would hold up each end, for ever.
        """
        self._require_time()
        if event.name == "stop":
            announcements.write_state(self._agent_directory(), given(state, event, [message.id for message in waiting]))
        self._write_output(event, text, note)

    def _require_time(self) -> None:
        """Raise TimeoutError if the CLI may not wait for this hook any more."""
        if self._elapsed_s() > ENDED_WITHIN_S:
            raise TimeoutError("the hook took too long for the program to wait for it")

    def _announce(self, event: Event, state: HookState, waiting: Sequence[Unread]) -> list[str]:
        """Announce what is WAITING by the line that would be typed, and return the ids: it counts them all.

        At amq's own line that has been done.
        """
        if not is_own_line(event):
            self._say(event, state, waiting, self._notification(waiting))
        return [message.id for message in waiting]

    def _notify_user(self, unread: Sequence[Unread]) -> None:
        """Leave a summary of UNREAD for the user and show a notice; remove the summary where nothing is unread."""
        from amq.runtime.hooks import turn_summary

        account = self._mailbox.account
        if unread:
            self._require_trust()
        turn_summary.write_summary(account.queue, account.me, unread)
        if unread:
            from amq.runtime.desktop import show_notice

            self._write("".join(f"{line}\n" for line in turn_summary.lines(unread)))
            show_notice("amq", self._notification(unread), NOTICE_WITHIN_S)

    def _introduce(self, event: Event) -> None:
        account, shell_file = self._mailbox.account, self._shell_file()
        peers = sorted(account.known_agents() - {account.me})
        known = bool(self._environ.get("AM_ME") or shell_file)
        self._write_output(event, introduction(account.me, peers, known=known))
        if shell_file:
            _export(shell_file, {"AM_ROOT": account.queue.root, "AM_ME": account.me})

    def _notification(self, unread: Sequence[Unread]) -> str:
        """Return the line that would be typed for UNREAD."""
        from amq.runtime.policy.wake_line import notification

        senders = [message.sender for message in unread]
        return notification(senders, self._mailbox.account.known_agents()).text

    def _write_output(self, event: Event, text: str, note: str = "") -> None:
        self._write(render(output(event.name, text, note, stop_blocks=self._stop_blocks), indent=None) + "\n")

    def _require_trust(self) -> None:
        """Raise Unsafe for a queue that someone else may have made: no model gets its names or its mail."""
        from amq.runtime.trust import why_untrusted

        root = self._mailbox.account.queue.root
        reason = "" if self._trusted else why_untrusted(root, self._private)
        if reason:
            raise Unsafe(f"mail in the queue {root} is not announced: {reason}", hint="if you trust it: amq trust")

    def _agent_directory(self) -> str:
        """Return the agent's private directory. Raises NoPrivateDirectory: what is announced could not be recorded."""
        account = self._mailbox.account
        found = self._private.of_agent(account.queue.root, account.me)
        if not found.directory:
            raise NoPrivateDirectory(f"cannot record what was announced: {found.why_not}")
        return found.directory


def _is_of_plugin(identifier: str, offers: Sequence[Offer]) -> bool:
    from amq.runtime.policy.receipts import PLUGIN

    return any(offer.event == PLUGIN and identifier in offer.ids for offer in offers)


def _heads(given: Sequence[Drained]) -> list[tuple[str, str]]:
    return [(item.header.sender, item.header.subject) for item in given if item.header]


def _note(given: Sequence[tuple[str, str]], how_much: str = "") -> str:
    """Return a line that shows the user what was GIVEN to the model, by senders and subjects: the CLI shows no text."""
    senders = ", ".join(dict.fromkeys(sender for sender, _ in given))
    about = f": {subject_line(given[0][1])}" if len(given) == 1 else ""
    count = f"{len(given)} message{'' if len(given) == 1 else 's'}"
    return f"amq: {count} from {senders} given{how_much} to the model{about}"[:LONGEST_NOTE]


def _record(directory: str, event: Event, announced: Sequence[Unread]) -> None:
    """Record in the private DIRECTORY of the agent that a hook announced these messages."""
    from amq.runtime.journal import WakeJournal
    from amq.runtime.policy.reasons import Outcome

    WakeJournal(directory).attempt(
        sorted(message.id for message in announced), f"hook {event.name}", Outcome.HANDED, ""
    )


def _export(path: str, settings: Mapping[str, str]) -> None:
    """Add SETTINGS to the file PATH, which Claude Code reads before each command of its shell, unless it has them."""
    with open(path, "a+", encoding="utf-8") as file:
        file.seek(0)
        present = {line.partition("=")[0] for line in file}
        for name, value in settings.items():
            if f"export {name}" not in present:
                file.write(f"export {name}={quoting.shell(value)}\n")
