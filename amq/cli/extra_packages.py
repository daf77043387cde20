"""Packages that only some commands need, which come with an extra of amq's package: how a user gets them."""

from __future__ import annotations

import os.path
import sys

from amq.errors import AmqError
from amq.quoting import shell

PACKAGE = "agent-message-queue"
_TOOLS = {"/pipx/venvs/": f"pipx inject {PACKAGE}", "/uv/tools/": "uv pip install --python {python}"}
"""The commands that install more packages into a program's own environment, by what the path of that one has."""


def missing(extra: str, command: str, error: ImportError) -> AmqError:
    """Return the error for COMMAND, which needs EXTRA: it says what is missing, and the line that installs it."""
    return AmqError(
        f"{command} needs more packages: {error.name} is not installed", hint=f"install them: {line(extra)}"
    )


def line(extra: str, prefix: str = sys.prefix) -> str:
    """Return the command that installs what EXTRA has into the environment at PREFIX, which amq runs in."""
    from importlib.metadata import PackageNotFoundError, requires

    try:
        found = [each.partition(";") for each in requires(PACKAGE) or ()]
    except PackageNotFoundError:  # run from a checkout
        found = []
    wanted = [name.strip() for name, _, marker in found if extra in marker.replace('"', "'").split("'")]
    python = shell(os.path.join(prefix, "bin", "python"))
    begin = next((words for part, words in _TOOLS.items() if part in prefix), "{python} -m pip install")
    return " ".join((begin.format(python=python), *map(shell, wanted or [f"{PACKAGE}[{extra}]"])))
