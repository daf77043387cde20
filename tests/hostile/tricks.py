"""Tricks with files: an unexpected kind of file in each place of a queue that a command looks into."""

from __future__ import annotations

import os
import shutil
import socket
from pathlib import Path
from typing import TYPE_CHECKING

from amq.message import MAX_FILE_BYTES
from tests.hostile.showing import SECRET

if TYPE_CHECKING:
    from collections.abc import Callable

FILES = {
    "new": "agents/bob/inbox/new/trick.md",
    "cur": "agents/bob/inbox/cur/trick.md",
    "tmp": "agents/bob/inbox/tmp/trick",
    "sent": "agents/bob/outbox/sent/trick.md",
    "an acknowledgement by amq": "agents/bob/acks/sent/good.json",
    "an acknowledgement by another": "agents/alice/acks/received/good.json",
    "a dead letter": "agents/bob/dlq/new/trick.md",
    "a dead letter that was seen": "agents/bob/dlq/cur/trick.md",
    "presence": "agents/bob/presence.json",
    "the record of a drain": "agents/bob/.amq/drains/trick",
    "the notifier's lock": "agents/bob/.amq/notifier.lock",
    "the registry": "meta/config.json",
}
DIRECTORIES = {
    "new": "agents/bob/inbox/new",
    "cur": "agents/bob/inbox/cur",
    "sent": "agents/bob/outbox/sent",
    "acknowledgements": "agents/alice/acks/received",
    "dead letters": "agents/bob/dlq/new",
    "private state": "agents/bob/.amq",
    "a mailbox": "agents/carol",
}


def _socket(path: Path, _: Path) -> None:
    with socket.socket(socket.AF_UNIX) as server:
        here = os.getcwd()
        os.chdir(path.parent)
        server.bind(path.name)
        os.chdir(here)


def _sparse(path: Path, _: Path) -> None:
    with path.open("wb") as file:
        file.truncate(MAX_FILE_BYTES + 1)


def _full_directory(path: Path, _: Path) -> None:
    path.mkdir()
    (path / "x").write_bytes(b"")


KINDS: dict[str, Callable[[Path, Path], object]] = {
    "a FIFO": lambda path, _: os.mkfifo(path),
    "a link to a file outside": lambda path, outside: path.symlink_to(outside / "secret"),
    "a link to nothing": lambda path, _: path.symlink_to("nowhere"),
    "a link to itself": lambda path, _: path.symlink_to(path.name),
    "a link to an endless device": lambda path, _: path.symlink_to("/dev/zero"),
    "a link to a directory outside": lambda path, outside: path.symlink_to(outside),
    "a directory": _full_directory,
    "a socket": _socket,
    "a sparse giant": _sparse,
    "nothing in it": lambda path, _: path.write_bytes(b""),
    "bytes": lambda path, _: path.write_bytes(bytes(range(256)) * 4),
    "deep JSON": lambda path, _: path.write_bytes(b'{"a":' * 50_000),
    "another type": lambda path, _: path.write_bytes(b'[{"pid": 1e999, "ids": {}, "agents": [1], "count": Infinity}]'),
    "numbers": lambda path, _: path.write_bytes(b'{"pid": 1e999, "session": 1, "told": [], "count": 1e999}'),
}  # fmt: skip
AS_DIRECTORY = ("a link to a directory outside", "a link to nothing", "a link to itself", "a FIFO", "nothing in it")


def tricks() -> list[tuple[str, str, str]]:
    """Return the place, the path in a queue, and the kind of each."""
    found = [(place, path, kind) for place, path in FILES.items() for kind in KINDS]
    found += [(f"{place} itself", path, kind) for place, path in DIRECTORIES.items() for kind in AS_DIRECTORY]
    return found


def play(root: Path, path: str, kind: str) -> Path:
    """Put a trick into the queue ROOT; return the directory outside of it, with the secret."""
    outside = root.parent / "outside"
    outside.mkdir()
    (outside / "secret").write_text(f'---json\n{{"note": "{SECRET}"}}\n---\n{SECRET}\n')
    place = root / path
    place.parent.mkdir(parents=True, exist_ok=True)
    if place.is_dir():
        shutil.rmtree(place)
    place.unlink(missing_ok=True)
    KINDS[kind](place, outside)
    return outside
