"""A cache of the texts that lists show of the messages in one directory, so that its files need not be opened.

A message never changes, and one that replaces another has another inode. So a text counts for a file of its name and
inode, as the directory itself lists them, and for no other. The cache is one file for each directory, below the user's
private directory. It can be lost at any time: what is damaged, of another version, or of another directory is empty.

    amq headers VERSION DEVICE INODE COUNT CHECKSUM LENGTH LENGTH …
    a column of COUNT lines, without a line end behind the last; the next column; …

Columns are UTF-8, and LENGTH is the number of bytes in each. The first one has the names of the files. The second one
has their inodes, eight bytes each: this machine alone reads them.
"""

from __future__ import annotations

import re
import sys
from itertools import accumulate

from amq.store import durable
from amq.store.durable import Directory

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from amq.layout import RootedPath

MIN_CHANGES = 250
"""The messages that are opened until the cache is written again."""
_VERSION = 1
_MOST_BYTES = 512 * 1024 * 1024
_ENCODING = "utf-8", "surrogatepass"  # a JSON string may hold half of a surrogate pair
_ESCAPES = {"\\": "\\\\", "\n": "\\n"}
_MEANT = {escape: text for text, escape in _ESCAPES.items()}


class Cached:
    """The cached texts: those of the file `names[i]`, which had the inode `inodes[i]`, are the item i of each column.

    A column is decoded when it is asked for: each costs as much as the names. PARTS are the columns as they are stored.
    """

    def __init__(self, names: list[str], inodes: list[int], parts: Sequence[memoryview]) -> None:
        self.names = names
        self.inodes = inodes
        self._parts = parts

    def column(self, at: int) -> list[str]:
        """Return the column AT. Raises UnicodeDecodeError if it is damaged."""
        return _lines(self._parts[at]) if self.names else []

    def is_all(self, at: int, text: str) -> bool:
        """Return whether every item of the column AT is TEXT; it takes little of the time to decode them."""
        line = _escaped(text).encode(*_ENCODING)
        return not self.names or bytes(self._parts[at]) == b"\n".join([line] * len(self.names))


NOTHING = Cached([], [], [])


def load(place: RootedPath, name: str, directory: Directory, columns: int) -> Cached:
    """Return what the file NAME in PLACE has cached of DIRECTORY, in so many COLUMNS; NOTHING if it cannot be used."""
    try:
        with Directory(place) as opened:
            data = durable.read_regular(opened, name, _MOST_BYTES) or b""
        end = data.index(b"\n") + 1
        head, body = data[:end], memoryview(data)[end:]
        count, _, *lengths = map(int, head.split()[5:])
        if head != _head(directory, count, lengths, body) or len(lengths) != columns + 2 or sum(lengths) != len(body):
            return NOTHING
        ends = list(accumulate(lengths))
        parts = [body[end - length : end] for end, length in zip(ends, lengths, strict=True)]
        return Cached(_lines(parts[0]), parts[1].cast("Q").tolist(), parts[2:])
    except (OSError, ValueError, TypeError):
        return NOTHING


def save(
    place: RootedPath,
    name: str,
    directory: Directory,
    files: Sequence[tuple[str, int]],
    texts: Iterable[Iterable[str]],
    temporary: str,
) -> None:
    """Replace the file NAME in PLACE by the columns TEXTS of the FILES (names and inodes) in DIRECTORY.

    A failure is ignored. TEMPORARY is a free name there.
    """
    from contextlib import suppress  # only here: few looks write

    names, inodes = zip(*files, strict=True)
    columns = ["\n".join(map(_escaped, each)).encode(*_ENCODING) for each in (names, *texts)]
    columns.insert(1, b"".join(each.to_bytes(8, sys.byteorder) for each in inodes))
    body = b"".join(columns)
    with suppress(OSError), Directory(place) as opened:
        head = _head(directory, len(names), list(map(len, columns)), body)
        durable.replace_file(opened, name, temporary, head + body)


def _head(directory: Directory, count: int, lengths: Sequence[int], body: bytes | memoryview) -> bytes:
    from zlib import crc32

    assert directory.fd is not None  # on Windows there is no cache, as names have no inodes there
    found = durable.syscalls.stat(directory.fd)
    numbers = (_VERSION, found.st_dev, found.st_ino, count, crc32(body), *lengths)
    return f"amq headers {' '.join(map(str, numbers))}\n".encode()


def _escaped(text: str) -> str:
    if "\n" in text or "\\" in text:
        return re.sub(r"[\\\n]", lambda found: _ESCAPES[found.group()], text)
    return text


def _lines(column: memoryview) -> list[str]:
    """Return the texts in a COLUMN as they were."""
    text = str(column, *_ENCODING)
    texts = text.split("\n")
    if "\\" not in text:
        return texts
    return [re.sub(r"\\.", lambda found: _MEANT[found.group()], each) if "\\" in each else each for each in texts]
