"""A channel that notifies the user on the desktop; nothing reaches the agent."""

from __future__ import annotations

import math

import anyio

from amq.runtime.desktop import SHOWN_WITHIN_S, notice_command
from amq.runtime.policy.injection import End
from amq.runtime.policy.reasons import Outcome
from amq.runtime.policy.schedule import Readiness
from amq.runtime.policy.wake_line import Notification


class NoticeChannel:
    """A channel for an agent that nothing else can reach: the user has to act on the notice."""

    way = "notice"

    def __init__(self, me: str) -> None:
        self._me = me

    def look(self) -> Readiness:
        """Return that the user can be notified: nothing is seen of the agent."""
        return Readiness(quiet_for_s=math.inf)

    def drained(self) -> None:
        pass

    async def attempt(self, line: Notification) -> End:
        """Show LINE to the user; return SENT if it was shown. Only a drain shows that the agent knows."""
        command = notice_command(f"Mail for {self._me}", line.text)
        if command is None:
            return End(Outcome.FAILED, "notify-send is not installed")
        with anyio.move_on_after(SHOWN_WITHIN_S):
            ended = await anyio.run_process(command, stdin=None, check=False, start_new_session=True)
            if ended.returncode == 0:
                return End(Outcome.SENT, "")
        return End(Outcome.FAILED, f"{command[0]} could not show the notice")
