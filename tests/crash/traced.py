"""Commands as users run them, under strace: their system calls, and one call that kills them or fails.

The interpreter is the real one, not a launcher. strace stops at every call (no --seccomp-bpf, under which an injection
is silently left out), and its log shows whether a fault was met.
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
"""Calls that change nothing but the process; their number may differ from run to run."""
_CREATING = {"write", "openat", "linkat", "renameat", "renameat2", "mkdirat", "fsync"}


@dataclass(frozen=True)
class Call:
    """A line of strace's log: the call's name, its number among those of that name, and strace's text for it."""

    name: str
    number: int
    rest: str

    def touches(self, root: str) -> bool:
        """Return whether it names something below ROOT."""
        return root in self.rest


@dataclass(frozen=True)
class Injection:
    """A fault: before this call the process is killed, or it fails with the error CODE."""

    call: Call
    code: str = ""

    def words(self) -> list[str]:
        """Return strace's options for it."""
        what = f"error={self.code}" if self.code else "signal=KILL"
        return ["-e", f"trace={self.call.name}", "-e", f"inject={self.call.name}:{what}:when={self.call.number}"]

    def __str__(self) -> str:
        return f"{self.code or 'KILL'} at {self.call.name} {self.call.number}: {self.call.rest[:150]}"


@dataclass(frozen=True)
class Ended:
    """The end of a traced command, and strace's log."""

    status: int
    out: str
    err: str
    calls: list[Call]
    told: str

    def was_hit(self, injection: Injection) -> bool:
        """Return whether INJECTION happened, and at that call."""
        if injection.code:
            return "(INJECTED)" in self.told
        return self.status == -signal.SIGKILL and (self.calls[-1].name, self.calls[-1].number) == (
            injection.call.name,
            injection.call.number,
        )


def run(world: World, words: Sequence[str], injection: Injection | None = None) -> Ended:
    """Run the command WORDS of `amq` on the queue of WORLD; copy its output into the journal."""
    ended = trace(world, ["-m", "amq", "--root", world.queue.root, *words], injection)
    for line in _shown(words, ended.out):
        append_line(world.journal, line)
    world.warnings += ended.err.splitlines()
    return ended


def trace(world: World, arguments: Sequence[str], injection: Injection | None = None) -> Ended:
    """Run the interpreter with ARGUMENTS, under strace."""
    log, output = world.place / "strace", world.place / "stdout"
    with output.open("wb") as stdout:  # a file: its contents were shown, whatever became of the writer
        done = subprocess.run(
            ["strace", "-f", "-y", "-s", "16", "-o", str(log), *(injection.words() if injection else ()),
             INTERPRETER, *arguments],
            stdin=subprocess.DEVNULL, stdout=stdout, stderr=subprocess.PIPE, timeout=50, check=False,
            cwd=world.place, env=_environment(),
        )  # fmt: skip
    told = log.read_text()
    return Ended(done.returncode, output.read_text(), done.stderr.decode(), list(_calls(told)), told)


def _environment() -> dict[str, str]:
    """Return an environment in which the real interpreter finds its modules, and makes equal calls in each run."""
    packages = (str(REPOSITORY), *(path for path in sys.path if path.endswith("-packages")))
    return {"PATH": os.environ["PATH"], "PYTHONPATH": os.pathsep.join(packages), "PYTHONDONTWRITEBYTECODE": "1"}


def _calls(told: str) -> Iterator[Call]:
    counts: dict[str, int] = {}
    for line in told.splitlines():
        if found := _LINE.match(line):
            counts[found["name"]] = counts.get(found["name"], 0) + 1
            yield Call(found["name"], counts[found["name"]], found["rest"])


def injections(calls: Sequence[Call], root: str) -> Iterator[Injection]:
    """Yield the injections from the first call that touches ROOT.

    They are a death before each, and the possible errors of those below ROOT.
    """
    first = next(at for at, call in enumerate(calls) if call.touches(root))
    for call in calls[first:]:
        if call.name not in _MEMORY:
            yield Injection(call)
        if call.touches(root):
            yield Injection(call, "EIO")
            if call.name in _CREATING:
                yield Injection(call, "ENOSPC")


def _shown(words: Sequence[str], out: str) -> Iterator[str]:
    """Yield the journal's lines for the output of bob's `drain --json` or `read --json`, if it is whole."""
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
