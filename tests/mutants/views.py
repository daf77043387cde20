"""Mutations of lists, searches and the log of all mail, and of what they keep."""

from __future__ import annotations

from tests.mutants.mutant import Mutant

CACHE = "tests/store/test_header_cache.py"

VIEWS = (
    Mutant("a replaced message has its old line", "mail/message_table.py", "_still_there",
           "files.get(name) == inode and name in wanted", "name in files and name in wanted", CACHE),
    Mutant("any directory of as many files is as it was", "mail/message_table.py", "_still_there",
           "len(wanted) == len(files) and inodes == files", "len(inodes) == len(files)", CACHE),
    Mutant("a small directory has a cache", "mail/message_table.py", "in_directory",
           "len(names) >= header_cache.FEWEST and directory.fd is not None", "True", CACHE),
    Mutant("a cache of what has gone stays", "mail/message_table.py", "in_directory",
           "len(cached.names) > 2 * len(files) + header_cache.MIN_CHANGES", "False", CACHE),
    Mutant("any version and directory will do", "store/header_cache.py", "load",
           "head != _head(directory, count, lengths, body)", "False", CACHE),
    Mutant("a cache has no checksum", "store/header_cache.py", "_head", "crc32(body)", "0", CACHE),
    Mutant("a cache is any directory's", "store/header_cache.py", "_head", "found.st_ino", "0", CACHE),
    Mutant("line ends are not escaped", "store/header_cache.py", "_escaped", "'\\n' in text or '\\\\' in text", "False", CACHE),
)  # fmt: skip
