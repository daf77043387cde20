"""Verdicts about the points of the fault layers. They are lines of text, because the layers run in many processes."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from amq.errors import AmqError
from tests.seeds import TOLD

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from tests.proof_table import Proof

KNOWN, TRIED, MET = "known", "tried", "met"
"""Words of a verdict: a point that exists, one that was tried, and one whose fault happened.

Every other line is a problem.
"""
_MOST = 40


def tried(point: str, told: Iterable[str]) -> Iterator[str]:
    """Yield the lines about POINT, of which TOLD holds MET and the problems."""
    yield TRIED
    try:
        for line in told:
            yield line if line == MET else f"{point}: {line!r}"
    except (AmqError, OSError) as error:
        yield f"{point}: {error!r}"


def judge(lines: Iterable[str], proof: Proof) -> None:
    """Count LINES for the table, and fail if one is a problem."""
    counts = Counter(lines)
    wrong = [line for line in counts if line not in (KNOWN, TRIED, MET)]
    proof.add(points=counts[TRIED], known=counts[KNOWN], met=counts[MET], violations=len(wrong))
    assert not wrong, f"{TOLD}: {len(wrong)} problems\n" + "\n".join(wrong[:_MOST])
    assert counts[MET] == counts[TRIED] > 0
