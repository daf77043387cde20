"""The files that `amq export` writes: for the user alone, whole or not at all, and never in place of other files."""

from __future__ import annotations

import os
import re
import stat
from contextlib import contextmanager

from amq import config, jsontext
from amq.errors import Conflict, NotFound
from amq.quoting import shell

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

PAGE = "index.html"
KEYS = {"id", "from", "to", "thread", "subject", "created", "body"}
"""The keys that each line of an export in JSON has."""
_HEAD_BYTES = 4096
_LONGEST_LINE_BYTES = 16 * 1024 * 1024
_DIRECTORY_MODE = 0o700
_ENDING = "SIGTERM", "SIGHUP"  # at SIGINT, Python raises by itself
_UNFINISHED = rf"{re.escape(PAGE)}\.\d+-[0-9a-f]{{8}}"
"""The names that a page has while it is written (`write_private`); a killed export leaves one."""


def check_page(directory: str) -> None:
    """Raise Conflict if DIRECTORY is neither missing, empty, nor an earlier export; raises NotFound, OSError."""
    from amq.page.document import MARK

    _check_parent(directory)
    if os.path.islink(directory.rstrip(os.sep)):  # a clone may bring one, to a directory elsewhere
        raise _not_an_export(directory)
    try:
        names = [name for name in os.listdir(directory) if not re.fullmatch(_UNFINISHED, name)]
    except FileNotFoundError:
        return
    except NotADirectoryError:
        raise _not_an_export(directory) from None
    if names and (names != [PAGE] or MARK.encode() not in _read(os.path.join(directory, PAGE), _HEAD_BYTES)):
        raise _not_an_export(directory)


def check_lines(path: str) -> None:
    """Raise Conflict if the file PATH is neither missing, empty, nor an earlier export; raises NotFound, OSError."""
    _check_parent(path)
    try:
        head = _read(path, _LONGEST_LINE_BYTES)
    except FileNotFoundError:
        return
    if head and not _is_of_an_export(head.partition(b"\n")[0]):
        raise _not_an_export(path)


def _is_of_an_export(line: bytes) -> bool:
    try:
        value = jsontext.parse(line)
    except ValueError:
        return False
    return isinstance(value, dict) and value.keys() >= KEYS


def write_page(directory: str, parts: Iterable[str]) -> str:
    """Write a page into DIRECTORY, which is made if it is missing, and return its path. Raises OSError."""
    from amq.runtime.private_state import write_private

    os.makedirs(directory, _DIRECTORY_MODE, exist_ok=True)
    os.chmod(directory, _DIRECTORY_MODE)
    path = os.path.join(directory, PAGE)
    with _ended_by_signals():
        write_private(path, parts)
    return path


def write_lines(path: str, lines: Iterable[str]) -> None:
    """Write LINES into the file PATH. Raises OSError."""
    from amq.runtime.private_state import write_private

    with _ended_by_signals():
        write_private(path, lines)


class _Ended(BaseException):
    """A signal that ends the process."""


@contextmanager
def _ended_by_signals() -> Iterator[None]:
    """Let a signal that would end the process raise in the block first, so that no half of a file with mail stays."""
    import signal

    came = []

    def end(number: int, _: object) -> None:
        came.append(number)
        raise _Ended

    ending = [getattr(signal, name) for name in _ENDING if hasattr(signal, name)]
    before = {number: signal.signal(number, end) for number in ending if signal.getsignal(number) is signal.SIG_DFL}
    try:
        yield
    except _Ended:
        pass
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
    if came:
        signal.raise_signal(came[0])


def _read(path: str, most: int) -> bytes:
    """Return the first MOST bytes of a regular file; raises Conflict for anything else, also a link, or OSError."""
    if not stat.S_ISREG(os.lstat(path).st_mode):
        raise _not_an_export(path)
    with open(path, "rb") as file:
        return file.read(most)


def _check_parent(path: str) -> None:
    here = "" if os.path.isabs(path) else config.working_directory()
    parent = os.path.dirname(os.path.normpath(os.path.join(here, path)))
    if not os.path.isdir(parent):
        raise NotFound(f"there is no directory {parent}", hint=f"make it first: mkdir -p {shell(parent)}")


def _not_an_export(path: str) -> Conflict:
    return Conflict(f"{path} is not an export of amq's: it stays as it is", hint="choose another name, or remove it")
