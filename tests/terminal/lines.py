"""A program that reads lines and answers each with the size of its terminal. `bye` ends it with status 7.

lines.py [TEXT]     print TEXT, with its escapes, first
"""

from __future__ import annotations

import os
import sys

print(sys.argv[1].encode().decode("unicode_escape") if sys.argv[1:] else "", "ready", flush=True)
while line := sys.stdin.readline().strip():
    print(f"got {line} {os.get_terminal_size().lines}x{os.get_terminal_size().columns}", flush=True)
    if line == "bye":
        sys.exit(7)
