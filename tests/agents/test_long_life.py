"""`amq run` for a long time: what it holds stays as much as it was, and nothing is left behind.

A soak runs it for AMQ_LONG_S seconds (7,200), `make test` for some. The agent is woken, prints megabytes, has its hooks
called, is suspended, and amq is replaced by another copy of itself meanwhile.
"""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from random import Random

import pytest

from tests.agents.holdings import Holdings, growth, holdings
from tests.agents.test_under_amq_run import install, noted
from tests.pty.user import wait_until
from tests.runtime.run_session import Desk, Session
from tests.seeds import SEED, SOAK

LASTS_S = float(os.environ.get("AMQ_LONG_S", "7200")) if SOAK else 4.0
SAMPLES = 40
"""The number of looks at the processes, at equal times."""
GROWTH_MB, GROWTH_FILES, GROWTH_THREADS = 1.5, 3, 2
"""The growth allowed from the first quarter to the last. A worker's thread, with its descriptors, ends after 10 s."""
PACKAGE = Path(__file__).parents[2] / "amq"

pytestmark = [
    pytest.mark.skipif(sys.platform != "linux", reason="it reads /proc"),
    pytest.mark.timeout(LASTS_S + 300),
]


@pytest.fixture
def state(monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A private directory that no other test uses."""
    with tempfile.TemporaryDirectory(dir="/var/tmp") as directory:
        monkeypatch.setenv("XDG_STATE_HOME", directory)
        yield Path(directory, "amq")


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """A copy of amq that a test may replace."""
    shutil.copytree(PACKAGE, tmp_path / "copy" / "amq", ignore=shutil.ignore_patterns("__pycache__"))
    return tmp_path / "copy"


def test_what_it_holds_stays_as_it_is(
    state: Path, desk: Desk, copy: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = [install("claude", tmp_path, desk.log)]
    command = desk.command(*words, options=("--profile", "claude", "--hooks"))
    session = desk.spawn(command, HOME=str(tmp_path), PYTHONPATH=str(copy), AMQ_FAKE_SEED=str(SEED))
    reader = threading.Thread(target=_discard, args=(session,), daemon=True)
    reader.start()
    wait_until(lambda: noted(desk, "started"))
    pid = desk.host_pid()
    samples, done = list[Holdings](), Counter[str]()
    for at in _spread(LASTS_S):
        done += _round(desk, session, pid, state, copy, Random(f"{SEED} {at}"))
        while len(samples) < at * SAMPLES:
            samples.append(holdings(state, pid))
    with capsys.disabled():
        print(f"\n{LASTS_S:.0f} s: {dict(done)}; {samples[0]} → {samples[-1]}")  # noqa: T201  the soak's result
    for name in ("descriptors", "threads"):
        assert growth(samples, name) <= GROWTH_THREADS, name
    assert growth(samples, "memory_mb") <= GROWTH_MB
    assert growth(samples, "files") <= GROWTH_FILES
    session.send("quit")
    session.send("\x18\r")
    wait_until(lambda: _has_ended(pid), desk.recorded)
    assert not list(state.glob("r/*"))
    assert _running_with(tmp_path) == []


def _spread(seconds: float) -> Iterator[float]:
    """Yield the share of SECONDS that has passed, again and again, until it is 1."""
    begun = time.monotonic()
    while (share := (time.monotonic() - begun) / seconds) < 1.0:
        yield share
    yield 1.0


def _round(desk: Desk, session: Session, pid: int, state: Path, copy: Path, chance: Random) -> Counter[str]:
    """Do one thing that an agent, its user or its machine does; return what was done."""
    what = chance.choices(("wake", "output", "hooks", "suspend", "upgrade"), (60, 20, 15, 4, 1))[0]
    if what == "wake":
        desk.send()
        wait_until(lambda: desk.unread() == 0, desk.recorded)
    elif what == "output":
        before = len(noted(desk, "submitted"))
        session.send("flood 2")
        session.send("\x18\r")
        wait_until(lambda: len(noted(desk, "submitted")) > before, desk.recorded)
        return Counter({"output MB": 2})
    elif what == "hooks":
        return Counter({"hooks": _call_hooks(state)})
    elif what == "suspend":
        os.kill(pid, signal.SIGSTOP)
        desk.send()
        os.kill(pid, signal.SIGCONT)
        wait_until(lambda: desk.unread() == 0, desk.recorded)
    else:
        _replace(copy)
    return Counter({what: 1})


def _call_hooks(state: Path) -> int:
    """Call the script of the agent's hooks as a CLI does where no mail waits; return how often."""
    (script,) = state.glob("r/*/hook")
    for event in ("tool", "stop", "prompt") * 4:
        subprocess.run([str(script), event], stdin=subprocess.DEVNULL, check=True)
    return 12


def _replace(copy: Path) -> None:
    """Put another copy of amq in the place of the one that runs, as an installer does."""
    fresh = copy / "fresh"
    shutil.copytree(PACKAGE, fresh, ignore=shutil.ignore_patterns("__pycache__"))
    (copy / "amq").rename(copy / "old")
    fresh.rename(copy / "amq")
    shutil.rmtree(copy / "old")


def _discard(session: Session) -> None:
    with suppress(OSError):  # the terminal is gone
        while os.read(session.child_fd, 1 << 16):
            pass


def _has_ended(pid: int) -> bool:
    """Return whether the process has ended; the test has not waited for it yet."""
    return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "Z"


def _running_with(home: Path) -> list[str]:
    """Return the commands of the processes whose home is HOME."""
    wanted, found = f"HOME={home}".encode(), list[str]()
    for directory in Path("/proc").glob("[0-9]*"):
        try:
            if wanted in (directory / "environ").read_bytes().split(b"\0"):
                found.append((directory / "cmdline").read_text())
        except OSError:  # it has ended
            continue
    return found
