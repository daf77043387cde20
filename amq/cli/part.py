"""What is longer than all the room there is: it is shown in part, with the command for the rest."""

from __future__ import annotations

from amq.cli.commands.drain import entry_head
from amq.quoting import shell
from amq.text import cut_before, visible_lines

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from amq.budget import Budget
    from amq.cli.commands.drain import View
    from amq.mail.draining import Drained


def entry_in_part(item: Drained, view: View, shown: Callable[[str], str], room: int) -> str:
    """A message that takes more than ROOM, as `entry` shows it: its head, shortened if need be, and part of its body.

    SHOWN is how a body is shown. A line below it says how to read the rest; it can be forged as little as the others.
    """
    head = entry_head(item, lambda value: _shortened(value, view.budget.fitting(value, max(room // 4, 100))))
    if item.header is None or not view.include_body:
        return f"{head}---\n"
    lines = visible_lines(item.text)
    left = room - view.budget.size(f"{head}---\n")
    body = part(lines, 0, item.header.id, view.budget, left, shown)
    return f"{head}{body}---\n"


def _shortened(value: str, most: int) -> str:
    return value if len(value) <= most else f"{value[: cut_before(value, most)]}…"


def part(lines: str, start: int, identifier: str, budget: Budget, room: int, shown: Callable[[str], str]) -> str:
    """LINES from START on, as SHOWN shows them, as far as there is ROOM, and a line that says how to go on.

    However little room there is, it is one character at least.
    """
    rest = lines[start:]
    if budget.size(shown(rest)) <= room:
        return shown(rest)
    room -= budget.size(_how_to_go_on(len(rest), identifier, len(lines)))
    at = budget.fitting(rest, room)
    while True:
        wanted = max(at, 1)
        at = cut_before(rest, wanted)
        text = shown(rest[:at])
        over = budget.size(text) - room
        if over <= 0 or wanted == 1 or at > wanted:
            break
        at -= max(over // 4, 1)  # a character frees four bytes at most
    return text + _how_to_go_on(len(rest) - at, identifier, start + at)


def _how_to_go_on(remaining: int, identifier: str, start: int) -> str:
    return f"… {remaining} more characters: amq read --id {shell(identifier)} --from {start}\n"
