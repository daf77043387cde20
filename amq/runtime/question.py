"""Ask the user a question at the terminal, before amq gives it to an agent's program."""

from __future__ import annotations

import os

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

ANSWER_WITHIN_S = 60.0
STDIN, STDERR = 0, 2


def can_ask() -> bool:
    """Return whether a user can read a question here and answer it."""
    from amq.pty.descriptors import is_foreground

    try:
        return all(map(os.isatty, (STDIN, STDERR))) and is_foreground(STDIN)
    except OSError:
        return False


def ask(question: str, say: Callable[[str], object], within_s: float = ANSWER_WITHIN_S) -> bool | None:
    """Show QUESTION by SAY; return whether the answer is a yes, None if nothing is answered within WITHIN_S seconds.

    Where we may not read from a terminal nothing is asked.
    """
    from amq.pty.descriptors import typed_line

    if not can_ask():
        return None
    say(question)
    try:
        answer = typed_line(STDIN, within_s)
    except OSError:
        return None
    return None if answer is None else answer.lower() in ("y", "yes")
