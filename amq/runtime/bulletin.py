"""What is left for the user when an agent's turn ends and mail is unread: a small file, and lines.

For agents whose CLI can only run a program at the end of a turn, as Codex does with `notify`.
"""

from __future__ import annotations

import os

from amq.jsontext import render
from amq.store import durable
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


def write_bulletin(queue: QueueLayout, me: str, unread: Sequence[Found]) -> None:
    """Write what is UNREAD into a file beside the registry; where nothing is, there is no such file."""
    with Directory(queue.meta) as meta:
        if not unread:
            durable.discard(meta, NAME)
            return
        messages = [
            {"id": each.id, "from": each.header.sender, "subject": each.header.subject}
            if each.header
            else {"id": each.id}
            for each in unread
        ]
        text = render({"agent": me, "count": len(unread), "messages": messages}) + "\n"
        durable.replace_file(meta, NAME, f".{NAME}-{os.getpid()}", text.encode())


def lines(unread: Sequence[Found]) -> list[str]:
    """The first few messages, a line each."""
    headers = [each.header for each in unread[:MOST_LINES] if each.header]
    return [f"{header.sender}: {subject_line(header.subject)}"[:LONGEST_LINE] for header in headers]
