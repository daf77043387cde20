"""Panes of terminal multiplexers: a screen that can be read, and a keyboard that can be typed on, from outside."""

from __future__ import annotations

import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

PATIENCE = 5.0  # seconds for a multiplexer to answer


class GoneError(Exception):
    """The pane, or its multiplexer, is gone."""


@dataclass(frozen=True)
class Picture:
    """What is on a pane now: LINES with their colours as SGR sequences, from the top; the cursor counts from 0."""

    rows: int
    columns: int
    lines: tuple[bytes, ...]
    cursor: tuple[int, int] | None  # row and column; None where it is not told
    coloured: bool = True  # False where dim text looks like any other


class Pane(Protocol):
    """One pane. Every method raises GoneError when it is gone."""

    @property
    def way(self) -> str:
        """The multiplexer."""

    def picture(self) -> Picture | None:
        """What is on it; None while that is not what its program shows, as in a mode for copying."""

    def foreground(self) -> int | None:
        """The process that has its keyboard."""

    def paste(self, text: str, *, as_paste: bool) -> None:
        """Type one line of text, as a bracketed paste if the program asks for those, or AS_PASTE says so."""

    def press(self, key: bytes) -> None:
        """Type the bytes of one key."""


def ask(words: Sequence[str], environment: Mapping[str, str], given: bytes = b"") -> bytes:
    """What a multiplexer's command prints. Raises GoneError if it fails or does not answer."""
    try:
        asked = subprocess.run(
            words, env=dict(environment), input=given, capture_output=True, timeout=PATIENCE, check=False
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise GoneError(f"{words[0]}: {error}") from error
    if asked.returncode:
        raise GoneError(asked.stderr.decode("utf-8", "replace").strip() or f"{words[0]}: status {asked.returncode}")
    return asked.stdout
