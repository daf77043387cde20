"""Mutations of privacy, and of the choice of queues that are announced."""

from __future__ import annotations

from tests.mutants.mutant import Mutant

PRIVATE, TRUST, INDEX = (f"tests/runtime/test_{name}.py" for name in ("private_state", "trust", "git_index"))
CALLER, PROGRAMS = "tests/terminal/test_caller.py", "tests/runtime/test_programs.py"
CONFIG, LAYOUT = "tests/test_config.py", "tests/test_git_repository.py"
NOTIFICATION = "tests/runtime/test_wake_line.py"

TRUSTED = (
    Mutant("a colon is in a PATH", "runtime/private_state.py", "_why_not", "os.pathsep in path", "False", PRIVATE),
    Mutant("what cannot be read now is to be removed", "errors.py", "remedy_for_file", "is_write_forbidden(error.errno) or error.errno in passing", "False", TRUST),
    Mutant("an empty directory hides the repository's queue", "config.py", "find_root", "not _is_empty(path)", "True", CONFIG),
    Mutant("a queue above the repository hides a new one", "config.py", "find_root", "is_above and empty", "False", CONFIG),
    Mutant("what cannot be listed is empty", "config.py", "_is_empty", "False", "True", CONFIG),
    Mutant(
        "a submodule of a linked worktree is on its own", "git_repository.py", "superproject_of",
        "(common_directory(around), os.path.realpath(around))", "(common_directory(around),)", LAYOUT,
    ),
    Mutant("a line end is in a PATH", "runtime/private_state.py", "_why_not", "not path.isprintable()", "False", PRIVATE),
    Mutant(
        "what agents can write to is private", "runtime/private_state.py", "_why_not",
        "found and any(os.path.samestat(found, other) for other in public)", "False", PRIVATE,
    ),
    Mutant("a link hides where it lies", "runtime/private_state.py", "_why_not", "os.path.realpath(base)", "base", PRIVATE),
    Mutant(
        "TMPDIR is private", "runtime/private_state.py", "why_not_private", "environ.get('TMPDIR', '')", "''", PRIVATE,
    ),
    Mutant(
        "others may replace what is private", "runtime/private_state.py", "_why_not", "found and (reason := _looseness(found))",
        "False and (reason := '')", PRIVATE,
    ),
    Mutant(
        "another user's directory is private", "runtime/private_state.py", "_looseness", "found.st_uid not in (0, me)", "False",
        PRIVATE,
    ),
    Mutant(
        "any group may write", "runtime/private_state.py", "_looseness", "found.st_gid in (0, me)", "True", PRIVATE,
    ),
    Mutant(
        "a link is the private directory", "runtime/private_state.py", "_make", "stat.S_ISDIR(found.st_mode)", "True", PRIVATE,
    ),
    Mutant(
        "a private directory of another user's is used", "runtime/private_state.py", "_is_shared",
        "found.st_uid != os.geteuid()", "False", PRIVATE,
    ),
    Mutant(
        "what is private has the umask's mode", "runtime/private_state.py", "_make_new_directory", "os.chmod(path, DIRECTORY_MODE)", "None",
        PRIVATE,
    ),
    Mutant(
        "directories above what is private have the umask's mode", "runtime/private_state.py", "make_directory",
        "make_directory(above)", "os.makedirs(above)", PRIVATE,
    ),
    Mutant(
        "a private file has the umask's mode", "runtime/private_state.py", "write_private", "os.chmod(beside, mode)", "None",
        PRIVATE,
    ),
    Mutant(
        "a log is shortened in place", "runtime/journal.py", "BoundedFile._make_room",
        "write_private(self._path, b''.join(lines[len(lines) // 2:]).decode('utf-8', 'surrogateescape'))",
        "open(self._path, 'wb').writelines(lines[len(lines) // 2:])", "tests/runtime/test_files.py",
    ),
    Mutant(
        "a private file that failed stays", "runtime/private_state.py", "write_private", "remove_private(beside)", "None", PRIVATE,
    ),
    Mutant(
        "an agent gets the names of files that could not be written", "runtime/host.py", "_prepared",
        "PrivateState('', why(error))", "files", PRIVATE,
    ),
    Mutant(
        "a home directory in git is a project", "config.py", "where_agents_work", "not _is_no_project(each)", "True",
        "tests/test_config.py",
    ),
    Mutant(
        "who only asks makes directories", "runtime/private_state.py", "PrivateState.of_agent", "make", "True", PRIVATE,
    ),
    Mutant("what an older version left stays", "runtime/private_state.py", "_new_run",
           "(made, f'{private}/{_OLDER_RUNS}')", "(made,)", PRIVATE),
    Mutant("a long handle makes a long line", "runtime/private_state.py", "_run_name",
           "_digest(os.path.join(os.path.realpath(root), handle))[:8]", "f'{handle}-{_digest(root)[:8]}'", PRIVATE),
    Mutant("a run leaves its files", "runtime/private_state.py", "run_directory", "_remove(path)", "None", PRIVATE),
    Mutant(
        "what killed runs leave stays", "runtime/private_state.py", "_new_run", "_remove_if_left(f'{runs}/{left}')", "None",
        PRIVATE,
    ),
    Mutant(
        "the files of a run that lives are swept", "runtime/private_state.py", "_locked",
        "fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)", "None", PRIVATE,
    ),
    Mutant(
        "what is tracked below a queue does not count", "runtime/git_index.py", "_covers",
        "entry.startswith(wanted + b'/')", "False", INDEX,
    ),
    Mutant(
        "a tracked link does not count", "runtime/git_index.py", "_covers", "mode == _SYMLINK", "False", INDEX,
    ),
    Mutant(
        "a sparse directory does not count", "runtime/git_index.py", "_covers", "entry.endswith(b'/')", "False", INDEX,
    ),
    Mutant(
        "a linked worktree's form of hash is not its repository's", "runtime/git_index.py", "tracks",
        "git_repository.common_directory(git_directory)", "git_directory", INDEX,
    ),
    Mutant(
        "an index that is being written is empty", "runtime/git_index.py", "_read_index",
        "_is_there(os.path.join(git_directory, 'index.lock'))", "False", INDEX,
    ),
    Mutant("a queue on a failing disk is the one above", "config.py", "_is_directory", "(FileNotFoundError, NotADirectoryError, PermissionError)", "OSError", "tests/test_config.py"),
    Mutant("a directory above a sandbox is an error", "config.py", "_is_directory", "(FileNotFoundError, NotADirectoryError, PermissionError)", "(FileNotFoundError, NotADirectoryError)", "tests/test_config.py"),
    Mutant("a repository that cannot be seen does not count", "runtime/git_index.py", "enclosing_repositories", "git_repository.is_top(place)", "git_repository._is_top(place)", INDEX),
    Mutant("a lock that cannot be seen does not count", "runtime/git_index.py", "_is_there", "raise UnreadableIndex(f'{path} cannot be read: {error.strerror}') from error", "return False", INDEX),
    Mutant(
        "a FIFO of git's is read", "git_repository.py", "read_regular", "not stat.S_ISREG(found.st_mode)", "False", INDEX,
    ),
    Mutant(
        "git's paths hold a zero byte", "git_repository.py", "_text", "'\\0' in text", "False", "tests/test_git_repository.py",
    ),
    Mutant(
        "a shared index that is missing is empty", "runtime/git_index.py", "tracks", "not data", "False", INDEX,
    ),
    Mutant("case counts in an index", "runtime/git_index.py", "_comparable", "path.lower()", "path", INDEX),
    Mutant(
        "a pointer to nowhere is a repository that tracks nothing", "runtime/git_index.py",
        "tracks", "not git_directory", "False", INDEX,
    ),
    Mutant(
        "an unknown form of index is read", "runtime/git_index.py", "read_index",
        "data[:4] != b'DIRC' or version not in (2, 3, 4)", "False", INDEX,
    ),
    Mutant(
        "a trusted queue may be replaced", "runtime/trust.py", "is_trusted",
        "bool(recorded) and Trusted.at(root) in recorded", "bool(recorded)", TRUST,
    ),
    Mutant(
        "an inode number is a queue", "runtime/trust.py", "Trusted.at", "born_ns(root)", "0", TRUST,
    ),
    Mutant(
        "any owner of a directory is trusted", "runtime/trust.py", "_foreign_directory", "found.st_uid != me", "False",
        TRUST,
    ),
    Mutant(
        "a link in a queue is trusted", "runtime/trust.py", "_foreign_directory", "stat.S_ISLNK(found.st_mode)", "False",
        TRUST,
    ),
    Mutant(
        "only the real path of a queue is looked for", "runtime/trust.py", "_tracking_repository",
        "os.path.abspath(root)", "os.path.realpath(root)", TRUST,
    ),
    Mutant(
        "an index that is not known is an empty one", "runtime/trust.py", "_tracking_repository",
        "return f'cannot tell whether the repository {visible(top)} tracks it: {visible(str(error))}'", "return ''",
        TRUST,
    ),
    Mutant(
        "what was found a while ago is announced by", "runtime/trust.py", "Trust.why_not", "anew", "False", TRUST,
    ),
    Mutant(
        "the user is notified by any queue", "runtime/hooks/handler.py", "Handler._notify_user", "self._require_trust()", "None",
        TRUST,
    ),
    Mutant(
        "a yes that is not kept is forgotten", "runtime/trust.py", "Trust.give", "self.is_unrecorded = True", "None", TRUST,
    ),
    Mutant(
        "a record holds anything", "runtime/trust.py", "_trusted",
        "[type(value) for value in found.__dict__.values()] != [str, int, int, int]", "False", TRUST,
    ),
    Mutant(
        "what lies in the working directory is run", "runtime/programs.py", "find_program",
        "filter(os.path.isabs, environment.get('PATH', os.defpath).split(os.pathsep))",
        "environment.get('PATH', os.defpath).split(os.pathsep)", PROGRAMS,
    ),
    Mutant(
        "a shell of the working directory is asked", "runtime/path_shim.py", "login_shells_find",
        "shell if os.path.isabs(shell) else find_program(shell, environment)", "shell", PROGRAMS,
    ),
    Mutant(
        "a pane's program may be of the working directory", "runtime/channels/panes/__init__.py", "ask",
        "[program, *words[1:]]", "words", PROGRAMS,
    ),
    Mutant(
        "a hard link is written through", "runtime/notifier_lock.py", "_claim", "os.fstat(descriptor).st_nlink > 1", "False",
        "tests/runtime/test_files.py",
    ),
    Mutant(
        "a registry has any number of agents", "store/registry.py", "_handles", "len(agents) > _MOST_AGENTS", "False",
        "tests/cli/test_init.py",
    ),
    Mutant(
        "hooks announce mail in any queue", "runtime/hooks/handler.py", "Handler._pass_on", "self._require_trust()", "None",
        TRUST,
    ),
    Mutant(
        "hooks name the agents of any queue", "runtime/hooks/handler.py", "Handler._start_session", "self._require_trust()",
        "None", TRUST,
    ),
    Mutant(
        "an agent is notified by any queue", "runtime/loop.py", "WakeLoop.turn", "self._unread and self._trust.why_not()",
        "False", TRUST,
    ),
    Mutant("a no is a yes", "cli/commands/run.py", "_run_as", "replace(chosen, wake=False, untrusted=reason)", "chosen", TRUST),
    Mutant(
        "init trusts a queue that was there", "cli/commands/init.py", "run", "args.tracked and found is None", "args.tracked", TRUST,
    ),
    Mutant(
        "any sender is named", "runtime/policy/wake_line.py", "_names", "sender in known and is_handle(sender)",
        "is_handle(sender)", NOTIFICATION,
    ),
    Mutant(
        "what is known need not be a handle", "runtime/policy/wake_line.py", "_names",
        "sender in known and is_handle(sender)", "sender in known", NOTIFICATION,
    ),
    Mutant(
        "all senders are named", "runtime/policy/wake_line.py", "_line", "min(len(senders), MOST_SENDERS)", "len(senders)",
        NOTIFICATION,
    ),
    Mutant(
        "a byte of a script's stops its caller", "pty/host.py", "Host._suspend",
        "stopped_from_outside or self._tty.source_is_terminal", "True", CALLER,
    ),
)  # fmt: skip
