"""The one table at the end of a run: each promise, how often it was tested, and the result.

A layer is the tests in some files. Each test is one point, tried and met unless it was skipped; a test that tries many
points says so with the fixture `proof`. Its counts travel in its report, so they also arrive from workers of
pytest-xdist.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pytest

from tests.seeds import TOLD

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

NAME = "proof"
HEADINGS = f"{'points':>9} {'of':>9} {'met':>9} {'violations':>10} {'seconds':>8}  promise"


@dataclass(frozen=True)
class Layer:
    """A promise, and how the ids of the tests that prove it begin, below `tests/`."""

    promise: str
    tests: tuple[str, ...]

    def has(self, test: str) -> bool:
        """Return whether the test with this id is one of its tests."""
        return test.removeprefix("tests/").startswith(self.tests)


LAYERS = (
    Layer("mail survives a fault or a death at each step on queue files", ("crash/test_every_step.py",)),
    Layer("mail survives an error or a death at each system call", ("crash/test_syscalls.py::test_a_command_may",)),
    Layer("mail survives a second death, during the recovery", ("crash/test_recovery.py",)),
    Layer("no step on queue files goes past the seam", ("crash/test_syscalls.py", "crash/test_nothing_missing.py")),
    Layer("mail survives a loss of power", ("crash/test_power.py",)),
    Layer("mail survives whatever a weaker filesystem loses", ("crash/test_weak_filesystems.py",)),
    Layer("mail survives full, limited and read-only disks", ("crash/test_real_disks.py",)),
    Layer("mail survives two operations at once, one of them dying", ("crash/test_interleavings.py",)),
    Layer("mail survives many processes at once, killed at random", ("crash/test_races.py",)),
    Layer("mail survives readers that leave, stop or take a part", ("crash/test_pipes.py", "crash/test_stuck.py")),
    Layer("an interrupted send says what it has delivered", ("cli/test_interrupted.py",)),
    Layer("a missing guard is noticed", ("crash/test_order.py", "crash/test_guards.py", "store/", "mutants/")),
    Layer("the wire format is kept", ("wire/",)),
    Layer(
        "no message acts, hides or stops another",
        (
            "hostile/test_messages.py",
            "hostile/test_arguments.py",
            "hostile/test_frames.py",
            "hostile/test_values.py",
            "test_text.py",
        ),
    ),
    Layer(
        "no file leads outside or stops another",
        ("hostile/test_files.py", "hostile/test_tricks.py", "hostile/test_links.py"),
    ),
    Layer("only amq's own line reaches an agent", ("hostile/test_running.py", "runtime/test_wake_line.py")),
    Layer("no damaged file beside the mail causes an internal error", ("hostile/test_config_files.py",)),
    Layer("the terminal is restored, whatever ends", ("terminal/test_ways_to_die.py", "terminal/test_guard.py")),
    Layer("the terminal is restored after a kill at any system call", ("terminal/test_kill_anywhere.py",)),
    Layer("bytes, sizes and stops of a terminal are as without amq", ("terminal/", "pty/")),
    Layer("no blind Enter, and an idle agent is notified once", ("agents/",)),
    Layer(
        "mail without a filesystem event is found",
        ("crash/test_watcher.py", "runtime/test_stat_polling.py", "runtime/test_inbox_watcher.py"),
    ),
    Layer("the agents' own programs are woken", ("real/",)),
)


class Proof:
    """A test's count of the points it tried. The test adds them before it fails."""

    def __init__(self, properties: list[tuple[str, object]]) -> None:
        self._properties = properties

    def add(self, *, points: int, met: int, violations: int, known: int = 0, note: str = "") -> None:
        """Add POINTS tried of those KNOWN (0: as many); the fault or event under test happened in MET of them."""
        said = {"points": points, "of": known or points, "met": met, "violations": violations}
        self._properties.append((NAME, {"counts": said, "note": note}))


@pytest.fixture
def proof(request: pytest.FixtureRequest) -> Proof:
    """The count of this test's points."""
    return Proof(request.node.user_properties)


class Row:
    """A line of the table."""

    def __init__(self, layer: Layer) -> None:
        self._promise = layer.promise
        self._counts: Counter[str] = Counter()
        self._seconds = 0.0
        self._notes: dict[str, None] = {}

    def add(self, report: pytest.TestReport) -> None:
        """Add the counts of REPORT."""
        said: list[Any] = [value for name, value in report.user_properties if name == NAME]
        for each in said:
            self._counts.update(each["counts"])
            self._notes[each["note"]] = None
        if not said:
            self._counts.update(points=not report.skipped, of=1, met=not report.skipped, violations=report.failed)
        elif report.failed and not any(each["counts"]["violations"] for each in said):
            self._counts["violations"] += 1
        self._seconds += report.duration

    def __str__(self) -> str:
        points, known, met, violations = (self._counts[name] for name in ("points", "of", "met", "violations"))
        numbers = f"{points:9,} {known:9,} {met:9,} {violations:10,} {self._seconds:8.1f}"
        tail = [self._promise, *filter(None, self._notes)]
        tail += [f"{points - met:,} NOT MET"] if met != points else []
        tail += ["BROKEN"] if violations else []
        return f"{numbers}  {'; '.join(tail)}"


def table(reports: Iterable[pytest.TestReport]) -> Iterator[str]:
    """Yield the lines: one for each layer of which a test has been called or skipped."""
    rows: dict[Layer, Row] = {}
    for report in reports:
        layer = next((each for each in LAYERS if each.has(report.nodeid)), None)
        if layer and report.when != "teardown":
            rows.setdefault(layer, Row(layer)).add(report)
    if rows:
        yield HEADINGS
        yield from (str(rows[layer]) for layer in LAYERS if layer in rows)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Print the table."""
    stats = terminalreporter.stats
    reports = (each for outcome in ("passed", "failed", "error", "skipped") for each in stats.get(outcome, []))
    lines = list(table(each for each in reports if isinstance(each, pytest.TestReport)))
    if lines:
        terminalreporter.section(f"proofs, {TOLD}")
        for line in lines:
            terminalreporter.line(line)
