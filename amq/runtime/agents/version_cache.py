"""The versions of installed programs, as they printed them, so that a start need not ask again.

The file `versions.json` of the user's private directory has for each program its version and the identity of its file:
a program that was installed anew is another one. A wrapper that runs other versions by turns is taken for the first.
"""

from __future__ import annotations

import os
from contextlib import suppress

from amq import git_repository, jsontext
from amq.record import from_fields, record
from amq.runtime.private_state import PrivateState, write_private

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

NAME = "versions.json"
_LARGEST_BYTES = 1 << 20
_MOST = 100  # programs, and versions that the user was told of; the oldest are dropped


@record
class _Known:
    """The content of the file: versions by the path of a program, with its identity; and what the user has read."""

    programs: Mapping[str, tuple[str, str]]
    announced: tuple[str, ...]


def cached_version(private: PrivateState, path: str) -> str:
    """Return the version of the program PATH as it was noted; "" if it is not known, or the file has changed."""
    identity, version = _read(private).programs.get(os.path.realpath(path), ("", ""))
    return version if identity and identity == _identity(path) else ""


def note_version(private: PrivateState, path: str, version: str) -> None:
    """Note the VERSION that the program PATH has printed. One that cannot be noted is asked again."""
    known, identity = _read(private), _identity(path)
    if version and identity:
        real = os.path.realpath(path)
        others = {name: each for name, each in known.programs.items() if name != real}
        _write(private, from_fields(_Known, {**known.__dict__, "programs": {**others, real: (identity, version)}}))


def is_first(private: PrivateState, what: str) -> bool:
    """Return whether WHAT, such as `claude 2.1.400`, has not been announced to the user, and note that it is now.

    False if that cannot be noted: it would else be announced at each start.
    """
    known = _read(private)
    if what in known.announced:
        return False
    return _write(private, from_fields(_Known, {**known.__dict__, "announced": (*known.announced, what)}))


def _identity(path: str) -> str:
    with suppress(OSError):
        found = os.stat(path)
        # installers set the time of a file's content, some to one constant: the time of its inode is the system's
        return f"{found.st_dev} {found.st_ino} {found.st_size} {found.st_mtime_ns} {found.st_ctime_ns}"
    return ""


def _read(private: PrivateState) -> _Known:
    """Return what is noted; nothing if the file is missing, cannot be read, or is damaged: all can be found anew."""
    try:
        wire = jsontext.parse(git_repository.read_regular(f"{private.directory}/{NAME}", _LARGEST_BYTES))
        programs = {str(path): (str(identity), str(version)) for path, (identity, version) in wire["programs"].items()}
        return _Known(programs, tuple(map(str, wire["announced"])))
    except (OSError, ValueError, TypeError, KeyError, AttributeError):
        return _Known({}, ())


def _write(private: PrivateState, known: _Known) -> bool:
    """Write KNOWN, without its oldest entries; return whether that was possible."""
    if not private.directory:
        return False
    programs = dict(list(known.programs.items())[-_MOST:])
    wire = {"programs": {path: list(each) for path, each in programs.items()}, "announced": known.announced[-_MOST:]}
    with suppress(OSError):
        write_private(f"{private.directory}/{NAME}", jsontext.render(wire) + "\n")
        return True
    return False
