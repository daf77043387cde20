"""Commands as people run them, under strace: what they ask of the system, and one call that kills them or fails.

The interpreter is the real one, not a launcher. strace stops at every call (no --seccomp-bpf, under which an injection
is silently left out), and that a fault was met is read from its log.
"""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from tests.crash.world import World, append_line

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

REPOSITORY = Path(__file__).parents[2]
INTERPRETER = os.path.realpath(sys.executable)
_LINE = re.compile(r"\d+ +(?P<name>\w+)\((?P<rest>.*)")
_MEMORY = {"brk", "mmap", "munmap", "mprotect", "madvise", "mremap", "futex", "rt_sigaction", "rt_sigprocmask"}
"""Calls that change nothing but the process; how many there are may differ from run to run."""
_CREATING = {"write", "openat", "linkat", "renameat", "renameat2", "mkdirat", "fsync"}


@dataclass(frozen=True)
class Call:
    """A line of strace's log: the call's name, the how manieth of that name it is, and what strace says about it."""

    name: str
    number: int
    rest: str

    def touches(self, root: str) -> bool:
        """Whether it names something below ROOT."""
        return root in self.rest


@dataclass(frozen=True)
class Injection:
    """Before this call the process is killed, or it fails with the error CODE."""

    call: Call
    code: str = ""

    def words(self) -> list[str]:
        """How strace is told."""
        what = f"error={self.code}" if self.code else "signal=KILL"
        return ["-e", f"trace={self.call.name}", "-e", f"inject={self.call.name}:{what}:when={self.call.number}"]

    def __str__(self) -> str:
        return f"{self.code or 'KILL'} at {self.call.name} {self.call.number}: {self.call.rest[:150]}"


@dataclass(frozen=True)
class Ended:
    """How a traced command ended, and what strace saw."""

    status: int
    out: str
    err: str
    calls: list[Call]
    told: str

    def was_hit(self, injection: Injection) -> bool:
        """Whether INJECTION happened, and at that call."""
        if injection.code:
            return "(INJECTED)" in self.told
        return self.status == -signal.SIGKILL and (self.calls[-1].name, self.calls[-1].number) == (
            injection.call.name,
            injection.call.number,
        )


def run(world: World, words: Sequence[str], injection: Injection | None = None) -> Ended:
    """The command WORDS of `amq` on the queue of WORLD; what it shows goes into the journal."""
    ended = trace(world, ["-m", "amq", "--root", world.queue.root, *words], injection)
    for line in _shown(words, ended.out):
        append_line(world.journal, line)
    world.warnings += ended.err.splitlines()
    return ended


def trace(world: World, arguments: Sequence[str], injection: Injection | None = None) -> Ended:
    """The interpreter with ARGUMENTS, under strace."""
    log, output = world.place / "strace", world.place / "stdout"
    with output.open("wb") as stdout:  # a file: what stands in it was shown, whatever became of who wrote it
        done = subprocess.run(
            ["strace", "-f", "-y", "-s", "16", "-o", str(log), *(injection.words() if injection else ()),
             INTERPRETER, *arguments],
            stdin=subprocess.DEVNULL, stdout=stdout, stderr=subprocess.PIPE, timeout=50, check=False,
            cwd=world.place, env=_environment(),
        )  # fmt: skip
    told = log.read_text()
    return Ended(done.returncode, output.read_text(), done.stderr.decode(), list(_calls(told)), told)


def _environment() -> dict[str, str]:
    """One in which the real interpreter finds what our own finds, and makes the same calls each time."""
    packages = (str(REPOSITORY), *(path for path in sys.path if path.endswith("-packages")))
    return {"PATH": os.environ["PATH"], "PYTHONPATH": os.pathsep.join(packages), "PYTHONDONTWRITEBYTECODE": "1"}


def _calls(told: str) -> Iterator[Call]:
    counts: dict[str, int] = {}
    for line in told.splitlines():
        if found := _LINE.match(line):
            counts[found["name"]] = counts.get(found["name"], 0) + 1
            yield Call(found["name"], counts[found["name"]], found["rest"])


def injections(calls: Sequence[Call], root: str) -> Iterator[Injection]:
    """From the first call that touches ROOT: a death before each, and for those below ROOT the errors they can give."""
    first = next(at for at, call in enumerate(calls) if call.touches(root))
    for call in calls[first:]:
        if call.name not in _MEMORY:
            yield Injection(call)
        if call.touches(root):
            yield Injection(call, "EIO")
            if call.name in _CREATING:
                yield Injection(call, "ENOSPC")


def _shown(words: Sequence[str], out: str) -> Iterator[str]:
    """The lines of the journal for what a `drain --json` or `read --json` of bob has printed, if it is whole."""
    if words[0] not in ("drain", "read"):
        return
    try:
        value = json.loads(out)
    except ValueError:
        return
    for item in value.get("drained", [value]):
        yield json.dumps({
            "me": "bob",
            "id": item["id"] if "id" in item else item["header"]["id"],
            "text": item.get("body", ""),
            "good": not item.get("parse_error"),
            "again": bool(item.get("redelivered")),
        })  # fmt: skip
