"""Mutations of whose environment a program gets, and of which `amq` its shells find."""

from __future__ import annotations

from tests.mutants.mutant import Mutant

FILES, LAUNCH = "tests/runtime/test_files.py", "tests/runtime/test_launch.py"
REACH = "tests/runtime/test_reach.py"
SAYS = "_say_if_hosted_elsewhere"

ENVIRONMENT = (
    Mutant(
        "another amq of the login shell's is ours", "runtime/reach.py", "login_shells_find",
        "os.path.realpath(answer) in wanted", "True", FILES,
    ),
    Mutant(
        "what a login shell names is a file here", "runtime/reach.py", "login_shells_find",
        "os.path.isabs(answer)", "True", FILES,
    ),
    Mutant(
        "the command that started us is another", "runtime/reach.py", "login_shells_find", "sys.argv[0]", "command",
        FILES,
    ),
    Mutant(
        "a login shell keeps its PATH", "runtime/launch.py", "is_plain_shell",
        "all(map(_KEEPS_PATH.fullmatch, program[1:]))", "True", LAUNCH,
    ),
    Mutant(
        "any program keeps its PATH", "runtime/launch.py", "is_plain_shell",
        "PurePath(program[0]).name in _SHELLS", "True", LAUNCH,
    ),
    Mutant(
        "GnuPG asks in the user's terminal", "pty/child.py", "Child.spawn", "_name_terminal(inside)", "None",
        "tests/pty/test_child.py",
    ),
    Mutant(
        "every program is told its terminal's name", "pty/child.py", "_name_terminal",
        "environment.pop(TERMINAL_NAME, None) is not None", "True", "tests/pty/test_child.py",
    ),
    *(
        Mutant(name, file, where, old, new, "tests/cli/test_hosted_elsewhere.py")
        for name, file, where, old, new in (
            ("who says whose mail it is gets told", "cli/session.py", "open_mailbox", "me.source == 'AM_ME'", "True"),
            ("who only looks gets told", "cli/session.py", "open_mailbox", "not (anyone or hosting)", "True"),
            ("a hosted shell is told", "cli/session.py", SAYS, "host.run not in ('', run)", "True"),
            ("no word is another's", "cli/session.py", SAYS, "run == ''", "False"),
            ("whoever cannot ask fails", "cli/session.py", SAYS, "(AmqError, OSError)", "AmqError"),
            ("a run's word is anything", "store/notifier.py", "parse_notifier",
             "[type(pid), type(how), type(run)] == [int, str, str]", "type(pid) is int and type(how) is str"),
            ("a hosted program is not told its run", "runtime/session.py", "_prepared",
             "launch.plan(profile, program, environment, queue, me, options, files, run)",
             "launch.plan(profile, program, environment, queue, me, options, files, 'x')"),
            ("a container has our environment", "runtime/session.py", "run",
             "run if launch.reaches_shells(profile, program, environment) else ''", "run"),
        )
    ),
    Mutant(
        "a mailbox that is made again has another run", "runtime/lock.py", "Claim.holds", "self._run", "''", FILES,
    ),
    Mutant(
        "docker has our environment", "runtime/launch.py", "reaches_shells", "name not in _CHANGES_ENVIRONMENT",
        "True", LAUNCH,
    ),
    Mutant("npx is the CLI", "runtime/launch.py", "reaches_shells", "name in profile.programs", "True", LAUNCH),
    Mutant("a user's policy chooses nothing", "runtime/launch.py", "reaches_shells", "not is_chosen", "True", LAUNCH),
    *(
        Mutant(name, "runtime/reach.py", "make_command", "_COMMAND", f"_COMMAND.replace({old!r}, {new!r})", REACH)
        for name, old, new in (
            ("two that look for another amq start each other", "&& amq_next= && continue", "&& continue"),
            ("an amq that amq run made is like any other", "'# amq run made this'*) ;;", "nothing) ;;"),
            ("the amq of the working directory is run", "/amq | [!/]*)", "nothing)"),
            ("an amq whose Python is gone is run", '[ -x "${{amq_python%% *}}" ] || continue', ""),
            ("an amq is gone only with its Python", "[ -e {package} ]", "true"),
        )
    ),
)  # fmt: skip
