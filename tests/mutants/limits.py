"""Mutations of what holds at the edges: names in capitals, and a machine that has run out of something."""

from __future__ import annotations

from tests.mutants.mutant import Mutant

CAPITALS = "tests/cli/test_capitals.py"

LIMITS = (
    Mutant("anybody may be named in capitals", "names.py", "typed_handle", "is_known(lower)", "True", CAPITALS),
    Mutant("a letter that only looks like one names an agent", "names.py", "typed_handle", "text.isascii()", "True",
           CAPITALS),
)  # fmt: skip
