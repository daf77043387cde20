"""Scripts without a `#!` line, which the kernel does not run (ENOEXEC) and a shell runs itself."""

from __future__ import annotations

import os

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

SHELL = "/bin/sh"
_SAMPLE = 256  # bytes; shells look at no more


def through_shell(words: Sequence[str]) -> list[str] | None:
    """Return the command that a shell runs for WORDS, a path and arguments, after ENOEXEC; None if it runs none.

    Like shells, take a file with a NUL in its first line for a program of another machine. Raises OSError if the file
    cannot be read.
    """
    first_line = _first_line(words[0])
    if b"\0" in first_line or first_line.startswith(b"\x7fELF"):
        return None
    path = f"./{words[0]}" if words[0].startswith("-") else words[0]  # else it would be an option
    return [SHELL, path, *words[1:]]


def interpreter(path: str) -> str:
    """Return the program that the `#!` line of the file PATH names; "" if it has none, or cannot be read."""
    try:
        first_line = _first_line(path)
    except OSError:
        return ""
    if not first_line.startswith(b"#!"):
        return ""
    return os.fsdecode(first_line[2:].lstrip(b" \t").replace(b"\t", b" ").partition(b" ")[0])


def _first_line(path: str) -> bytes:
    """Return the first line of the file PATH, as far as shells look at it. Raises OSError."""
    with open(path, "rb") as file:
        return file.read(_SAMPLE).partition(b"\n")[0]
