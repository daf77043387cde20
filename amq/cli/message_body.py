"""Read the body of a message: from the command line, a file, or stdin."""

from __future__ import annotations

import os
import sys

from amq import config
from amq.cli.options import as_utf8
from amq.cli.output import stdin_is_terminal
from amq.cli.pipe_ack import waiting
from amq.errors import UsageError
from amq.message import MAX_FILE_BYTES

TYPE_CHECKING = False
if TYPE_CHECKING:
    from argparse import ArgumentParser, Namespace

    from amq.cli.output import Output

FIRST_BYTE_WITHIN_S = 5.0
"""Seconds to wait for stdin when no option says that the body comes from there."""
_STDIN = 0


def add_body(parser: ArgumentParser) -> None:
    """Add the options that give a body."""
    parser.add_argument(
        "--body", metavar="TEXT|@FILE|-", help="the text; @FILE reads a file, - reads stdin, @@x means @x"
    )
    parser.add_argument("--body-file", metavar="FILE", help="read the text from a file")
    parser.add_argument("--allow-empty", action="store_true", help="send without a body")


def read_body(args: Namespace, out: Output) -> bytes:
    """Return the body from the options, else from stdin unless that is a terminal.

    Prints a note about a pipe that is not read, and a warning about a body that is not UTF-8. Raises UsageError if it
    is empty or too large.
    """
    if args.body is not None and args.body_file is not None:
        raise UsageError("--body and --body-file exclude each other", hint="drop one of them")
    body = _find_body(args)
    if args.body not in (None, "-") and waiting(_STDIN):  # a loop reads its own input from there
        out.note("stdin was not read, because --body gives the text; --body - reads it")
    if len(body) > MAX_FILE_BYTES:
        raise UsageError(
            f"the body is larger than {MAX_FILE_BYTES // 1024**2} MiB", hint="save it in a file and send the path"
        )
    if not body.strip() and not args.allow_empty:
        raise UsageError(
            "the body is empty", hint="give --body '…', --body @FILE or text on stdin; or add --allow-empty"
        )
    if fault := _not_utf8(body):
        out.warn(f"the body is not UTF-8 ({fault}): readers see � there; sent as it is")
    return body


def _not_utf8(body: bytes) -> str:
    """Return the first byte of BODY that is not UTF-8, and its place; "" if all are."""
    try:
        body.decode()
    except UnicodeDecodeError as error:
        return f"byte 0x{body[error.start]:02x} at {error.start}"
    return ""


def _find_body(args: Namespace) -> bytes:
    if args.body_file is not None:
        return read_file(args.body_file)
    if args.body is None:
        return b"" if stdin_is_terminal() or not _stdin_speaks() else _read_stdin()
    text: str = args.body
    if text == "-":
        return _read_stdin()
    if text.startswith("@@"):
        return _bytes(text[1:])
    if text.startswith("@"):
        return read_file(text[1:], hint="to send the text @text, write @@text")
    return _bytes(text)


def _bytes(text: str) -> bytes:
    """Return the text as UTF-8; if it is not text, the bytes of the command line."""
    return as_utf8(text).encode("utf-8", "surrogateescape")


def read_file(path: str, hint: str = "") -> bytes:
    """Return the bytes of a file named on the command line; raises UsageError, with HINT, if it cannot be read."""
    try:
        fd = _open(path)
        try:
            return _read_all(fd)
        finally:
            os.close(fd)
    except OSError as error:
        raise UsageError(f"{path or 'a file with an empty name'} cannot be read: {error.strerror}", hint=hint) from None


def _open(path: str) -> int:
    """Return a descriptor of the file PATH. Raises OSError, or UsageError if this session may not read it unasked."""
    if path and (project := config.allowed_in()):
        from amq.cli.confinement import open_inside

        return open_inside(project, path)
    return os.open(path, os.O_RDONLY | getattr(os, "O_BINARY", 0))


def _read_stdin() -> bytes:
    try:
        return _read_all(_STDIN)
    except OSError as error:
        raise UsageError(f"stdin cannot be read: {error.strerror}") from None


def _stdin_speaks() -> bool:
    """Return whether stdin has data or ends in time: a hook's stdin may stay open and silent forever."""
    if sys.platform == "win32":
        return True
    import select  # only here, as in `output`

    try:
        return bool(select.select([_STDIN], [], [], FIRST_BYTE_WITHIN_S)[0])
    except (OSError, ValueError):
        return False


def _read_all(fd: int) -> bytes:
    """Return the rest of an open file, cut slightly above the size limit of a message."""
    pieces, size = [], 0
    while size <= MAX_FILE_BYTES and (piece := os.read(fd, 1024 * 1024)):
        pieces.append(piece)
        size += len(piece)
    return b"".join(pieces)
