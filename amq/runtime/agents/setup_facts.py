"""Facts about an agent's CLI that setup needs. `profile` has those for starting it and typing into it."""

from __future__ import annotations

import os

from amq.output_budget import DEFAULT, Budget
from amq.record import record

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping


@record
class ConfigDirectory:
    """A directory that a CLI reads: `path` below a project or the user's home. `variable` overrides the user's."""

    path: str
    variable: str = ""

    def find(self, environment: Mapping[str, str], project: str | None = None) -> str:
        """Return the directory in PROJECT if one is given, else the user's."""
        if project:
            return os.path.join(project, self.path)
        home = environment.get("HOME") or os.path.expanduser("~")
        return environment.get(self.variable) or os.path.join(home, self.path)


@record
class HookFiles:
    """The files that set a CLI's hooks: `name`, which amq edits, and `other`, which the user may have edited."""

    directory: ConfigDirectory
    name: str
    other: str


@record
class Cli:
    """One CLI: its names, how to install it, and where its hooks and skills are."""

    name: str  # of its program
    title: str
    get_it: str  # the command that installs it
    oldest: tuple[int, ...] = ()  # the oldest version whose waking was measured to work without a key pressed
    hooks: HookFiles | None = None
    skills: ConfigDirectory | None = None  # the directory that holds `skills/`
    edit_tools: str = ""  # an expression for the names of its tools that change files, as its hooks match them
    hook_text: Budget = DEFAULT  # what it passes to its model of the text of one hook
    stop_blocks: bool = False  # a hook at the end of a turn goes on with it only by blocking the end
    shell_file: str = ""  # the variable by which its hooks know the file that its shell reads before each command
