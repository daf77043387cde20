"""A directory tree to go back to: far cheaper than making it again."""

from __future__ import annotations

import os
import shutil
import stat
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path


class Snapshot:
    """The contents of the directory PLACE: directories, regular files and FIFOs."""

    def __init__(self, place: Path) -> None:
        self._place = str(place)
        self._tree = {directory: _files(directory) for directory, _, _ in os.walk(place)}

    def restore(self) -> None:
        """Restore the directory."""
        for directory in self._tree:
            if not os.path.isdir(directory):
                os.mkdir(directory, 0o700)
        for directory, files in self._tree.items():
            with os.scandir(directory) as entries:
                for entry in entries:
                    if entry.path not in self._tree and entry.name not in files:
                        _remove(entry)
            for name, file in files.items():
                _put(os.path.join(directory, name), *file)


def _files(directory: str) -> dict[str, tuple[bytes | None, int]]:
    """Return the files in a directory, each with its modification time in nanoseconds; None marks a FIFO."""
    found: dict[str, tuple[bytes | None, int]] = {}
    for name in os.listdir(directory):
        path = os.path.join(directory, name)
        status = os.lstat(path)
        if stat.S_ISREG(status.st_mode):
            with open(path, "rb") as file:
                found[name] = file.read(), status.st_mtime_ns
        elif stat.S_ISFIFO(status.st_mode):
            found[name] = None, 0
    return found


def _remove(entry: os.DirEntry[str]) -> None:
    if entry.is_dir(follow_symlinks=False):
        shutil.rmtree(entry.path)
    else:
        os.unlink(entry.path)


def _put(path: str, data: bytes | None, written: int) -> None:
    if data is None:
        if not os.path.lexists(path):
            os.mkfifo(path)
        return
    if os.path.exists(path):
        with open(path, "rb") as file:
            if file.read() == data:
                return
        os.unlink(path)  # it may have other names
    with open(path, "wb") as file:
        file.write(data)
    os.utime(path, ns=(written, written))
