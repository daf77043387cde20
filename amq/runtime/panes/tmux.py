"""A pane of tmux(1), through its command line."""

from __future__ import annotations

import os
from collections.abc import Mapping

from amq.runtime import processes
from amq.runtime.panes import Picture, ask

STATE = "#{pane_height} #{pane_width} #{cursor_y} #{cursor_x} #{pane_in_mode} #{pane_pid}"


class TmuxPane:
    """The pane that TMUX_PANE names, or another one that tmux would understand by TARGET."""

    way = "tmux"

    def __init__(self, target: str, environment: Mapping[str, str]) -> None:
        self._target = target
        self._environment = environment
        self._buffer = f"amq-{os.getpid()}"

    def picture(self) -> Picture | None:
        """One question, so that the lines and the cursor belong together."""
        answer = self._ask("display-message", "-p", "-t", self._target, STATE, ";",
                           "capture-pane", "-p", "-e", "-t", self._target)  # fmt: skip
        first, *lines = answer.split(b"\n")[:-1]
        rows, columns, row, column, in_mode, _ = map(int, first.split())
        return None if in_mode else Picture(rows, columns, tuple(lines), (row, column))

    def foreground(self) -> int | None:
        """None for the pane's own first process, which is a shell at its prompt, unless it is the agent itself."""
        return processes.foreground(int(self._ask("display-message", "-p", "-t", self._target, "#{pane_pid}")))

    def paste(self, text: str, *, as_paste: bool) -> None:
        """Through a buffer of our own. tmux knows by itself whether the program asks for bracketed pastes."""
        self._ask("load-buffer", "-b", self._buffer, "-", given=text.encode())
        self._ask("paste-buffer", "-p", "-r", "-d", "-b", self._buffer, "-t", self._target)

    def press(self, key: bytes) -> None:
        self._ask("send-keys", "-t", self._target, "-H", *(f"{byte:02x}" for byte in key))

    def _ask(self, *words: str, given: bytes = b"") -> bytes:
        return ask(["tmux", *words], self._environment, given)


def why_not(environment: Mapping[str, str]) -> str:
    """Why the pane we are in cannot be reached; "" if it can."""
    if not environment.get("TMUX") or not environment.get("TMUX_PANE"):
        return "not inside tmux"
    try:
        TmuxPane(environment["TMUX_PANE"], environment).picture()
    except Exception as error:
        return str(error)
    return ""
