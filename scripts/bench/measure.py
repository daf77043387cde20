"""Shared by all topics: ways that take turns, and the figure made of their values."""

from __future__ import annotations

import os
import platform
import resource
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from rows import ROWS

AMQ = str(Path(sys.executable).with_name("amq"))
PASS = (sys.executable, "-c", "pass")

os.environ.pop("PYTHONDONTWRITEBYTECODE", None)  # else each run of a changed module would compile it again

Way = Callable[[], float]


@dataclass(frozen=True)
class Sizes:
    """Sizes of a run: values of a figure, files, bytes, seconds."""

    runs: int = 20  # values of a command that costs less than a second
    few: int = 5  # of one that costs more
    large: int = 20_000
    drained: int = 1_000
    sends: int = 20  # durable sends in one value
    megabytes: int = 8
    keys: int = 100  # keystrokes in one value
    wakes: int = 50
    settle: float = 1.0  # seconds in which `amq run` comes to rest after it has begun to watch
    growth: tuple[int, ...] = (10, 100, 1_000, 10_000, 100_000)
    growth_runs: int = 3
    top: tuple[int, ...] = (1_000, 20_000, 100_000)
    million: tuple[int, int] = (10_000, 1_000_000)


QUICK = Sizes(2, 1, 1_000, 50, 2, 1, 3, 2, 0.2, (10, 100), 1, (10,), (10, 100))


@dataclass(frozen=True)
class Figure:
    """The measurement of a row, in its unit: the value, the quartiles of all values, how many there are.

    `beside`: the medians of peers, and of floors, in that unit.
    """

    key: str
    value: float
    low: float
    high: float
    values: int
    beside: dict[str, float] = field(default_factory=dict)

    @property
    def share(self) -> float | None:
        """Return the share of `Row.share`."""
        return ROWS[self.key].share(self.value)

    @property
    def met(self) -> bool | None:
        """Return whether the goal is met, to the three digits that a reader sees; None if there is none."""
        return None if self.share is None else self.share < 1.005

    def record(self) -> dict[str, Any]:
        """Return the figure for JSON."""
        row = ROWS[self.key]
        return asdict(self) | {
            "share": self.share,
            "what": row.what,
            "unit": row.unit,
            "of": row.of,
            "goal": row.goal,
            "met": self.met,
        }


@dataclass
class Bench:
    """One run: its place on the disk, sizes, the wanted rows, the Go amq, and the receiver of its progress."""

    place: Path
    sizes: Sizes
    wanted: frozenset[str]
    go: str | None
    say: Callable[[str], None]
    left_out: list[str] = field(default_factory=list)
    growth: dict[str, dict[int, float]] = field(default_factory=dict)

    def leave_out(self, what: str) -> None:
        """Report that WHAT, with its reason, is not measured."""
        if what not in self.left_out:
            self.left_out.append(what)

    def in_turns(self, ways: Mapping[str, Way], runs: int, *, warm: bool = True) -> dict[str, list[float]]:
        """Return RUNS values of each way, which take turns. With `warm` a further first round fills the caches."""
        values: dict[str, list[float]] = {name: [] for name in ways}
        for run in range(-1 if warm else 0, runs):
            for name, way in ways.items():
                self.say(f"{name}, {max(run, 0) + 1} of {runs}")
                value = way()
                if run >= 0:
                    values[name].append(value)
        return values


def figure(key: str, values: Sequence[float], beside: Mapping[str, Sequence[float]] | None = None) -> Figure:
    """Return the figure of a row; BESIDE are values of peers and floors."""
    value = percentile(values, 99) if ROWS[key].of == "p99" else statistics.median(values)
    medians = {name: statistics.median(found) for name, found in (beside or {}).items()}
    return Figure(key, value, percentile(values, 25), percentile(values, 75), len(values), medians)


def percentile(values: Sequence[float], percent: int) -> float:
    """Return a percentile of VALUES."""
    return statistics.quantiles(values, n=100, method="inclusive")[percent - 1] if len(values) > 1 else values[0]


def over(values: Sequence[float], unit: float) -> list[float]:
    """Return VALUES as multiples of UNIT."""
    return [value / unit for value in values]


def processor_seconds(command: Sequence[str]) -> float:
    """Return user and system time of one run; raises RuntimeError with what it said if it fails."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    done = subprocess.run(
        command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, check=False
    )
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    if done.returncode:
        raise RuntimeError(f"{' '.join(command)}: {done.stderr}")
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def seconds(command: Sequence[str]) -> float:
    """Return the time from the start of COMMAND until it has ended."""
    before = time.perf_counter()
    os.waitpid(os.posix_spawn(command[0], command, os.environ), 0)
    return time.perf_counter() - before


def until(condition: Callable[[], object], patience: float = 60.0) -> None:
    """Wait until CONDITION holds; raises TimeoutError after PATIENCE seconds."""
    end = time.monotonic() + patience
    while not condition():
        if time.monotonic() > end:
            raise TimeoutError(f"it has not come in {patience:g} s")
        time.sleep(0.002)


def watches(pid: int) -> bool:
    """Return whether the process has a watch on files.

    Where the system does not show that, return true after two seconds.
    """
    if _is_hidden(pid):
        return True
    with suppress(FileNotFoundError):
        return any("inotify" in os.readlink(fd) for fd in Path(f"/proc/{pid}/fd").iterdir())
    return False


def sleeps(pid: int) -> bool:
    """Return whether the process sleeps for a time that it has set.

    Where the system does not show that, return true after two seconds.
    """
    return _is_hidden(pid) or "nanosleep" in Path(f"/proc/{pid}/wchan").read_text()


def _is_hidden(pid: int) -> bool:
    """Return whether the system hides the activity of the process; sleep two seconds if so."""
    if Path(f"/proc/{pid}").exists():
        return False
    time.sleep(2.0)
    return True


@contextmanager
def running(command: Sequence[str]) -> Iterator[subprocess.Popen[bytes]]:
    """Run COMMAND, without a terminal, and kill it if it has not ended."""
    process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
    try:
        yield process
    finally:
        process.kill()
        process.wait()


def machine(place: Path) -> dict[str, str]:
    """Return the machine of the figures, and how many others ran there when it began."""
    return {
        "system": f"{platform.system()} {platform.release()} {platform.machine()}",
        "processor": f"{os.cpu_count()} × {_processor()}",
        "filesystem": _filesystem(place),
        "python": platform.python_version(),
        "load": f"{os.getloadavg()[0]:.1f}",
    }


def _processor() -> str:
    lines = Path("/proc/cpuinfo").read_text().splitlines() if Path("/proc/cpuinfo").exists() else []
    return next((line.partition(": ")[2] for line in lines if line.startswith("model name")), platform.processor())


def _filesystem(place: Path) -> str:
    done = subprocess.run(["df", "-T", str(place)], capture_output=True, text=True, check=False)
    return done.stdout.splitlines()[-1].split()[1] if done.returncode == 0 else "unknown"


def versions(peers: Mapping[str, Sequence[str]]) -> dict[str, str]:
    """Return the first line of the version of each of PEERS."""
    found = {}
    for name, command in peers.items():
        with suppress(OSError):
            said = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False)
            found[name] = (said.stdout or said.stderr).strip().partition("\n")[0]
    return found
