"""The floor of `list` and `thread` of a large box whose cache is there: what the directory and the cache say, as lines.

    listing.py CACHE COLUMNS DIRECTORY [DIRECTORY...]

The cache, a file of amq's, is of the first directory. COLUMNS are the numbers of those to print. Names in the others
are read, and left out if they are in the first one. No promise of amq is kept beyond that: nothing of the text is
looked at.
"""

from __future__ import annotations

import argparse  # noqa: F401
import json  # noqa: F401
import os
import sys
from itertools import accumulate
from zlib import crc32


def main() -> None:
    cache, columns, first, *others = sys.argv[1:]
    with os.scandir(first) as found:
        files = {entry.name: entry.is_file(follow_symlinks=False) and entry.inode() for entry in found}
    with open(cache, "rb") as file:
        data = file.read()
    head, _, rest = data.partition(b"\n")
    body = memoryview(rest)
    checksum, *lengths = map(int, head.split()[6:])
    assert checksum == crc32(body)
    parts = [body[end - length : end] for end, length in zip(accumulate(lengths), lengths, strict=True)]
    names = str(parts[0], "utf-8").split("\n")
    assert list(map(files.get, names)) == parts[1].cast("Q").tolist()
    for directory in others:
        assert not [name for name in os.listdir(directory) if name not in files]
    shown = [str(parts[int(number)], "utf-8").split("\n") for number in columns.split(",")]
    sys.stdout.write("\n".join(map("  ".join, zip(*shown, strict=True))) + "\n")
    sys.stdout.flush()
    os._exit(0)


if __name__ == "__main__":
    main()
