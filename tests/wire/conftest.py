"""A line at the end of the run that says how much of the wire format was held."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pytest


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Tell it."""
    from tests.wire.test_wire_format import CLAUSES

    ran = [
        each for each in terminalreporter.stats.get("passed", []) if "test_wire_format.py::test_clause" in each.nodeid
    ]
    if ran:
        kinds = Counter(type(case).__name__.lower() for clause in CLAUSES for case in clause.cases)
        counts = ", ".join(f"{count} {kind}" for kind, count in sorted(kinds.items()))
        terminalreporter.section("wire format")
        terminalreporter.line(f"{len(CLAUSES)} clauses, {len(ran)} cases passed ({counts})")
