"""Limits of the terminal's restoring, shown, and the command that repairs each."""

from __future__ import annotations

import os
import signal
from pathlib import Path

from tests.pty.user import wait_until
from tests.terminal.terminal_session import A_COMMAND, AMQ, PtyDesk, desk, is_alive
from tests.terminal.test_guard import start


def test_reset_restores_the_modes_after_both_are_killed(tmp_path: Path) -> None:
    with desk("bash", tmp_path) as user:
        assert isinstance(user, PtyDesk)
        amq, guard = start(user)
        for pid in (guard, amq):
            os.kill(pid, signal.SIGKILL)
        wait_until(lambda: not any(map(is_alive, (guard, amq))))
        user.says(A_COMMAND)
        assert user.left_on()
        user.says(f"{AMQ} reset; {A_COMMAND}")
        wait_until(lambda: user.left_on().keys() <= {"titles", "progress"}, user.left_on)
