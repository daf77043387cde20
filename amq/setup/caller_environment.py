"""Pass the caller's environment to programs in panes, which would otherwise get the tmux server's.

It goes through a private file, not a command line: other users see those in the list of processes, and tmux keeps its
own.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass

from amq import config
from amq.errors import why
from amq.runtime import exec_with_environment
from amq.runtime.private_state import PrivateState, run_directory, write_private


@dataclass(frozen=True)
class Handover:
    """An environment that waits for its program; where it cannot be handed over, `why_not` says why in a clause."""

    file: str
    why_not: str = ""

    def command(self, words: list[str]) -> list[str]:
        """Return the command for a pane, so that the program WORDS, an absolute path first, gets the environment."""
        return [sys.executable, "-I", "-S", exec_with_environment.__file__, self.file, *words] if self.file else words

    @property
    def taken(self) -> bool:
        """True once its program has it, or if nothing is handed over."""
        return not (self.file and os.path.exists(self.file))


@contextmanager
def handed_over(environ: Mapping[str, str], private: PrivateState, root: str, handle: str) -> Iterator[Handover]:
    """Keep ENVIRON for the program of the agent HANDLE of the queue ROOT, until the block ends.

    The next `amq run` removes what a killed process leaves behind.
    """
    with run_directory(private, root, handle, config.where_agents_work(), alone=False) as files:
        yield _written(environ, files)


def _written(environ: Mapping[str, str], files: PrivateState) -> Handover:
    if not files.directory:
        return Handover("", files.why_not)
    path = f"{files.directory}/environment"
    data = b"".join(os.fsencode(f"{name}={value}\0") for name, value in environ.items())
    try:
        write_private(path, data.decode("utf-8", "surrogateescape"))
    except OSError as error:
        return Handover("", why(error))
    return Handover(path)
