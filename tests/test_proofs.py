"""The table of proofs: its counts, that it hides nothing, and that docs/reliability.md agrees with it."""

from __future__ import annotations

from pathlib import Path
from typing import Literal, TypeAlias

import pytest

from tests.proof_table import HEADINGS, LAYERS, Layer, Proof, table

TESTS = Path(__file__).parent
PAGE = (TESTS.parent / "docs" / "reliability.md").read_text()
Outcome: TypeAlias = Literal["passed", "failed", "skipped"]
ONE, OTHER = LAYERS[0], LAYERS[1]


def report(test: str, outcome: Outcome = "passed", *said: tuple[str, object]) -> pytest.TestReport:
    """Return the report of a test that took 1.5 s."""
    where = ("", None, "")
    return pytest.TestReport(
        f"tests/{test}", where, {}, outcome, None, "call", user_properties=list(said), duration=1.5
    )  # fmt: skip


def test_a_layer_is_one_line_of_all_its_tests() -> None:
    said: list[tuple[str, object]] = []
    Proof(said).add(points=10, known=1000, met=10, violations=0, note="a seed")
    lines = list(table([report(ONE.tests[0], "passed", *said), report(f"{ONE.tests[0]}::x"), report("cli/test_x.py")]))
    assert lines == [HEADINGS, f"       11     1,001        11          0      3.0  {ONE.promise}; a seed"]


@pytest.mark.parametrize(
    ("outcome", "points", "met", "line"),
    [
        ("skipped", 0, 0, "        0         1         0          0      1.5  {}"),
        ("failed", 0, 0, "        1         1         1          1      1.5  {}; BROKEN"),
        ("failed", 5, 5, "        5         5         5          1      1.5  {}; BROKEN"),
        ("passed", 5, 3, "        5         5         3          0      1.5  {}; 2 NOT MET"),
    ],
)
def test_what_was_not_met_or_is_broken_is_reported(outcome: Outcome, points: int, met: int, line: str) -> None:
    said: list[tuple[str, object]] = []
    if points:
        Proof(said).add(points=points, met=met, violations=0)
    assert list(table([report(OTHER.tests[0], outcome, *said)]))[1:] == [line.format(OTHER.promise)]


def test_without_proofs_there_is_no_table() -> None:
    assert list(table([report("cli/test_x.py")])) == []


@pytest.mark.parametrize("room", ["crash", "hostile", "terminal", "agents", "wire", "real"])
def test_every_test_that_proves_is_in_a_layer(room: str) -> None:
    names = [str(path.relative_to(TESTS)) for path in (TESTS / room).glob("test_*.py")]
    assert [name for name in names if not any(layer.has(name) for layer in LAYERS)] == []


@pytest.mark.parametrize("layer", LAYERS, ids=lambda layer: layer.promise)
def test_every_layer_has_tests_and_is_on_the_page(layer: Layer) -> None:
    assert [name for name in layer.tests if not (TESTS / name.partition("::")[0]).exists()] == []
    assert f"| {layer.promise} |" in PAGE
