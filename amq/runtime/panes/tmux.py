"""A pane of tmux(1), through its command line."""

from __future__ import annotations

import os
from collections.abc import Mapping

from amq.runtime.panes import GoneError, Picture, ask, drawing

_STATE = "#{pane_in_mode} #{pane_height} #{pane_width} #{cursor_y} #{cursor_x} #{pane_title}"


class TmuxPane:
    """The pane that TMUX_PANE names."""

    way = "tmux"

    def __init__(self, environment: Mapping[str, str]) -> None:
        self._pane = environment["TMUX_PANE"]
        self._environment = environment
        self._buffer = f"amq-{os.getpid()}"

    def picture(self) -> Picture | None:
        """One question, so that the lines and the cursor belong together."""
        answer = self._ask("display-message", "-p", "-t", self._pane, _STATE, ";",
                           "capture-pane", "-p", "-e", "-t", self._pane)  # fmt: skip
        first, *lines = answer.split(b"\n")[:-1]
        *numbers, title = first.split(b" ", 5)
        in_mode, rows, columns, row, column = map(int, numbers)
        return None if in_mode else Picture((rows, columns), drawing(lines, (row, column)), title)

    def paste(self, text: str, *, as_paste: bool) -> None:
        """Through a buffer of our own. tmux brackets it only if the program has asked for that."""
        self._ask("load-buffer", "-b", self._buffer, "-", given=text.encode())
        bracket = ["-p"] if as_paste else []
        self._ask("paste-buffer", *bracket, "-r", "-d", "-b", self._buffer, "-t", self._pane)

    def press(self, key: bytes) -> None:
        self._ask("send-keys", "-t", self._pane, "-H", *(f"{byte:02x}" for byte in key))

    def leader(self) -> int:
        """The pane's first process."""
        return int(self._ask("display-message", "-p", "-t", self._pane, "#{pane_pid}"))

    def _ask(self, *words: str, given: bytes = b"") -> bytes:
        return ask(["tmux", *words], self._environment, given)


def why_not(environment: Mapping[str, str]) -> str:
    """Why the pane we are in cannot be reached; "" if it can."""
    if not environment.get("TMUX") or not environment.get("TMUX_PANE"):
        return "not inside tmux"
    try:
        inside = TmuxPane(environment).leader() == os.getsid(0)
    except GoneError as error:
        return str(error)
    return "" if inside else "the terminal is another one than TMUX_PANE names"
