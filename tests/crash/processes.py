"""Child processes by fork: they start at once and share nothing with each other but the files."""

from __future__ import annotations

import os
import traceback
from functools import partial
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence
    from pathlib import Path

T = TypeVar("T")

DEFECT = 99
"""Exit status of a child whose work raised; its traceback is on stderr."""


def start(work: Callable[[], int | None]) -> int:
    """Do WORK in a child process; return its pid. The child ends with the result of WORK."""
    pid = os.fork()
    if pid:
        return pid
    status = DEFECT
    try:
        status = work() or 0
    except BaseException:
        os.write(2, traceback.format_exc().encode())
    finally:
        os._exit(status)


def shared(items: Sequence[T], work: Callable[[Sequence[T]], Iterable[str]], place: Path) -> list[str]:
    """Return the results of WORK for ITEMS, distributed over the processors."""
    ways = os.cpu_count() or 1

    def part(number: int) -> None:
        (place / f"part{number}").write_text("".join(f"{line}\n" for line in work(items[number::ways])))

    pids = [start(partial(part, number)) for number in range(ways)]
    assert [wait(pid) for pid in pids] == [0] * ways
    return [line for number in range(ways) for line in (place / f"part{number}").read_text().splitlines()]


def wait(pid: int) -> int:
    """Return a child's exit status, or minus the number of the signal that ended it."""
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
