"""The clock of `policy.injection`: its steps in sequence, with the waits that it asks for in between."""

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
    """Call STEP at once and then at the times that it asks for (seconds of CLOCK); return the end of the attempt."""
    while True:
        wait_until = clock()
        for action in step():
            if isinstance(action, End):
                return action
            if isinstance(action, LookAt):
                wait_until = action.at
        await sleep(max(0.0, wait_until - clock()))
