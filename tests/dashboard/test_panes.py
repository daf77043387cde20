"""The tmux pane of an agent, with a real tmux."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from amq.dashboard.actions import Done, Refused
from amq.dashboard.panes import Pane, Panes
from amq.store.notifier_info import Notifier

pytestmark = pytest.mark.skipif(shutil.which("tmux") is None, reason="there is no tmux")

Tmux = Callable[..., str]


@pytest.fixture
def environ() -> Iterator[dict[str, str]]:
    """An environment that leads to a private tmux server."""
    with tempfile.TemporaryDirectory(prefix="amq-tmux-") as place:  # a socket's path is short
        environ = {"PATH": os.environ["PATH"], "HOME": place, "TMUX_TMPDIR": place, "TERM": "xterm"}
        yield environ
        subprocess.run(["tmux", "kill-server"], env=environ, capture_output=True, check=False)


@pytest.fixture
def tmux(environ: dict[str, str]) -> Tmux:
    def call(*words: str) -> str:
        return subprocess.run(["tmux", *words], env=environ, capture_output=True, text=True, check=True).stdout.strip()

    call("-f", "/dev/null", "new-session", "-d", "-s", "my work", "-x", "80", "-y", "24", "cat")
    call("new-window", "-d", "sh -c 'cat; :'")
    return call


def pid_of(tmux: Tmux, window: int) -> int:
    """Return the process id of the first program in a window."""
    return int(tmux("list-panes", "-t", f"my work:{window}", "-F", "#{pane_pid}"))


def test_the_pane_of_a_process(environ: dict[str, str], tmux: Tmux) -> None:
    panes = Panes(environ)
    found = panes.of(Notifier(pid_of(tmux, 1), "run"))
    assert isinstance(found, Pane)
    assert (found.id, found.name) == (tmux("list-panes", "-t", "my work:1", "-F", "#{pane_id}"), "my work")


def test_a_pane_is_selected(environ: dict[str, str], tmux: Tmux) -> None:
    panes = Panes(environ)
    found = panes.of(Notifier(pid_of(tmux, 1), "run"))
    assert isinstance(found, Pane)
    assert panes.switch_to(found) == Done("shown: my work")
    assert tmux("display-message", "-p", "-t", "my work", "#{window_index}") == "1"


def test_a_pane_of_another_server(environ: dict[str, str], tmux: Tmux) -> None:
    socket = tmux("display-message", "-p", "#{socket_path}")
    elsewhere = environ | {"TMUX_TMPDIR": "/nonexistent", "TMUX": "/nonexistent/socket,1,0"}
    panes = Panes(elsewhere, [socket])
    found = panes.of(Notifier(pid_of(tmux, 1), "run"))
    assert isinstance(found, Pane)
    refused = panes.switch_to(found)
    assert isinstance(refused, Refused)
    assert refused.hint.endswith(f"tmux -S {socket} attach-session -t 'my work'")


def test_no_pane(environ: dict[str, str], tmux: Tmux, tmp_path: Path) -> None:
    for notifier in (None, Notifier(pid_of(tmux, 1), "wake"), Notifier(os.getpid(), "run")):
        assert isinstance(Panes(environ).of(notifier), Refused)
    assert isinstance(Panes(environ | {"PATH": str(tmp_path)}).of(Notifier(pid_of(tmux, 0), "run")), Refused)
    gone = Pane("", "%99", "$9", "gone")
    assert Panes(environ).switch_to(gone) == Refused("can't find pane: %99")
