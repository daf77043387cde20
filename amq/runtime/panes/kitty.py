"""A window of kitty, through its remote control (https://sw.kovidgoyal.net/kitty/remote-control/)."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from amq.pty.encode import bracketed, plain
from amq.runtime.panes import GoneError, Picture, ask


class KittyWindow:
    """The window of number WINDOW, in the kitty that KITTY_LISTEN_ON or the terminal leads to."""

    way = "kitty"

    def __init__(self, window: str, environment: Mapping[str, str]) -> None:
        self._window = int(window)
        self._environment = environment

    def picture(self) -> Picture | None:
        """Its size and its text are two answers: a window that changes size in between looks wrong for once."""
        shape = self._about()
        rows, columns = int(shape["lines"]), int(shape["columns"])
        lines = self._ask("get-text", self._match, "--extent=screen", "--ansi").split(b"\n")
        return Picture(rows, columns, tuple(lines[:rows]), None)

    def foreground(self) -> int | None:
        running = self._about()["foreground_processes"]
        return int(running[0]["pid"]) if running else None

    def paste(self, text: str, *, as_paste: bool) -> None:
        self.press(bracketed(text) if as_paste else plain(text))

    def press(self, key: bytes) -> None:
        self._ask("send-text", self._match, "--stdin", given=key)

    @property
    def _match(self) -> str:
        return f"--match=id:{self._window}"

    def _about(self) -> dict[str, Any]:
        for os_window in json.loads(self._ask("ls")):
            for tab in os_window["tabs"]:
                for window in tab["windows"]:
                    if window["id"] == self._window:
                        return dict(window)
        raise GoneError(f"kitty has no window {self._window}")

    def _ask(self, *words: str, given: bytes = b"") -> bytes:
        return ask(["kitty", "@", *words], self._environment, given)


def why_not(environment: Mapping[str, str]) -> str:
    """Why the window we are in cannot be reached; "" if it can."""
    if not environment.get("KITTY_WINDOW_ID"):
        return "not inside kitty"
    try:
        KittyWindow(environment["KITTY_WINDOW_ID"], environment).foreground()
    except (GoneError, ValueError) as error:
        return f"its remote control is off, set allow_remote_control in kitty.conf ({error})"
    return ""
