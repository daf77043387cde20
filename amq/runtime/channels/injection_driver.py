"""The attempts of `injection` in time: its steps, one after the other, with the waits between them that it asks for."""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable

import anyio

from amq.runtime.policy.injection import Action, End, LookAt


async def until_ended(
    step: Callable[[], tuple[Action, ...]],
    clock: Callable[[], float] = time.monotonic,
    sleep: Callable[[float], Awaitable[object]] = anyio.sleep,
) -> End:
    """STEP, at once and then whenever it asks for it, until it says that the attempt is over; how that ended."""
    while True:
        wait_until = clock()
        for action in step():
            if isinstance(action, End):
                return action
            if isinstance(action, LookAt):
                wait_until = action.at
        await sleep(max(0.0, wait_until - clock()))
