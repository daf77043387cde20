"""The input and the output of a check of `amq doctor`."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class Finding:
    """Something wrong, or only a note, with its remedy; FIX applies it without losing anything.

    SAID, for a note that is shown only once, is called when the user has seen it.
    """

    text: str
    remedy: str
    wrong: bool = True
    fix: Callable[[], object] | None = None
    said: Callable[[], object] | None = None


@dataclass(frozen=True)
class Environment:
    """The environment that a check may examine besides the queue; tests pass their own."""

    environ: Mapping[str, str]
    cwd: str
    version: str  # of this amq
    uid: int
    mounts: Callable[[], str]
    statvfs: Callable[[str], os.statvfs_result]
    watch: Callable[[str], None]
    """A function that watches a directory for an instant; raises OSError where that is not possible."""
