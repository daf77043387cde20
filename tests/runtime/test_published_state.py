"""The state of an agent that `amq run` hosts, as others see it while no mail waits."""

from __future__ import annotations

import json
import os
import shlex
import signal
import subprocess
import sys

from amq.mail.mailbox import Mailbox
from amq.runtime.policy.reasons import Activity
from amq.runtime.state_file import ReportedState, read_state
from amq.store.notifier_info import read_notifier
from tests.conftest import private_directory
from tests.pty.user import wait_until
from tests.runtime.run_session import AT_PROMPT, TUI, Desk

HANGS = """\
import time, tty
tty.setraw(0)
print("\033]7501;state=idle\033\\\\\033[?2004h\\r\\n> ", end="", flush=True)
time.sleep(999)
"""


def test_each_state_is_seen_and_a_kill_at_once(desk: Desk) -> None:
    program = (sys.executable, str(TUI), str(desk.log), "--publish")
    session = desk.spawn(["/bin/bash", "--norc", "--noprofile", "-i"])
    session.send(f"{shlex.join(desk.command(*program, options=AT_PROMPT))}\r")
    wait_until(lambda: is_at(desk, Activity.IDLE))
    session.send("dialog\r")
    wait_until(lambda: is_at(desk, Activity.ASKS))
    host = desk.host_pid()
    os.kill(process(*program), signal.SIGSTOP)  # it hangs; amq stops with it, as for ^Z
    wait_until(lambda: is_at(desk, Activity.STOPPED))
    assert json.loads((private_directory(desk.root, "tui") / "state.json").read_text())["state"] == "stopped"
    session.send("fg\r")
    wait_until(lambda: is_at(desk, Activity.ASKS))
    os.kill(host, signal.SIGSTOP)
    wait_until(lambda: is_at(desk, Activity.STOPPED))
    os.kill(host, signal.SIGKILL)
    wait_until(lambda: reported(desk) == ReportedState(Activity.NOT_RUNNING))


def test_a_cli_that_is_stopped_behind_a_script_is_not_idle(desk: Desk) -> None:
    """Codex is a script of node's that runs the program."""
    program = (sys.executable, str(TUI), str(desk.log), "--publish")
    desk.run("/bin/bash", "-c", f"{shlex.join(program)}; exit", options=AT_PROMPT)
    wait_until(lambda: is_at(desk, Activity.IDLE))
    hung = process(*program)
    os.kill(hung, signal.SIGSTOP)
    desk.send()
    wait_until(lambda: is_at(desk, Activity.STOPPED), lambda: reported(desk))
    wait_until(lambda: desk.recorded() == ["stopped"])
    os.kill(hung, signal.SIGCONT)
    wait_until(lambda: desk.unread() == 0)


def test_a_cli_that_takes_no_keys_is_not_idle(desk: Desk) -> None:
    """It says that it idles, and hangs. That shows once a line has been typed."""
    desk.run(sys.executable, "-c", HANGS, options=AT_PROMPT)
    wait_until(lambda: is_at(desk, Activity.IDLE))
    desk.send()
    wait_until(lambda: desk.recorded() == ["uncertain"])
    wait_until(lambda: is_at(desk, Activity.UNKNOWN), lambda: reported(desk))


def reported(desk: Desk) -> ReportedState | None:
    agent = Mailbox(desk.root, "tui").account.agent
    return read_state(str(private_directory(desk.root, "tui")), agent, read_notifier(agent))


def is_at(desk: Desk, activity: Activity) -> bool:
    found = reported(desk)
    return found is not None and found.activity is activity


def process(*words: str) -> int:
    """Return the id of the process that runs just these WORDS."""
    listed = subprocess.run(["ps", "-axwwo", "pid=,args="], capture_output=True, text=True, check=True).stdout
    found = (line.split(maxsplit=1) for line in listed.splitlines())
    return next(int(pid) for pid, args in found if args.rstrip() == " ".join(words))
