"""`amq run` as the first process of a container."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.pty.user import PATIENCE, wait_until
from tests.terminal.terminal_session import DISORDER, HALF, PROMPT, PtyDesk, descendants, desk, is_alive, require

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="only Linux has processes of a container's own")

CONTAINER = ["unshare", "--pid", "--fork", "--mount-proc"]
HOST = [sys.executable, "-P", "-m", "amq", "run", "--no-wake", "--as", "x", "--"]

LEAVES_AN_ORPHAN = f"""
import os, sys, time
orphan, told = os.pipe()
if not os.fork():
    if not os.fork():
        os.write(told, b"%d" % os.getpid())
    os._exit(0)
os.wait()
orphan, until = os.read(orphan, 99).decode(), time.monotonic() + {PATIENCE}
while os.path.exists(f"/proc/{{orphan}}"):
    assert time.monotonic() < until
sys.exit(9)
"""


@pytest.fixture
def container() -> list[str]:
    """Return the command line that runs a command as the first process of a container."""
    require(["unshare"])
    words = CONTAINER if os.geteuid() == 0 else [*CONTAINER, "--user", "--map-root-user"]
    done = subprocess.run([*words, "true"], capture_output=True, text=True, check=False)
    if done.returncode:
        reason = f"a kernel that lets us have our own processes ({done.stderr.strip()})"
        (pytest.fail if os.environ.get("AMQ_REQUIRE_ALL") == "1" else pytest.skip)(f"needs {reason}")
    return words


def test_orphans_are_reaped(container: list[str], project: Path) -> None:
    words = [*container, *HOST, sys.executable, "-c", LEAVES_AN_ORPHAN]
    assert subprocess.run(words, stdin=subprocess.DEVNULL, timeout=2 * PATIENCE, check=False).returncode == 9


@pytest.mark.parametrize(("number", "status"), [(signal.SIGTERM, 143), (signal.SIGUSR1, 3)])
def test_a_signal_to_it_is_the_programs(
    container: list[str], project: Path, number: signal.Signals, status: int
) -> None:
    words = [
        *container,
        "--kill-child",
        *HOST,
        "sh",
        "-c",
        "trap 'echo came; exit 3' USR1; echo ready; sleep 1000 & wait",
    ]
    with subprocess.Popen(words, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"ready\n"
        first = descendants(process.pid)[0]
        os.kill(first, number)
        try:
            assert process.communicate(timeout=PATIENCE)[0] == (b"came\n" if status == 3 else b"")
        finally:
            process.kill()
    assert process.returncode == status


def test_a_host_that_is_killed_leaves_the_terminal_right(container: list[str], tmp_path: Path) -> None:
    """The guard is given the time for it, before everything in the container ends."""
    with desk("bash", tmp_path) as user:
        assert isinstance(user, PtyDesk)
        before = user.says("stty -g")
        user.run(f"{' '.join([*container, *HOST])} {DISORDER} 'exec sleep 1000'; echo stat''us $?")
        wait_until(lambda: HALF in user.stream(), user.stream)
        _, _, host, guard, *_ = job = user.job()
        os.kill(guard, signal.SIGSTOP)
        os.kill(host, signal.SIGKILL)
        wait_until(lambda: not is_alive(host))
        os.kill(guard, signal.SIGCONT)
        wait_until(lambda: not any(map(is_alive, job)))
        user.sees("status 137")
        assert user.says("stty -g") == before
        assert user.left_on() == {}


def test_what_the_terminal_sends_to_all_comes_once(container: list[str], tmp_path: Path) -> None:
    """An example is ^C where the input is a pipe: in Claude Code a second one ends it."""
    with desk("bash", tmp_path) as user:
        assert isinstance(user, PtyDesk)
        script = 'trap "echo in""t" INT; trap "echo te""rm; exit" TERM; echo rea""dy; while :; do sleep 0.01; done'
        user.run(f"sleep 1000 | {' '.join([*container, *HOST])} sh -c '{script}'")
        user.sees("ready")
        first = descendants(next(pid for pid in user.job() if descendants(pid)))[0]
        os.kill(first, signal.SIGSTOP)  # a second one that comes at once might count as one with the first
        user.type("\x03")
        user.sees("int")
        os.kill(first, signal.SIGCONT)
        os.kill(first, signal.SIGTERM)
        assert b"int" not in user.sees("term")
        user.sees(PROMPT)
