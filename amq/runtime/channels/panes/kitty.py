"""A window of kitty, through its remote control (https://sw.kovidgoyal.net/kitty/remote-control/).

Bytes sent to a window by its number reach its program and no other, even under an overlay or hints, while the user has
scrolled back, and while keys are broadcast: kitty then broadcasts only the keys of the broadcasting window.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from typing import Any

from amq.pty.encode import bracketed, plain
from amq.runtime.channels.panes import GoneError, Picture, ask


class KittyWindow:
    """The window that KITTY_WINDOW_ID names."""

    way = "kitty"

    def __init__(self, environment: Mapping[str, str]) -> None:
        self._window = environment["KITTY_WINDOW_ID"]
        self._environment = environment

    def picture(self) -> Picture | None:
        """Return the window's picture, from two queries: its size and its text.

        The picture is wrong once if the window changes its size in between. All of the text is read, because while the
        user scrolls back, "screen" is what they see, and not what the program shows.
        """
        about = self._about()
        text = self._ask("get-text", f"--match=id:{self._window}", "--extent=all", "--ansi", "--add-cursor")
        rows = int(about["lines"])
        last = text.removesuffix(b"\n").split(b"\n")[-rows:]  # each is a row or more; the excess scrolls away
        return Picture((rows, int(about["columns"])), b"\r\n".join(last), str(about["title"]).encode())

    def paste(self, text: str, *, as_paste: bool) -> bool:
        return self.press(bracketed(text) if as_paste else plain(text))

    def press(self, key: bytes) -> bool:
        self._ask("send-text", f"--match=id:{self._window}", "--stdin", given=key)
        return True

    def leader(self) -> int:
        """Return the process id of the window's first process."""
        return int(self._about()["pid"])

    def _about(self) -> dict[str, Any]:
        for os_window in json.loads(self._ask("ls")):
            for tab in os_window["tabs"]:
                for window in tab["windows"]:
                    if str(window["id"]) == self._window:
                        return dict(window)
        raise GoneError(f"kitty has no window {self._window}")

    def _ask(self, *words: str, given: bytes = b"") -> bytes:
        """Return kitty's answer, from its socket: an answer through the terminal could be read by the agent."""
        return ask([self.way, "@", "--to", self._environment["KITTY_LISTEN_ON"], *words], self._environment, given)


def why_not(environment: Mapping[str, str]) -> str:
    """Return why our window cannot be reached; "" if it can."""
    if not environment.get("KITTY_WINDOW_ID", "").isdecimal():  # in a match, another word could be an expression
        return "not inside kitty"
    if not environment.get("KITTY_LISTEN_ON"):
        return "kitty has no remote-control socket: set allow_remote_control and listen_on in kitty.conf"
    try:
        inside = KittyWindow(environment).leader() == os.getsid(0)
    except GoneError as error:
        return str(error)
    return "" if inside else "this terminal is not the one that KITTY_WINDOW_ID names"
