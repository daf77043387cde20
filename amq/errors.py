"""Every error that amq raises on purpose.

The message is one line for the user or agent that must act: what happened, and in `hint` what to do about it. Each
class has the exit code of the command that ends with it, and the `code` for JSON output.
"""

from __future__ import annotations

import os

INTERRUPTED = 130
"""The exit code of a command that a user interrupted."""


class AmqError(Exception):
    """The base of all errors: something amq could not do. Exit code 1."""

    exit_code = 1
    code = "failed"

    def __init__(self, message: str, hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint


class UsageError(AmqError):
    """Wrong words in a call: an option, a value, a combination. Nothing was done."""

    exit_code = 2
    code = "usage"


class NotFound(AmqError):
    """A queue, a mailbox, a recipient or a message that is not there."""

    exit_code = 3
    code = "not_found"


class TimedOut(AmqError):
    """A wait that ended before the awaited event."""

    exit_code = 4
    code = "timeout"


class Uncertain(AmqError):
    """A delivery that may have happened: repeat it with the same id, which cannot deliver it twice."""

    exit_code = 5
    code = "uncertain"


class Conflict(AmqError):
    """A name that something else already has; nothing was replaced."""

    code = "conflict"


class Unsafe(AmqError):
    """A queue that others could read or change; nothing was touched."""

    code = "unsafe"


class UnsafePath(Unsafe, OSError):
    """A link, or another user's directory, inside a queue; it was not followed, and nothing was changed there.

    It is also an OSError, for callers that go on without a path that cannot be opened.
    """


LONGEST_QUOTE_CHARS = 500
"""The most characters of an error about a bad message, which may quote a header of hundreds of kilobytes."""


class BadMessage(AmqError):
    """A file that is not a message by the wire format. `reason` is `parse_error` or `invalid_header`."""

    code = "bad_message"

    def __init__(self, message: str, reason: str = "invalid_header") -> None:
        super().__init__(message if len(message) <= LONGEST_QUOTE_CHARS else f"{message[:LONGEST_QUOTE_CHARS]}…")
        self.reason = reason


class Unreadable(AmqError, OSError):
    """A message that cannot be read. Its content is unknown, not bad, so it stays where it is."""

    code = "unreadable"

    def __init__(self, identifier: str, reason: str, hint: str, *, is_forbidden: bool = False) -> None:
        """Take `is_forbidden` for an error that lasts until the file's owner, mode or the like is changed."""
        super().__init__(f"{identifier} cannot be read: {reason}", hint)
        self.id = identifier
        self.is_forbidden = is_forbidden

    def __str__(self) -> str:
        return f"{self.message}; {self.hint}"


class HostFailed(AmqError):
    """A failure of `amq run` itself; the hosted program's own status would be below this."""

    exit_code = 125
    code = "host_failed"


def remedy(error: BaseException) -> str:
    """Return what to do about a system error; "" if nothing is known."""
    import errno

    hint: str = getattr(error, "hint", "")
    if hint:
        return hint
    code = error.errno if isinstance(error, OSError) else _code(error)
    if is_write_forbidden(code):
        return (
            f"this process may not {'write' if code == errno.EROFS else 'read or write'} there; in a sandbox, let the "
            "queue be one of its writable directories (Codex: --add-dir), or run amq outside of it"
        )
    if code in (errno.ENOSPC, getattr(errno, "EDQUOT", errno.ENOSPC)):
        return "free space on that disk and try again"
    if code in (errno.EMFILE, errno.ENFILE):
        return "allow more open files: ulimit -n"
    if code == errno.EAGAIN:
        return "allow more processes and threads: ulimit -u, or the limit of its container (pids)"
    return ""


def remedy_for_file(error: BaseException, otherwise: str) -> str:
    """Return what to do about a file that could not be read: OTHERWISE only if the file itself is at fault.

    What a mode, a disk or a shortage keeps from being read may be good, and is not to be made anew.
    """
    import errno

    passing = (errno.EIO, errno.EMFILE, errno.ENFILE, errno.ENOMEM, errno.ESTALE, errno.EAGAIN, errno.EINTR)
    if isinstance(error, OSError) and (is_write_forbidden(error.errno) or error.errno in passing):
        return remedy(error) or "try again"
    return otherwise


def is_write_forbidden(code: int | None) -> bool:
    """Return whether CODE says that this process may not write somewhere: by a mode, a mount or a sandbox."""
    import errno

    return code in (errno.EROFS, errno.EACCES, errno.EPERM)


def _code(error: BaseException) -> int | None:
    """Return the errno behind ERROR, not an OSError: a module could not be read, a thread not started."""
    import errno

    said = str(error)
    if isinstance(error, ImportError) and said.endswith(os.strerror(errno.EMFILE)):
        return errno.EMFILE
    return errno.EAGAIN if isinstance(error, RuntimeError) and said == "can't start new thread" else None


def why(error: BaseException) -> str:
    """Return what went wrong, in a few words for a user."""
    if isinstance(error, OSError):
        where = f" ({error.filename})" if isinstance(error.filename, str) else ""
        return f"{error.strerror or error}{where}"
    return "interrupted" if isinstance(error, KeyboardInterrupt) else str(error)
