"""Notify the user of an agent: by a signal of their terminal, on their desktop, by their own command.

A notice names the agent and what it is about, by words of a closed list. No peer's text and no question is in it.
"""

from __future__ import annotations

from amq.runtime.notice_settings import DESKTOP, OFF, TERMINAL, NoticeSettings
from amq.runtime.policy.notices import Notice
from amq.runtime.policy.reasons import Activity

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping

    from amq.runtime.notice_command import NoticeCommand

WORDS = {
    Notice.QUESTION: "{} asks you something",
    Notice.PARKED: "{} is not reading its mail",
    Notice.MAIL: "{} has written to you",
}


class UserNotices:
    """Notify the user of the agent ME, as SETTINGS say.

    TELL writes a terminal's signal. For a notice in SHOWN the user sees no signal: something else has shown it. The
    user's command runs in ENVIRONMENT, with a few more variables; LOG gets a line if it fails.
    """

    def __init__(
        self,
        me: str,
        settings: NoticeSettings,
        environment: Mapping[str, str],
        tell: Callable[[bytes], None],
        log: Callable[[str], None],
        shown: Collection[Notice] = (),
    ) -> None:
        self._me = me
        self._settings = settings
        self._environment = environment
        self._tell = tell
        self._log = log
        self._shown = shown
        self._command: NoticeCommand | None = None  # from the first notice on: its imports are slow

    def notify(self, notice: Notice, activity: Activity = Activity.UNKNOWN) -> None:
        """Notify the user, as far as that is possible, without waiting for it. ACTIVITY is what the agent does."""
        try:
            if notice not in self._shown:
                self._signal(notice)
            if self._settings.command:
                self._started().start(notice, activity)
        except (ImportError, OSError) as error:  # no file can be opened any more, which may be what the notice is about
            self._log(f"the user was not notified ({notice.value}): {error}")

    def close(self) -> None:
        """End what still runs, at most a second later."""
        if self._command:
            self._command.close()

    def _started(self) -> NoticeCommand:
        from amq.runtime.notice_command import NoticeCommand

        if self._command is None:
            self._command = NoticeCommand(self._settings.command, self._me, self._environment, self._log)
        return self._command

    def _signal(self, notice: Notice) -> None:
        kind = self._settings.kind
        if kind == DESKTOP:
            from amq.runtime import desktop

            desktop.notify(notice, self._me)
        elif kind != OFF:
            self._tell(TERMINAL[kind].format(WORDS[notice].format(self._me)).encode())
