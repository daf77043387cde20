"""What `amq run` costs between a person and a program, beside script(1) and a bare pseudo-terminal in the same run.

    python scripts/bench/terminal.py [--runs 20] [--megabytes 8] [--idle 10] [--json FILE]

Every figure is the median over runs in which the ways take turns. Output is what a full-screen program prints: text,
colours, cursor movements.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import random
import shutil
import signal
import statistics
import subprocess
import sys
import tempfile
import time
import tty
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from ptyprocess import PtyProcess

KEYS = 200  # keystrokes of one run
SETTLE = 6.0  # seconds after which `amq run` has imported everything, on a busy machine too
WORDS = b"the quick brown fox jumps over the lazy dog while an agent edits three files".split()

Ways = dict[str, list[str]]


def ways(root: Path) -> Ways:
    """What stands before a program's words, for each way to host it."""
    amq = [sys.executable, "-P", "-m", "amq", "run", "--root", str(root), "--as", "bench"]
    found: Ways = {"direct": [], "amq run": [*amq, "--no-wake", "--"], "amq run, waking": [*amq, "--"]}
    if shutil.which("script"):
        found["script(1)"] = ["script", "-qfc"]
    return found


def write_output(path: Path, size: int) -> None:
    """SIZE bytes of what a full-screen program prints."""
    chance = random.Random(1)
    with path.open("wb") as file:
        while file.tell() < size:
            words = b" ".join(chance.choices(WORDS, k=8))
            file.write(
                b"\x1b[%d;1H\x1b[2K\x1b[38;5;%dm%b\x1b[0m\r\n" % (chance.randrange(40), chance.randrange(256), words)
            )


@contextmanager
def hosted(way: list[str], script: str) -> Iterator[int]:
    """The terminal in which the shell SCRIPT runs, hosted in one WAY."""
    words = [*way, script, "/dev/null"] if "-qfc" in way else [*way, "sh", "-c", script]
    process = PtyProcess.spawn(words, dimensions=(40, 120))
    process.closed = True  # its own way to end a program gives up early on a busy machine
    tty.setraw(process.fd)
    try:
        yield process.fd
    finally:
        # script(1) waits for its program whatever it is told, and some shells read on after a hang-up
        os.kill(process.pid, signal.SIGKILL if "-qfc" in way else signal.SIGHUP)
        process.fileobj.close()
        os.waitpid(process.pid, 0)


def read_until(fd: int, mark: bytes) -> None:
    """Until the output ends with MARK."""
    tail = b""
    while not tail.endswith(mark):
        tail = (tail + os.read(fd, 1 << 16))[-100:]


def seconds_for(way: list[str], output: Path) -> float:
    """How long OUTPUT takes, without starting and ending."""
    with hosted(way, f"stty raw -echo; printf GO; read -r _; cat {output}; printf END; read -r _") as fd:
        read_until(fd, b"GO")
        started = time.perf_counter()
        os.write(fd, b"\n")
        read_until(fd, b"END")
        return time.perf_counter() - started


def seconds_for_key(way: list[str]) -> float:
    """The median of a key's way to the program and back."""
    took = []
    with hosted(way, "stty raw -echo; printf GO; exec cat") as fd:
        read_until(fd, b"GO")
        time.sleep(SETTLE if "--" in way else 0)
        for _ in range(KEYS):
            started = time.perf_counter()
            os.write(fd, b"k")
            os.read(fd, 100)
            took.append(time.perf_counter() - started)
            time.sleep(0.001)  # nobody types faster
    return statistics.median(took)


def seconds_to_start(way: list[str]) -> float:
    started = time.perf_counter()
    with hosted(way, "printf GO; read -r _") as fd:
        read_until(fd, b"GO")
        return time.perf_counter() - started


def seconds_of_pass() -> float:
    started = time.perf_counter()
    subprocess.run([sys.executable, "-c", "pass"], check=True)
    return time.perf_counter() - started


def at_rest(way: list[str], seconds: float) -> tuple[float, float]:
    """Percent of a processor, and megabytes, of the supervisor while nothing happens (Linux)."""
    with hosted(way, "printf GO; read -r _; printf $PPID") as fd:
        read_until(fd, b"GO")
        pid = os.tcgetpgrp(fd)
        time.sleep(SETTLE)
        before = ticks(pid)
        time.sleep(seconds)
        used = (ticks(pid) - before) / os.sysconf("SC_CLK_TCK")
        pages = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
        return 100 * used / seconds, pages * os.sysconf("SC_PAGE_SIZE") / 1e6


def ticks(pid: int) -> int:
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return int(fields[11]) + int(fields[12])


def medians(found: Ways, runs: int, output: Path) -> dict[str, dict[str, float]]:
    """For each way and quantity the median of RUNS, in seconds. A first round only warms the caches."""
    keys = max(3, runs // 5)  # each is a median already
    took: dict[str, dict[str, list[float]]] = {name: {"output": [], "key": [], "start": []} for name in found}
    nothing = []
    for run in range(runs + 1):
        nothing.append(seconds_of_pass())
        for name, way in found.items():
            took[name]["output"].append(seconds_for(way, output))
            took[name]["start"].append(seconds_to_start(way))
            if run <= keys:
                took[name]["key"].append(seconds_for_key(way))
    result = {name: {what: statistics.median(all_[1:]) for what, all_ in of.items()} for name, of in took.items()}
    return {**result, "python -c pass": {"start": statistics.median(nothing[1:])}}


def report(seconds: dict[str, dict[str, float]], size: int) -> dict[str, float]:
    """Print all, beside the goals."""
    direct, unit = seconds["direct"], seconds["python -c pass"]["start"]
    figures = {}
    for name in [name for name in seconds if name != "python -c pass"]:
        of = seconds[name]
        figures[f"{name}: MB/s"] = size / of["output"] / 1e6
        figures[f"{name}: key added, ms"] = (of["key"] - direct["key"]) * 1000
        figures[f"{name}: start, × pass"] = of["start"] / unit
    if "script(1)" in seconds:
        for name in ("amq run", "amq run, waking"):
            figures[f"{name}: throughput, × script(1)"] = seconds["script(1)"]["output"] / seconds[name]["output"]
    goals = {"throughput, × script(1)": "≥ 0.8", "key added, ms": "≤ 0.25", "start, × pass": "≤ 8"}
    for name, value in figures.items():
        way, _, what = name.partition(": ")
        show(name, value, goals.get(what, "") if way.startswith("amq") else "")
    return figures


def show(name: str, value: float, goal: str) -> None:
    print(f"{name:<44} {value:8.2f}   {'goal ' + goal if goal else ''}".rstrip(), flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--runs", type=int, default=20)
    parser.add_argument("--megabytes", type=int, default=8, help="output of one run")
    parser.add_argument("--idle", type=float, default=10.0, help="seconds of rest that are measured")
    parser.add_argument("--json", type=Path, help="write the figures there too")
    options = parser.parse_args()
    print(f"Python {platform.python_version()}, {platform.system()} {platform.machine()}")
    with tempfile.TemporaryDirectory() as place:
        found, output = ways(Path(place, "queue")), Path(place, "output")
        write_output(output, options.megabytes * 1_000_000)
        figures = report(medians(found, options.runs, output), output.stat().st_size)
        if sys.platform == "linux":
            percent, megabytes = at_rest(found["amq run, waking"], options.idle)
            figures |= {"at rest: % of a processor": percent, "at rest: MB": megabytes}
            show("at rest: % of a processor", percent, "≤ 0.5")
            show("at rest: MB", megabytes, "≤ 40")
    if options.json:
        options.json.write_text(json.dumps(figures, indent=2) + "\n")


if __name__ == "__main__":
    main()
