"""The floor of a relay in Python: copy bytes both ways between the user and a program in a pseudo-terminal.

It looks at nothing, and reads one piece a turn. Output in small pieces gathers for a millisecond, unless there is a
key.

    relay.py PROGRAM [ARG...]
"""

from __future__ import annotations

import contextlib
import os
import select
import sys
import tty

PIECE_BYTES = 1 << 12
SHORT_BYTES = PIECE_BYTES // 2
SHORT_READS = 16  # after these without a key or a silence, output gathers
GATHER_MS = 1


def main() -> None:
    program, terminal = os.forkpty()
    if not program:
        os.execvp(sys.argv[1], sys.argv[1:])
    tty.setraw(0)
    keys, all_bytes = select.poll(), select.poll()
    keys.register(0, select.POLLIN)
    all_bytes.register(0, select.POLLIN)
    all_bytes.register(terminal, select.POLLIN)
    short_reads = 0
    with contextlib.suppress(OSError):  # the program has ended
        while True:
            found = keys.poll(GATHER_MS) or all_bytes.poll(0) if short_reads >= SHORT_READS else []
            if not found:
                short_reads = 0
                found = all_bytes.poll()
            for fd, _ in found:
                if fd == terminal:
                    piece = os.read(terminal, PIECE_BYTES)
                    os.write(1, piece)
                    short_reads = short_reads + 1 if len(piece) < SHORT_BYTES else min(short_reads, SHORT_READS - 1)
                else:
                    os.write(terminal, os.read(0, 1 << 16))
                    short_reads = 0


if __name__ == "__main__":
    main()
