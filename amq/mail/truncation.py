"""Show a text that is too long in part, with the command for the rest."""

from __future__ import annotations

from amq.quoting import shell
from amq.text import cut_before

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from amq.output_budget import Budget


def part(
    lines: str,
    start: int,
    identifier: str,
    budget: Budget,
    room: int,
    shown: Callable[[str], str],
    command: str = "amq",
) -> str:
    """Return as much of LINES from START on as fits in ROOM, as SHOWN shows it, with a line that says how to continue.

    However little room there is, the part has at least one character. COMMAND is how the reader's shell finds amq.
    """
    rest = lines[start:]
    if budget.size(shown(rest)) <= room:
        return shown(rest)
    room -= budget.size(_how_to_go_on(len(rest), identifier, len(lines), command))
    at = budget.fitting(rest, room)
    while True:
        wanted = max(at, 1)
        at = cut_before(rest, wanted)
        text = shown(rest[:at])
        over = budget.size(text) - room
        if over <= 0 or wanted == 1 or at > wanted:
            break
        at -= max(over // 4, 1)  # a character frees four bytes at most
    return text + _how_to_go_on(len(rest) - at, identifier, start + at, command)


def _how_to_go_on(remaining: int, identifier: str, start: int, command: str) -> str:
    return f"… {remaining} more characters: {command} read --id {shell(identifier)} --from {start}\n"
