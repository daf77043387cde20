"""Store what `amq run` has arranged with its agent's CLI, or `amq wake` found, in the agent's private directory.

`amq who` and `amq why` show it.
"""

from __future__ import annotations

import os

from amq import git_repository, jsontext
from amq.record import record
from amq.runtime.private_state import write_private

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from amq.store.notifier_info import Notifier

SESSION_NAME = "session.json"
_LONGEST_BYTES = 1 << 16


@record
class SessionInfo:
    """The state of a hosted agent, or of one that `amq wake` notifies, of which less is known.

    ALLOWED and IS_ALLOWED are about the commands that its CLI runs without asking; "" if amq has not arranged any.

    LACKS is what it should have and was not given, with the reasons, as `Launch.lacks`. TYPES says whether amq types
    into its terminal; None if that is not known. HOOKS is its `HookStyle` if it was given hooks, else "", and FILES the
    directory of its run. PLUGIN says whether it was given a plugin. FAILED are the scenarios of `amq certify` by which
    it is limited. PROGRAM is the handle that the program's name suggests, PROCESS its pid, STARTED when that was
    started (seconds since the epoch). NAMES is the `NameSource` of its CLI, NAMES_IN the directory of that.
    """

    allowed: str
    is_allowed: bool
    lacks: tuple[str, ...] = ()
    types: bool | None = None
    hooks: str = ""
    files: str = ""
    plugin: bool = False
    failed: tuple[str, ...] = ()
    program: str = ""
    process: int = 0
    started: float = 0.0
    names: str = ""
    names_in: str = ""

    def wire(self) -> dict[str, object]:
        """Return it as keys of a JSON object, without what it does not lack."""
        lacks = {"lacks": list(self.lacks)} if self.lacks else {}
        allowed = {"allowed": self.allowed} if self.allowed else {}
        return {**allowed, **lacks, **({"not_certified": list(self.failed)} if self.failed else {})}


def write_session(directory: str, session: SessionInfo) -> None:
    """Write SESSION, of an agent that this process hosts, into the agent's private DIRECTORY. Raises OSError."""
    wire = {"pid": os.getpid(), **session.__dict__, "lacks": list(session.lacks), "failed": list(session.failed)}
    write_private(f"{directory}/{SESSION_NAME}", jsontext.render(wire) + "\n")


def read_session(directory: str, notifier: Notifier | None) -> SessionInfo | None:
    """Return the session of the agent with that private DIRECTORY, which NOTIFIER hosts; None if it is not known."""
    try:
        wire = _read(directory)
        found = SessionInfo(
            wire["allowed"], wire["is_allowed"], tuple(map(str, wire.get("lacks", ()))),
            wire.get("types"), str(wire.get("hooks", "")), str(wire.get("files", "")),
            wire.get("plugin") is True, tuple(map(str, wire.get("failed", ()))),
            str(wire.get("program", "")),
            int(wire.get("process", 0)), float(wire.get("started", 0)),
            str(wire.get("names", "")), str(wire.get("names_in", "")),
        )  # fmt: skip
        is_of_host = notifier is not None and wire["pid"] == notifier.pid
    except (OSError, ValueError, TypeError, KeyError):
        return None
    return found if is_of_host and [type(found.allowed), type(found.is_allowed)] == [str, bool] else None


def _read(directory: str) -> Any:
    return jsontext.parse(git_repository.read_regular(f"{directory}/{SESSION_NAME}", _LONGEST_BYTES))


def last_program(directory: str) -> str:
    """Return `SessionInfo.program` of the last program hosted as the agent with that private DIRECTORY, or ""."""
    try:
        program = _read(directory).get("program")
    except (OSError, ValueError, AttributeError):
        return ""
    return program if type(program) is str else ""
