"""Every error that amq raises on purpose.

The message is one line for the person or agent who has to act: what happened, and in `hint` what to do about it.
Each class knows the exit code of the command that ends with it, and the `code` that stands in JSON.
"""

from __future__ import annotations

import os

INTERRUPTED = 130
"""The exit code of a command that a person broke off."""


class AmqError(Exception):
    """Something amq could not do. The base of all others; exit code 1."""

    exit_code = 1
    code = "failed"

    def __init__(self, message: str, hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint


class UsageError(AmqError):
    """The words of a call are wrong: an option, a value, a combination. Nothing was done."""

    exit_code = 2
    code = "usage"


class NotFound(AmqError):
    """A queue, a mailbox, a recipient or a message is not there."""

    exit_code = 3
    code = "not_found"


class TimedOut(AmqError):
    """What was waited for did not happen in time."""

    exit_code = 4
    code = "timeout"


class Uncertain(AmqError):
    """It may have been delivered: repeat with the same id, which can not deliver it twice."""

    exit_code = 5
    code = "uncertain"


class Conflict(AmqError):
    """Something else already stands under that name; nothing was replaced."""

    code = "conflict"


class Unsafe(AmqError):
    """A queue that others could read or change; nothing was touched."""

    code = "unsafe"


class UnsafePath(Unsafe, OSError):
    """A link, or another user's directory, inside a queue; it was not followed, and nothing was changed there.

    To whoever goes on without what cannot be opened it is an OSError like any other.
    """


LONGEST_QUOTE = 500
"""The most characters that are said of a bad message: it may quote a header of hundreds of kilobytes."""


class BadMessage(AmqError):
    """A file that is not a message by the wire format. `reason` is one of its two failure reasons."""

    code = "bad_message"

    def __init__(self, message: str, reason: str = "invalid_header") -> None:
        super().__init__(message if len(message) <= LONGEST_QUOTE else f"{message[:LONGEST_QUOTE]}…")
        self.reason = reason


class Unreadable(AmqError, OSError):
    """A message that cannot be read. That says nothing of what is in it, so it stays where it is."""

    code = "unreadable"

    def __init__(self, identifier: str, reason: str, hint: str, *, is_forbidden: bool = False) -> None:
        """`is_forbidden` says that this lasts until the file is given another owner, mode or the like."""
        super().__init__(f"{identifier} cannot be read: {reason}", hint)
        self.id = identifier
        self.is_forbidden = is_forbidden

    def __str__(self) -> str:
        return f"{self.message}; {self.hint}"


class HostFailed(AmqError):
    """`amq run` itself failed; the program's own status would be below this."""

    exit_code = 125
    code = "host_failed"


def remedy(error: BaseException) -> str:
    """What to do about an error of the system; "" if nothing is known."""
    import errno

    hint: str = getattr(error, "hint", "")
    if hint:
        return hint
    code = error.errno if isinstance(error, OSError) else _code(error)
    if code in (errno.EROFS, errno.EACCES, errno.EPERM):
        return (
            "this process may not write there; in a sandbox, let the queue be one of its writable directories "
            "(Codex: --add-dir), or run amq outside of it"
        )
    if code in (errno.ENOSPC, getattr(errno, "EDQUOT", errno.ENOSPC)):
        return "free space on that disk and try again"
    if code in (errno.EMFILE, errno.ENFILE):
        return "allow more open files: ulimit -n"
    if code == errno.EAGAIN:
        return "allow more processes and threads: ulimit -u, or the limit of its container (pids)"
    return ""


def _code(error: BaseException) -> int | None:
    """The number of the system's error behind ERROR, which is no OSError: a module not read, a thread not started."""
    import errno

    said = str(error)
    if isinstance(error, ImportError) and said.endswith(os.strerror(errno.EMFILE)):
        return errno.EMFILE
    return errno.EAGAIN if isinstance(error, RuntimeError) and said == "can't start new thread" else None


def why(error: BaseException) -> str:
    """What went wrong, in a few words for a person."""
    if isinstance(error, OSError):
        where = f" ({error.filename})" if isinstance(error.filename, str) else ""
        return f"{error.strerror or error}{where}"
    return "interrupted" if isinstance(error, KeyboardInterrupt) else str(error)
