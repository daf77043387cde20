"""Find the tmux pane in which an agent runs, and show it to the user."""

from __future__ import annotations

import os
import subprocess

from amq.dashboard.actions import Done, Refused
from amq.errors import why
from amq.quoting import shell_line
from amq.record import record
from amq.runtime.agents import processes
from amq.runtime.state_file import HOSTING
from amq.runtime.tmux_client import TmuxClient, server_around
from amq.text import visible

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from amq.dashboard.actions import Result
    from amq.store.notifier_info import Notifier

_ANSWER_WITHIN_S = 2.0
_MOST_ANCESTORS = 32
_FIELDS = "#{pane_pid} #{pane_id} #{session_id} #{session_name}"


@record
class Pane:
    """A pane of the tmux server at SOCKET ("": that of the environment), with the id and the name of its session."""

    socket: str
    id: str
    session: str
    name: str


class Panes:
    """The panes of the tmux servers that ENVIRON leads to, and of those at SOCKETS."""

    def __init__(self, environ: Mapping[str, str], sockets: Sequence[str] = ()) -> None:
        self._environ = environ
        self._around = server_around(environ)
        self._sockets = tuple(dict.fromkeys(("", *filter(None, sockets))))

    @property
    def is_inside(self) -> bool:
        """True in a pane: tmux shows no session inside another one."""
        return bool(self._around)

    def of(self, notifier: Notifier | None) -> Pane | Refused:
        """Return the pane of the agent that NOTIFIER hosts, or why there is none."""
        if notifier is None or notifier.how != HOSTING:
            return Refused("amq run does not host it, so amq does not know its terminal")
        if not TmuxClient(self._environ).installed:
            return Refused("tmux is not installed, so amq cannot find its terminal")
        ancestors = set(_ancestors(notifier.pid))
        found = (pane for pid, pane in self._panes() if pid in ancestors)
        return next(found, Refused(f"it does not run in tmux; amq run has the process id {notifier.pid}"))

    def _panes(self) -> Iterator[tuple[int, Pane]]:
        for socket in self._sockets:
            try:
                listed = TmuxClient(self._environ, socket).do(
                    ["list-panes", "-a", "-F", _FIELDS], within_s=_ANSWER_WITHIN_S
                )
            except (OSError, subprocess.TimeoutExpired):
                continue
            for line in os.fsdecode(listed.stdout).splitlines():
                pid, pane, session, name = line.split(" ", 3)
                yield int(pid), Pane(socket, pane, session, name)

    def switch_to(self, pane: Pane) -> Result:
        """Make PANE the one that takes the keys in its session, and show that session here, in a pane of its server.

        Elsewhere `attach` shows it.
        """
        select = (["select-window", "-t", pane.id], ["select-pane", "-t", pane.id])
        here = pane.socket in ("", self._around) and self.is_inside
        words = (*select, ["switch-client", "-t", pane.session]) if here else select
        try:
            done = TmuxClient(self._environ, pane.socket).do(*words, within_s=_ANSWER_WITHIN_S)
        except (OSError, subprocess.TimeoutExpired) as error:
            return Refused(f"tmux does not answer: {why(error)}")
        if done.returncode:
            return Refused(visible(os.fsdecode(done.stderr).strip()) or "tmux failed")
        if self.is_inside and not here:
            words_to_show = shell_line(TmuxClient(self._environ, pane.socket).attach_words(pane.name))
            return Refused("it runs in another tmux server", f"in a terminal outside of tmux: {visible(words_to_show)}")
        return Done(visible(f"shown: {pane.name}"))

    def attach(self, pane: Pane) -> None:
        """Show the session of PANE in this terminal, until the user leaves it."""
        TmuxClient(self._environ, pane.socket).attach(pane.session)


def _ancestors(pid: int) -> Iterator[int]:
    """Yield PID, its parent, and so on."""
    for _ in range(_MOST_ANCESTORS):
        if pid <= 1:
            return
        yield pid
        pid = processes.parent(pid)
