"""What is left for the user when an agent's turn ends and mail is unread: a small file, and lines.

For agents whose CLI can only run a program at the end of a turn, as Codex does with `notify`.
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
    from amq.store.maildir import Found

NAME = "amq-bulletin.json"
MOST_LINES = 3
LONGEST_LINE = 100  # characters


def write_summary(queue: QueueLayout, me: str, unread: Sequence[Found]) -> None:
    """Say in a file beside the registry what is UNREAD; where nothing is, there is no such file. Raises OSError."""
    with Directory(queue.meta) as meta:
        if unread:
            told = {"agent": me, "count": len(unread), "messages": [_message(each) for each in unread]}
            durable.replace_file(meta, NAME, fresh_name(), (render(told) + "\n").encode())
        else:
            with suppress(FileNotFoundError):
                durable.syscalls.unlink(meta, NAME)


def _message(found: Found) -> dict[str, str]:
    header = found.header
    return {"id": found.id} | ({"from": header.sender, "subject": header.subject} if header else {})


def lines(unread: Sequence[Found]) -> list[str]:
    """The first few messages, a line each."""
    headers = [each.header for each in unread[:MOST_LINES] if each.header]
    return [f"{header.sender}: {subject_line(header.subject)}"[:LONGEST_LINE] for header in headers]
