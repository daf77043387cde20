"""`amq` on a system that has as many threads for it as the first argument says, and then no more."""

from __future__ import annotations

import sys
import threading

from amq.cli.main import main

left = int(sys.argv[1])
start = threading.Thread.start


def start_if_there_is_one(thread: threading.Thread) -> None:
    global left
    if not left:
        raise RuntimeError("can't start new thread")
    left -= 1
    start(thread)


threading.Thread.start = start_if_there_is_one  # type: ignore[method-assign,assignment]
sys.exit(main(sys.argv[2:]))
