"""Commands as users run them, under strace: their system calls, and one call that kills them or fails.

The interpreter is the real one, not a launcher. strace stops at every call (no --seccomp-bpf, under which an injection
is silently left out), and its log shows whether a fault was met.
"""

from __future__ import annotations

import json
import os
import re
import shutil
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
_AFTER_SHOWING = ("EACCES", "EINTR")
"""Further errors of the calls between the first text that was shown and the end."""
_ENTRY = re.compile(
    r"^- From: .*?^  ID: (?P<id>\S+)$(?P<head>.*?)^  Body:\n(?P<text>.*?)\n---$", re.MULTILINE | re.DOTALL
)


@dataclass(frozen=True)
class Call:
    """A line of strace's log: the call's name, its number among those of that name, and strace's text for it."""

    name: str
    number: int
    rest: str

    def touches(self, root: str) -> bool:
        """Return whether it names something below ROOT."""
        return root in self.rest

    @property
    def shows(self) -> bool:
        """True if it writes to stdout."""
        return self.name == "write" and self.rest.startswith("1<")


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


def run(world: World, words: Sequence[str], injection: Injection | None = None, stdin: str = "") -> Ended:
    """Run the command WORDS of `amq` on the queue of WORLD; copy its output into the journal."""
    ended = trace(world, ["-m", "amq", "--root", world.queue.root, *words], injection, stdin)
    for line in _shown(words, ended):
        append_line(world.journal, line)
    world.warnings += ended.err.splitlines()
    return ended


def state_home(world: World) -> Path:
    """Return where the commands in WORLD keep private files: beside it, since agents can write in it."""
    return world.place.with_name(f"{world.place.name}.state")


def trace(world: World, arguments: Sequence[str], injection: Injection | None = None, stdin: str = "") -> Ended:
    """Run the interpreter with ARGUMENTS, under strace; private files of an earlier run are removed."""
    log, output, given = world.place / "strace", world.place / "stdout", world.place / "stdin"
    shutil.rmtree(state_home(world), ignore_errors=True)
    given.write_text(stdin)
    with given.open("rb") as text, output.open("wb") as stdout:  # files: what is there was shown, if the writer dies
        done = subprocess.run(
            ["strace", "-f", "-y", "-s", "16", "-o", str(log), *(injection.words() if injection else ()),
             INTERPRETER, *arguments],
            stdin=text, stdout=stdout, stderr=subprocess.PIPE, timeout=50, check=False,
            cwd=world.place, env={**_environment(), "XDG_STATE_HOME": str(state_home(world))},
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

    They are a death before each, and the possible errors of those below ROOT and of writing to stdout.
    """
    first = next(at for at, call in enumerate(calls) if call.touches(root))
    shown = False
    for call in calls[first:]:
        if call.name not in _MEMORY:
            yield Injection(call)
        if call.touches(root) or call.shows:
            yield Injection(call, "EIO")
            if call.name in _CREATING:
                yield Injection(call, "ENOSPC")
            if shown:
                yield from (Injection(call, code) for code in _AFTER_SHOWING)
        shown = shown or call.shows


def _shown(words: Sequence[str], ended: Ended) -> Iterator[str]:
    """Yield the journal's lines for bob's output of a command that shows mail, with --json, if it is whole."""
    if words[0] not in ("drain", "monitor", "read", "hook"):
        return
    try:
        value = json.loads(ended.out)
    except ValueError:
        return
    if words[0] == "hook":
        yield from _given(value["hookSpecificOutput"]["additionalContext"])
        return
    told = any(mark in ended.err for mark in ("redelivered:", "on its way:", "drain that is running"))
    for item in value.get("drained", [value]):
        yield _line(
            item["id"] if "id" in item else item["header"]["id"],
            item.get("body", ""),
            good=not item.get("parse_error"),
            again=bool(item.get("redelivered") or item.get("on_its_way") or told),
        )


def _given(context: str) -> Iterator[str]:
    """Yield the lines for messages in what a hook gave to the model."""
    for found in _ENTRY.finditer(context):
        again = "Redelivered:" in found["head"] or "Also:" in found["head"]
        yield _line(found["id"], found["text"], good=True, again=again)


def _line(identifier: str, text: str, *, good: bool, again: bool) -> str:
    return json.dumps({"me": "bob", "id": identifier, "text": text, "good": good, "again": again})
