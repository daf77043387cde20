"""What is left for the person when an agent's turn ends and mail is unread: a small file, lines, a desktop notice.

For agents whose CLI can only run a program at the end of a turn, as Codex does with `notify`.
"""

from __future__ import annotations

import os
import shutil
import subprocess

from amq.jsontext import render
from amq.runtime.hooks import write_private
from amq.text import visible

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from amq.store.maildir import Found

NAME = "amq-bulletin.json"
MOST_LINES = 3
LONGEST_LINE = 100  # characters
PATIENCE = 5.0  # seconds for the desktop


def write_bulletin(path: str, me: str, unread: Sequence[Found]) -> None:
    """Say in the file PATH what is UNREAD; where nothing is, there is no such file."""
    if unread:
        messages = [
            {"id": each.id, "from": each.header.sender, "subject": each.header.subject}
            if each.header
            else {"id": each.id}
            for each in unread
        ]
        write_private(path, render({"agent": me, "count": len(unread), "messages": messages}) + "\n")
    elif os.path.exists(path):
        os.unlink(path)


def lines(unread: Sequence[Found]) -> list[str]:
    """The first few messages, a line each."""
    headers = [each.header for each in unread[:MOST_LINES] if each.header]
    return [visible(f"{header.sender}: {header.subject or '(no subject)'}")[:LONGEST_LINE] for header in headers]


def notify_desktop(text: str, environ: Mapping[str, str]) -> None:
    """Show TEXT, which has no word of a peer's, on the person's desktop, if there is one."""
    ways = {
        "notify-send": ["--app-name=amq", "amq", text],
        "osascript": ["-e", f'display notification "{text}" with title "amq"'],
    }
    for program, words in ways.items():
        if found := shutil.which(program, path=environ.get("PATH")):
            subprocess.run(
                [found, *words], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
                timeout=PATIENCE, check=False,
            )  # fmt: skip
            return
