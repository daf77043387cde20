"""Mutations of lists, searches and the log of all mail, and of what they keep."""

from __future__ import annotations

from tests.mutants.mutant import Mutant

CACHE, FOUND, TERMS = "tests/store/test_header_cache.py", "tests/test_searching.py", "tests/test_search_terms.py"
SEARCH, LOG = "tests/cli/test_search.py", "tests/cli/test_log.py"

VIEWS = (
    Mutant("a replaced message has its old line", "mail/message_table.py", "_still_there",
           "files.get(name) == inode and name in wanted", "name in wanted", CACHE),
    Mutant("any directory of as many files is as it was", "mail/message_table.py", "_still_there",
           "len(wanted) == len(files) and inodes == files", "len(inodes) == len(files)", CACHE),
    Mutant("a small directory has a cache", "mail/message_table.py", "in_directory",
           "len(names) >= FEWEST and directory.fd is not None", "True", CACHE),
    Mutant("a cache of what has gone stays", "mail/message_table.py", "in_directory",
           "len(cached.names) > 2 * len(files) + header_cache.MIN_CHANGES", "False", CACHE),
    Mutant("a cache of nothing is written", "mail/message_table.py", "in_directory", "is_old and len(table)", "is_old", CACHE),
    Mutant("any version and directory will do", "store/header_cache.py", "load",
           "head != _head(directory, count, lengths, body)", "False", CACHE),
    Mutant("a cache has no checksum", "store/header_cache.py", "_head", "crc32(body)", "0", CACHE),
    Mutant("line ends are not escaped", "store/header_cache.py", "_escaped", "'\\n' in text or '\\\\' in text", "False", CACHE),
    Mutant("a hit is not compared", "mail/searching.py", "Search._located",
           "_millisecond(message) == row.millisecond and self._matches(message)", "True", FOUND),
    Mutant("files that the index lacks are not read", "mail/search_index.py", "Index.update", "files.keys() - now.keys()", "()",
           FOUND),
    Mutant("an index of what is gone stays", "mail/search_index.py", "Index._check_size",
           "raise sqlite3.DatabaseError('most of it is gone')", "pass", FOUND),
    Mutant("any version of an index will do", "mail/search_index.py", "Index.__init__",
           "raise sqlite3.DatabaseError('of another version or queue')", "pass", FOUND),
    Mutant("SQLite waits for a FIFO", "mail/search_index.py", "_connected", "not stat.S_ISREG(os.lstat(path).st_mode)", "False",
           FOUND),
    Mutant("a damaged index stays", "mail/search_index.py", "opened", "_remove(place)", "None", FOUND),
    Mutant("a full disk is damage", "mail/search_index.py", "opened", "getattr(error, 'sqlite_errorcode', 0) & 255 in _PASSING",
           "False", FOUND),
    Mutant("a wrong value in an index is an internal error", "mail/search_index.py", "_damage_is_an_error",
           "raise sqlite3.DatabaseError(str(error)) from error", "raise", FOUND),
    Mutant("an index is for others to read", "mail/search_index.py", "opened", "_make(place)", "None", FOUND),
    Mutant("a number is used twice", "mail/search_index.py", "Index._write", "number >= base + _SLOTS", "False", FOUND),
    Mutant("without FTS5 a search fails", "mail/search_index.py", "Index.__init__",
           "raise Unusable(f'this SQLite has no {MODULE}')", "pass", FOUND),
    Mutant("a copy is another message", "mail/searching.py", "_newest_first", "key not in hits or at < hits[key][0]", "True", FOUND),
    Mutant("an unreadable message is passed over", "mail/searching.py", "Search.warn",
           "all_mailboxes.warn_of(self._account, found.directory, found)", "None", FOUND),
    Mutant("accents count", "mail/search_terms.py", "_words", "re.sub(_ACCENTS, '', normalize('NFKD', text))", "text", TERMS),
    Mutant("capitals of signs count", "mail/search_terms.py", "_words",
           "normalize('NFKC', re.sub(_ACCENTS, '', normalize('NFKD', text))).casefold()",
           "normalize('NFKC', re.sub(_ACCENTS, '', normalize('NFKD', text.casefold())))", TERMS),
    Mutant("a phrase may be anywhere", "mail/search_terms.py", "Term.needle", "'' if self.is_prefix else ' '", "''", TERMS),
    Mutant("an excerpt acts on the terminal", "cli/commands/search.py", "_excerpt", "visible(' '.join(f'{before}{after}'.split()))",
           "' '.join(f'{before}{after}'.split())", SEARCH),
    Mutant("a forged id hides a message", "mail/timeline.py", "Timeline._fresh", "zip(*map(table.column, (ID, SENDER, CREATED_NS)), strict=True)",
           "zip(table.column(ID), strict=True)", LOG),
    Mutant("a log shows a copy again", "mail/timeline.py", "Timeline._fresh", "key not in self._messages", "True", LOG),
    Mutant("an unchanged directory is read", "mail/timeline.py", "Timeline._may_have_changed", "not same", "True", LOG),
    Mutant("^C does not end a log", "runtime/inbox_watcher.py", "EventWatch.wait", "raise KeyboardInterrupt", "pass", "tests/runtime/test_inbox_watcher.py"),
    Mutant("a log follows a queue that has gone", "runtime/queue_watcher.py", "looks", "not directories.exists(first)", "False", LOG),
)  # fmt: skip
