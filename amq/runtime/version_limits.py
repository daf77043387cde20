"""Limit what `amq wake` types by the version of the program that it finds in its terminal.

`amq run` starts its program, and knows its file. Here the program runs already: its version is the one that it says
itself in its status file, else that of the installed program of this name, if that is the file that runs.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import PurePath

from amq.record import replace
from amq.runtime.agents.profile import Profile
from amq.runtime.certified import VERSION_WITHIN_S, ask_version, certified, first_warnings, within_limits
from amq.runtime.channels.registry import LaunchContext
from amq.runtime.private_state import PrivateState
from amq.runtime.programs import find_program
from amq.runtime.session_info import write_session


class VersionLimits:
    """The limits for the agents in the terminal of PLACE, by the verdicts in the user's PRIVATE directory.

    What limits the last one is written into OF_AGENT, the agent's own private directory, for `amq why` and `amq who`.
    LOG takes a line about each verdict that cannot be read.
    """

    def __init__(self, place: LaunchContext, private: PrivateState, of_agent: str, log: Callable[[str], None]) -> None:
        self._place = place
        self._private = private
        self._of_agent = of_agent
        self._log = log
        self._asked: dict[str, str] = {}  # the versions by path: a program is asked once, also if nothing can be noted

    def __call__(self, profile: Profile, word: str, said: str) -> tuple[Profile, str]:
        """Return PROFILE within the limits for the program that runs as WORD, and the version they are for.

        SAID is the version that the program says itself, "" if it says none.
        """
        environment, amq = self._place.agent_environment, self._place.amq
        found = certified(profile, word, environment, self._private, amq, said)
        if not (found.version or found.limits.is_certain):
            found = certified(profile, word, environment, self._private, amq, self._ask(profile, word))
        for fault in found.faults:
            self._log(fault)
        limited = within_limits(profile, found)
        failed = replace(found.limits, channels="").failed  # it is given no hooks and no plugin from here
        types = limited.rules.known and not limited.rules.off
        session = replace(
            self._place.session_info(), lacks=found.lacks(wants_channels=True), types=types, failed=failed
        )
        if self._of_agent:
            with suppress(OSError):
                write_session(self._of_agent, session)
        return limited, found.version

    def _ask(self, profile: Profile, word: str) -> str:
        """Return the version that the installed program prints, "" unless it is the one that runs as WORD."""
        path = find_program(PurePath(word).name, self._place.agent_environment) or ""
        if not path or not (os.sep not in word or _is_same(path, word)):
            return ""
        if path not in self._asked:
            self._asked[path] = ask_version(
                profile, path, self._place.agent_environment, self._private, VERSION_WITHIN_S
            )
        return self._asked[path]


def first_warning(place: LaunchContext, private: PrivateState) -> Iterator[str]:
    """Yield a sentence if the program that PLACE expects was neither tested nor certified, once for each version.

    The program is run to learn its version if that is not known.
    """
    path = find_program(place.program or place.me, place.agent_environment)
    if path and place.profile is None:
        yield from first_warnings([path], place.agent_environment, private, place.amq)


def _is_same(path: str, other: str) -> bool:
    try:
        return os.path.samefile(path, other)
    except OSError:
        return False
