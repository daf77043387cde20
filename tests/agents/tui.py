"""A small program like an agent's CLI: raw terminal, an input line, bracketed paste, Enter submits.

    tui.py LOG [--start-after FILE] [--no-paste-mode] [--silent] [--publish]

It logs its events to LOG, one word and its argument a line: `started`, `submitted LINE`, `pasted`, `dialog`,
`approved`, `denied`. Lines that it understands: `dialog` opens one, `crash` and `quit` end it, and a command behind
`Run: ` is run. In a dialog the keys `y`, `1` and Enter approve and `n` denies; pasted text waits underneath.
`--silent` echoes nothing. `--publish` publishes its state by OSC 7501. With `--start-after` it waits for FILE, then
discards the input so far and switches to raw mode.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import termios
import time
import tty
from pathlib import Path

PASTE_START, PASTE_END = b"\x1b[200~", b"\x1b[201~"


class Tui:
    def __init__(self, log: Path, options: list[str]) -> None:
        self._log = log
        self._options = options
        self._line = b""
        self._dialog = False

    def run(self) -> None:
        if "--start-after" in self._options:
            go = Path(self._options[self._options.index("--start-after") + 1])
            self._show(b"loading\r\n")
            while not go.exists():
                time.sleep(0.005)
        tty.setraw(0, termios.TCSAFLUSH)
        if "--no-paste-mode" not in self._options:
            self._show(b"\x1b[?2004h")
        self._show(b"\x1b]0;tui\x07> ")
        self._publish("idle")
        self._note("started")
        while data := os.read(0, 1 << 16):
            self._take(data)

    def _take(self, data: bytes) -> None:
        if PASTE_START in data:
            self._note("pasted")
            before, _, data = data.partition(PASTE_START)
            pasted, _, data = data.partition(PASTE_END)
            self._take(before)
            self._type(pasted)
        for byte in (data[at : at + 1] for at in range(len(data))):
            if self._dialog:
                self._answer(byte)
            elif byte == b"\r":
                self._submit()
            elif byte == b"\x15":
                self._line = b""
                self._show(b"\r\x1b[2K> ")
            else:
                self._type(byte)

    def _type(self, text: bytes) -> None:
        self._line += text
        if not self._dialog and "--silent" not in self._options:
            self._show(text)

    def _submit(self) -> None:
        line, self._line = self._line.decode(), b""
        self._note(f"submitted {line}")
        self._show(b"\r\n")
        self._publish("working")
        if line == "quit":
            sys.exit(0)
        if line == "crash":
            os.kill(os.getpid(), signal.SIGSEGV)
        if line == "dialog":
            self._dialog = True
            self._publish("blocked:kind=permission")
            self._note("dialog")
            self._show(b"Proceed? (y/n) ")
            return
        if "Run: " in line:
            told = subprocess.run(["sh", "-c", line.partition("Run: ")[2]], capture_output=True).stdout
            self._show(told.replace(b"\n", b"\r\n"))
        self._publish("idle")
        self._show(b"> ")

    def _answer(self, byte: bytes) -> None:
        if byte in b"y1\rn":
            self._dialog = False
            self._note("denied" if byte == b"n" else "approved")
            self._show(b"\r\n> ")
            self._publish("idle")

    def _publish(self, state: str) -> None:
        if "--publish" in self._options:
            self._show(b"\x1b]7501;state=%s\x1b\\" % state.encode())

    def _show(self, data: bytes) -> None:
        os.write(1, data)

    def _note(self, text: str) -> None:
        with self._log.open("a") as log:
            log.write(f"{text}\n")


Tui(Path(sys.argv[1]), sys.argv[2:]).run()
