"""What the system still gives this process: open files, and threads or processes, which it counts together.

Both are tried out, and given back, before anything depends on them. What is short later is told where it is met.
"""

from __future__ import annotations

import errno
import os
import threading

from amq.errors import remedy, why

FILES = 24
"""Open files that hosting a program and watching its inbox take beside those that are open at the start."""
THREADS = 10
"""Threads and processes that they take: the guard, the monitor, the program, a login shell, and six threads."""


def shortage() -> str:
    """Return what there is too little of to watch an inbox, and what to do; "" if there is enough."""
    return _short_of_files() or _short_of_threads()


def start_threads(number: int) -> None:
    """Start NUMBER threads at once, which end before it returns. Raises RuntimeError if the system has not so many."""
    end = threading.Event()
    started: list[threading.Thread] = []
    try:
        for _ in range(number):
            thread = threading.Thread(target=end.wait, daemon=True)
            thread.start()
            started.append(thread)
    finally:
        end.set()
        for thread in started:
            thread.join()


def is_shortage(error: BaseException) -> bool:
    """Whether the system lacks something, whatever was asked of it."""
    return isinstance(error, OSError) and error.errno in (errno.EMFILE, errno.ENFILE, errno.EAGAIN, errno.ENOMEM)


def first(error: BaseException) -> BaseException:
    """Return ERROR itself, or of a group of them the first."""
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    return error


def explained(error: BaseException) -> str:
    """Return what ERROR says, and what to do about it, if that is known."""
    error = first(error)
    to_do = remedy(error)
    return f"{why(error)}; {to_do}" if to_do else why(error)


def _short_of_files() -> str:
    opened: list[int] = []
    try:
        while len(opened) < FILES:
            opened.append(os.open(os.devnull, os.O_RDONLY))
    except OSError as error:
        to_do = remedy(error)
        return f"amq can open only {len(opened)} of the {FILES} files it needs{f'; {to_do}' if to_do else ''}"
    finally:
        for descriptor in opened:
            os.close(descriptor)
    return ""


def _short_of_threads() -> str:
    try:
        start_threads(THREADS)
    except RuntimeError as error:
        return explained(error)
    return ""
