"""Every mutation still applies, and names existing tests. `python -m tests.mutants` shows whether they die."""

from __future__ import annotations

import pytest

from tests.mutants.mutant import REPOSITORY, Mutant, Rotten
from tests.mutants.table import MUTANTS


@pytest.mark.parametrize("mutant", MUTANTS, ids=str)
def test_a_mutation_applies(mutant: Mutant) -> None:
    source = (REPOSITORY / mutant.path).read_text()
    compile(mutant.apply(source), mutant.path, "exec")
    assert [name for name in mutant.tests.split() if not (REPOSITORY / name.partition("::")[0]).exists()] == []


def test_there_are_many_and_no_two_have_one_name() -> None:
    assert len({mutant.name for mutant in MUTANTS}) == len(MUTANTS) > 60


def test_one_that_no_longer_applies_is_an_error() -> None:
    for changes in (("gone()", "f"), ("g()", "nowhere")):
        mutant = Mutant("rotten", "x.py", changes[1], changes[0], "None", "")
        with pytest.raises(Rotten):
            mutant.apply("def f():\n    g()\n")
