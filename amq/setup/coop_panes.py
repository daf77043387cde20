"""Show agents side by side in tmux (3.2 or newer), in panes marked with their queue and agent.

A pane is marked by two options of its own, `@amq_queue` and `@amq_agent`, so that it is found again wherever the user
moves it. It stays when its program fails, so that the user can read why.

The borders in amq's window show each agent's handle, state and unread mail; the status line of amq's session shows the
user's own. The values are options of the pane, which its `amq run` keeps up to date (`runtime/tmux_labels`). Options of
other windows and sessions, and global ones, stay as the user has set them.
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from amq.errors import AmqError
from amq.runtime.tmux_client import TmuxClient, server_around
from amq.runtime.tmux_labels import STATE, UNREAD, USERS_UNREAD

_FIELDS = (
    "#{@amq_queue}", "#{@amq_agent}", "#{pane_id}", "#{pane_pid}", "#{pane_dead}",
    "#{?pane_dead_status,#{pane_dead_status},-}", "#{session_id}", "#{session_name}:#{window_index}.#{pane_index}",
)  # fmt: skip
_IN_PANE = 'echo; cd -- "$1" && shift && exec "$@"'
"""Shell code to enter a directory. tmux would expand a start directory as a format, and replace one it cannot enter.

The empty line is for a pane whose program has ended: it scrolls by one line, which must not be the first of an error.
"""
SIDE_BY_SIDE = 3  # panes in one row; more are tiled
_BORDER = (
    f" #{{@amq_agent}}#{{?pane_dead,: ended,#{{?{STATE},: #{{{STATE}}},}}#{{?{UNREAD},#, #{{{UNREAD}}} unread,}}}} "
)
_OWN_MAIL = f"#{{?pane_dead,,#{{?{USERS_UNREAD}, user: #{{{USERS_UNREAD}}} unread ,}}}}"
"""Formats of tmux. A number is shown unless it is 0, and the last values of a program that has ended are not."""
_STATUS_CHARS = 80
_SAID_FOR_MS = 10_000


@dataclass(frozen=True)
class Pane:
    """A pane with an agent in it.

    `status` is the exit status of a program that has ended, if tmux knows it: tmux 3.3a misses the end of some of its
    children until the next one ends.
    """

    handle: str
    id: str
    pid: int
    dead: bool
    status: int | None
    where: str
    session: str = ""  # its id


class Tmux:
    """The panes of the queue with the mark QUEUE, in the tmux server at SOCKET, or else the one ENVIRON leads to."""

    def __init__(self, environ: Mapping[str, str], queue: str, socket: str = "") -> None:
        self._around = server_around(environ)
        self._queue = queue
        self._socket = socket
        self._client = TmuxClient(environ, socket)

    @property
    def installed(self) -> bool:
        return self._client.installed

    @property
    def inside(self) -> bool:
        """True if amq was started in one of its panes."""
        return bool(self._around) and self._socket in ("", self._around)

    @property
    def is_nested(self) -> bool:
        """True if amq was started in a pane of any server: tmux shows no session inside another one."""
        return bool(self._around)

    def socket(self) -> str:
        """Return the path of the server's socket; "" if no server runs."""
        asked = self._client.do(["display-message", "-p", "#{socket_path}"])
        return "" if asked.returncode else os.fsdecode(asked.stdout).removesuffix("\n")

    def panes(self) -> list[Pane]:
        """Return this queue's panes; none if there is no tmux, or no server."""
        if not self.installed:
            return []
        listed = self._client.do(["list-panes", "-a", "-F", " ".join(_FIELDS)])
        lines = (line.split(" ", len(_FIELDS) - 1) for line in _text(listed.stdout).split("\n"))
        return [_pane(line) for line in lines if line[0] == self._queue]

    def open(self, handle: str, command: Sequence[str], cwd: str, *, session: str) -> None:
        """Start COMMAND for an agent: beside this queue's other panes, else in a new window of the current session.

        Outside tmux it starts in a new session named SESSION, with a number added if that is taken. Raises AmqError.
        """
        panes = self.panes()
        if panes:
            place = ["split-window", "-t", panes[-1].id]
        elif self.inside:
            place = ["new-window", "-n", "amq"]
        else:
            place = ["new-session", "-d", "-x", "200", "-y", "50", "-s", self._free_name(session), "-n", "amq"]
        layout = "even-horizontal" if len(panes) < SIDE_BY_SIDE else "tiled"
        # one call: nothing can come between the start of a program that fails at once and the mark on its pane
        self._do(
            [*place, *_in(cwd, command)],
            ["set-option", "-p", "remain-on-exit", "failed"],
            ["set-option", "-p", "@amq_queue", self._queue],
            ["set-option", "-p", "@amq_agent", handle],
            ["set-hook", "-p", "pane-died", f"set-option -p {STATE} ended"],  # else the border is drawn anew later
            *([] if panes else [["set-option", "-w", "pane-border-format", _BORDER]]),
            *([] if panes else [["set-option", "-w", "pane-border-status", "top"]]),
            ["select-layout", layout],
            cwd=cwd,
        )
        if not (panes or self.inside):
            self._label_session(handle)

    def _label_session(self, handle: str) -> None:
        """Show the user's own mail in the status line of the new session of HANDLE, before what it shows already."""
        pane = next((pane for pane in self.panes() if pane.handle == handle), None)
        shown = self._client.do(["show-options", "-gv", "status-right"])
        if pane and not shown.returncode:
            text = _OWN_MAIL + shown.stdout.decode("utf-8", "surrogateescape").removesuffix("\n")
            self._client.do(
                ["set-option", "-t", pane.session, "status-right", text],
                ["set-option", "-t", pane.session, "status-right-length", str(_STATUS_CHARS)],
            )

    def say(self, text: str) -> None:
        """Show TEXT for a while in the status line of the user's tmux. It has no `#`, which tmux would expand."""
        self._client.do(["display-message", "-d", str(_SAID_FOR_MS), text])

    def focus(self, pane: Pane) -> None:
        """Make PANE the one in its session that takes the keys."""
        self._client.do(["select-window", "-t", pane.id], ["select-pane", "-t", pane.id])

    def start_again(self, pane: Pane, command: Sequence[str], cwd: str) -> None:
        """Start COMMAND in a pane whose program has ended. Raises AmqError."""
        again = ["respawn-pane", "-k", "-t", pane.id, *_in(cwd, command)]
        self._do(again, ["set-option", "-p", "-u", "-t", pane.id, STATE], cwd=cwd)

    def ask_to_end(self, pane: Pane) -> None:
        """Send SIGTERM to `amq run` through the server: in a sandbox its pid could be another process's here."""
        self._client.do(["run-shell", "-t", pane.id, "kill -TERM #{pane_pid} 2>/dev/null || :"])

    def close(self, pane: Pane) -> None:
        """Close a pane, if it is still there."""
        self._client.do(["kill-pane", "-t", pane.id])

    def attach(self, session: str) -> None:
        """Show the session with the id SESSION in this terminal, until the user leaves it."""
        self._client.attach(session)

    def attach_words(self, pane: Pane) -> list[str]:
        """Return the words by which a user shows the session of PANE in another terminal."""
        return self._client.attach_words(pane.where.rpartition(":")[0])

    def _free_name(self, wanted: str) -> str:
        names = (wanted, *(f"{wanted}-{number}" for number in range(2, 100)))
        return next((name for name in names if self._client.do(["has-session", "-t", f"={name}"]).returncode), wanted)

    def _do(self, *commands: Sequence[str], cwd: str) -> None:
        done = self._client.do(*commands, cwd=cwd)
        if done.returncode:
            what = f"tmux {commands[0][0]} failed: {_text(done.stderr).strip()}"
            raise AmqError(what, hint="do without tmux: amq coop up --print")


def _in(cwd: str, command: Sequence[str]) -> list[str]:
    """Return the words that run COMMAND in the directory CWD; several, because tmux gives a single word to a shell."""
    return ["/bin/sh", "-c", _IN_PANE, "sh", cwd, *command]


def _text(said: bytes) -> str:
    return said.decode("utf-8", "replace")


def _pane(fields: list[str]) -> Pane:
    _, handle, identifier, pid, dead, status, session, where = fields
    return Pane(handle, identifier, int(pid), dead == "1", int(status) if status.isdecimal() else None, where, session)
