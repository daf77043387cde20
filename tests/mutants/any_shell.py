"""Mutations of who the user is."""

from __future__ import annotations

from tests.mutants.mutant import Mutant

CALLER = "tests/cli/test_caller.py"

ANY_SHELL = (
    Mutant(
        "an agent's variable does not matter",
        "runtime/caller.py",
        "why_not_user",
        "_variable_of_agent(environ)",
        "''",
        CALLER,
    ),
    Mutant(
        "an agent's variable is missed where amq run gave none",
        "runtime/caller.py",
        "_variable_of_agent",
        "registry.shell_variables()",
        "()",
        CALLER,
    ),
    Mutant("AMQ_RUN says nothing", "runtime/caller.py", "_variable_of_agent", "config.RUN in environ", "False", CALLER),
    Mutant(
        "every process has a terminal", "runtime/caller.py", "has_controlling_terminal", "return False", "pass", CALLER
    ),
    Mutant("a pipe has no user", "runtime/caller.py", "why_not_user", "has_controlling_terminal()", "False", CALLER),
    Mutant(
        "a terminal of amq run is the user's", "runtime/caller.py", "why_not_user", "_hosted_here(queue)", "''", CALLER
    ),
    Mutant(
        "every terminal is that of an agent",
        "runtime/caller.py",
        "_hosted_here",
        "notifier.pid == host",
        "True",
        CALLER,
    ),
    Mutant(
        "a pipe that waits is not named",
        "cli/message_body.py",
        "read_body",
        "waiting(_STDIN)",
        "False",
        CALLER,
    ),
    Mutant(
        "bytes that are not text are not named", "cli/message_body.py", "read_body", "_not_utf8(body)", "''", CALLER
    ),
)
