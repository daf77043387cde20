"""The window of kitty that amq is in: a real one on its own display in a soak, else recorded answers."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from amq.pty.screen import View
from amq.runtime.channels.panes import kitty
from amq.runtime.channels.panes.kitty import KittyWindow
from tests.pty.user import wait_until
from tests.seeds import SOAK

ROWS, COLUMNS = 4, 20
CURSOR = "\x1b[?25h\x1b[4;3H\x1b[?12h\n"
LOOKED_BACK = "\x1b[mold 1\n\x1b[m> \n\x1b[mold 2\n\x1b[mold 3"
NOW = "\x1b[mnew 1\n\x1b[m" + "w" * 20 + "\x1b[mww\n\x1b[mProceed? 1. Yes"
ANSWERS = """\
#!/bin/sh
case "$*" in
    *" ls") cat {place}/ls ;;
    *--extent=screen*) cat {place}/screen ;;
    *--extent=all*) cat {place}/all ;;
    *send-text*) cat >{place}/sent; echo "$*" >{place}/asked ;;
esac
"""


@pytest.fixture
def window(tmp_path: Path) -> KittyWindow:
    """Return a window in which the user has scrolled back, to a row that looks empty."""
    about = {"id": 7, "lines": ROWS, "columns": COLUMNS, "title": "t", "pid": 1}
    (tmp_path / "ls").write_text(json.dumps([{"tabs": [{"windows": [about | {"id": 1}, about]}]}]))
    (tmp_path / "screen").write_text(LOOKED_BACK + CURSOR)
    (tmp_path / "all").write_text("\x1b[m\n" * 50 + LOOKED_BACK + "\n" + NOW + CURSOR)
    (tmp_path / "kitty").write_text(ANSWERS.format(place=tmp_path))
    (tmp_path / "kitty").chmod(0o700)
    path = f"{tmp_path}:{os.environ['PATH']}"
    return KittyWindow({"PATH": path, "KITTY_WINDOW_ID": "7", "KITTY_LISTEN_ON": "unix:/none"})


def seen(window: KittyWindow) -> View:
    picture = window.picture()
    assert picture is not None
    view = picture.view()
    assert view is not None
    return view


def test_what_is_seen_is_what_the_program_shows_and_not_what_the_user_looks_back_at(window: KittyWindow) -> None:
    view = seen(window)
    assert [row.rstrip() for row in view.rows] == ["new 1", "w" * 20, "ww", "Proceed? 1. Yes"]
    assert view.cursor == (3, 2)


def test_keys_go_to_the_window_by_its_number(window: KittyWindow, tmp_path: Path) -> None:
    assert window.press(b"\x18\r")
    assert (tmp_path / "sent").read_bytes() == b"\x18\r"
    assert "--match=id:7 --stdin" in (tmp_path / "asked").read_text()


@pytest.mark.parametrize("number", ["", "all", "1 or id:2", "-1", "id:1"])
def test_only_a_number_names_a_window(number: str) -> None:
    """Any other word in a match could be an expression that names all windows."""
    assert kitty.why_not({"KITTY_WINDOW_ID": number, "KITTY_LISTEN_ON": "unix:/none"}) == "not inside kitty"


LOGS = """\
import os, sys, tty
tty.setraw(0)
for number in range(200):
    os.write(1, b"line %d\\r\\n" % number)
os.write(1, b"ready")
with open(sys.argv[1], "ab", 0) as log:
    while keys := os.read(0, 65536):
        log.write(keys)
"""


class Real:
    """Two windows side by side on their own display."""

    def __init__(self, place: Path) -> None:
        self.place = place
        (place / "logs.py").write_text(LOGS)
        self.socket = f"unix:{place}/kitty"
        self.environment = os.environ | {"LIBGL_ALWAYS_SOFTWARE": "1", "XDG_RUNTIME_DIR": str(place)}
        options = ["--config", "NONE", "-o", "allow_remote_control=yes", "-o", "confirm_os_window_close=0"]
        command = ["xvfb-run", "-a", "kitty", *options, "--listen-on", self.socket, *self._program("first")]
        self._running = subprocess.Popen(command, env=self.environment, start_new_session=True)
        wait_until(lambda: "ready" in self.ask("get-text"))
        self.ask("launch", "--keep-focus", *self._program("second"))
        wait_until((place / "second").exists)
        number = json.loads(self.ask("ls"))[0]["tabs"][0]["windows"][0]["id"]
        settings = {"KITTY_WINDOW_ID": str(number), "KITTY_LISTEN_ON": self.socket}
        self.match, self.window = f"id:{number}", KittyWindow(self.environment | settings)

    def ask(self, *words: str) -> str:
        command = ["kitty", "@", "--to", self.socket, *words]
        return subprocess.run(command, env=self.environment, capture_output=True, text=True, check=False).stdout

    def begin(self, *words: str) -> None:
        """Start the action WORDS, which may wait for the user; return when it is seen."""
        before = self._shown()
        command = ["kitty", "@", "--to", self.socket, *words]
        self._begun = subprocess.Popen(command, env=self.environment, stdout=subprocess.DEVNULL)
        wait_until(lambda: self._shown() != before)

    def close(self) -> None:
        os.killpg(self._running.pid, signal.SIGTERM)
        self._running.wait()
        self._begun.wait()

    def _shown(self) -> tuple[int, str]:
        """Return the number of windows, and the user's view of the first."""
        windows = json.loads(self.ask("ls"))[0]["tabs"][0]["windows"]
        return len(windows), self.ask("get-text", "--match", self.match)

    def _program(self, name: str) -> list[str]:
        return [sys.executable, str(self.place / "logs.py"), str(self.place / name)]


@pytest.fixture
def real() -> Iterator[Real]:
    if not SOAK:
        pytest.skip("AMQ_SOAK=1 runs it")
    if not shutil.which("kitty") or not shutil.which("xvfb-run"):
        pytest.skip("not installed: kitty or xvfb-run")
    with tempfile.TemporaryDirectory(prefix="amq-") as place:
        real = Real(Path(place))
        yield real
        real.close()


@pytest.mark.parametrize(
    "state",
    [
        ("scroll-window", "--match", "{match}", "50-"),
        ("launch", "--type=overlay", "--match", "{match}", "sleep", "100"),
        ("kitten", "--match", "{match}", "hints"),
        ("launch", "kitty", "+kitten", "broadcast"),
    ],
    ids=lambda state: state[0] + state[-1],
)
def test_in_every_state_the_program_is_seen_and_it_alone_gets_the_keys(real: Real, state: tuple[str, ...]) -> None:
    real.begin(*(word.format(match=real.match) for word in state))
    assert [row.rstrip() for row in seen(real.window).rows if row.strip()][-1] == "ready"
    assert real.window.press(b"\x18\r")
    wait_until(lambda: (real.place / "first").read_bytes() == b"\x18\r")
    assert (real.place / "second").read_bytes() == b""
