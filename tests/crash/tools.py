"""Requirements of a proof: without them it is skipped and says which is missing, or fails where all are demanded."""

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
    """Skip this test because WHAT is missing."""
    if os.environ.get("AMQ_REQUIRE_ALL") == "1":
        pytest.fail(f"AMQ_REQUIRE_ALL=1, and there is no {what}")
    pytest.skip(f"needs {what}")


def require(*tools: str) -> None:
    """Skip this test unless all of TOOLS can be run."""
    for tool in tools:
        if shutil.which(tool) is None:
            missing(tool)


def require_root() -> None:
    """Skip this test unless this process may mount filesystems."""
    if os.geteuid() != 0:
        missing("root, to mount a filesystem")
    require("mount", "umount")


@contextmanager
def mounted(place: Path, *words: str) -> Iterator[Path]:
    """Mount a filesystem at PLACE for a block; skip the test where mounting with WORDS is refused, and say why."""
    place.mkdir(exist_ok=True)
    done = subprocess.run(["mount", *words, str(place)], capture_output=True, text=True, check=False)
    if done.returncode:
        missing(f"a kernel that mounts ({done.stderr.strip()})")
    try:
        yield place
    finally:
        subprocess.run(["umount", str(place)], check=True)
