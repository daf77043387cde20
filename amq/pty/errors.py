"""What can go wrong with a hosted program, in this package's own terms."""

from __future__ import annotations


class PtyError(Exception):
    """Something of ours failed: there was no terminal to give, or no process."""


class CannotRunError(PtyError):
    """The program could not be started; `status` is what a shell would report (127 not found, 126 not executable)."""

    def __init__(self, message: str, status: int) -> None:
        super().__init__(message)
        self.status = status
