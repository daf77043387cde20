"""Mutations of the choice of the user, and of the correction of mistyped lines."""

from __future__ import annotations

from tests.mutants.mutant import Mutant

CALLER, MISTAKES = "tests/cli/test_caller.py", "tests/cli/test_mistakes.py"

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
        "_notifier(queue.agent(handle)) == host",
        "True",
        CALLER,
    ),
    Mutant(
        "a damaged mailbox makes an agent the user",
        "runtime/caller.py",
        "_notifier",
        "return 0",
        "raise",
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
    Mutant(
        "a line that no parser takes is offered",
        "cli/corrections.py",
        "corrected",
        "_is_accepted(line, parser)",
        "True",
        MISTAKES,
    ),
    Mutant(
        "a text of several lines is offered",
        "cli/corrections.py",
        "corrected",
        "all((word.isprintable() for word in line.words()))",
        "True",
        MISTAKES,
    ),
    Mutant(
        "another recipient behind the first is the text",
        "cli/corrections.py",
        "_give_rest",
        "part[0] == '--to' and line.is_recipient(words[0])",
        "False",
        MISTAKES,
    ),
    Mutant(
        "any word is an id",
        "cli/corrections.py",
        "_give_first",
        "undated([line.bare[0].removesuffix(SUFFIX)])",
        "False",
        MISTAKES,
    ),
    Mutant("an agent's name starts it", "cli/corrections.py", "_start", "not line.bare", "True", MISTAKES),
    Mutant(
        "a session looks into another queue",
        "cli/corrections.py",
        "_queue",
        "not config.allowed_in()",
        "True",
        MISTAKES,
    ),
    Mutant(
        "a fault of the corrector hides the error",
        "cli/main.py",
        "_with_correction",
        "suppress(Exception)",
        "suppress()",
        MISTAKES,
    ),
    Mutant(
        "a thread of no messages is a success",
        "cli/commands/thread.py",
        "run",
        "not len(entries)",
        "False",
        "tests/cli/test_thread.py",
        times=2,
    ),
    Mutant(
        "a name that a shell expands is completed",
        "cli/commands/completion.py",
        "run",
        "re.fullmatch(_PLAIN, word, re.ASCII)",
        "True",
        "tests/cli/test_completion.py",
    ),
)
