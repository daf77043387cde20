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


def unread_notice(me: str) -> None:
    """Tell the person that the agent ME does not read its mail, if that is possible; nobody waits for it."""
    command = notice_command(f"Mail for {me}", "It was told several times and has not drained it.")
    if command is not None:
        threading.Thread(target=_show, args=(command,), daemon=True).start()


def _show(command: list[str]) -> None:
    with contextlib.suppress(OSError, subprocess.SubprocessError):
        subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, timeout=PATIENCE, check=False)
