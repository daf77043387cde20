"""Publish what an agent does, in the file `state.json` of its private directory.

Each notifier replaces the file when something changes, and only then. A reader believes it while the process that wrote
it holds the agent's notifier lock. So a killed notifier leaves nothing that is taken for the truth.

`amq who` and `amq send` read it: this is kept as light as a short command.
"""

from __future__ import annotations

import math
import os

from amq import git_repository, jsontext, procfs
from amq.layout import NOTIFIER_NAME
from amq.record import record
from amq.runtime.policy.reasons import Activity
from amq.runtime.private_state import remove_private, write_private
from amq.runtime.stat_polling import now
from amq.store import durable
from amq.store.durable import Directory
from amq.text import visible

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from amq.layout import AgentLayout, QueueLayout
    from amq.runtime.policy.schedule import Readiness
    from amq.runtime.private_state import PrivateState
    from amq.store.notifier_info import Notifier

STATE_NAME = "state.json"
HOSTING = "run"
"""The command that hosts an agent. What is known of such an agent ends with the process that hosts it."""
REST_S = 5.0  # seconds between looks while nothing has stirred
SETTLED_AFTER_S = 3.0  # seconds after the last stir until a state no longer changes by time alone
COST = 500  # pause between looks, in multiples of a look's time: some run a program
LONGEST_REST_S = 60.0
_LONGEST_BYTES = 1 << 13
_LONGEST_CHARS = 300


@record
class ReportedState:
    """The activity of an agent, and for how many `seconds` it has been so (None: not known).

    `question` is what it asks the user, such as `Bash(git push)`, "" where that is not known. `program` and `version`
    are those of its CLI, as far as they are known. All three are safe to show.
    """

    activity: Activity
    seconds: float | None = None
    question: str = ""
    program: str = ""
    version: str = ""

    @property
    def asks(self) -> bool:
        """Return whether it asks the user something."""
        return self.activity is Activity.ASKS

    def words(self) -> str:
        """Return the activity in words for the user, without the time."""
        if self.asks:
            return f"asks you: {self.question}" if self.question else "asks you"
        word: str = self.activity.value
        return word.replace("-", " ")

    def wire(self) -> dict[str, object]:
        """Return it as keys of a JSON object, without what is not known."""
        known = {"question": self.question, "program": self.program, "version": self.version}
        since = {} if self.seconds is None else {"state_s": round(self.seconds, 3)}
        return {"state": self.activity.value, **since, **{name: text for name, text in known.items() if text}}


class StatePublisher:
    """Write the state of one agent into its private DIRECTORY ("": nowhere).

    HOW is the amq command of this process, and PROGRAM names the agent's CLI where a look does not. OURS reports
    whether this process still holds the agent's notifier lock. STIRRED returns a value that differs after the agent has
    done something; it is constant where only a look shows that.
    """

    def __init__(
        self,
        directory: str,
        how: str,
        program: str = "",
        *,
        ours: Callable[[], bool] = lambda: True,
        stirred: Callable[[], object] = lambda: None,
        clock: Callable[[], float] = now,
    ) -> None:
        self._path = directory and f"{directory}/{STATE_NAME}"
        self._how = how
        self._program = program
        self._ours = ours
        self._stirred = stirred
        self._clock = clock
        self._written: tuple[str, ...] = ()
        self._doing: tuple[str, ...] = ()
        self._since = 0.0
        self._seen: object = None
        self._seen_at = self._looked_at = self._rest = 0.0

    def is_look_due(self) -> bool:
        """Return whether the agent may do something else than at the last look; cheap."""
        at, stirred = self._clock(), self._stirred()
        if stirred != self._seen:
            self._seen, self._seen_at = stirred, at
        is_settled = at - self._seen_at >= SETTLED_AFTER_S
        return not is_settled or at - self._looked_at >= self._rest

    def publish(self, agent: Readiness, took: float = 0.0) -> None:
        """Write what AGENT does, if that is new; the look at it TOOK so many seconds.

        If that fails, the file is removed: nothing is known then, and the next look tries again.
        """
        self._looked_at = self._clock()
        self._rest = max(REST_S, min(COST * took, LONGEST_REST_S))
        doing = (agent.activity.value, agent.question[:_LONGEST_CHARS])
        known = (*doing, agent.program or self._program, agent.version[:_LONGEST_CHARS])
        if not self._path or known == self._written:
            return
        try:
            if not self._ours():
                return
            # a program may say that it asks before it draws its question
            same = self._doing in (doing, (doing[0], ""))
            since = self._since if same else self._looked_at
            names = ("state", "question", "program", "version")
            wire = {"pid": os.getpid(), "how": self._how, "since": since, **dict(zip(names, known, strict=True))}
            write_private(self._path, jsontext.render(wire, indent=None) + "\n")
            self._written, self._doing, self._since = known, doing, since
        except OSError:
            self.withdraw()

    def withdraw(self) -> None:
        """Remove the file: what the agent does is not known any more."""
        self._written = self._doing = ()
        if self._path:
            remove_private(self._path)


def state_of(private: PrivateState, queue: QueueLayout, handle: str, notifier: Notifier | None) -> ReportedState | None:
    """Return the state of the agent HANDLE, as its live NOTIFIER has published it in the user's PRIVATE directory.

    None if nothing was ever known.
    """
    directory = private.of_agent(queue.root, handle, make=False).directory
    return read_state(directory, queue.agent(handle), notifier)


def read_state(directory: str, agent: AgentLayout, notifier: Notifier | None) -> ReportedState | None:
    """Return what AGENT does, whose private DIRECTORY and live NOTIFIER these are; None if nothing was ever known.

    Unknown where the file cannot be read, is not whole, or is another process's.
    """
    wire = _read(directory)
    if notifier is None:
        return ReportedState(Activity.NOT_RUNNING) if wire and wire.get("how") == HOSTING else None
    if is_stopped(agent, notifier):
        return ReportedState(Activity.STOPPED)
    return (_parse(wire) if wire and wire.get("pid") == notifier.pid else None) or ReportedState(Activity.UNKNOWN)


def _read(directory: str) -> dict[str, Any] | None:
    try:
        found = git_repository.read_regular(f"{directory}/{STATE_NAME}", _LONGEST_BYTES, follow=False)
        wire = jsontext.parse(found) if directory else None
    except (OSError, ValueError):
        return None
    return wire if isinstance(wire, dict) else None


def _parse(wire: dict[str, Any]) -> ReportedState | None:
    """Return the state that WIRE gives; None if it gives none."""
    try:
        activity, since = Activity(wire["state"]), wire["since"]
        texts = [wire[name] for name in ("question", "program", "version")]
    except (ValueError, TypeError, KeyError):
        return None
    if not (isinstance(since, float) and all(type(text) is str and len(text) <= _LONGEST_CHARS for text in texts)):
        return None
    seconds = now() - since
    return ReportedState(activity, seconds if 0 <= seconds < math.inf else None, *map(visible, texts))


def is_stopped(agent: AgentLayout, notifier: Notifier) -> bool:
    """Return whether the process of AGENT's NOTIFIER is stopped, as by ^Z; False if that cannot be known.

    In another namespace, such as a sandbox or a container, its process id may be that of another process. So the id
    counts only if the kernel says that this process holds the lock.
    """
    try:
        with Directory(agent.state) as state:
            inode = durable.syscalls.look(state, NOTIFIER_NAME).st_ino
        return procfs.has_flock(notifier.pid, inode) and procfs.state(notifier.pid) == b"T"
    except (OSError, IndexError):
        return False
