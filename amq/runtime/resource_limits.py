"""Check that the system gives this process enough open files, threads and processes.

Each is tried and given back before anything depends on it. A later shortage is reported by the code that meets it.
"""

from __future__ import annotations

import errno
import os
import threading

from amq.errors import remedy, why

FILES = 24
"""Open files needed to host a program and watch its inbox, besides those that are open at the start."""
THREADS = 10
"""Threads and processes needed, which the system counts together: guard, monitor, program, login shell, six threads."""


def shortage() -> str:
    """Return what the system lacks to watch an inbox, and what to do about it; empty if there is enough."""
    return _short_of_files() or _short_of_threads()


def start_threads(number: int) -> None:
    """Start NUMBER threads at once, and end them. Raises RuntimeError if the system does not give as many."""
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
    """Return whether ERROR says that the system is short of files, processes or memory."""
    return isinstance(error, OSError) and error.errno in (errno.EMFILE, errno.ENFILE, errno.EAGAIN, errno.ENOMEM)


def first(error: BaseException) -> BaseException:
    """Return ERROR, or the first error of an exception group."""
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    return error


def explained(error: BaseException) -> str:
    """Return the text of ERROR, and what to do about it if that is known."""
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
