"""Directories, handles and arguments as a real tmux takes them."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from itertools import count
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from amq.errors import AmqError
from amq.setup.coop_panes import Tmux
from tests.awkward import AWKWARD_DIRECTORIES, names, words
from tests.setup.conftest import Project, wait_until

numbers = count()
WRITES = 'out=$1; shift; printf "%s\\0" "$(pwd -P; echo .)" "$@" >"$out.new"; mv "$out.new" "$out"; exit 3'
"""A program that writes down its directory and arguments, and fails: its pane stays."""


class Desk:
    """A private tmux, and a place for directories."""

    def __init__(self, coop: Project) -> None:
        self.place = Path(os.path.realpath(coop.environ["TMUX_TMPDIR"]), "dirs")
        self.place.mkdir()
        self.environ = coop.environ

    def directory(self, name: str) -> str:
        path = f"{self.place}/{next(numbers)}/{name}"
        os.makedirs(path)
        return path

    def saw(self, out: Path) -> list[bytes]:
        """Return the program's log in OUT."""
        wait_until(out.exists)
        directory, *given_words, end = out.read_bytes().split(b"\0")
        assert end == b""
        return [directory.removesuffix(b"\n."), *given_words]

    def ran(self) -> list[str]:
        """Return the files that a name or word has made by being run."""
        return [
            f"{place}/{name}" for place, _, files in os.walk(self.place) for name in files if name.startswith("RUN")
        ]


@pytest.fixture
def desk(coop: Project) -> Iterator[Desk]:
    """A private tmux. Its server does not end with a pane: an ending one still accepts a client, and fails it."""
    desk = Desk(coop)
    coop.tmux("new-session", "-d", "-s", "kept", "cat")
    yield desk


@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(name=names, again=names, given_words=st.lists(words, max_size=4))
def test_a_program_runs_where_it_is_to_and_with_its_words(
    desk: Desk, name: str, again: str, given_words: list[str]
) -> None:
    queue = f"{next(numbers):016x}"
    tmux = Tmux(desk.environ, queue)
    first, second = desk.directory(name), desk.directory(again)
    out = desk.place / f"{queue}.out"
    command = ["sh", "-c", WRITES, "sh", str(out), *given_words]
    tmux.open("alice", command, first, session=f"s{queue}")
    assert desk.saw(out) == [os.fsencode(first), *map(os.fsencode, given_words)]
    out.unlink()
    (pane,) = tmux.panes()
    assert pane.handle == "alice"
    tmux.start_again(pane, command, second)
    assert desk.saw(out) == [os.fsencode(second), *map(os.fsencode, given_words)]
    tmux.close(pane)
    assert desk.ran() == []


@pytest.mark.parametrize("name", AWKWARD_DIRECTORIES)
def test_a_project_may_be_called_anything(coop: Project, name: str) -> None:
    desk = Desk(coop)
    project = Project(Path(desk.directory(name)), coop.environ)
    out = desk.place / "out"
    (desk.place / "agent").write_text(f'#!/bin/sh\nset -- {out} "$AM_ROOT" "$@"\n{WRITES}\n')
    (desk.place / "agent").chmod(0o700)
    assert project.amq("coop", "up", "--tmux", "--agents", f"alice={desk.place}/agent 'it is;' ';'").returncode == 0
    root = os.fsencode(f"{project.path}/.agent-mail")
    assert desk.saw(out) == [os.fsencode(str(project.path)), root, b"it is;", b";"]
    wait_until(lambda: project.states() == {"alice": "ended"})
    assert project.amq("coop", "down").stdout == "alice: ended\n"
    assert desk.ran() == []


def test_a_directory_that_cannot_be_entered_starts_nothing_elsewhere(desk: Desk) -> None:
    """tmux itself would start it in the home directory."""
    tmux, gone = Tmux(desk.environ, "0" * 16), desk.directory("gone")
    out = desk.place / "out"
    tmux.open("alice", ["sh", "-c", WRITES, "sh", str(out)], gone, session="s")
    desk.saw(out)
    out.unlink()
    (pane,) = tmux.panes()
    os.rmdir(gone)
    with pytest.raises((AmqError, FileNotFoundError)):
        tmux.start_again(pane, ["touch", str(out)], gone)
    assert not out.exists()


def test_a_session_with_any_name_is_found_again(coop: Project) -> None:
    """The user has renamed it; the locale knows no letters beyond ASCII."""
    with tempfile.TemporaryDirectory() as place:
        tmux = Tmux(coop.environ | {"LANG": "C", "LC_ALL": "C"}, "1" * 16)
        tmux.open("alice", ["sh", "-c", "sleep 100"], place, session="s")
        coop.tmux("rename-session", "-t", "s", "é =x $1 ")
        (pane,) = tmux.panes()
        assert pane.where.startswith("é =x $1 ")
        assert coop.tmux("display-message", "-p", "-t", pane.session, "#{pane_id}").strip() == pane.id
        tmux.close(pane)
