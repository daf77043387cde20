"""A fake CLI as a program: python -m tests.agents.program STYLE LOG [anything]

It logs events for a checker to LOG, one JSON list a line: the monotonic time, the event, and the text. It understands
`work SECONDS`, `ask` for a turn with a dialog, `crash`, `quit`; a line with `Run: ` in it runs the command behind that.
Its random choices come from AMQ_FAKE_SEED.
"""

from __future__ import annotations

import json
import os
import select
import subprocess
import sys
import termios
import time
import tty
from random import Random

from tests.agents.cli import Cli, Note, Plan
from tests.agents.cli_styles import STYLES


def main(style: str, log: str) -> None:
    """Run until the terminal is gone, or a signal ends it."""
    told: list[str] = []

    def note(note: Note) -> None:
        add(note.what, note.text)
        if note.what == "drained":
            subprocess.run(["sh", "-c", told.pop()], stdout=subprocess.DEVNULL, check=False)

    def add(what: str, text: str = "") -> None:
        with open(log, "a", encoding="utf-8") as file:
            file.write(json.dumps([time.monotonic(), what, text]) + "\n")

    def plan(text: str) -> Plan:
        word, _, rest = text.partition(" ")
        if "Run: " in text:
            told.append(text.partition("Run: ")[2])
            return Plan(lasts=0.3, drains_at=0.05)
        if word in ("crash", "quit"):
            os._exit(1 if word == "crash" else 0)
        return Plan(lasts=4.0, asks_at=0.3) if word == "ask" else Plan(lasts=float(rest) if word == "work" else 0.2)

    def write(data: bytes) -> None:
        while data:
            data = data[os.write(1, data) :]

    columns, rows = os.get_terminal_size()
    cli = Cli(STYLES[style], Random(os.environ.get("AMQ_FAKE_SEED", "1")), write, note, plan, (rows, columns))
    tty.setraw(0, termios.TCSANOW)
    cli.start(time.monotonic(), takes=0.5)
    while True:
        wait = max(0.0, min(cli.due - time.monotonic(), 60.0))
        if select.select([0], [], [], wait)[0]:
            data = os.read(0, 1 << 16)
            if not data:
                return
            add("read", data.decode("latin-1"))
            cli.feed(data, time.monotonic())
        cli.tick(time.monotonic())


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2])
