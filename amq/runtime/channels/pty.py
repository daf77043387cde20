"""The way to an agent whose terminal we host: we see every key and every byte of output."""

from __future__ import annotations

import time

import anyio

from amq.pty.host import Host
from amq.runtime import typed
from amq.runtime.typed import Again, End, Notification, Phase, Rules, Typed, Write
from amq.runtime.words import Reason


class PtyChannel:
    """Looks at the terminal and types into it under one hold of its lock, so that no key comes in between."""

    way = "pty"

    def __init__(self, host: Host, rules: Rules) -> None:
        self._host = host
        self._rules = rules
        self._state = Typed()

    def waits_for(self) -> Reason | None:
        """What forbids typing now."""
        now = time.monotonic()
        return typed.gate(self._state, self._host.look(now), self._rules, now)

    def quiet_for(self) -> float:
        """Seconds since anything was printed or typed."""
        now = time.monotonic()
        look = self._host.look(now)
        return now - max(look.started, look.last_output or 0.0, look.last_key or 0.0)

    def drained(self) -> None:
        """The agent has taken its mail."""
        self._state = typed.drained(self._state)
        self._forget_echo()

    async def attempt(self, line: Notification) -> End:
        """Type LINE and submit it, as far as that is safe. The first look is taken at once."""
        while True:
            wait_until = time.monotonic()
            for action in self._step(line):
                if isinstance(action, End):
                    self._forget_echo()
                    return action
                if isinstance(action, Again):
                    wait_until = action.at
            await anyio.sleep(max(0.0, wait_until - time.monotonic()))

    def _step(self, line: Notification) -> tuple[typed.Action, ...]:
        terminal = self._host.terminal
        with terminal.lock:
            now = time.monotonic()
            self._state, actions = typed.step(self._state, self._host.look(now), line, self._rules, now)
            for action in actions:
                if isinstance(action, Write):
                    if action.expect is not None:
                        terminal.expect(action.expect)
                    self._host.type(action.data)
        return actions

    def _forget_echo(self) -> None:
        if self._state.phase is Phase.CLEAR:
            self._host.terminal.expect(None)
