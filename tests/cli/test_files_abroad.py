"""A file that an agent sends by `--body @FILE` does not leave this host, unless the user has said so."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from amq.bridge import membership
from amq.bridge.config import bridge_directory, change_bridge
from amq.layout import QueueLayout
from amq.record import replace
from amq.runtime.private_state import private_state
from amq.store import registry
from amq.store.remote import NAME, Remote, write_remote
from tests.conftest import Shell


@pytest.fixture
def bridged(amq: Shell) -> Shell:
    """Return a queue in which codex-desk is on another host, and alice is exported without files."""
    directory = bridge_directory(private_state(os.environ, ()), str(amq.root))
    membership.set_up(directory, "laptop", "")
    membership.export(directory, ["alice"], files=False)
    change_bridge(
        directory, lambda before: replace(before or pytest.fail(), remote={"codex-desk": Remote("codex", "desk")})
    )
    registry.make_mailbox(QueueLayout(str(amq.root)), "codex-desk")
    write_remote(amq.agent("codex-desk"), Remote("codex", "desk"), "t")
    Path("notes.txt").write_text("secret\n")
    return amq


FILES = [("--body", "@notes.txt"), ("--body-file", "notes.txt")]
SAID = "files of alice do not leave this host, and codex-desk is on another"


@pytest.mark.parametrize("words", FILES)
def test_a_file_stays(bridged: Shell, words: tuple[str, str]) -> None:
    result = bridged("send", "--to", "bob,codex-desk", *words, "--json")
    error = json.loads(result.err.splitlines()[-1])
    assert (result.code, error["code"], error["error"]) == (1, "file_stays", SAID)
    assert "amq bridge export alice --files" in error["hint"]
    assert bridged.new("codex-desk") == bridged.new("bob") == []


@pytest.mark.parametrize("words", FILES)
def test_an_answer_with_a_file_stays(bridged: Shell, words: tuple[str, str]) -> None:
    identifier = bridged.send(to="alice", me="codex-desk")
    assert SAID in bridged("reply", "--id", identifier, *words).err
    assert bridged.new("codex-desk") == []


@pytest.mark.parametrize("words", FILES)
def test_a_file_leaves_where_the_user_has_said_so(bridged: Shell, words: tuple[str, str]) -> None:
    bridged("bridge", "export", "alice", "--files")
    assert bridged("send", "--to", "codex-desk", *words).code == 0
    assert len(bridged.new("codex-desk")) == 1


def test_what_is_not_a_file_leaves(bridged: Shell) -> None:
    for words in (("--body", "text"), ("--body", "@@notes.txt"), ("--body", "-")):
        assert bridged("send", "--to", "codex-desk", *words, stdin=b"text").code == 0
    assert len(bridged.new("codex-desk")) == 3


def test_a_file_goes_to_agents_here(bridged: Shell) -> None:
    assert bridged("send", "--to", "bob", "--body", "@notes.txt").code == 0


def test_an_agent_that_takes_the_note_away_gains_nothing(bridged: Shell) -> None:
    os.unlink(f"{bridged.agent('codex-desk').state}/{NAME}")
    assert SAID in bridged("send", "--to", "codex-desk", "--body", "@notes.txt").err


def test_a_mailbox_that_only_the_queue_notes_is_remote(bridged: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", "relative")
    assert SAID in bridged("send", "--to", "codex-desk", "--body", "@notes.txt").err


def test_a_broken_table_allows_nothing(bridged: Shell) -> None:
    path = Path(bridge_directory(private_state(os.environ, ()), str(bridged.root)), "bridge.toml")
    path.write_text("host =")
    assert "is not TOML" in bridged("send", "--to", "bob", "--body", "@notes.txt").err
