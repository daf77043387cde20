"""Read from a git repository's index whether it tracks a path, without running anything.

`git` itself would run what the repository's own configuration names, such as an fsmonitor. Formats: gitformat-index(5),
gitrepository-layout(5).
"""

from __future__ import annotations

import os
import re

from amq import git_repository
from amq.runtime.private_state import is_there

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

_HEADER_BYTES, _MODE_AT, _HASH_AT, _CHECKSUM_AT_LEAST = 12, 24, 40, 20
_EXTENDED = 0x4000  # flag of an entry that has two more bytes of flags
_SYMLINK = 0o120000
_SHA256 = rb"(?im)(?:^|\])\s*objectformat\s*=\s*\"?sha256"
_SPLIT = b"link"  # extension that names the shared index to which this one adds


class UnreadableIndex(Exception):
    """An index that cannot be read, so that the tracked paths are not known; the message is a clause that says why."""


def enclosing_repositories(path: str) -> Iterator[tuple[str, str]]:
    """Yield (work tree's top, git directory) of each repository that encloses PATH, nearest first.

    PATH is absolute, and may be a top itself. The git directory is "" for a `.git` that cannot be followed. Raises
    OSError where it is not known whether there is one.
    """
    for place in git_repository.upwards(path):
        if git_repository.is_top(place):
            yield place, git_repository.git_directory(place) or ""


def tracks(top: str, git_directory: str, path: str) -> bool:
    """Return whether the repository with work tree TOP tracks PATH, anything below it, or a link that leads to it.

    Case and Unicode normalization are ignored, as some filesystems do. Raises UnreadableIndex.
    """
    if not git_directory:
        raise UnreadableIndex("its .git does not lead to a repository")
    wanted = _comparable(os.fsencode(os.path.relpath(path, top)))
    data = _read_index(git_directory)
    if _is_absent(data, wanted):
        return False
    config = _read(os.path.join(git_repository.common_directory(git_directory), "config"))
    hash_bytes = 32 if re.search(_SHA256, config) else 20
    entries, shared = read_index(data, hash_bytes)
    if shared:
        data = _read(os.path.join(git_directory, f"sharedindex.{shared}"))
        if not data:
            raise UnreadableIndex("its shared index is missing")
        entries += read_index(data, hash_bytes)[0]
    return any(_covers(_comparable(entry), mode, wanted) for entry, mode in entries)


def _read_index(git_directory: str) -> bytes:
    """Return the bytes of the index, b"" if it is missing. Raises UnreadableIndex until `git clone` has written it."""
    data = _read(os.path.join(git_directory, "index"))
    if not data and _is_there(os.path.join(git_directory, "index.lock")):
        raise UnreadableIndex("git is cloning it, or was killed")
    return data


def _is_absent(data: bytes, wanted: bytes) -> bool:
    """Cheap pre-filter: return whether WANTED, a name at the top, is surely in no entry. Version 4 shortens paths.

    A long s and the Kelvin sign fold to s and k, so a name with one of these letters is looked for properly.
    """
    if wanted == b"." or not wanted.isascii() or set(b"/sk").intersection(wanted):
        return False
    whole = data[4:8] in (b"\0\0\0\2", b"\0\0\0\3") and _SPLIT not in data
    return whole and wanted not in data.lower()


def read_index(data: bytes, hash_bytes: int = 20) -> tuple[list[tuple[bytes, int]], str]:
    """Return the paths in an index (version 2, 3 or 4), each with its mode, and its shared index's name in hexadecimal.

    DATA is the index's bytes; none are an index without paths. HASH_BYTES is 20 for SHA-1, 32 for SHA-256. A path that
    ends in a slash is a whole directory; an empty one replaces an entry of the shared index. Raises UnreadableIndex.
    """
    if not data:
        return [], ""
    version, count = int.from_bytes(data[4:8]), int.from_bytes(data[8:12])
    if data[:4] != b"DIRC" or version not in (2, 3, 4):
        raise UnreadableIndex("its index has a format that amq does not know")
    entries: list[tuple[bytes, int]] = []
    at, path = _HEADER_BYTES, b""
    for _ in range(count):
        begin = at
        at += _HASH_AT + hash_bytes
        at += 4 if int.from_bytes(data[at : at + 2]) & _EXTENDED else 2
        kept = 0
        if version == 4:
            dropped, at = _variable_width(data, at)
            kept = len(path) - dropped
        end = data.find(b"\0", at)
        if end < 0 or kept < 0:
            raise UnreadableIndex("its index is damaged")
        path = path[:kept] + data[at:end]
        entries.append((path, int.from_bytes(data[begin + _MODE_AT : begin + _MODE_AT + 4])))
        at = end + 1 if version == 4 else begin + (end - begin) // 8 * 8 + 8  # 1 to 8 zeros behind the path
    return entries, _shared_index(data, at, hash_bytes)


def _shared_index(data: bytes, at: int, hash_bytes: int) -> str:
    """Return the shared index that an extension names, "" if the index is whole; extensions begin at AT."""
    while at + 8 + _CHECKSUM_AT_LEAST <= len(data):
        name, size = data[at : at + 4], int.from_bytes(data[at + 4 : at + 8])
        if name == _SPLIT:
            shared = data[at + 8 : at + 8 + hash_bytes]
            return shared.hex() if any(shared) else ""
        at += 8 + size
    return ""


def _variable_width(data: bytes, at: int) -> tuple[int, int]:
    """Return the number at AT, encoded like a pack's offsets (gitformat-pack(5)), and the place behind it."""
    value = -1
    for byte in data[at : at + 10]:
        at += 1
        value = (value + 1 << 7) | (byte & 0x7F)
        if not byte & 0x80:
            return value, at
    raise UnreadableIndex("its index is damaged")


def _covers(entry: bytes, mode: int, wanted: bytes) -> bool:
    if wanted in (b".", entry) or entry.startswith(wanted + b"/"):
        return True
    return (entry.endswith(b"/") or mode == _SYMLINK) and wanted.startswith(entry.rstrip(b"/") + b"/")


def _comparable(path: bytes) -> bytes:
    if path.isascii():
        return path.lower()
    from unicodedata import normalize

    return os.fsencode(normalize("NFC", os.fsdecode(path)).casefold())


def _is_there(path: str) -> bool:
    """Return whether there is a file PATH. Raises UnreadableIndex where that is not known."""
    try:
        return is_there(path)
    except OSError as error:
        raise UnreadableIndex(f"{path} cannot be read: {error.strerror}") from error


def _read(path: str) -> bytes:
    """Return the bytes of the file PATH, b"" if it is missing. Raises UnreadableIndex."""
    try:
        return git_repository.read_regular(path)
    except FileNotFoundError:
        return b""
    except OSError as error:
        raise UnreadableIndex(f"{path} cannot be read: {error.strerror}") from error
