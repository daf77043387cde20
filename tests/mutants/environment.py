"""Mutations of the environment that a program gets, and of the `amq` that its shells find."""

from __future__ import annotations

from tests.mutants.mutant import Mutant

FILES, LAUNCH = "tests/runtime/test_files.py", "tests/runtime/test_launch.py"
REACH = "tests/runtime/test_reach.py"
SAYS = "_say_if_hosted_elsewhere"

ENVIRONMENT = (
    Mutant(
        "another amq of the login shell's is ours", "runtime/path_shim.py", "login_shells_find",
        "os.path.realpath(answer) in wanted", "True", FILES,
    ),
    Mutant(
        "a login shell's path is a file here", "runtime/path_shim.py", "login_shells_find",
        "os.path.isabs(answer)", "True", FILES,
    ),
    Mutant(
        "the command that started us is another", "runtime/path_shim.py", "login_shells_find", "sys.argv[0]", "command",
        FILES,
    ),
    Mutant(
        "a login shell keeps its PATH", "runtime/launch.py", "is_plain_shell",
        "all(map(_KEEPS_PATH.fullmatch, program[1:]))", "True", LAUNCH,
    ),
    Mutant(
        "any program keeps its PATH", "runtime/launch.py", "is_plain_shell",
        "os.path.basename(program[0]) in _SHELLS", "True", LAUNCH,
    ),
    Mutant(
        "GnuPG asks in the user's terminal", "pty/child.py", "Child.spawn", "_name_terminal(inside)", "None",
        "tests/pty/test_child.py",
    ),
    Mutant(
        "every program gets its terminal's name", "pty/child.py", "_name_terminal",
        "TERMINAL_NAME in environment", "True", "tests/pty/test_child.py",
    ),
    *(
        Mutant(name, file, where, old, new, "tests/setup/test_caller_environment.py")
        for name, file, where, old, new in (
            ("a pane has the server's environment", "setup/coop.py", "Coop._start",
             "handover.command(self._command(spec))", "self._command(seat)"),
            ("a pane is not waited for", "setup/coop.py", "Coop._start",
             "self._wait_for(spec.handle, handover)", "None"),
            ("a pane is waited for after its end", "setup/coop.py", "Coop._wait_for", "not pane.dead", "True"),
            ("amq's tmux server takes itself for an agent", "setup/coop.py", "Coop.__init__",
             "name not in ('AM_ME', config.RUN, config.ALLOWED_IN)", "True"),
            ("a lost environment is ignored", "setup/coop.py", "Coop._start",
             "warn(f\"{spec.handle} gets the tmux server's environment, not yours: {handover.why_not}\")", "None"),
            ("the server's Python settings count", "setup/caller_environment.py", "Handover.command", "'-I'", "'-s'"),
            ("a full disk stops the agents", "setup/caller_environment.py", "_written", "OSError", "ValueError"),
            ("an environment stays in its file", "runtime/exec_with_environment.py", "start", "os.unlink(path)", "None"),
            ("a caller's terminal is the pane's", "runtime/exec_with_environment.py", "environment_of",
             "not _describes_terminal(name)", "True"),
            ("all that a server has is the pane's", "runtime/exec_with_environment.py", "environment_of",
             "{name: value for name, value in pane.items() if _describes_terminal(name)}", "pane"),
            ("an empty value is none", "runtime/exec_with_environment.py", "environment_of",
             "not _describes_terminal(name)", "value and not _describes_terminal(name)"),
        )
    ),
    *(
        Mutant(name, file, where, old, new, "tests/cli/test_hosted_elsewhere.py")
        for name, file, where, old, new in (
            ("a call that names the agent gets the warning", "cli/open_mailbox.py", "open_mailbox", "me.source == 'AM_ME'", "True"),
            ("a mere look gets the warning", "cli/open_mailbox.py", "open_mailbox", "not (anyone or hosting)", "True"),
            ("a hosted shell gets the warning", "cli/open_mailbox.py", SAYS, "host.run not in ('', run)", "True"),
            ("no word is another's", "cli/open_mailbox.py", SAYS, "run == ''", "False"),
            ("a program that cannot ask fails", "cli/open_mailbox.py", SAYS, "(AmqError, OSError)", "AmqError"),
            ("a run's word is anything", "store/notifier_info.py", "parse_notifier",
             "[type(pid), type(how), type(run)] == [int, str, str]", "type(pid) is int and type(how) is str"),
            ("a hosted program does not get its run", "runtime/host.py", "_prepared",
             "launch.plan(profile, program, environment, queue, me, options, files, run, start)",
             "launch.plan(profile, program, environment, queue, me, options, files, 'x', start)"),
            ("a container has our environment", "runtime/host.py", "run",
             "run if launch.reaches_shells(profile, program, environment) else ''", "run"),
        )
    ),
    Mutant(
        "a mailbox that is made again has another run", "runtime/notifier_lock.py", "Claim.holds", "self._run", "''", FILES,
    ),
    Mutant(
        "docker has our environment", "runtime/launch.py", "reaches_shells", "name not in _CHANGES_ENVIRONMENT",
        "True", LAUNCH,
    ),
    Mutant("npx is the CLI", "runtime/launch.py", "reaches_shells", "name in profile.programs", "True", LAUNCH),
    Mutant("a user's policy chooses nothing", "runtime/launch.py", "reaches_shells", "not is_chosen", "True", LAUNCH),
    *(
        Mutant(name, "runtime/path_shim.py", "make_command", "_COMMAND", f"_COMMAND.replace({old!r}, {new!r})", REACH)
        for name, old, new in (
            ("two that look for another amq start each other", "&& amq_next= && continue", "&& continue"),
            ("an amq that amq run made is like any other", "'# amq run made this'*) ;;", "nothing) ;;"),
            ("the amq of the working directory is run", "/amq | [!/]*)", "nothing)"),
            ("an amq whose Python is gone is run", '[ -x "${{amq_python%% *}}" ] || continue', ""),
            ("an amq is gone only with its Python", "[ -e {package} ]", "true"),
        )
    ),
)  # fmt: skip
