"""A notice to the person on their desktop; nothing reaches the agent."""

from __future__ import annotations

import math

import anyio

from amq.runtime.desktop import SHOWN_WITHIN_S, notice_command
from amq.runtime.policy.injection import End
from amq.runtime.policy.reasons import Outcome
from amq.runtime.policy.schedule import Readiness
from amq.runtime.policy.wake_line import Notification


class NoticeChannel:
    """For an agent that nothing else can reach: the person tells it."""

    way = "notice"

    def __init__(self, me: str) -> None:
        self._me = me

    def look(self) -> Readiness:
        """Nothing is seen."""
        return Readiness(quiet_for_s=math.inf)

    def drained(self) -> None:
        pass

    def tell_person(self) -> None:
        """Every attempt told them."""

    async def attempt(self, line: Notification) -> End:
        """The person is told; whether the agent is, only its drain will show."""
        command = notice_command(f"Mail for {self._me}", line.text)
        if command is None:
            return End(Outcome.FAILED, "notify-send is not installed")
        with anyio.move_on_after(SHOWN_WITHIN_S):
            ended = await anyio.run_process(command, stdin=None, check=False, start_new_session=True)
            if ended.returncode == 0:
                return End(Outcome.SENT, "")
        return End(Outcome.FAILED, f"{command[0]} could not show the notice")
