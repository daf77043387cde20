"""What a check of `amq doctor` is given, and what it gives back."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class Finding:
    """Something that is wrong, or only worth knowing, and what to do about it; FIX does that and loses nothing.

    SAID is called when the user has been told, of what is told once.
    """

    text: str
    remedy: str
    wrong: bool = True
    fix: Callable[[], object] | None = None
    said: Callable[[], object] | None = None


@dataclass(frozen=True)
class Environment:
    """What a check may ask of the world beside the queue; tests pass a world of their own."""

    environ: Mapping[str, str]
    cwd: str
    version: str  # of this amq
    uid: int
    mounts: Callable[[], str]
    statvfs: Callable[[str], os.statvfs_result]
    watch: Callable[[str], None]
    """Watch a directory for an instant; raises OSError where that is not possible."""
