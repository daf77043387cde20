"""What a proof needs of the machine: it skips and says what is missing, or fails where nothing may be."""

from __future__ import annotations

import os
import shutil
import subprocess
from contextlib import contextmanager
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


def missing(what: str) -> None:
    """Skip the test at hand for want of WHAT."""
    if os.environ.get("AMQ_REQUIRE_ALL") == "1":
        pytest.fail(f"AMQ_REQUIRE_ALL=1, and there is no {what}")
    pytest.skip(f"needs {what}")


def require(*tools: str) -> None:
    """Skip the test at hand unless all of TOOLS can be run."""
    for tool in tools:
        if shutil.which(tool) is None:
            missing(tool)


def require_root() -> None:
    """Skip the test at hand unless we may mount filesystems."""
    if os.geteuid() != 0:
        missing("root, to mount a filesystem")
    require("mount", "umount")


@contextmanager
def mounted(place: Path, *words: str) -> Iterator[Path]:
    """A filesystem at PLACE while inside; skips the test where mounting with WORDS is refused, and says why."""
    place.mkdir(exist_ok=True)
    done = subprocess.run(["mount", *words, str(place)], capture_output=True, text=True, check=False)
    if done.returncode:
        missing(f"a kernel that mounts ({done.stderr.strip()})")
    try:
        yield place
    finally:
        subprocess.run(["umount", str(place)], check=True)
