"""Keep options of one's own tmux pane up to date, from which the user's tmux shows an agent's state and unread mail.

tmux draws anew when an option changes. So nothing has to ask: a format such as `#(amq who)` would start a program every
few seconds. The values are words of closed lists, and numbers.
"""

from __future__ import annotations

import re
import subprocess
from collections.abc import Mapping

from amq.errors import AmqError
from amq.layout import QueueLayout
from amq.names import USER
from amq.runtime.policy.reasons import WaitReason
from amq.runtime.policy.schedule import Readiness
from amq.runtime.stat_polling import Watch
from amq.runtime.tmux_client import TmuxClient
from amq.store import maildir
from amq.store.durable import Directory

STATE, UNREAD, USERS_UNREAD = "@amq_state", "@amq_unread", "@amq_user_unread"
_ANSWER_WITHIN_S = 2.0
_PANE = re.compile(r"%[0-9]+")


def state_word(agent: Readiness) -> str:
    """Return what AGENT does in one word: `idle`, `busy`, or what forbids typing to it, as `amq why` names that."""
    reason = WaitReason.BUSY if agent.busy else agent.blocked_by
    return reason.value if reason else "idle"


class TmuxLabels:
    """The options of the pane that ENVIRONMENT names, for an agent of the queue at ROOT."""

    def __init__(self, environment: Mapping[str, str], root: str) -> None:
        self._pane = environment.get("TMUX_PANE", "")
        self._client = TmuxClient(environment)
        self._inbox = QueueLayout(root).agent(USER).inbox_new
        self._watch: Watch | None = None
        self._users = "0"
        self._shown: dict[str, str] = {}
        self.works = bool(environment.get("TMUX") and _PANE.fullmatch(self._pane) and self._client.installed)

    def show(self, state: str, unread: int) -> None:
        """Set the options that have changed. After a failure nothing is set any more: `works` is then False."""
        values = {STATE: state, UNREAD: str(unread), USERS_UNREAD: self._users_unread()}
        changed = {name: value for name, value in values.items() if self._shown.get(name) != value}
        if not (self.works and changed):
            return
        self._shown = values
        try:
            done = self._client.do(
                *(["set-option", "-p", "-t", self._pane, name, value] for name, value in changed.items()),
                within_s=_ANSWER_WITHIN_S,
            )
            self.works = not done.returncode
        except (OSError, subprocess.TimeoutExpired):
            self.works = False

    def _users_unread(self) -> str:
        """Return the number of the user's unread messages, `?` if unknown. The inbox is read only after a change."""
        if self._watch is None or self._watch.changed():
            self._watch = Watch([self._inbox])  # before the count: a change during it is seen at the next look
            try:
                with Directory(self._inbox) as new:
                    self._users = str(len(maildir.message_ids(new)))
            except FileNotFoundError:
                self._users = "0"
            except (AmqError, OSError):
                self._users = "?"
        return self._users
