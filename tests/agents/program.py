"""A fake CLI as a program: python -m tests.agents.program STYLE LOG [anything]

It logs events for a checker to LOG, one JSON list a line: the monotonic time, the event, and the text. It understands
`work SECONDS`, `ask` for a turn with a dialog, `flood MEGABYTES` of output, `crash`, `quit`; a line with `run: ` in it
runs the command behind that. Its random choices come from AMQ_FAKE_SEED.
"""

from __future__ import annotations

import json
import os
import re
import select
import subprocess
import sys
import termios
import time
import tty
from random import Random

from tests.agents.cli import Cli, Note, Plan
from tests.agents.cli_styles import STYLES

EXITS = {"crash": 1, "quit": 0}
"""The exit status after each of these lines."""
FLOOD = b"\x1b7\x1b[1;1H\x1b[32m" + b"a line that changes all the time " * 2 + b"\x1b[0m\x1b8"
"""Output of a full screen: what else is on it stays, and so does the cursor."""


def write(data: bytes) -> None:
    """Write DATA to the terminal, all of it."""
    while data:
        data = data[os.write(1, data) :]


def flood(megabytes: int) -> None:
    """Write so much output, and clear the screen, as a CLI does before it draws all of it again."""
    for _ in range((megabytes << 20) // len(FLOOD)):
        write(FLOOD)
    write(b"\x1b[2J")


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
        if found := re.search("[Rr]un: (.*)", text):
            told.append(found[1])
            return Plan(lasts=0.3, drains_at=0.05)
        if word == "flood":
            flood(int(rest))
            cli.draw_all(time.monotonic())
        if word in EXITS:
            os._exit(EXITS[word])
        return Plan(lasts=4.0, asks_at=0.3) if word == "ask" else Plan(lasts=float(rest) if word == "work" else 0.2)

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
