"""Notices on the person's desktop."""

from __future__ import annotations

import contextlib
import shutil
import subprocess
import sys
import threading

PATIENCE = 10.0  # seconds for one to be shown
_SHOW_ON_MACOS = "on run argv\ndisplay notification (item 2 of argv) with title (item 1 of argv)\nend run"


def notice_command(title: str, text: str) -> list[str] | None:
    """What shows a notice here: osascript(1) or notify-send(1); None if there is neither."""
    if sys.platform == "darwin":
        return ["osascript", "-e", _SHOW_ON_MACOS, title, text]
    return ["notify-send", "--app-name=amq", title, text] if shutil.which("notify-send") else None


def show_notice(title: str, text: str, patience: float = PATIENCE) -> None:
    """Show the person TEXT, which is nothing of a peer's, if that is possible within PATIENCE seconds."""
    command = notice_command(title, text)
    if command is not None:
        with contextlib.suppress(OSError, subprocess.SubprocessError):
            subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, timeout=patience, check=False)


def unread_notice(me: str) -> None:
    """Notify the user that the agent ME has unread mail, if that is possible, without waiting for it."""
    told = (f"Mail for {me}", f"It has not been read; amq why {me} tells why.")
    threading.Thread(target=show_notice, args=told, daemon=True).start()
