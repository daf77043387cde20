"""Mutations of edge cases: names in capitals, and a machine that has run out of something."""

from __future__ import annotations

from tests.mutants.mutant import Mutant

CAPITALS = "tests/cli/test_capitals.py"
SHORT = "tests/runtime/test_resource_limits.py"
VIEW = "tests/test_inbox_view.py"
REPLY = "tests/cli/test_reply.py"
NAMESPACES = "tests/runtime/test_namespaces.py"
GIT = "tests/setup/test_git.py"
SCRIPTS = "tests/pty/test_host.py"

LIMITS = (
    Mutant("any agent may be named in capitals", "names.py", "typed_handle", "is_known(lower)", "True", CAPITALS),
    Mutant("a letter that only looks like one names an agent", "names.py", "typed_handle", "text.isascii()", "True",
           CAPITALS),
    Mutant("another machine's program is a script", "pty/shebang.py", "through_shell",
           "b'\\x00' in first_line or first_line.startswith(b'\\x7fELF')", "False", SCRIPTS),
    Mutant("a path is an option of the shell", "pty/shebang.py", "through_shell", "words[0].startswith('-')", "False",
           SCRIPTS),
    Mutant("a program that does not start is a script", "pty/child.py", "Child.spawn", "error.errno != errno.ENOEXEC",
           "False", SCRIPTS),
    Mutant("files that are short are not counted", "runtime/resource_limits.py", "shortage", "_short_of_files()", "''", SHORT),
    Mutant("threads that are short are not counted", "runtime/resource_limits.py", "shortage", "_short_of_threads()", "''",
           SHORT),
    Mutant("a watcher's refused thread ends the process", "runtime/inbox_watcher.py", "EventWatch._begin", "start_threads(1)",
           "None", SHORT),
    Mutant("a thread of the waking that is refused ends the hosting", "runtime/host.py", "BackgroundThreads.start",
           "self._fail(error)", "raise", SHORT),
    Mutant("the user does not hear that notification has ended", "runtime/host.py", "_hosted",
           "warn(waking.failure)", "None", SHORT),
    Mutant("nothing is in reserve for the log", "runtime/journal.py", "BoundedFile.append",
           "_reserve.append(os.open(os.devnull, os.O_RDONLY))", "None", SHORT),
    Mutant("keys that cannot be asked for are read", "pty/child.py", "Child.has_unread",
           "error.errno in (errno.EMFILE, errno.ENFILE)", "False", SHORT),
    Mutant("no terminal is the program's failure", "pty/child.py", "Child.spawn", "error.errno in SHORTAGES", "False",
           SHORT),
    Mutant("a process that is not waited for was not started", "runtime/loop.py", "WakeLoop._attempt",
           "isinstance(error, OSError)", "True", SHORT),
    Mutant("a bad file is read at each look", "mail/inbox_view.py", "InboxView.look",
           "self._inodes.get(each) not in (inode, _ANY)",
           "self._inodes.get(each) not in (inode, _ANY) or each in self._stamps", VIEW),
    Mutant("a file in the place of another is the same", "mail/inbox_view.py", "InboxView.look",
           "self._inodes.get(each) not in (inode, _ANY)", "each not in self._inodes", VIEW),
    Mutant("a file that is fixed in place stays bad", "mail/inbox_view.py", "InboxView.look", "self._forget_changed(new)", "None",
           VIEW),
    Mutant("the turn never comes round", "mail/inbox_view.py", "InboxView._forget_changed",
           "self._turn + MOST_STAMPS if len(turn) == MOST_STAMPS else 0", "0", VIEW),
    Mutant("a file that may change in the same instant has settled", "mail/inbox_view.py", "InboxView._opened",
           "stamp[-1] < self._account.clock() - SETTLED_S * SECOND_NS", "True", VIEW),
    Mutant("an error that passes is remembered", "mail/inbox_view.py", "InboxView._opened", "found.error.is_forbidden",
           "True", VIEW),
    Mutant("an inherited subject fills an answer's header", "mail/sending.py", "_reply_refs", "fits_answer(thread, *inherited)",
           "True", REPLY),
    Mutant("an answer's subject is alone in its header", "message.py", "reply_subject", "fits_answer(answer, *beside)",
           "fits_answer(answer)", REPLY),
    Mutant("a number identifies a process", "runtime/state_file.py", "is_stopped", "procfs.has_flock(notifier.pid, inode)",
           "True", NAMESPACES),
    Mutant("a reader without write access sees no notifier", "store/notifier_info.py", "_open",
           "not is_write_forbidden(error.errno)", "True", NAMESPACES),
    Mutant("git sees what is private", "runtime/private_state.py", "_make", "_hide_from_git(path)", "None", GIT),
    Mutant("a bare repository has a work tree", "git_repository.py", "has_work_tree",
           "re.search(_BARE, _text(os.path.join(common, 'config'), _LONGEST_CONFIG_BYTES))", "False", GIT),
    Mutant("a linked worktree of a bare repository has none", "git_repository.py", "has_work_tree",
           "os.path.realpath(git) != common", "False", GIT),
    Mutant("a one-time notice is repeated", "cli/commands/doctor.py", "run", "doctor.remember(found)", "None", GIT),
    Mutant("every queue is ignored", "setup/checks_queue.py", "git", "_is_ignored(path, top)", "True", GIT),
)  # fmt: skip
