"""The client of tmux(1). amq calls tmux nowhere else."""

from __future__ import annotations

import subprocess
from collections.abc import Mapping, Sequence
from typing import Any

from amq import quoting
from amq.runtime.programs import find_program

NAME = "tmux"


def server_around(environ: Mapping[str, str]) -> str:
    """Return the socket of the server that ENVIRON is inside of, "" outside of all. A path may have a comma."""
    return environ.get("TMUX", "").rpartition(",")[0].rpartition(",")[0]


class TmuxClient:
    """The tmux on the PATH of ENVIRON, and the server at the path SOCKET, or else the one that ENVIRON leads to."""

    def __init__(self, environ: Mapping[str, str], socket: str = "") -> None:
        self._environ = dict(environ)
        self._server = ["-S", socket] if socket else []
        self._program = find_program(NAME, environ)

    @property
    def installed(self) -> bool:
        return self._program is not None

    def do(
        self, *commands: Sequence[str], given: bytes = b"", cwd: str | None = None, within_s: float | None = None
    ) -> subprocess.CompletedProcess[bytes]:
        """Run COMMANDS in the server in one turn; GIVEN is the client's stdin. Raises OSError or TimeoutExpired.

        A new pane starts in CWD, as the client does.
        """
        assert self._program
        stdin: dict[str, Any] = {"input": given} if given else {"stdin": subprocess.DEVNULL}
        return subprocess.run(
            [self._program, *self._server, "-u", *quoting.tmux(*commands)],
            env=self._environ, cwd=cwd, timeout=within_s, capture_output=True, check=False, **stdin,
        )  # fmt: skip

    def attach(self, session: str) -> None:
        """Show the session with the id SESSION in this terminal, until the user leaves it."""
        assert self._program
        words = [self._program, *self._server, "attach-session", "-t", session]
        subprocess.run(words, env=self._environ, check=False)

    def attach_words(self, session: str) -> list[str]:
        """Return the words by which a user shows SESSION in another terminal."""
        return [NAME, *self._server, "attach-session", "-t", session]
