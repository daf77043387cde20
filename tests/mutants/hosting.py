"""Mutations of what a hosted program sees, and of what it leaves behind."""

from __future__ import annotations

from tests.mutants.mutant import Mutant

GUARD = "tests/pty/test_guard.py"

HOSTED = (
    Mutant("a terminal that another writes to is given up", "pty/descriptors.py", "write_within",
           "contextlib.suppress(BlockingIOError)", "contextlib.nullcontext()", GUARD),
)  # fmt: skip
