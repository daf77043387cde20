"""Limits of the terminal's restoring, shown, and the command that repairs each."""

from __future__ import annotations

import os
import signal
from pathlib import Path

from tests.pty.person import wait_until
from tests.terminal.terminal_session import A_COMMAND, AMQ, PtyDesk, desk, is_alive
from tests.terminal.test_guard import start


def test_after_the_death_of_both_the_modes_stay_and_reset_mends_them(tmp_path: Path) -> None:
    with desk("bash", tmp_path) as person:
        assert isinstance(person, PtyDesk)
        amq, guard = start(person)
        for pid in (guard, amq):
            os.kill(pid, signal.SIGKILL)
        wait_until(lambda: not any(map(is_alive, (guard, amq))))
        person.says(A_COMMAND)
        assert person.left_on()
        person.says(f"{AMQ} reset; {A_COMMAND}")
        wait_until(lambda: person.left_on().keys() <= {"titles", "progress"}, person.left_on)
