"""The known agent CLIs, as far as setup needs them."""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Mapping

from amq.runtime.agents import registry

CLIS = {cli.name: cli for cli in registry.clis()}
_NUMBERED = re.compile(r"-\d+$")


def program_of(handle: str) -> str:
    """Return the program that HANDLE suggests: `claude-2` is another claude."""
    return _NUMBERED.sub("", handle)


def is_missing(program: str, environ: Mapping[str, str]) -> bool:
    """Return whether PROGRAM is the CLI of an agent, and not on the PATH of ENVIRON."""
    return program in CLIS and shutil.which(program, path=environ.get("PATH", os.defpath)) is None


def how_to_get(program: str) -> str:
    """Return how to install PROGRAM, which is missing."""
    known = CLIS.get(program)
    return f"install it: {known.get_it}" if known else f"install {program}, or put it on the PATH"
