"""A program that reads lines and answers each with the size of its terminal. `bye` ends it with status 7.

lines.py [TEXT]     print TEXT, with its escapes, first
"""

from __future__ import annotations

import os
import sys

os.write(1, (sys.argv[1].encode().decode("unicode_escape") if sys.argv[1:] else "").encode() + b" ready\n")
while line := sys.stdin.readline().strip():
    size = os.get_terminal_size()
    os.write(1, f"got {line} {size.lines}x{size.columns}\n".encode())
    if line == "bye":
        sys.exit(7)
