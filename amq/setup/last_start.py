"""Remember the last `amq coop up` of a queue in the user's private directory: its tmux server, and what it lacked."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass

from amq import git_repository, jsontext
from amq.runtime.private_state import PrivateState, make_directory, write_private

_NAME = "coop.json"
_LONGEST_BYTES = 1 << 16


@dataclass(frozen=True)
class LastStart:
    """The path of the server's SOCKET, "" if not known, and the agents whose programs were MISSING, by handle."""

    socket: str = ""
    missing: tuple[tuple[str, str], ...] = ()


def read_last_start(private: PrivateState, root: str) -> LastStart:
    """Return the last start of the agents of the queue ROOT; an empty one if it is not known.

    A socket counts only if the user owns it: another user's server would be given commands, and the environment.
    """
    try:
        wire = jsontext.parse(git_repository.read_regular(_path(private, root), _LONGEST_BYTES))
        socket = str(wire["socket"])
        missing = tuple((str(handle), str(program)) for handle, program in wire["missing"])
    except (OSError, ValueError, TypeError, KeyError):
        return LastStart()
    return LastStart(socket if _is_own_socket(socket) else "", missing)


def note_start(private: PrivateState, root: str, socket: str, missing: Iterable[tuple[str, str]]) -> None:
    """Note a start of the agents of the queue ROOT, as far as that can be written."""
    if private.directory:
        with suppress(OSError):
            make_directory(private.of_queue(root).directory)
            text = jsontext.render({"socket": socket, "missing": [list(each) for each in missing]}) + "\n"
            write_private(_path(private, root), text)


def _path(private: PrivateState, root: str) -> str:
    return f"{private.of_queue(root).directory}/{_NAME}" if private.directory else ""


def _is_own_socket(path: str) -> bool:
    try:
        found = os.lstat(path)
    except (OSError, ValueError):
        return False
    return stat.S_ISSOCK(found.st_mode) and found.st_uid == os.geteuid()
