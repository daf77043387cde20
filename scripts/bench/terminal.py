"""Measure the cost of `amq run` between a user and a program, beside script(1), C, pexpect and a bare pseudo-terminal.

Output is lines of a log, and that of a full-screen program: text, colours, cursor movements.
"""

from __future__ import annotations

import os
import random
import signal
import statistics
import subprocess
import sys
import time
import tty
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from measure import AMQ, PASS, Bench, Figure, figure, over, until, watches
from peer import INTERACT, SOURCES, compiled, here
from ptyprocess import PtyProcess

WORDS = b"the quick brown fox jumps over the lazy dog while an agent edits three files".split()
SH = ("sh", "-c")
OURS, SCRIPT, BARE = "amq run", "script(1)", "bare Python"


@dataclass(frozen=True)
class Host:
    """A way to host a shell script: the words before it, and the words behind it."""

    before: tuple[str, ...]
    behind: tuple[str, ...] = ()

    @property
    def is_ours(self) -> bool:
        """Return whether it is `amq run`."""
        return AMQ in self.before

    def come_to_rest(self, bench: Bench, pid: int) -> None:
        """Return when an `amq run` has imported everything and watches the inbox; the others do so at once."""
        if self.is_ours:
            until(lambda: watches(pid))
            time.sleep(bench.sizes.settle)


def ours(root: Path) -> Host:
    """Return `amq run`, which wakes its agent when there is mail."""
    return Host((AMQ, "run", "--root", str(root), "--as", "bench", "--prompt", "$ ", "--", *SH))


def hosts(bench: Bench) -> dict[str, Host]:
    """Return amq and its peers, and as a floor a relay in Python."""
    found = {OURS: ours(bench.place / "queue"), "no relay": Host(SH)}
    found[BARE] = Host((sys.executable, str(SOURCES / "relay.py"), *SH))
    found["pexpect"] = Host((sys.executable, "-c", INTERACT, *SH))
    if here(bench, "script"):
        found[SCRIPT] = Host(("script", "-qfc"), ("/dev/null",))
    if relay := compiled(bench, "relay"):
        found["C"] = Host((relay, *SH))
    return found


@contextmanager
def hosted(host: Host, script: str) -> Iterator[PtyProcess]:
    """Run the shell SCRIPT in a HOST, in a pseudo-terminal; both have ended afterwards."""
    process = PtyProcess.spawn([*host.before, script, *host.behind], dimensions=(40, 120))
    process.closed = True  # its own way to end a program gives up early on a busy machine
    tty.setraw(process.fd)
    try:
        yield process
    finally:
        # others may wait for their program whatever the signal, or ignore it as this process does (nohup)
        os.kill(process.pid, signal.SIGHUP if host.is_ours else signal.SIGKILL)
        process.fileobj.close()
        os.waitpid(process.pid, 0)


def screens(chance: random.Random) -> bytes:
    """Return a line as a full-screen program draws it: a sequence in every 17 bytes."""
    words = b" ".join(chance.choices(WORDS, k=8))
    return b"\x1b[%d;1H\x1b[2K\x1b[38;5;%dm%b\x1b[0m\r\n" % (chance.randrange(40), chance.randrange(256), words)


def log(chance: random.Random) -> bytes:
    """Return a line of a build or a test run: a coloured word, and text."""
    words = b" ".join(chance.choices(WORDS, k=12))
    return b"\x1b[%dm%b\x1b[0m %b\r\n" % (chance.choice((31, 32, 33)), chance.choice(WORDS), words)


def write_output(path: Path, size: int, line: Callable[[random.Random], bytes]) -> None:
    """Write SIZE bytes of LINEs."""
    chance = random.Random(1)
    with path.open("wb") as file:
        while file.tell() < size:
            file.write(line(chance))


def read_until(fd: int, mark: bytes) -> None:
    """Read until the output ends with MARK."""
    tail = b""
    while not tail.endswith(mark):
        tail = (tail + os.read(fd, 1 << 16))[-100:]


def by_host(
    bench: Bench, what: str, found: dict[str, Host], way: Callable[[Host], float], runs: int
) -> dict[str, list[float]]:
    """Return RUNS values of WAY for each host FOUND, by its name; they take turns, and WHAT is said meanwhile."""
    ways = {f"{what}, {by}": partial(way, host) for by, host in found.items()}
    return {each.partition(", ")[2]: values for each, values in bench.in_turns(ways, runs).items()}


def relay(bench: Bench) -> Iterator[Figure]:
    """Measure how fast output gets through, in units of script(1)."""
    for name, line in (("relay-log", log), ("relay", screens)):
        if name not in bench.wanted:
            continue
        output = bench.place / name
        write_output(output, bench.sizes.megabytes * 1_000_000, line)
        took = by_host(bench, name, hosts(bench), partial(seconds_for, bench, output), bench.sizes.runs)
        if SCRIPT in took:
            unit = statistics.median(took.pop(SCRIPT))
            speeds = {by: [unit / each for each in values] for by, values in took.items()}
            yield figure(name, speeds.pop(OURS), speeds)


def seconds_for(bench: Bench, output: Path, host: Host) -> float:
    """Return the seconds that OUTPUT takes, without starting and ending."""
    with hosted(host, f"stty raw -echo; printf GO; read -r _; cat '{output}'; printf END; read -r _") as process:
        read_until(process.fd, b"GO")
        host.come_to_rest(bench, process.pid)
        started = time.perf_counter()
        os.write(process.fd, b"\n")
        read_until(process.fd, b"END")
        return time.perf_counter() - started


def run(bench: Bench) -> Iterator[Figure]:
    """Measure from the start of `amq run` until its program's first output, in units of `pass`."""
    found = hosts(bench) | {BARE: Host((sys.executable, str(SOURCES / "host.py"), *SH))}
    ways = {f"start, {name}": lambda host=host: seconds_to_start(host) for name, host in found.items()}
    took = bench.in_turns({"pass": seconds_of_pass} | ways, bench.sizes.runs)
    unit = statistics.median(took.pop("pass"))
    times = {name.partition(", ")[2]: over(values, unit) for name, values in took.items()}
    yield figure("run", times.pop(OURS), times)


def seconds_to_start(host: Host) -> float:
    """Return the seconds until the first output."""
    started = time.perf_counter()
    with hosted(host, "printf GO; read -r _") as process:
        read_until(process.fd, b"GO")
        return time.perf_counter() - started


def seconds_of_pass() -> float:
    """Return the seconds of `python -c pass`, by the clock."""
    started = time.perf_counter()
    subprocess.run(PASS, check=True)
    return time.perf_counter() - started
