"""Show a user how far a long command is, in one line on the terminal, which goes away at the end.

    with Progress(out) as progress:
        for number, message in enumerate(messages):
            progress.show(f"exporting: {number} of {len(messages)}")

No one else sees it: nothing is written where stderr is not a terminal, for an agent, or in a command that ends soon.
"""

from __future__ import annotations

import os
import time

from amq import config
from amq.cli.output import STDERR, is_terminal
from amq.cli.terminal import cut
from amq.text import visible

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from types import TracebackType
    from typing import Self

    from amq.cli.output import Output

SHOWN_AFTER_S = 2.0
DRAWN_EVERY_S = 0.2
"""Seconds from one drawing to the next at least, so that `show` may be called for every message."""


class Progress:
    """The line that says how far a command is, until the end of its `with` block. CLOCK returns seconds.

    What the command prints through OUT meanwhile replaces it, and the next `show` draws it below.
    """

    def __init__(self, out: Output, clock: Callable[[], float] = time.monotonic) -> None:
        self._out = out
        self._clock = clock
        self._begun_s = clock()
        self._next_s = self._begun_s + SHOWN_AFTER_S
        environ = config.environment()
        can_erase = environ.get("TERM", "dumb") not in ("", "dumb")
        self._is_seen = is_terminal(STDERR) and can_erase and not environ.get("AM_ME")

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._out.status("")

    def show(self, text: str) -> None:
        """Draw TEXT, which may contain text from others, with the seconds since the beginning, if it is time to."""
        if not self._is_seen:
            return
        now_s = self._clock()
        if now_s >= self._next_s:
            self._next_s = now_s + DRAWN_EVERY_S
            line = f"{text} ({now_s - self._begun_s:.0f} s)"
            self._out.status(cut(visible(line), _columns() - 1))  # a full line would move the cursor to the next one


def _columns() -> int:
    try:
        return os.get_terminal_size(STDERR).columns or 80
    except OSError:
        return 80
