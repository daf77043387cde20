"""Install the skill that teaches an agent to use amq: from the package's data to where agents look.

It also leaves a list of what it wrote, so that a later version can distinguish the user's changes from the text of an
older version.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Mapping
from contextlib import suppress
from importlib import resources
from pathlib import Path

from amq.errors import Conflict
from amq.runtime.agents import registry
from amq.setup.hooks import write_file

NAME = "amq-cli"
WRITTEN = ".amq-written.json"
_FILE_MODE = 0o644


def place(program: str, environ: Mapping[str, str], project: str | None) -> Path:
    """Return the skill's directory for PROGRAM: in PROJECT, else for the user."""
    return Path(registry.with_skills()[program].find(environ, project), "skills", NAME)


def install(place: Path, *, force: bool) -> list[str]:
    """Write the files that differ from this version's skill; return their names, relative to PLACE.

    A file that is neither this version's nor as amq left it is the user's: unless FORCE, Conflict is raised and nothing
    written.
    """
    files = packaged()
    _refuse_changed(place, files, force=force)
    written = [name for name, data in files.items() if _read(place / name) != data]
    for name in written:
        _write(place / name, files[name])
    for name in set(_left(place)) - set(files):  # of an older version
        _remove(place / name)
    if place.is_dir():
        digests = {name: _digest(data) for name, data in files.items()}
        _write(place / WRITTEN, (json.dumps(digests, indent=2) + "\n").encode())
    return written


def uninstall(place: Path, *, force: bool) -> list[str]:
    """Remove the files that `install` wrote, and directories that become empty; return the names of the files.

    Raises Conflict as `install` does.
    """
    files = {**dict.fromkeys(_left(place), b""), **packaged()}
    _refuse_changed(place, files, force=force)
    removed = [name for name in files if _remove(place / name)]
    _remove(place / WRITTEN)
    for directory in [*{(place / name).parent for name in files if "/" in name}, place]:
        with suppress(OSError):
            directory.rmdir()
    return removed


def packaged() -> dict[str, bytes]:
    """Return the skill's files, by their names relative to its directory."""
    top = resources.files("amq.setup") / "skills" / NAME
    found: dict[str, bytes] = {}
    places = [("", top)]
    while places:
        prefix, directory = places.pop()
        for entry in directory.iterdir():
            if entry.is_dir():
                places.append((f"{prefix}{entry.name}/", entry))
            else:
                found[prefix + entry.name] = entry.read_bytes()
    return dict(sorted(found.items()))


def _refuse_changed(place: Path, files: Mapping[str, bytes], *, force: bool) -> None:
    left = _left(place)
    for name, data in files.items():
        there = _read(place / name)
        if there not in (None, data) and _digest(there or b"") != left.get(name) and not force:
            raise Conflict(f"{place / name} has your changes; amq changed nothing", hint="overwrite it with --force")


def _left(place: Path) -> dict[str, str]:
    """Return the digests that the last install recorded, only for names that it could have written."""
    try:
        listed = json.loads((place / WRITTEN).read_bytes())
    except (OSError, ValueError, RecursionError):
        return {}
    names = listed.items() if isinstance(listed, dict) else ()
    return {name: str(digest) for name, digest in names if ".." not in name and not name.startswith("/")}


def _read(path: Path) -> bytes | None:
    try:
        return path.read_bytes()
    except FileNotFoundError:
        return None


def _write(path: Path, data: bytes) -> None:
    write_file(os.path.realpath(path), data, _FILE_MODE)


def _remove(path: Path) -> bool:
    try:
        path.unlink()
    except FileNotFoundError:
        return False
    return True


def _digest(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()
