"""A small program like Claude Code as seen from outside: an input row between two lines, redrawn at every key.

    boxed.py LOG [--dim] [--no-key]
    boxed.py --version          prints one that amq is tested with

It logs its events to LOG, one word and its argument a line: `started`, `submitted LINE`, `pasted`, `dialog`,
`approved`, `denied`. Enter submits the line, and so does Ctrl-X Enter, unless there is `--no-key`. It understands these
lines:

* `dialog` opens a dialog, which hides the row; `y` and Enter approve, and `n` denies.
* `work` shows that it works, until the next line.
* `tasks` shows its list of agents. The row there differs only in its placeholder; Ctrl-X removes an agent and Enter
  makes one, until ^Q.
* `quit` ends it.
* `Run: COMMAND` runs the command.

With `--dim` an empty row holds a placeholder. LOG.pid holds its process id.
"""

from __future__ import annotations

import os
import subprocess
import sys
import termios
import tty
from pathlib import Path

PASTE_START, PASTE_END, QUEUE = b"\x1b[200~", b"\x1b[201~", b"\x18\r"


class Boxed:
    def __init__(self, log: Path, options: list[str]) -> None:
        self._log = log
        self._options = options
        self._line = ""
        self._dialog = False
        self._works = False
        self._tasks = False

    def run(self) -> None:
        tty.setraw(0, termios.TCSAFLUSH)
        os.write(1, b"\x1b[?2004h\x1b]0;boxed\x07")
        self._draw()
        Path(f"{self._log}.pid").write_text(str(os.getpid()))
        self._note("started")
        data = b""
        while more := os.read(0, 1 << 16):
            data += more
            if (data[:1] == b"\x1b" and PASTE_END not in data) or data.endswith(b"\x18"):
                continue  # the rest of a paste or of a key is on its way
            self._take(data)
            self._draw()
            data = b""

    def _take(self, data: bytes) -> None:
        if PASTE_START in data:
            before, _, data = data.partition(PASTE_START)
            pasted, _, data = data.partition(PASTE_END)
            self._take(before)
            self._note("pasted")
            self._line += pasted.decode()
        while data:
            length = len(QUEUE) if data.startswith(QUEUE) else 1
            key, data = data[:length], data[length:]
            if self._tasks and key[:1] in (b"\r", b"\x18", b"\x11"):
                self._in_tasks(key)
            elif self._dialog:
                self._answer(key)
            elif key == b"\r" or (key == QUEUE and "--no-key" not in self._options):
                self._submit()
            elif key == b"\x15":
                self._line = ""
            elif key != QUEUE:
                self._line += key.decode("latin-1")

    def _submit(self) -> None:
        line, self._line = self._line, ""
        self._note(f"submitted {line}")
        if line == "quit":
            termios.tcsetattr(0, termios.TCSADRAIN, COOKED)
            os.write(1, b"\x1b[?2004l\x1b[H\x1b[2J")
            sys.exit(0)
        self._works, self._dialog, self._tasks = line == "work", line == "dialog", line == "tasks"
        if self._dialog:
            self._note("dialog")
        if "Run: " in line:
            subprocess.run(["sh", "-c", line.partition("Run: ")[2]], capture_output=True)

    def _in_tasks(self, key: bytes) -> None:
        self._tasks = key != b"\x11"
        if self._tasks:
            self._note("removed" if key[:1] == b"\x18" else f"made {self._line}")

    def _answer(self, key: bytes) -> None:
        if key in (b"y", b"\r", b"n"):
            self._dialog = False
            self._note("denied" if key == b"n" else "approved")

    def _draw(self) -> None:
        width = os.get_terminal_size().columns
        rule = "─" * width
        hint = "describe a task for a new session" if self._tasks else "Try something"
        row = self._line or (f"\x1b[2m{hint}\x1b[m" if self._tasks or "--dim" in self._options else "")
        text = "Proceed?\r\n❯ 1. Yes\r\n  2. No\r\n" if self._dialog else f"{rule}\r\n❯ {row}\r\n{rule}\r\n"
        footer = "esc to interrupt" if self._works else "? for help"
        at = len(self._line) + 2
        place = f"\x1b[{2 + at // width};{at % width + 1}H"
        os.write(1, f"\x1b[H\x1b[2J{text}  {footer}{place}".encode())

    def _note(self, text: str) -> None:
        with self._log.open("a") as log:
            log.write(f"{text}\n")


if sys.argv[1:] == ["--version"]:
    sys.stdout.write("2.1.332")
    sys.exit()
COOKED = termios.tcgetattr(0)
Boxed(Path(sys.argv[1]), sys.argv[2:]).run()
