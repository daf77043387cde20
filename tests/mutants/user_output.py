"""Mutations of what a user sees at a terminal, of short ids, and of removed agents."""

from __future__ import annotations

from tests.mutants.mutant import Mutant

TABLES = "tests/cli/test_terminal.py"
SHORT = "tests/cli/test_short_ids.py"
AGENT = "tests/cli/test_agent.py"
PROGRESS = "tests/cli/test_progress.py"

FOR_USERS = (
    Mutant("an agent at a terminal gets a table", "cli/terminal.py", "terminal", "not environ.get('AM_ME')", "True", TABLES),
    Mutant("JSON becomes a table", "cli/terminal.py", "terminal", "out.json", "False", TABLES),
    Mutant("NO_COLOR is ignored", "cli/terminal.py", "_has_colour", "not environ.get('NO_COLOR')", "True", TABLES),
    Mutant("a cell acts on the terminal", "cli/terminal.py", "_cell", "Cell(visible(content))", "Cell(content)", TABLES),
    Mutant("a styled cell acts on the terminal", "cli/terminal.py", "_cell", "visible(content.text)", "content.text", TABLES),
    Mutant("marks pile up in one column", "cli/terminal.py", "_widths_of", "1 if marks > _MOST_MARKS else columns", "columns",
           TABLES),
    Mutant("an emoji of two characters is narrow", "cli/terminal.py", "_columns_of", "character != '\\ufe0f'", "True", TABLES),
    Mutant("a flag is narrow", "cli/terminal.py", "_columns_of", "'\\U0001f000' <= character <= '\\U0001faff'", "False", TABLES),
    Mutant("an exact id does not win", "mail/short_ids.py", "_resolved", "any((_has(path, name) for path in paths))", "False",
           SHORT),
    Mutant("the first of several ids is taken", "mail/short_ids.py", "_resolved", "len(ending) > 1", "False", SHORT),
    Mutant("any end names a message", "mail/short_ids.py", "_resolved", "len(name) < CHARS", "False", SHORT),
    Mutant("ids that end alike are shortened", "mail/short_ids.py", "shortened", "ends[each[-CHARS:]] == 1", "True", SHORT),
    Mutant("a bad message is the last one", "mail/listing.py", "newest", "each and each.header", "each", SHORT, times=2),
    Mutant("a hosted agent is removed", "cli/commands/agent_remove.py", "_not_hosted", "os.name == 'nt' or not has_mailbox",
           "True", AGENT),
    Mutant("the user is removed", "cli/commands/agent_remove.py", "run", "handle == USER", "False", AGENT),
    Mutant("a removed agent stays registered", "store/archive.py", "remove", "registry.unregister(queue, handle)", "None",
           AGENT),
    Mutant("an agent with a longer name comes back", "store/archive.py", "_last", "name[:-INSTANT_LENGTH - 1] == handle",
           "name.startswith(handle)", AGENT),
    Mutant("one that runs could be removed", "cli/commands/who.py", "_remark", "agent.handle == USER or agent.notifier", "False",
           TABLES),
    Mutant("agents that ask the user are below the screen", "cli/who_watch.py", "_fitting", "len(found) + 2 <= height", "True",
           "tests/cli/test_who_watch.py"),
    Mutant("a long column leaves little for the subject", "cli/terminal.py", "Terminal._widths", "room // 2", "_FOR_LAST", TABLES),
    Mutant("a long sender hides the recipients", "cli/commands/log.py", "_cut_route", "len(sender) + len(rest) > most", "False",
           "tests/cli/test_log.py"),
    Mutant("a narrow table cuts what is asked", "cli/commands/who.py", "_user_cells", "agent.notifier and user.columns < WIDE",
           "False", "tests/cli/test_who.py"),
    Mutant("progress is written to a pipe", "cli/progress.py", "Progress.__init__", "is_terminal(STDERR)", "True", PROGRESS),
    Mutant("an agent is shown progress", "cli/progress.py", "Progress.__init__", "not environ.get('AM_ME')", "True", PROGRESS),
    Mutant("a short command shows progress", "cli/progress.py", "Progress.show", "now_s >= self._next_s", "True", PROGRESS),
    Mutant("the line of progress stays", "cli/progress.py", "Progress.__exit__", "self._out.status('')", "None", PROGRESS),
    Mutant("output goes on in the line of progress", "cli/output.py", "Output.note", "self.status('')", "None", PROGRESS),
)  # fmt: skip
