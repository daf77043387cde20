"""Mutations of whose environment a program gets, and of which `amq` its shells find."""

from __future__ import annotations

from tests.mutants.mutant import Mutant

FILES, LAUNCH = "tests/runtime/test_files.py", "tests/runtime/test_launch.py"
REACH = "tests/runtime/test_reach.py"

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
