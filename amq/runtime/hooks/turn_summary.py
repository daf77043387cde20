"""Summarize unread mail for the user when an agent's turn ends: in a small file, and in lines.

It serves CLIs that can only run a program at the end of a turn, as Codex does with `notify`.
"""

from __future__ import annotations

from contextlib import suppress

from amq.jsontext import render
from amq.store import durable
from amq.store.directories import fresh_name
from amq.store.durable import Directory
from amq.text import subject_line

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from amq.layout import QueueLayout
    from amq.mail.inbox_view import Unread

NAME = "amq-bulletin.json"
MOST_LINES = 3
LONGEST_LINE_CHARS = 100  # characters


def write_summary(queue: QueueLayout, me: str, unread: Sequence[Unread]) -> None:
    """Write a summary of UNREAD into a file beside the registry; remove it if nothing is unread. Raises OSError."""
    with Directory(queue.meta) as meta:
        if unread:
            summary = {"agent": me, "count": len(unread), "messages": [_item(message) for message in unread]}
            durable.replace_file(meta, NAME, fresh_name(), (render(summary) + "\n").encode())
        else:
            with suppress(FileNotFoundError):
                durable.syscalls.unlink(meta, NAME)


def _item(message: Unread) -> dict[str, str]:
    """Return what the summary says of MESSAGE; of a bad one only its id is known."""
    known = {"from": message.sender, "subject": message.subject} if message.sender else {}
    return {"id": message.id} | known


def lines(unread: Sequence[Unread]) -> list[str]:
    """Return a line for each of the first few messages that is not bad."""
    good = [message for message in unread[:MOST_LINES] if message.sender]
    return [f"{message.sender}: {subject_line(message.subject)}"[:LONGEST_LINE_CHARS] for message in good]
