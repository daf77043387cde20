"""The only code that prints: data on stdout in as few writes as possible, messages on stderr.

Bytes go straight to the descriptors, as UTF-8 whatever the locale, so that an error at the reader's end shows up here
and nowhere else.
"""

from __future__ import annotations

import os

from amq import jsontext
from amq.cli.pipe_ack import was_read
from amq.errors import AmqError
from amq.text import visible, visible_lines

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

STDOUT, STDERR = 1, 2
_ERASE_LINE = "\r\x1b[K"


class ReaderGone(AmqError):
    """Output that could not be written, or that no one reads any more. Mail that was not shown has not been taken."""

    code = "output"


class Output:
    """The output of a command; with `json` its errors are JSON too."""

    def __init__(self, *, json: bool = False) -> None:
        self.json = json
        self._has_status = False

    def data(self, text: str) -> None:
        """Write TEXT to stdout; raises ReaderGone if that is not possible."""
        self.status("")
        try:
            _write(STDOUT, text.encode("utf-8", "replace"))
        except BrokenPipeError:
            raise ReaderGone("") from None
        except OSError as error:
            raise ReaderGone(f"cannot write to stdout: {error.strerror}") from None

    def line(self, text: str) -> None:
        """Write TEXT, which may contain a path or text from others, as one line to stdout."""
        self.data(visible(text) + "\n")

    def value(self, value: Any, indent: int | None = 2) -> None:
        """Write VALUE to stdout as JSON, in which nothing acts on a terminal."""
        self.data(jsontext.render(value, indent=indent) + "\n")

    def shown(self) -> None:
        """Return when the reader has taken all output; raises ReaderGone if it did not."""
        if not was_read(STDOUT):
            raise ReaderGone("the reader did not take all of the output: the mail stays new and will be shown again")

    def status(self, text: str) -> None:
        """Show TEXT on stderr, a terminal, in place of the last one; whatever is written next replaces it. "": none."""
        if text or self._has_status:
            _write_quietly(f"{_ERASE_LINE}{visible(text)}")
        self._has_status = bool(text)

    def note(self, text: str) -> None:
        """Write TEXT, one line that may contain a path or text from others, to stderr; ignores failure."""
        self.status("")
        _write_quietly(f"amq: {visible(text)}\n")

    def warn(self, text: str) -> None:
        """Write TEXT to stderr as a warning."""
        self.note(f"warning: {text}")

    def error(self, error: AmqError) -> None:
        """Write an error to stderr: one line and its hint, or with `json` an object."""
        if not error.message:
            return
        self.status("")
        if self.json:
            fields = {"error": error.message, "code": error.code, "hint": error.hint}
            _write_quietly(jsontext.render(fields, indent=None) + "\n")
            return
        hint = f"     {visible_lines(error.hint)}\n" if error.hint else ""
        _write_quietly(f"amq: {visible(error.message)}\n{hint}")

    def traceback(self) -> None:
        """Write the current exception's traceback to stderr, for developers of amq."""
        import traceback

        _write_quietly(traceback.format_exc())


def _write_quietly(text: str) -> None:
    try:
        _write(STDERR, text.encode("utf-8", "replace"))
    except OSError:
        return


def _write(fd: int, data: bytes) -> None:
    left = memoryview(data)
    while left:
        try:
            left = left[os.write(fd, left) :]
        except BlockingIOError:  # a terminal that another program has made non-blocking
            import select  # only here: to load it costs 0.01 of `python -c pass`

            select.select([], [fd], [])


def stdin_is_terminal() -> bool:
    """Return whether stdin is a terminal, so that a user can be asked."""
    return is_terminal(0)


def is_terminal(fd: int) -> bool:
    """Return whether the descriptor FD is a terminal; False if it is closed."""
    try:
        return os.isatty(fd)
    except OSError:
        return False
