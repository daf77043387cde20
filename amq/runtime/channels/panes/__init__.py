"""Panes of terminal multiplexers, whose screen can be read and keyboard be typed on from outside.

A pane is always the one that we are in: its first process leads our session. So its keyboard is our terminal's.
"""

from __future__ import annotations

import subprocess
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from amq.pty.screen import Screen, Size, View
from amq.runtime.programs import find_program

ANSWER_WITHIN_S = 5.0  # for a multiplexer


class GoneError(Exception):
    """A pane that cannot be reached: it or its multiplexer is gone, or does not answer."""


@dataclass(frozen=True)
class Picture:
    """Contents of a pane at one instant."""

    size: Size
    drawing: bytes  # output that draws the contents on an empty screen, and leaves the cursor at its place
    title: bytes = b""

    def view(self) -> View | None:
        """Return the screen; None where no emulator is installed."""
        screen = Screen(self.size)
        screen.enqueue(self.drawing)
        screen.feed(len(self.drawing))
        return screen.view()


class Pane(Protocol):
    """A pane. Every method raises GoneError when the pane cannot be reached."""

    @property
    def way(self) -> str:
        """Return the multiplexer's name."""

    def picture(self) -> Picture | None:
        """Return the picture of the program; None while keys would not reach just that program, as in copy mode."""

    def paste(self, text: str, *, as_paste: bool) -> bool:
        """Type one line of TEXT, as a bracketed paste or key by key. Return False where nothing was typed."""

    def press(self, key: bytes) -> bool:
        """Type the bytes of one KEY. Return False where nothing was typed."""


def ask(words: Sequence[str], environment: Mapping[str, str], given: bytes = b"") -> bytes:
    """Run a multiplexer's command; return its output. Raises GoneError if it fails or does not answer.

    GIVEN is its standard input. It has ANSWER_WITHIN_S seconds to answer.
    """
    program = find_program(words[0], environment)
    if program is None:
        raise not_on_the_path(words[0])
    return printed(
        words[0],
        lambda: subprocess.run(
            [program, *words[1:]],
            env=dict(environment),
            input=given,
            capture_output=True,
            timeout=ANSWER_WITHIN_S,
            check=False,
        ),
    )


def printed(name: str, call: Callable[[], subprocess.CompletedProcess[bytes]]) -> bytes:
    """Return what CALL, a run of the multiplexer NAME, prints. Raises GoneError if it fails or does not answer."""
    try:
        asked = call()
    except (OSError, subprocess.TimeoutExpired) as error:
        raise GoneError(f"{name}: {error}") from error
    if asked.returncode:
        said = (asked.stderr or asked.stdout).decode("utf-8", "replace").strip()
        raise GoneError(said or f"{name} exited with {asked.returncode}")
    return asked.stdout


def not_on_the_path(name: str) -> GoneError:
    """Return the error for a multiplexer that is not installed."""
    return GoneError(f"{name} is not on the PATH")


def drawing(lines: Sequence[bytes], cursor: tuple[int, int]) -> bytes:
    """Return the output that draws LINES from the top, and then sets the cursor (row, column), counted from 0."""
    return b"\r\n".join(lines) + b"\x1b[%d;%dH" % (cursor[0] + 1, cursor[1] + 1)
