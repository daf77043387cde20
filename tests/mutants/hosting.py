"""Mutations of a hosted program's view, and of the traces it leaves behind."""

from __future__ import annotations

from tests.mutants.mutant import Mutant

GUARD, CALLER, RESIZE = "tests/pty/test_guard.py", "tests/terminal/test_caller.py", "tests/terminal/test_resize.py"
INPUT, KEYS, FIRST = (f"tests/terminal/test_{name}.py" for name in ("input", "keys", "first_process"))

AGENT = "tests/runtime/test_hosted_agent.py"

HOSTED = (
    Mutant("an event counts without hooks", "runtime/hosted_agent.py", "hosted_agent",
           "launch.files if launch.has_hooks else ''", "launch.files", AGENT),
    Mutant("a CLI's own API is used unasked", "runtime/hosted_agent.py", "HostedAgent.channel", "options.native", "True",
           AGENT),
    Mutant("the bare word is typed anywhere", "runtime/hosted_agent.py", "HostedAgent.amq_command",
           "self.launch.finds_amq", "True", AGENT),
    Mutant("a terminal that another writes to is given up", "pty/descriptors.py", "write_within",
           "contextlib.suppress(BlockingIOError)", "contextlib.nullcontext()", GUARD),
    Mutant("a piped input is typed", "pty/standard_streams.py", "handed_over", "os.isatty(OUTPUT) or not _is_null(INPUT)",
           "False", INPUT),
    Mutant("a service has no terminal for its input", "pty/standard_streams.py", "handed_over",
           "os.isatty(OUTPUT) or not _is_null(INPUT)", "True", INPUT),
    Mutant("a closed descriptor is the terminal", "pty/standard_streams.py", "handed_over", "os.isatty(OUTPUT)", "False", KEYS),
    Mutant("errors overtake the output", "pty/standard_streams.py", "handed_over",
           "os.path.samestat(os.fstat(ERROR), os.fstat(OUTPUT))", "False", INPUT),
    Mutant("errors are output", "pty/standard_streams.py", "handed_over", "not os.isatty(ERROR)", "False", INPUT),
    Mutant("we hold a pipe that its reader has closed", "runtime/host.py", "_hosted", "standard_streams.let_go()", "None",
           INPUT),
    Mutant("a file of amq is the output", "runtime/host.py", "run", "standard_streams.plug()", "None", INPUT),
    Mutant("an inherited descriptor does not arrive", "pty/spawn.py", "_become", "os.dup2(fd, number)", "None", INPUT),
    Mutant("a program that turns to its terminal waits for keys", "pty/host.py", "Host._turn",
           "may_take_keys and self._child.uses_terminal()", "False", KEYS),
    Mutant("keys are taken from a program that reads them", "pty/host.py", "Host._turn",
           "may_take_keys and self._child.uses_terminal()", "may_take_keys", KEYS),
    Mutant("a job in the background has a line editor's settings", "pty/user_terminal.py", "Tty.attributes", "self.is_ours",
           "True", KEYS),
    Mutant("a program is called by its path", "pty/child.py", "Child.spawn", "Program(path, argv, inside)",
           "Program(path, [path, *argv[1:]], inside)", CALLER),
    Mutant("Python's variable is the user's", "config.py", "environment", "not _was_given('LC_CTYPE')", "False", CALLER),
    Mutant("the user's variable is Python's", "config.py", "environment", "not _was_given('LC_CTYPE')", "True", CALLER),
    Mutant("where SIGCHLD is ignored there is no status", "pty/session_leader.py", "divide",
           "signal.signal(signal.SIGCHLD, signal.SIG_DFL)", "signal.getsignal(signal.SIGCHLD)", CALLER),
    Mutant("a program ignores no SIGCHLD", "pty/session_leader.py", "divide", "signal.signal(signal.SIGCHLD, before)", "None",
           CALLER),
    Mutant("our own children have no status", "pty/host.py", "Host._catching_signals",
           "signal.signal(signal.SIGCHLD, signal.SIG_DFL)", "signal.getsignal(signal.SIGCHLD)", CALLER),
    Mutant("a guard without a status is a failure", "pty/guard.py", "Guard.dismiss",
           "contextlib.suppress(ChildProcessError)", "contextlib.nullcontext()", CALLER),
    Mutant("signals of the user end us", "pty/host.py", "", "(*FOR_AN_END, signal.SIGUSR1, signal.SIGUSR2)",
           "FOR_AN_END", CALLER),
    Mutant("our stop is our caller's", "pty/host.py", "Host._suspend", "self._stop(alone=stopped_from_outside)",
           "self._stop()", CALLER),
    Mutant("a terminal starts without pixels", "pty/child.py", "Child.spawn", "set_window(0, size, pixels)",
           "set_window(0, size, (0, 0))", "tests/pty/test_child.py"),
    Mutant("pixels are not passed on", "pty/host.py", "Host._tty_changed",
           "self._child.resize(size, self._tty.pixels())", "self._child.resize(size)", RESIZE),
    Mutant("orphans stay", "pty/pid1.py", "_bury", "os.waitpid(-1, os.WNOHANG)", "os.waitpid(host, os.WNOHANG)", FIRST),
    Mutant("the first process hosts", "runtime/host.py", "run", "pid1.step_aside()", "None", FIRST),
    Mutant("the first process passes nothing on", "pty/pid1.py", "_look_after", "os.kill(host, came.si_signo)", "None",
           FIRST),
    Mutant("a signal to all processes is passed on", "pty/pid1.py", "_look_after", "came.si_code != _FROM_KERNEL", "True", FIRST),
    Mutant("the guard is not waited for", "pty/pid1.py", "_look_after", "_wait_for_the_others()", "None", FIRST),
)  # fmt: skip
