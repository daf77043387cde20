"""Worlds on a fast filesystem, and a few lines at the end of the run that say how much was tried."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator

_MEMORY = Path(os.environ.get("AMQ_SOAK_PLACE", "/dev/shm"))


class Report:
    """What is told at the end of the run."""

    def __init__(self) -> None:
        self.points: Counter[str] = Counter()
        self.seconds = 0.0
        self.lines: list[str] = []

    def add(self, operation: str, points: int, seconds: float) -> None:
        """POINTS faults were tried in OPERATION."""
        self.points[operation] += points
        self.seconds += seconds

    def say(self, line: str) -> None:
        """Tell LINE."""
        self.lines.append(line)

    def text(self) -> Iterator[str]:
        """The lines."""
        for operation, points in self.points.items():
            yield f"{points:6,}  {operation}"
        if self.points:
            yield f"{self.points.total():6,}  faults in {self.seconds:.1f} s"
        yield from self.lines


_REPORT = Report()


@pytest.fixture
def report() -> Report:
    """Where a test says how much it tried."""
    return _REPORT


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Path]:
    """An empty directory in memory where there is one, for a search needs thousands of queues."""
    if not os.access(_MEMORY, os.W_OK):
        yield tmp_path
        return
    made = Path(tempfile.mkdtemp(prefix="amq-", dir=_MEMORY))
    try:
        yield made
    finally:
        shutil.rmtree(made)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Tell it."""
    lines = list(_REPORT.text())
    if lines:
        terminalreporter.section("faults and races")
        for line in lines:
            terminalreporter.line(line)
