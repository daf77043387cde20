"""A small program with Gemini CLI's input row that loses keys: python lossy_cli.py LOG

It takes the first Enter for a line break, as Gemini CLI does soon after a paste, and ignores the first Backspace. Each
text that its row has held is a line of LOG.
"""

from __future__ import annotations

import os
import re
import sys
import tty
from pathlib import Path

KEYS = re.compile(rb"\x1b\[200~(?P<pasted>.*?)\x1b\[201~|\x1b\[[0-9;?]*[A-Za-z]|(?P<key>.)", re.S)
PLACEHOLDER = "  Type your message or @path/to/file"
WIDTH = 50


def main(log: Path) -> None:
    """Show the row, and edit it by the keys that come."""
    tty.setraw(0)
    loses, box = {b"\r": "\n", b"\x7f": ""}, ""
    sys.stdout.write("\x1b[?2004h\x1b]0;◇  Ready\x07")
    while True:
        rows = [line[at : at + WIDTH] for line in box.split("\n") for at in range(0, max(1, len(line)), WIDTH)]
        shown = "\r\n   ".join(rows if box else [PLACEHOLDER])
        last = 1 + len(rows)
        sys.stdout.write(f"\x1b[2J\x1b[2;1H > {shown}\x1b[{last + 2};1H footer\x1b[{last};{4 + len(rows[-1])}H")
        sys.stdout.flush()
        with log.open("a") as lines:
            lines.write(f"{box!r}\n")
        for match in KEYS.finditer(os.read(0, 1 << 16)):
            key = match["key"] or b""
            if key in loses:
                box += loses.pop(key)
            elif key == b"\x7f":
                box = box[:-1]
            elif key == b"\r":
                box = ""
            else:
                box += (match["pasted"] or key).decode()


if __name__ == "__main__":
    main(Path(sys.argv[1]))
