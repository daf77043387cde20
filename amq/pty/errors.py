"""Errors of hosting a program, in this package's own terms."""

from __future__ import annotations


class PtyError(Exception):
    """A failure on our side, such as no terminal or process being available."""


class CannotRunError(PtyError):
    """A program that could not be started; `status` is a shell's (127 not found, 126 not executable)."""

    def __init__(self, message: str, status: int) -> None:
        super().__init__(message)
        self.status = status
