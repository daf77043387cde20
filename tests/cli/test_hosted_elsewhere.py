"""A shell that acts as an agent hosted by `amq run` in another terminal is warned; the agent's own shell is not."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from amq.layout import NOTIFIER_NAME
from amq.mail.mailbox import Mailbox
from amq.runtime import notifier_lock
from tests.conftest import Shell
from tests.runtime.run_session import Desk

ELSEWHERE = "which amq run hosts elsewhere"


@pytest.fixture
def bob(amq: Shell, monkeypatch: pytest.MonkeyPatch) -> Shell:
    """Calls by bob, whom the environment names; he has mail."""
    amq.send()
    monkeypatch.setenv("AM_ME", "bob")
    return amq


@contextmanager
def hosted(amq: Shell, how: str = "run", run: str = "this run") -> Iterator[None]:
    claim = notifier_lock.claim(Mailbox(str(amq.root), "bob").state_dir, how, run)
    try:
        yield
    finally:
        claim.release()


def test_it_is_said_in_one_line_and_done_anyway(bob: Shell) -> None:
    with hosted(bob):
        result = bob("drain", me=None)
    assert result.err == (
        f"amq: warning: this shell acts as bob (AM_ME), {ELSEWHERE} (process {os.getpid()}): "
        "it does not see mail drained here; add --me user, or unset AM_ME AMQ_RUN\n"
    )
    assert (result.code, "1 new message(s) for bob" in result.out, bob.new()) == (0, True, [])


@pytest.mark.parametrize(("run", "said"), [(None, True), ("another run", True), ("this run", False), ("", False)])
def test_its_own_shells_know_its_run(bob: Shell, monkeypatch: pytest.MonkeyPatch, run: str | None, said: bool) -> None:
    if run is not None:
        monkeypatch.setenv("AMQ_RUN", run)
    with hosted(bob):
        for words in (["list"], ["send", "--to", "alice", "--body", "x"], ["drain", "--json"]):
            result = bob(*words, me=None)
            assert (result.code, ELSEWHERE in result.err) == (0, said)


def test_a_named_agent_or_a_mere_look_is_not_a_mistake(bob: Shell) -> None:
    with hosted(bob):
        assert bob("list", me="bob").err == ""
        for words in ("who", "why bob", "presence list"):
            assert bob(*words.split(), me=None).err == ""


def test_nothing_is_said_where_it_cannot_be_known(bob: Shell) -> None:
    """It is unknown for an agent in its own terminal, in a container, or under an older amq.

    So it is after the host has ended.
    """
    with hosted(bob, "wake --via tmux", ""):
        assert bob("list", me=None).err == ""
    with hosted(bob, run=""):
        assert bob("list", me=None).err == ""
    with hosted(bob):
        pass
    assert bob("list", me=None).err == ""


@pytest.mark.parametrize("content", ["", "{}", '{"pid": 1, "how": "run", "run": 5}', '{"pid": 1, "how": "run"}'])
def test_what_is_not_understood_is_not_known(bob: Shell, content: str) -> None:
    with hosted(bob):
        path = Path(bob.agent("bob").state, NOTIFIER_NAME)
        path.write_text(content)
        assert bob("list", me=None).err == ""
        path.unlink()
        path.mkdir()
        assert bob("list", me=None).err == ""


def test_a_hosted_shell_and_one_beside_it(desk: Desk) -> None:
    """A hosted shell may have its own process namespace, as in a sandbox, if that can be made."""
    amq = f"{sys.executable} -m amq"
    session = desk.run("sh", "-c", f"{amq} list 2>&1 && unshare -rpf {amq} list 2>&1; echo asked; read _")
    session.expect_exact("asked")
    assert session.before is not None
    assert b"elsewhere" not in session.before
    assert b"No messages." in session.before
    words, environment = (
        [sys.executable, "-m", "amq", "list"],
        desk.environment() | {"AM_ME": "tui", "AM_ROOT": desk.root},
    )
    beside = subprocess.run(words, env=environment, capture_output=True, text=True, check=True)
    assert ELSEWHERE in beside.stderr
    assert beside.stderr.splitlines()[1:] == ["amq: No messages."]
    session.sendline()


def test_a_program_that_may_change_the_environment_has_shells_of_which_nothing_is_known(desk: Desk) -> None:
    """A container is such a program: it is given AM_ME alone."""
    session = desk.run("env", "-u", "AMQ_RUN", "sh", "-c", f"{sys.executable} -m amq list 2>&1; echo asked")
    session.expect_exact("asked")
    assert session.before is not None
    assert b"No messages." in session.before
    assert b"elsewhere" not in session.before
