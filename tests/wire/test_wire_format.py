"""Every clause of the wire format, proved by files: `frame`, `headers` and `others` are the table."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.wire import frame, headers, others
from tests.wire.table import Case, Clause, Place

if TYPE_CHECKING:
    from pathlib import Path

CLAUSES: tuple[Clause, ...] = (
    *others.PLACES, *others.NAMES, *frame.ENTRIES, *frame.FRAME, *headers.HEADERS, *others.REGISTRY,
    *others.ACKS, *others.PRESENCE, *others.DEAD_LETTERS, *others.DURABLE,
)  # fmt: skip
CASES = [pytest.param(case, id=f"{clause.says} {case.what}") for clause in CLAUSES for case in clause.cases]


@pytest.mark.parametrize("case", CASES)
def test_clause(case: Case, tmp_path: Path) -> None:
    case.hold(Place(tmp_path / "queue"))


def test_every_clause_has_cases_and_says_something_of_its_own() -> None:
    assert all(clause.cases for clause in CLAUSES)
    assert len({clause.says for clause in CLAUSES}) == len(CLAUSES)
