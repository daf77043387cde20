"""What setting up has to know of an agent's CLI. `profiles` says how it is started and typed into."""

from __future__ import annotations

import os

from amq.record import record

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping


@record
class ConfigDirectory:
    """A directory that a CLI reads: `path` below a project or the user's home, unless `variable` names the user's."""

    path: str
    variable: str = ""

    def find(self, environment: Mapping[str, str], project: str | None = None) -> str:
        """Return the one in PROJECT, else the user's."""
        if project:
            return os.path.join(project, self.path)
        home = environment.get("HOME") or os.path.expanduser("~")
        return environment.get(self.variable) or os.path.join(home, self.path)


@record
class HookFiles:
    """The files of a CLI that hold hooks: the one that amq edits, and another that the user may have edited."""

    directory: ConfigDirectory
    name: str
    other: str


@record
class Cli:
    """One CLI."""

    name: str  # of its program
    title: str
    get_it: str  # the command that installs it
    oldest: tuple[int, ...] = ()  # the oldest version whose waking was measured to work without a key pressed
    hooks: HookFiles | None = None
    skills: ConfigDirectory | None = None  # which has them in `skills/`
    shell_file: str = ""  # the variable that tells its hooks which file its shell reads before each command
