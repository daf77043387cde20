"""A pane of tmux(1), through its command line.

Some states of tmux multiply, divert or swallow typed keys: synchronized panes, copy mode and the other modes, a pane
whose input is off, one whose program has ended. In such a state there is no picture. Each look reads the state together
with the screen; and since it can change right after that, the server itself checks it again in the same turn in which
it types.
"""

from __future__ import annotations

import os
import re
from collections.abc import Mapping, Sequence

from amq.runtime.channels.panes import ANSWER_WITHIN_S, GoneError, Picture, drawing, not_on_the_path, printed
from amq.runtime.tmux_client import NAME, TmuxClient

_ID = re.compile(r"%[0-9]+")
_STATE = "#{pane_pid} #{pane_dead} #{pane_input_off} #{pane_in_mode} #{pane_synchronized}"
_SHOWN = "#{window_id} #{pane_height} #{pane_width} #{cursor_y} #{cursor_x} #{pane_title}"
_PLACE = "#{pane_id} #{pane_pid} #{pane_tty}"
_CLIENT = b"client "
_CLIENTS = "client #{window_id} #{client_prefix} #{client_flags}"
_TYPED = b"amq-typed"


class TmuxPane:
    """A pane: the one that TMUX_PANE names, or PANE of the server at SOCKET, whose first process is LEADER."""

    way = NAME

    def __init__(self, environment: Mapping[str, str], pane: str = "", leader: int = 0, socket: str = "") -> None:
        self._pane = pane or environment["TMUX_PANE"]
        self._client = TmuxClient(environment, socket)
        self._buffer = f"amq-{os.getpid()}-{os.urandom(4).hex()}"
        self._at_rest = f"{leader or os.getsid(0)} 0 0 0 0"  # the state in which typed keys reach just its terminal

    def picture(self) -> Picture | None:
        """Return the pane's picture, by one query: so the state, the lines and the cursor belong together."""
        answer = self._ask(
            ["list-clients", "-F", _CLIENTS],
            ["display-message", "-p", "-t", self._pane, f"{_STATE} {_SHOWN}"],
            ["capture-pane", "-p", "-e", "-t", self._pane],
        ).split(b"\n")[:-1]
        clients = [line for line in answer if line.startswith(_CLIENT)]
        first, *lines = answer[len(clients) :]
        *state, window, rows, columns, y, x, title = first.split(b" ", 10)
        if b" ".join(state).decode() != self._at_rest or any(_is_elsewhere(client, window) for client in clients):
            return None
        return Picture((int(rows), int(columns)), drawing(lines, (int(y), int(x))), title)

    def paste(self, text: str, *, as_paste: bool) -> bool:
        """Type TEXT through our own paste buffer. tmux brackets it only if the program has asked for that."""
        bracket = "-p " if as_paste else ""
        return self._type(
            f"paste-buffer {bracket}-r -d -b {self._buffer} -t {self._pane}",
            f"delete-buffer -b {self._buffer}",
            ["load-buffer", "-b", self._buffer, "-"],
            given=text.encode(),
        )

    def press(self, key: bytes) -> bool:
        return self._type(f"send-keys -t {self._pane} -H {key.hex(' ')}")

    def leader(self) -> int:
        """Return the process id of the pane's first process."""
        answer = self._ask(["display-message", "-p", "-t", self._pane, "#{pane_pid}"]).strip()
        if not answer:
            raise GoneError(f"tmux has no pane {self._pane}")
        return int(answer)

    def _type(self, command: str, otherwise: str = "", *before: Sequence[str], given: bytes = b"") -> bool:
        """Run COMMAND in the server if the pane is at rest, else OTHERWISE; return whether COMMAND was run."""
        at_rest = f"#{{==:{_STATE},{self._at_rest}}}"
        done = f"{command} ; display-message -p {_TYPED.decode()}"
        answer = self._ask(*before, ["if-shell", "-F", "-t", self._pane, at_rest, done, otherwise], given=given)
        return _TYPED in answer.splitlines()

    def _ask(self, *commands: Sequence[str], given: bytes = b"") -> bytes:
        if not self._client.installed:
            raise not_on_the_path(NAME)
        return printed(NAME, lambda: self._client.do(*commands, given=given, within_s=ANSWER_WITHIN_S))


def why_not(environment: Mapping[str, str]) -> str:
    """Return why the pane that we are in cannot be reached; "" if it can."""
    if not environment.get("TMUX") or not _ID.fullmatch(environment.get("TMUX_PANE", "")):
        return "not inside tmux"
    try:
        inside = TmuxPane(environment).leader() == os.getsid(0)
    except GoneError as error:
        return str(error)
    return "" if inside else "this terminal is not the one that TMUX_PANE names"


def pane_of(leader: int, terminal: str, server: str, environment: Mapping[str, str]) -> TmuxPane:
    """Return the pane whose first process is LEADER, at the path TERMINAL. Raises GoneError with the reason.

    It is looked for in the server with the socket SERVER; if that is "", in the one that ENVIRONMENT leads to.
    """
    if server and not _is_own(server):
        raise GoneError("its tmux server is not yours")
    client = TmuxClient(environment, server)
    if not client.installed:
        raise not_on_the_path(NAME)
    command = ["list-panes", "-a", "-F", _PLACE]
    try:
        listed = printed(NAME, lambda: client.do(command, within_s=ANSWER_WITHIN_S))
    except GoneError:
        if server:
            raise
        listed = b""  # nothing says that it is in any server
    for line in listed.decode("utf-8", "replace").splitlines():
        pane, process, path = line.split(" ", 2)
        if (process, path) == (str(leader), terminal):
            return TmuxPane(environment, pane, leader, server)
    raise GoneError("it is in no pane of tmux")


def _is_own(path: str) -> bool:
    try:
        return os.stat(path).st_uid == os.geteuid()
    except OSError:
        return False


def _is_elsewhere(client: bytes, window: bytes) -> bool:
    """Return whether a client that shows WINDOW is locked, or takes the next key for a command of tmux."""
    _, shown, prefix, flags = client.split(b" ", 3)
    return shown == window and (prefix != b"0" or b"suspended" in flags.split(b","))
