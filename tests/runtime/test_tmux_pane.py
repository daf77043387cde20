"""A pane of a real tmux: its picture, and the fate of typed keys, in each of tmux's states."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pexpect
import pytest

from amq.runtime.channels.panes import GoneError
from amq.runtime.channels.panes import tmux as panes
from amq.runtime.channels.panes.tmux import TmuxPane
from tests.pty.user import wait_until
from tests.setup.conftest import require

LOGS = """\
import os, sys, tty
tty.setraw(0)
os.write(1, b"\\x1b[?2004hready")
with open(sys.argv[1], "ab", 0) as log:
    while keys := os.read(0, 65536):
        log.write(keys)
"""
KEY, PASTED = b"\x18\r", b"\x1b[200~hello\x1b[201~"


class Desk:
    """A server with two panes, whose programs record their input; `pane` is the first."""

    def __init__(self, place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.place = place
        self.environment = {
            "PATH": os.environ["PATH"], "HOME": str(place), "TERM": "xterm-256color", "LANG": "C.UTF-8",
            "TMUX_TMPDIR": str(place),
        }  # fmt: skip
        (place / "logs.py").write_text(LOGS)
        self.tmux("-f", "/dev/null", "new-session", "-d", "-x", "80", "-y", "24", "-s", "s", *self._program("first"))
        self.tmux("split-window", "-d", "-t", "s", *self._program("second"))
        first, second = self.tmux("list-panes", "-t", "s", "-F", "#{pane_id} #{pane_pid}").splitlines()
        self.id, leader = first.split()
        self.other = second.split()[0]
        wait_until(
            lambda: all("ready" in self.tmux("capture-pane", "-p", "-t", each) for each in (self.id, self.other))
        )
        monkeypatch.setattr("os.getsid", lambda _pid: int(leader))  # as if we had been started in it
        self.pane = TmuxPane(self.environment | {"TMUX_PANE": self.id})

    def tmux(self, *words: str) -> str:
        command = ["tmux", *words]
        return subprocess.run(
            command, env=self.environment, cwd=self.place, capture_output=True, text=True, check=False, timeout=20
        ).stdout

    def got(self, name: str = "first") -> bytes:
        path = self.place / name
        return path.read_bytes() if path.exists() else b""

    def client(self) -> pexpect.spawn[bytes]:
        """Attach a terminal that shows the session."""
        client: pexpect.spawn[bytes] = pexpect.spawn(
            "tmux", ["attach-session", "-t", "s"], env=self.environment, dimensions=(24, 80), timeout=20
        )
        wait_until(lambda: self.clients() == "0")
        return client

    def clients(self, form: str = "#{client_prefix}") -> str:
        return self.tmux("list-clients", "-F", form).strip()

    def _program(self, name: str) -> list[str]:
        return [sys.executable, str(self.place / "logs.py"), str(self.place / name)]


@pytest.fixture
def desk(monkeypatch: pytest.MonkeyPatch) -> Iterator[Desk]:
    require("tmux")
    with tempfile.TemporaryDirectory(prefix="amq-") as place:  # short: a socket's path has an upper limit
        desk = Desk(Path(place), monkeypatch)
        yield desk
        desk.tmux("kill-server")


STATES: dict[str, tuple[tuple[str, ...], tuple[str, ...]]] = {
    "synchronized": (("set-option", "-w", "synchronize-panes", "on"), ("set-option", "-w", "synchronize-panes", "off")),
    "synchronized-pane": (("set-option", "-p", "synchronize-panes", "on"), ("set-option", "-pu", "synchronize-panes")),
    "copy-mode": (("copy-mode",), ("copy-mode", "-q")),
    "clock": (("clock-mode",), ("copy-mode", "-q")),
    "tree": (("choose-tree",), ("copy-mode", "-q")),
    "options": (("customize-mode",), ("copy-mode", "-q")),
    "view": (("run-shell", "echo seen"), ("copy-mode", "-q")),
    "input-off": (("select-pane", "-d"), ("select-pane", "-e")),
}
"""Commands that begin and end each state."""


@pytest.mark.parametrize("state", STATES)
def test_in_a_state_that_keeps_or_multiplies_keys_nothing_is_seen_or_typed(desk: Desk, state: str) -> None:
    begin, end = ((words[0], "-t", desk.id, *words[1:]) for words in STATES[state])
    desk.tmux(*begin)
    assert desk.pane.picture() is None
    assert not desk.pane.paste("hello", as_paste=True)
    assert not desk.pane.press(KEY)
    assert desk.tmux("list-buffers") == ""
    desk.tmux(*end)
    picture = desk.pane.picture()
    assert picture is not None
    assert b"ready" in picture.drawing
    assert desk.pane.paste("hello", as_paste=True)
    assert desk.pane.press(KEY)
    wait_until(lambda: desk.got() == PASTED + KEY)
    assert desk.got("second") == b""


def test_a_program_that_has_ended_gets_nothing(desk: Desk) -> None:
    desk.tmux("set-option", "-p", "-t", desk.id, "remain-on-exit", "on")
    os.kill(os.getsid(0), 9)
    wait_until(lambda: desk.tmux("display-message", "-p", "-t", desk.id, "#{pane_dead}") == "1\n")
    assert desk.pane.picture() is None
    assert not desk.pane.press(KEY)


def test_a_pane_that_has_become_anothers_gets_nothing(desk: Desk) -> None:
    """A new server gives its panes the old numbers."""
    desk.tmux("respawn-pane", "-k", "-t", desk.id, *desk._program("third"))
    wait_until(lambda: "ready" in desk.tmux("capture-pane", "-p", "-t", desk.id))
    assert desk.pane.picture() is None
    assert not desk.pane.paste("hello", as_paste=False)
    assert desk.got("third") == b""


def test_a_pane_that_is_gone_is_gone(desk: Desk) -> None:
    desk.tmux("kill-pane", "-t", desk.id)
    for use in (desk.pane.picture, desk.pane.leader):
        with pytest.raises(GoneError):
            use()
    assert not desk.pane.press(KEY)


def _prefix(desk: Desk, client: pexpect.spawn[bytes]) -> Callable[[], object]:
    client.send("\x02")
    wait_until(lambda: desk.clients() == "1")
    return lambda: client.send("\x1b\x1b")


def _lock(desk: Desk, _client: pexpect.spawn[bytes]) -> Callable[[], object]:
    desk.tmux("set-option", "-g", "lock-command", f"while [ ! -e {desk.place}/unlock ]; do sleep 0.05; done")
    desk.tmux("lock-session", "-t", "s")
    wait_until(lambda: "suspended" in desk.clients("#{client_flags}"))
    return lambda: (desk.place / "unlock").touch()


@pytest.mark.parametrize("begin", [_prefix, _lock])
def test_while_a_client_that_shows_it_waits_for_another_key_nothing_is_seen(
    desk: Desk, begin: Callable[[Desk, pexpect.spawn[bytes]], Callable[[], object]]
) -> None:
    client = desk.client()
    assert desk.pane.picture() is not None
    end = begin(desk, client)
    assert desk.pane.picture() is None
    end()
    wait_until(lambda: desk.pane.picture() is not None)
    client.close(force=True)


def test_a_client_that_shows_another_window_does_not_matter(desk: Desk) -> None:
    client = desk.client()
    desk.tmux("new-window", "-t", "s", "cat")
    _prefix(desk, client)
    assert desk.pane.picture() is not None
    client.close(force=True)


OVERLAYS = {
    "popup": ("display-popup", "-c", "{client}", "cat"),
    "menu": ("display-menu", "-c", "{client}", "-x", "0", "-y", "0", "one", "1", "kill-server"),
    "prompt": ("command-prompt", "-t", "{client}"),
    "confirm": ("confirm-before", "-t", "{client}", "kill-server"),
    "numbers": ("display-panes", "-t", "{client}", "-d", "3000"),
}


@pytest.mark.parametrize("overlay", OVERLAYS)
def test_what_lies_over_it_in_a_client_takes_none_of_our_keys(desk: Desk, overlay: str) -> None:
    """No format reports an overlay; this proves that amq need not ask for one."""
    client = desk.client()
    before = client.read_nonblocking(65536, 1)
    words = [word.format(client=desk.clients("#{client_name}")) for word in OVERLAYS[overlay]]
    shown = subprocess.Popen(["tmux", *words], env=desk.environment, stdout=subprocess.DEVNULL)
    assert client.read_nonblocking(65536, 5) != before
    assert desk.pane.paste("hello", as_paste=True)
    assert desk.pane.press(b"y")
    assert desk.pane.press(KEY)
    wait_until(lambda: desk.got() == PASTED + b"y" + KEY)
    client.close(force=True)
    shown.kill()
    shown.wait()


@pytest.mark.parametrize("value", ["", "1", "%", "%1;kill-server", "s:0.0", "{last}", "%1 ", "=s"])
def test_only_the_number_of_a_pane_is_one(value: str) -> None:
    assert panes.why_not({"TMUX": "/tmp/none,1,0", "TMUX_PANE": value}) == "not inside tmux"


def test_the_state_is_asked_for_in_the_turn_in_which_is_typed(desk: Desk) -> None:
    """Another caller turns it on and off all the time; the second pane never gets a key."""
    toggle = "while :; do tmux set -w -t s synchronize-panes on; tmux set -w -t s synchronize-panes off; done"
    toggling = subprocess.Popen(["sh", "-c", toggle], env=desk.environment)
    try:
        begun, typed = time.monotonic(), [desk.pane.press(b"x")]
        while time.monotonic() < begun + 3 or (len(set(typed)) < 2 and time.monotonic() < begun + 30):
            typed.append(desk.pane.press(b"x"))
    finally:
        toggling.kill()
        toggling.wait()
    assert set(typed) == {True, False}
    wait_until(lambda: desk.got() == b"x" * typed.count(True))
    assert desk.got("second") == b""


# -- a pane elsewhere -------------------------------------------------------------------------------------------------


def test_a_pane_is_found_by_its_first_process_and_its_terminal(desk: Desk) -> None:
    """Each of its panes has a path of its own; a number alone may be that of an earlier process."""
    found = desk.tmux("list-panes", "-t", "s", "-F", "#{pane_id} #{pane_pid} #{pane_tty}").split()
    _, leader, terminal, _, second_leader, other = found
    socket = desk.tmux("display-message", "-p", "#{socket_path}").strip()
    for server in ("", socket):
        for place in ((int(leader), terminal), (int(second_leader), other)):
            pane = panes.pane_of(*place, server, desk.environment)
            assert pane.picture() is not None
            assert pane.paste("hello", as_paste=True)
    wait_until(lambda: (desk.got(), desk.got("second")) == (PASTED * 2, PASTED * 2))
    for wrong in ((int(leader), other), (int(leader) + 1, terminal), (0, terminal)):
        with pytest.raises(GoneError, match="it is in no pane of tmux"):
            panes.pane_of(*wrong, "", desk.environment)


def test_a_pane_whose_first_process_is_another_now_gets_nothing(desk: Desk) -> None:
    _, leader, terminal, *_ = desk.tmux("list-panes", "-t", "s", "-F", "#{pane_id} #{pane_pid} #{pane_tty}").split()
    pane = panes.pane_of(int(leader), terminal, "", desk.environment)
    desk.tmux("respawn-pane", "-k", "-t", desk.id, *desk._program("third"))
    wait_until(lambda: "ready" in desk.tmux("capture-pane", "-p", "-t", desk.id))
    assert pane.picture() is None
    assert not pane.paste("hello", as_paste=True)
    assert not pane.press(KEY)
    assert desk.got("third") == b""


def test_where_no_server_is_there_is_no_pane(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    environment = {"PATH": os.environ["PATH"], "TMUX_TMPDIR": str(tmp_path)}

    def why_not(server: str, **other: str) -> str:
        with pytest.raises(GoneError) as raised:
            panes.pane_of(1, "/dev/pts/1", server, environment | other)
        return str(raised.value)

    assert why_not("") == "it is in no pane of tmux"
    assert why_not(str(tmp_path / "none")) == "its tmux server is not yours"
    (tmp_path / "ended").touch()
    assert "ended" in why_not(str(tmp_path / "ended"))
    assert why_not("", PATH="/nowhere") == "tmux is not on the PATH"
    monkeypatch.setattr(os, "geteuid", lambda: os.getuid() + 1)
    assert why_not(str(tmp_path / "ended")) == "its tmux server is not yours"
