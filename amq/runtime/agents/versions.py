"""Versions as programs print them."""

from __future__ import annotations

import errno
import re
from collections.abc import Mapping, Sequence

from amq.pty.shebang import through_shell

TYPE_CHECKING = False
if TYPE_CHECKING:
    import subprocess

VERSION_WITHIN_S = 20.0  # for a program to print it: some take seconds to start
_VERSION = r"\d+(?:\.\d+)+(?:\S*\w)?"  # a sentence may end behind it


def printed_version(command: Sequence[str], environment: Mapping[str, str], within_s: float = VERSION_WITHIN_S) -> str:
    """Return the version that COMMAND prints; empty if it fails, or prints none within WITHIN_S seconds.

    Some programs print it to stderr. What they warn of there does not count if there is one on stdout.
    """
    import subprocess  # only here: most starts of a program know its version

    try:
        try:
            asked = _ask(command, environment, within_s)
        except OSError as error:
            if error.errno != errno.ENOEXEC or (script := through_shell(command)) is None:
                raise
            asked = _ask(script, environment, within_s)
    except (OSError, subprocess.TimeoutExpired):
        return ""
    printed = (output.decode("utf-8", "replace") for output in (asked.stdout, asked.stderr))
    found = next(filter(None, (re.search(_VERSION, line) for line in printed)), None)
    return found[0] if found and asked.returncode == 0 else ""


def numbers(version: str) -> tuple[int, ...]:
    """Return the numbers in VERSION, by which versions are compared."""
    return tuple(map(int, re.findall(r"\d+", version)))


def _ask(command: Sequence[str], environment: Mapping[str, str], within_s: float) -> subprocess.CompletedProcess[bytes]:
    import subprocess

    return subprocess.run(
        command, env=dict(environment), stdin=subprocess.DEVNULL, capture_output=True,
        timeout=within_s, check=False,
    )  # fmt: skip
