"""Notifications on the user's desktop."""

from __future__ import annotations

import contextlib
import subprocess
import sys
import threading

from amq import config, quoting
from amq.runtime.policy.notices import Notice
from amq.runtime.programs import find_program

SHOWN_WITHIN_S = 10.0  # seconds for a notification to be shown
_TEXTS = {
    Notice.QUESTION: ("{} asks you", "It waits for your answer."),
    Notice.PARKED: ("Mail for {}", "Unread mail. To see why: amq why {}"),
    Notice.MAIL: ("{} has written to you", "To see its mail: amq list"),
}  # fmt: skip
_SHOW_ON_MACOS = "on run argv\ndisplay notification (item 2 of argv) with title (item 1 of argv)\nend run"


def notice_command(title: str, text: str) -> list[str] | None:
    """Return the command that shows a notification: osascript(1) or notify-send(1); None if there is neither."""
    if sys.platform == "darwin":
        return ["/usr/bin/osascript", "-e", _SHOW_ON_MACOS, title, text]
    notify_send = find_program("notify-send", config.environment())
    if notify_send is None:
        return None
    return [notify_send, "--app-name=amq", "--", title, quoting.notice_body(text)]


def show_notice(title: str, text: str, within_s: float = SHOWN_WITHIN_S) -> None:
    """Show the user TEXT, if that is possible within WITHIN_S seconds. It must not contain a peer's words."""
    command = notice_command(title, text)
    if command is not None:
        with contextlib.suppress(OSError, subprocess.SubprocessError):
            subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, timeout=within_s, check=False)


def notify(notice: Notice, me: str) -> None:
    """Notify the user of NOTICE about the agent ME, if that is possible, without waiting for it."""
    words = [text.format(me) for text in _TEXTS[notice]]
    with contextlib.suppress(RuntimeError):  # the system has no thread left
        threading.Thread(target=show_notice, args=words, daemon=True).start()
