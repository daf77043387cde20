"""Mutations of the walls that keep amq inside the queue, and of the owners of the files it makes there."""

from __future__ import annotations

from tests.mutants.mutant import Mutant

LINKS, WINDOWS = "tests/hostile/test_links.py", "tests/store/test_windows.py"
OWNERS, ROOT = "tests/store/test_owners.py", "tests/store/test_root.py"


def _descent(name: str, where: str, old: str, new: str, tests: str = LINKS) -> Mutant:
    return Mutant(name, "store/open_beneath.py", where, old, new, tests)


def _queue(name: str, where: str, old: str, new: str) -> Mutant:
    return Mutant(name, "config.py", where, old, new, ROOT)


WALLS = (
    _descent("a link on the way down is followed", "", "getattr(os, 'O_NOFOLLOW', 0)", "0"),
    _descent("a link on the way down is not named", "_fail", "error.errno in _MAY_BE_LINKS", "False"),
    _descent("what is not opened keeps its descriptor", "_fail", "os.close(fd)", "None"),
    _descent("what is passed through keeps its descriptor", "descend", "os.close(above)", "None"),
    _descent("on Windows a link is followed", "_walk", "is_link(found)", "False", WINDOWS),
    _descent("a junction is not a link", "is_link", "bool(getattr(found, 'st_reparse_tag', 0) & _NAME_SURROGATE)",
             "False", WINDOWS),
    _descent("a third user's directory is used", "Guard.check", "found.st_uid not in allowed and (not self.trusted)",
             "False", ROOT),
    _descent("a trusted queue's directories are refused", "Guard.check",
             "found.st_uid not in allowed and (not self.trusted)", "found.st_uid not in allowed", ROOT),
    _descent("a directory that others can write to is not reported", "Guard.check", "found.st_mode & 18", "False",
             ROOT),
    _descent("another root may take the place of the one that was accepted", "Guard.check_root",
             "self._owner not in (None, found.st_uid) and (not self.trusted)", "False", ROOT),
    _descent("root's files belong to who owns the directory", "descend", "top if me == 0 else found", "found", OWNERS),
    _descent("no queue can be made in another's directory", "descend", "me != 0 and (not names)", "False",
             "tests/cli/test_init.py"),
    Mutant("a mailbox's directories are looked up through links", "store/registry.py", "_has_directory",
           "open_beneath.is_link(found)", "False", LINKS),
    Mutant("a new file of root's is root's", "store/durable.py", "write_new", "give(directory.owner, fd)", "None",
           OWNERS),
    Mutant("a file of two owners is one", "store/durable.py", "link", "source.owner != target.owner", "False", OWNERS),
    Mutant("a file is published to another owner", "store/durable.py", "publish_new",
           "target.owner != staging.owner", "False", OWNERS),
    Mutant("root gives nothing away", "store/durable.py", "give", "syscalls.chown(fd, owner)", "None", OWNERS),
    Mutant("a message that its reader cannot read is sent", "store/durable.py", "give", "syscalls.stat(fd).st_uid != owner[0]",
           "False", OWNERS),
    Mutant("a new directory of root's is root's", "store/directories.py", "_make_for", "durable.give(owner, fd)",
           "None", OWNERS),
    Mutant("a new directory of root's is seen before it is given", "store/directories.py", "_make_directory",
           "parent.owner is None", "True", OWNERS),
    Mutant("a directory that cannot be given is left", "store/directories.py", "_make_for",
           "durable.syscalls.rmdir(parent, temporary)", "None", OWNERS),
    Mutant("a new lock of root's is root's", "store/locks.py", "open_lock", "directory.owner is None", "True", OWNERS),
    Mutant("a drain's record of root's is seen before it is given", "store/drain_claim.py", "DrainClaim._write",
           "drains.owner is None", "True", OWNERS),
    _queue("root uses any queue", "check_root", "not hosting and _is_at_home(root, found.st_uid)",
           "os.geteuid() == 0"),
    _queue("root hosts in any queue", "check_root", "not hosting and _is_at_home(root, found.st_uid)",
           "_is_at_home(root, found.st_uid)"),
    _queue("where root works does not matter", "_is_at_home", "holder == owner == _owner_of_working_directory()",
           "holder == owner"),
    _queue("who holds the queue does not matter", "_is_at_home", "holder == owner == _owner_of_working_directory()",
           "owner == _owner_of_working_directory()"),
    _queue("a link to another's queue is at home", "_is_at_home", "os.path.realpath(root)", "root"),
    _queue("root makes directories for queues anywhere", "_check_place", "os.path.exists(place)", "True"),
    _queue("root makes queues anywhere", "_check_place",
           "owner != 0 and (hosting or _owner_of_working_directory() != owner)", "False"),
    Mutant("a stale AM_ROOT makes directories", "cli/commands/init.py", "run", "args.root is not None", "True",
           "tests/cli/test_place.py"),
    Mutant("a glance goes through links", "runtime/stat_polling.py", "_times", "directories.look(directory)",
           "__import__('os').stat(directory)", LINKS),
    Mutant("a touch follows a link", "store/durable.py", "Syscalls.touch", "directory.fd is None", "True",
           "tests/store/test_durable.py"),
    Mutant("root tightens any user's files", "setup/checks_queue.py", "_tighten",
           "directory.owner is None or found.st_uid == directory.owner[0]", "True", OWNERS),
    Mutant("doctor goes through links", "setup/checks_queue.py", "_modes", "stat.S_ISDIR(mode)",
           "stat.S_ISDIR(mode) or stat.S_ISLNK(mode)", LINKS, times=2),
)  # fmt: skip
