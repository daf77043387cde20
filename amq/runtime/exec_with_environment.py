"""Start a program with the environment from a private file: python -I -S exec_with_environment.py FILE PROGRAM [ARG…]

A tmux pane has the environment of its server, which may be days old and differ from that of the user who opens the
pane. So this script is run by its path and imports nothing of amq: until the program starts, variables such as
PYTHONPATH are not the user's. Variables that describe the terminal are always the pane's.

FILE is read once and removed. It holds NAME=VALUE entries, each followed by a zero byte.
"""

from __future__ import annotations

import os
import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

_OF_TERMINAL = frozenset(
    name.encode()
    for name in (
        *("TMUX", "TMUX_PANE", "TERM", "TERM_PROGRAM", "TERM_PROGRAM_VERSION"),  # what tmux sets itself
        *("COLORFGBG", "COLORTERM", "COLUMNS", "LINES", "TERMCAP", "TERMINFO", "VTE_VERSION", "WINDOWID"),
        *("INSIDE_EMACS", "LC_TERMINAL", "LC_TERMINAL_VERSION", "STY", "TERM_SESSION_ID", "WINDOW", "WT_SESSION"),
    )
)
_OF_TERMINALS = (b"ALACRITTY_", b"GHOSTTY_", b"ITERM_", b"KITTY_", b"KONSOLE_", b"WEZTERM_", b"ZELLIJ")


def environment_of(data: bytes, pane: Mapping[bytes, bytes]) -> dict[bytes, bytes]:
    """Return the variables in DATA, except those that describe a terminal, which are taken from PANE alone."""
    given = dict(entry.split(b"=", 1) for entry in data.split(b"\0")[:-1])
    return {
        **{name: value for name, value in given.items() if not _describes_terminal(name)},
        **{name: value for name, value in pane.items() if _describes_terminal(name)},
    }


def _describes_terminal(name: bytes) -> bool:
    return name in _OF_TERMINAL or name.startswith(_OF_TERMINALS)


def start(path: str, words: list[str]) -> None:
    """Replace this process with the program WORDS, in the environment of the file PATH. Raises OSError."""
    with open(path, "rb") as file:
        data = file.read()
    os.unlink(path)
    os.execve(words[0], words, environment_of(data, os.environb))  # noqa: S606  that is what it is for


if __name__ == "__main__":
    try:
        start(sys.argv[1], sys.argv[2:])
    except OSError as error:
        sys.exit(f"amq: the agent did not get its environment, which can be read only once ({error})\n     amq coop up")
