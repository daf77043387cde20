"""Handle an event of an agent's CLI: introduce the agent, announce its mail to the model, or notify the user.

Most events find no mail. So what is imported only where some waits is imported inside functions.
"""

from __future__ import annotations

from amq import quoting
from amq.errors import Unsafe
from amq.jsontext import render
from amq.runtime.hooks import announcements
from amq.runtime.hooks.event import NOTIFY, START
from amq.runtime.policy.hook_decision import begin, decide, introduction, output
from amq.runtime.private_state import NoPrivateDirectory

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from amq.mail.inbox_view import Unread
    from amq.mail.mailbox import Mailbox
    from amq.runtime.policy.hook_decision import Event
    from amq.runtime.private_state import PrivateState

NOTICE_WITHIN_S = 5.0


class Handler:
    """Handles the events of one agent.

    WRITE puts text on stdout, where the CLI reads it. TRUSTED: the user has said so for this call. NORMAL_AFTER_S is as
    in `hook_decision.decide`. SHELL_FILE returns the file that the agent's shell reads before each command, or "".
    """

    def __init__(
        self,
        mailbox: Mailbox,
        private: PrivateState,
        environ: Mapping[str, str],
        write: Callable[[str], None],
        *,
        trusted: bool,
        normal_after_s: float,
        shell_file: Callable[[], str],
    ) -> None:
        self._mailbox = mailbox
        self._private = private
        self._environ = environ
        self._write = write
        self._trusted = trusted
        self._normal_after_s = normal_after_s
        self._shell_file = shell_file

    def handle(self, event: Event) -> None:
        """Do what EVENT asks for. Raises AmqError or OSError, such as Unsafe for a queue that the user does not trust.

        The inbox is listed here and nowhere else, so all that is said and recorded is about the same messages.
        """
        unread = self._mailbox.unread()
        if event.name == NOTIFY:
            self._notify_user(unread)
        elif event.name == START:
            self._start_session(event)
        elif unread:
            self._announce(event, unread)

    def _start_session(self, event: Event) -> None:
        """Introduce the agent to its model and to its shell. The model knows of no mail then."""
        self._require_trust()
        self._introduce(event)
        directory = self._agent_directory()
        with announcements.locked(directory):
            announcements.write_state(directory, begin(announcements.read_state(directory), event.session))

    def _announce(self, event: Event, unread: Sequence[Unread]) -> None:
        """Announce UNREAD to the model if that is due. It is recorded after it was written: only then was it said."""
        self._require_trust()
        directory, now_ns = self._agent_directory(), self._mailbox.account.clock()
        with announcements.locked(directory):
            before = announcements.read_state(directory)
            after, is_due = decide(before, event, unread, now_ns, self._normal_after_s)
            if is_due:
                self._write_output(event, self._notification(unread))
                _record(directory, event, unread)
            if after != before:
                announcements.write_state(directory, after)

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

    def _write_output(self, event: Event, text: str) -> None:
        self._write(render(output(event.name, text), indent=None) + "\n")

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
