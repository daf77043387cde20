"""The floor of a start of `amq run`: host a program in a pseudo-terminal, and do nothing else.

It imports the modules of the standard library that `amq run` imports before it starts a program, and forks as often:
a process that would restore the terminal, the leader of the program's session, and the program.
"""

from __future__ import annotations

import argparse  # noqa: F401
import collections.abc  # noqa: F401
import contextlib
import errno  # noqa: F401
import fcntl  # noqa: F401
import gc
import gettext  # noqa: F401
import heapq  # noqa: F401
import importlib  # noqa: F401
import json  # noqa: F401
import math  # noqa: F401
import os
import select
import signal  # noqa: F401
import struct  # noqa: F401
import sys
import termios  # noqa: F401
import threading  # noqa: F401
import unicodedata  # noqa: F401


def main() -> None:
    gc.freeze()
    held, end = os.pipe()
    if not os.fork():
        os.close(end)
        os.read(held, 1)  # until the host has ended
        os._exit(0)
    leader, terminal = os.forkpty()
    if not leader:
        if program := os.fork():
            os.waitpid(program, 0)
            os._exit(0)
        os.execvp(sys.argv[1], sys.argv[1:])
    poll = select.poll()
    poll.register(terminal, select.POLLIN)
    with contextlib.suppress(OSError):  # the program has ended
        while poll.poll():
            os.write(1, os.read(terminal, 1 << 12))


if __name__ == "__main__":
    main()
