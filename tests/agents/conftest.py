"""A directory in memory, where possible: a simulated life writes many files."""

from __future__ import annotations

from tests.crash.conftest import place

__all__ = ["place"]
