"""Run a program that ends with the process that has started this one: python -I -S supervisor.py PROGRAM [ARG…]

Its standard input is a pipe from that process, which has the only other end. However that process ends, by kill -9 or
with its terminal, the pipe breaks; so this works on each system. It is run by its path, and imports nothing of amq.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

STOP_WITHIN_S = 10.0
"""Seconds that the program has to end after it was asked to."""
_NOT_OURS = (signal.SIGHUP, signal.SIGINT, signal.SIGTERM)
"""Signals that may go to a whole terminal or service: they end the process that has started this one."""


def run(words: Sequence[str]) -> int:
    """Run the program WORDS until it ends, or standard input does; return its exit status, 128 + n for signal n."""
    for number in _NOT_OURS:
        signal.signal(number, lambda *_: None)  # a signal that is ignored would be ignored by the program, too
    program = subprocess.Popen(words, stdin=subprocess.DEVNULL)
    threading.Thread(target=_end_with_input, args=(program,), daemon=True).start()
    status = program.wait()
    return status if status >= 0 else 128 - status


def _end_with_input(program: subprocess.Popen[bytes]) -> None:
    """End PROGRAM when standard input ends."""
    os.read(0, 1)
    program.terminate()
    try:
        program.wait(STOP_WITHIN_S)
    except subprocess.TimeoutExpired:
        program.kill()


if __name__ == "__main__":
    sys.exit(run(sys.argv[1:]))
