"""`amq who --watch`: show the agents again whenever something about them changes."""

from __future__ import annotations

import time

from amq import config
from amq.cli.commands.who import for_user, item, unread
from amq.cli.open_mailbox import open_mailbox, private_directory
from amq.cli.terminal import height, terminal
from amq.cli.views import once
from amq.instants import format_seconds, short_age
from amq.record import record

TYPE_CHECKING = False
if TYPE_CHECKING:
    from argparse import Namespace

    from amq.cli.output import Output
    from amq.cli.terminal import Terminal
    from amq.dashboard.agents import Row

LOOK_EVERY_S = 2.0
"""Seconds between looks without an event: no file shows that a notifier was killed, and ages grow."""
_UP, _ERASE, _CLEAR = "\x1b[{}F", "\x1b[J", "\x1b[H\x1b[2J"


def watch(args: Namespace, out: Output) -> int:
    """Show the agents until interrupted."""
    from amq.dashboard.agents import Agents, warn_of
    from amq.dashboard.changes import looks

    account = open_mailbox(args, out, anyone=True).account
    warn = once(out.warn)
    picture, lines = Picture(), Lines()
    agents = Agents(account, private_directory(account.queue.root))
    for _ in looks(lambda: agents.places, LOOK_EVERY_S):
        found = warn_of(*agents.look(), warn)
        user = terminal(args, out)
        if user and config.environment().get("TERM", "dumb") != "dumb":
            out.data(picture.draw(for_user(_fitting(found, height()), user), user, height()))
        else:
            lines.show(found, out)
    return 0


def _fitting(found: list[Row], height: int) -> list[Row]:
    """Return FOUND; where a terminal of HEIGHT lines cannot show all, those first that need the user or are at work."""
    if len(found) + 2 <= height:
        return found
    return sorted(
        found, key=lambda row: (not (row.state and row.state.asks), not row.agent.unread, row.agent.notifier is None)
    )


class Picture:
    """A table that is drawn over the one before it."""

    def __init__(self) -> None:
        self._shown = ""
        self._size = (0, 0)

    def draw(self, table: str, user: Terminal, height: int) -> str:
        """Return what replaces the last table by TABLE on USER's terminal, which has so many lines; "" for the same."""
        lines = table.splitlines(keepends=True)
        if len(lines) >= height > 2:
            lines = [*lines[: height - 2], f"… {len(lines) - height + 2} more\n"]
        text, size = "".join(lines), (user.columns, height)
        if (text, size) == (self._shown, self._size):
            return ""
        # after a change of size the lines may have been wrapped: where the last table begins is not known
        above = self._shown.count("\n")
        start = _CLEAR if self._size not in ((0, 0), size) else _UP.format(above) + _ERASE if above else ""
        self._shown, self._size = text, size
        return start + text


@record
class _Line:
    state: str
    question: str
    unread: str
    waits_for: str
    notifier: int


class Lines:
    """A line, or a JSON object on a line, for each agent that has changed."""

    def __init__(self) -> None:
        self._shown: dict[str, _Line] = {}

    def show(self, found: list[Row], out: Output) -> None:
        """Print those of FOUND that have changed since the last call, and the handles of agents that have gone."""
        for row in found:
            now = _line(row)
            if self._shown.get(row.agent.handle) == now:
                continue
            self._shown[row.agent.handle] = now
            if out.json:
                out.value(item(row), indent=None)
            else:
                from amq.dashboard.agents import state_in_words

                words = state_in_words(row.state, short_age) or "-"
                waits = f"  waits for {now.waits_for}" if now.waits_for else ""
                out.line(f"{_now()}  {row.agent.handle}  {words}  {now.unread} unread{waits}")
        for gone in self._shown.keys() - {row.agent.handle for row in found}:
            del self._shown[gone]
            if not out.json:
                out.line(f"{_now()}  {gone}  removed")


def _line(row: Row) -> _Line:
    state, why, notifier = row.state, row.why, row.agent.notifier
    return _Line(
        state.activity.value if state else "",
        state.question if state else "",
        unread(row.agent),
        why.waits_for.value if why else "",
        notifier.pid if notifier else 0,
    )


def _now() -> str:
    return format_seconds(time.time_ns())
