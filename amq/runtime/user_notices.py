"""Notify the user of an agent: by a signal of their terminal, or on their desktop.

A notice names the agent and what it is about, by words of a closed list. No peer's text and no question is in it.
"""

from __future__ import annotations

from amq.runtime.notice_settings import DESKTOP, OFF, TERMINAL, NoticeSettings
from amq.runtime.policy.notices import Notice

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Collection

WORDS = {
    Notice.QUESTION: "{} asks you something",
    Notice.PARKED: "{} is not reading its mail",
}


class UserNotices:
    """Notify the user of the agent ME, as SETTINGS say.

    TELL writes a terminal's signal. For a notice in SHOWN the user sees no signal: something else has shown it.
    """

    def __init__(
        self, me: str, settings: NoticeSettings, tell: Callable[[bytes], None], shown: Collection[Notice] = ()
    ) -> None:
        self._me = me
        self._settings = settings
        self._tell = tell
        self._shown = shown

    def notify(self, notice: Notice) -> None:
        """Notify the user, as far as that is possible, without waiting for it."""
        if notice not in self._shown:
            self._signal(notice)

    def _signal(self, notice: Notice) -> None:
        kind = self._settings.kind
        if kind == DESKTOP:
            from amq.runtime import desktop

            desktop.notify(notice, self._me)
        elif kind != OFF:
            self._tell(TERMINAL[kind].format(WORDS[notice].format(self._me)).encode())
