"""Commands are killed before each system call from the first that touches the queue, or that call fails.

This is the layer below the seam: the calls that Python and the C library make of a step, and any that bypass the seam.
"""

from __future__ import annotations

import fcntl
import json
import os
import re
import shlex
from contextlib import contextmanager
from copy import deepcopy
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

import pytest

from amq.errors import AmqError, Uncertain
from tests.crash import processes
from tests.crash.scenarios import OLD, READ_AGAIN, SCENARIOS
from tests.crash.snapshot import Snapshot
from tests.crash.tools import require
from tests.crash.traced import Injection, injections, run, trace
from tests.crash.upkeep import LETTERS
from tests.crash.verdict import KNOWN, MET, judge, tried
from tests.crash.world import World, broken_files, broken_promises, is_private
from tests.seeds import SOAK, sample

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from tests.crash.scenario import Scenario
    from tests.crash.traced import Ended
    from tests.proof_table import Proof

SAMPLE = 2
"""Injections into each command, unless it is a soak."""
BY_NAME = {scenario.name: scenario for scenario in SCENARIOS}
_DRAIN = "drain --me bob --limit 0 --max-chars 0 --include-body --json"


@dataclass(frozen=True)
class Row:
    """A command that performs a scenario."""

    name: str
    scenario: Scenario
    words: list[str]
    stdin: str = ""

    def __str__(self) -> str:
        return self.name


_EVENT = json.dumps({"session_id": "s", "transcript_path": "/history", "prompt_id": "t", "prompt": "hello"})
ROWS = [
    Row(name, BY_NAME[name], shlex.split(words))
    for name, words in {
        "init": "init --agents ann,bob",
        "init one more": "init --agents dan",
        "send to one": "send --me ann --to bob --subject One --body one",
        "send to many": "send --me ann --to bob,cat,dan --thread plan --body many",
        "send with an id": "send --me ann --to bob,cat,dan --thread plan --body many --new-id same",
        "repeat what reached some": "send --me ann --to bob,cat,dan --thread plan --body many --new-id same",
        "repeat what reached all": "send --me ann --to bob,cat,dan --thread plan --body many --new-id same",
        "send and create": "send --me ann --to eve --create --body='for eve'",
        "drain": _DRAIN,
        "drain with a bad message": _DRAIN,
        "drain with a bad message that has its letter": _DRAIN,
        "drain with a FIFO": _DRAIN,
        "drain after one that was cut off": _DRAIN,
        "read": f"read --me bob --id {OLD}1 --json",
        "acknowledge": f"ack --me bob --id {OLD}1",
        "reply": f"reply --me bob --id {OLD}1 --body answer",
        "dlq retry that heals": f"dlq retry --me bob --id {LETTERS[0]}",
        "dlq retry after one that was cut off": f"dlq retry --me bob --id {LETTERS[0]}",
        "dlq retry of bad letters": f"dlq retry --me bob --id {LETTERS[0]}",
        "dlq read": f"dlq read --me bob --id {LETTERS[0]}",
        "presence set": "presence set --me bob --status new --note='a note'",
        "cleanup": "cleanup --me bob --tmp-older-than 0 --yes",
        "lease take": "lease take --me ann docs/ src/ --for 60s --why edit",
        "lease free": "lease free --me ann src/",
    }.items()
] + [
    Row(str(READ_AGAIN), READ_AGAIN, shlex.split(f"read --me bob --id {OLD}3 --json")),
    Row("monitor", BY_NAME["drain"], shlex.split(f"monitor --timeout 1s {_DRAIN.removeprefix('drain ')}")),
    Row(
        "hook",
        BY_NAME["offer"],
        shlex.split("hook claude UserPromptSubmit --me bob --trust-root --normal-after 0"),
        _EVENT,
    ),
]


class Trials:
    """A run of ROW with one injection after the other, each in its own world in the directory PLACE."""

    def __init__(self, row: Row, place: Path) -> None:
        self._row = row
        place.mkdir()
        self._prepared = World(place)
        row.scenario.prepare(self._prepared)
        self._fresh = Snapshot(place)
        self._litter = set(self._prepared.litter())

    def points(self) -> list[Injection]:
        """Return all possible injections."""
        ended = self._run(self._world(), None)
        assert ended.status in (0, 1), ended.err
        assert len(set(re.findall(r"^\d+", ended.told, re.MULTILINE))) == 1, "more than one process"
        return list(injections(ended.calls, self._prepared.queue.root))

    def verdict(self, point: Injection) -> Iterator[str]:
        """Yield MET if POINT happened, and the problems: at once, and after all was repeated and drained."""
        world, scenario = self._world(), self._row.scenario
        before = world.copies()
        ended = self._run(world, point)
        yield MET if ended.was_hit(point) else f"the injection was not met (status {ended.status})"
        if not point.code:
            error = None
            yield from (f"litter: {path}" for path in set(world.litter()) - self._litter if not is_private(path))
        else:
            error = _error(ended)
            yield from _wrong_end(ended, nothing_sent=world.copies() == before)
        done = bool(point.code) and ended.status == 0
        yield from broken_files(world)
        yield from scenario.check(world, done=done)
        if not done:
            scenario.repeat(world, error)
        yield from scenario.check(world, done=True)
        world.finish()
        yield from broken_promises(world, doubled=not point.code and not scenario.knows_id)

    def _world(self) -> World:
        self._fresh.restore()
        return deepcopy(self._prepared)

    def _run(self, world: World, point: Injection | None) -> Ended:
        with _locked(world):
            return run(world, self._row.words, point, self._row.stdin)


@contextmanager
def _locked(world: World) -> Iterator[None]:
    """Lock the file that the sweep's scenario uses as a living writer's."""
    path = os.path.join(world.queue.agent("bob").inbox_tmp, "alive")
    if not os.path.exists(path):
        yield
        return
    with open(path, "rb") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def _error(ended: Ended) -> AmqError | None:
    return Uncertain("uncertain", hint=ended.err) if ended.status == 5 else None


def _wrong_end(ended: Ended, *, nothing_sent: bool) -> Iterator[str]:
    if ended.status not in (0, 1, 3, 4, 5) or "Traceback" in ended.err:
        yield f"ends with {ended.status}: {ended.err}"
    if ended.status in (1, 3) and not nothing_sent:
        yield f"says that it failed, and has delivered: {ended.err}"


@pytest.mark.timeout(3600 if SOAK else 120)
def test_a_command_may_die_or_fail_at_any_call(place: Path, proof: Proof) -> None:
    require("strace")
    judge(processes.shared(ROWS, partial(_try, place), place), proof)


def _try(place: Path, rows: Sequence[Row]) -> Iterator[str]:
    for row in rows:
        trials = Trials(row, place / str(row))
        points = trials.points()
        yield from [KNOWN] * len(points)
        for point in sample(points, SAMPLE, of=str(row)):
            yield from tried(f"{row}, {point}", trials.verdict(point))


# -- the seam is the only way -----------------------------------------------------------------------------------------

_SEAM = {
    "fsync": "fsync", "flock": "lock", "write": "write", "mkdirat": "mkdir", "linkat": "link", "renameat2": "move",
    "renameat": "replace", "rename": "replace", "unlinkat": "unlink", "unlink": "unlink", "fchmod": "chmod",
    "chmod": "chmod", "utimensat": "touch", "fchown": "chown",
}  # fmt: skip
"""The system's names of the steps that change or sync something."""
_OTHERS = {
    "truncate", "ftruncate", "symlink", "symlinkat", "link", "mknod", "mknodat", "creat", "rmdir", "mkdir",
    "pwrite64", "writev", "sendfile", "copy_file_range", "fallocate", "fdatasync", "fchmodat", "fchmodat2",
    "chown", "fchownat", "setxattr",
}  # fmt: skip
"""Calls that would change something too, and that no step makes."""


# a hook takes steps on private files too, and they are in the log
@pytest.mark.parametrize("row", [row for row in ROWS if not row.stdin], ids=str)
def test_what_the_system_is_asked_for_is_what_the_seam_logs(row: Row, place: Path) -> None:
    require("strace")
    world = World(place)
    row.scenario.prepare(world)
    arguments = ["-m", "tests.crash.logged", str(place / "log"), "--root", world.queue.root, *row.words]
    ended = trace(world, arguments)
    assert ended.status in (0, 1), ended.err
    below = [call for call in ended.calls if call.touches(world.queue.root) or call.rest.startswith(_parent(world))]
    assert [_SEAM[call.name] for call in below if call.name in _SEAM] == (place / "log").read_text().split()
    assert [call for call in below if call.name in _OTHERS] == []
    for call in below:
        if call.name == "openat" and "O_DIRECTORY" not in call.rest:
            assert all(flag in call.rest for flag in ("O_NOFOLLOW", "O_NONBLOCK", "O_CLOEXEC")), call
        if call.name == "openat" and call.rest[:1].isdigit():  # below a descriptor
            assert "O_NOFOLLOW" in call.rest, call


def _parent(world: World) -> str:
    """Return the beginning of a call on the directory that holds the queue, which `init` uses."""
    return f"3<{world.place}>"
