"""The user's configuration file, ~/.config/amq/config.toml (XDG_CONFIG_HOME), which amq reads and edits line by line.

    allow_amq = true    # agents may run amq's mail commands without asking (`consent`)
    [notify]            # how the user is notified (`notice_settings`)

It holds what the user has allowed. So a file that agents may write to does not count.
"""

from __future__ import annotations

import os
import re
import stat

from amq import git_repository
from amq.errors import AmqError, remedy_for_file, why
from amq.runtime.private_state import why_not_private

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from typing import Any

FILE_NAME = "config.toml"
_LARGEST_BYTES = 1 << 20


def config_directory(environ: Mapping[str, str]) -> str:
    """Return the directory of the user's own files for amq, which may be missing."""
    base = environ.get("XDG_CONFIG_HOME") or os.path.join(environ.get("HOME", ""), ".config")
    return os.path.join(base, "amq")


def config_path(environ: Mapping[str, str]) -> str:
    """Return the path of the configuration file, which may be missing."""
    return os.path.join(config_directory(environ), FILE_NAME)


def read_config(environ: Mapping[str, str], shared: Iterable[str]) -> dict[str, Any]:
    """Return what the file holds; nothing if there is none. SHARED are directories that agents may write to.

    Raises AmqError, which names the path, if it cannot be read, or if others can change it.
    """
    return read_private(config_path(environ), environ, shared)


def read_private(path: str, environ: Mapping[str, str], shared: Iterable[str]) -> dict[str, Any]:
    """Return what the file PATH of the user's holds; nothing if there is none. SHARED are as in `read_config`.

    Raises AmqError, which names the path, if it cannot be read, or if others can change it.
    """
    if not os.path.isabs(path):  # the XDG Base Directory Specification has such a path ignored
        return {}
    try:
        if reason := _why_not(path, environ, shared):
            raise AmqError(f"{path} does not count: {reason}", hint="put it where only you can change it")
        return parse(git_repository.read_regular(path, _LARGEST_BYTES).decode())
    except FileNotFoundError:
        return {}
    except (OSError, ValueError, RecursionError) as error:
        said = why(error) if isinstance(error, OSError) else str(error)
        raise AmqError(f"{path} cannot be read: {said}", hint=remedy_for_file(error, "fix it, or remove it")) from error


def why_not_kept(environ: Mapping[str, str], shared: Iterable[str]) -> str:
    """Return why what is written into the file would not count; "" if it would."""
    return why_not_kept_in(config_path(environ), environ, shared)


def why_not_kept_in(path: str, environ: Mapping[str, str], shared: Iterable[str]) -> str:
    """Return why what is written into the file PATH would not count; "" if it would. Raises no OSError."""
    try:
        return _place(path, environ, shared) if os.path.isabs(path) else "neither HOME nor XDG_CONFIG_HOME is set"
    except OSError as error:
        return why(error)


def _place(path: str, environ: Mapping[str, str], shared: Iterable[str]) -> str:
    return why_not_private(os.path.dirname(os.path.realpath(path)), environ, shared)


def _why_not(path: str, environ: Mapping[str, str], shared: Iterable[str]) -> str:
    """Return why the file PATH is not the user's word alone; "" if it is. Raises OSError."""
    found = os.stat(path)
    if os.name != "nt" and found.st_uid not in (0, os.geteuid()):
        return "it belongs to another user"
    if os.name != "nt" and stat.S_IMODE(found.st_mode) & 0o022:
        return "other users can write to it"
    return _place(path, environ, shared)


def parse(text: str) -> dict[str, Any]:
    """Return the values in TEXT. Raises ValueError, or RecursionError."""
    import tomllib

    return tomllib.loads(text)


def with_answer(text: str, name: str, answer: bool) -> str:
    """Return TEXT with NAME, a key above all tables, set to ANSWER; nothing else is changed.

    Raises ValueError if TEXT is malformed, or if the line cannot be found in it.
    """
    before, value = parse(text), "true" if answer else "false"
    edits = [f"{text[: line.start(1)]}{value}{text[line.end(1) :]}" for line in _lines(text, name)]
    if name not in before:
        edits = [f"{name} = {value}{_line_end(text)}{text}"]  # above all tables, where it belongs to none
    for after in edits:
        if parse(after) == {**before, name: answer}:  # a line may also be a part of a longer text
            return after
    raise ValueError(f"amq does not find the line that sets {name}")


def _lines(text: str, name: str) -> Iterable[re.Match[str]]:
    return re.finditer(rf"""^[ \t]*["']?{name}["']?[ \t]*=[ \t]*(true|false)\b""", text, re.MULTILINE)


def _line_end(text: str) -> str:
    first, newline, _ = text.partition("\n")
    return "\r\n" if newline and first.endswith("\r") else "\n"
