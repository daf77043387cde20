"""Programs that amq runs by itself, which are never files of the working directory."""

from __future__ import annotations

import json
import os
import threading
from pathlib import Path

import pytest

from amq.runtime.channels.gnu_screen import why_not
from amq.runtime.channels.panes import GoneError, ask
from amq.runtime.desktop import notice_command
from amq.runtime.path_shim import login_shells_find, own_command
from amq.runtime.programs import find_program
from amq.setup.coop_panes import Tmux
from tests.conftest import Shell

PLANTED = ("amq", "bash", "kitty", "notify-send", "osascript", "ps", "screen", "sh", "tmux")


@pytest.fixture
def planted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Put programs of those names into the working directory; the file returned lists those that were run."""
    ran = tmp_path / "ran"
    for name in PLANTED:
        (tmp_path / "clone").mkdir(exist_ok=True)
        (tmp_path / "clone" / name).write_text(f"#!/bin/sh\necho {name} >>{ran}\n")
        (tmp_path / "clone" / name).chmod(0o700)
    monkeypatch.chdir(tmp_path / "clone")
    return ran


@pytest.mark.parametrize("path", ["", ":", ".", "./", "::/nowhere", "../clone:/nowhere:", "/nowhere/../clone"])
def test_no_entry_of_a_path_means_the_working_directory(planted: Path, path: str) -> None:
    environment = {"PATH": path, "SHELL": "bash", "STY": "1.x", "WINDOW": "0"}
    assert [find_program(name, environment) for name in PLANTED] == [None] * len(PLANTED)
    assert not login_shells_find("/x/amq", environment, threading.Event())
    assert own_command(environment) != "amq"
    assert not Tmux(environment, "").installed
    assert why_not(environment) == "screen is not on the PATH"
    for name in ("tmux", "kitty"):
        with pytest.raises(GoneError, match="not on the PATH"):
            ask([name, "x"], environment)
    assert not planted.exists()


def test_the_first_that_can_be_run_is_found(tmp_path: Path) -> None:
    for name in ("a/x/", "b/x", "c/x", "d/x"):
        (tmp_path / name).parent.mkdir()
        (tmp_path / name).mkdir() if name.endswith("/") else (tmp_path / name).touch()
    for name in ("c/x", "d/x"):
        (tmp_path / name).chmod(0o700)
    path = os.pathsep.join(["", *(str(tmp_path / name) for name in ("none", "a", "b", "c", "d"))])
    assert find_program("x", {"PATH": path}) == str(tmp_path / "c" / "x")
    assert find_program("sh", {}) in ("/bin/sh", "/usr/bin/sh")


def test_what_is_found_behind_an_empty_entry_is_run(planted: Path, tmp_path: Path) -> None:
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin" / "tmux").write_text('#!/bin/sh\nprintf %s "$*"\n')
    (tmp_path / "bin" / "tmux").chmod(0o700)
    assert ask(["tmux", "a", "b"], {"PATH": f":{tmp_path}/bin"}) == b"a b"
    assert not planted.exists()


def test_a_hook_runs_nothing_of_a_clone_s(amq: Shell, planted: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The user has typed nothing there: an agent's CLI calls the hook."""
    monkeypatch.setenv("AM_ROOT", str(amq.root))
    monkeypatch.setenv("PATH", ":/nowhere")
    amq.send()
    assert notice_command("a", "b") is None
    event = json.dumps({"type": "agent-turn-complete"})
    assert "alice" in amq.ok("hook", "codex", "notify", event, me="bob")
    assert not planted.exists()
