"""`amq run` as a command: which agent, which queue."""

from __future__ import annotations

import argparse
from argparse import Namespace
from collections.abc import Mapping
from pathlib import Path

import pytest

from amq.cli import run as command
from amq.cli.output import Output
from amq.errors import UsageError
from amq.layout import ROOT_NAME, QueueLayout
from amq.mailbox import Mailbox
from amq.runtime import session
from amq.runtime.launch import Options
from amq.runtime.profiles import Profile
from amq.store import registry


class Notes(Output):
    """Keeps what is said."""

    def __init__(self) -> None:
        super().__init__()
        self.notes: list[str] = []

    def note(self, text: str) -> None:
        self.notes.append(text)


Call = tuple[str, str, list[str], bool]


@pytest.fixture
def calls(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> list[Call]:
    """What was hosted: root, handle, program, whether to wake. The working directory is a repository."""
    calls: list[Call] = []

    def host(
        mailbox: Mailbox, program: list[str], environment: Mapping[str, str], profile: Profile, options: Options
    ) -> int:
        assert environment
        calls.append((mailbox.account.queue.root, mailbox.account.me, program, options.wake))
        return 7

    monkeypatch.setattr(session, "run", host)
    monkeypatch.setattr(session, "check_program", lambda *_: None)
    monkeypatch.delenv("AM_ROOT", raising=False)
    monkeypatch.setenv("AM_ME", "somebody-else")
    (tmp_path / ".git").mkdir()
    (tmp_path / ".git" / "HEAD").touch()
    monkeypatch.chdir(tmp_path)
    return calls


def run(*words: str, out: Notes | None = None, me: str | None = None) -> int:
    parser = argparse.ArgumentParser()
    command.options(parser)
    at = words.index("--") if "--" in words else len(words)
    args = Namespace(root=None, me=me, strict=False, trust_root=False, program=list(words[at + 1 :]))
    return command.run(parser.parse_args(words[:at], args), out or Notes())


def test_the_programs_name_is_the_handle_and_a_missing_queue_is_made(calls: list[Call], tmp_path: Path) -> None:
    out = Notes()
    assert run("--", "/opt/bin/Claude", "-c", out=out) == 7
    root = str(tmp_path / ROOT_NAME)
    assert calls == [(root, "claude", ["/opt/bin/Claude", "-c"], True)]
    assert out.notes == [f"made a mailbox for claude in {root}"]
    assert run("--", "claude", out=out) == 7
    assert len(out.notes) == 1


def test_the_handle_and_the_waking_can_be_chosen(calls: list[Call]) -> None:
    run("--as", "claude-2", "--no-wake", "--", "claude")
    run("--", "claude", me="claude-3")
    assert [(handle, wake) for _, handle, _, wake in calls] == [("claude-2", False), ("claude-3", True)]


@pytest.mark.parametrize(
    ("words", "what"),
    [
        ((), "no program"),
        (("--as", "claude"), "no program"),
        (("--as", "user", "--", "claude"), "the person"),
        (("--as", "A B", "--", "claude"), "not a handle"),
        (("--", "…"), "no handle"),
    ],
)
def test_what_cannot_be_hosted_is_refused_before_anything_is_made(
    calls: list[Call], tmp_path: Path, words: tuple[str, ...], what: str
) -> None:
    with pytest.raises(UsageError, match=what):
        run(*words)
    assert not (tmp_path / ROOT_NAME).exists()
    assert calls == []


def test_an_empty_directory_becomes_the_queue(calls: list[Call], tmp_path: Path) -> None:
    (tmp_path / ROOT_NAME).mkdir()
    assert run("--as", "claude", "--", "true") == 7
    assert (tmp_path / ROOT_NAME / "meta").is_dir()
    assert (tmp_path / ROOT_NAME / ".gitignore").read_text() == "*\n"


def test_an_agent_that_has_only_a_mailbox_is_registered(calls: list[Call], tmp_path: Path) -> None:
    """Otherwise mail to everybody would not reach it."""
    run("--", "claude")
    queue = QueueLayout(str(tmp_path / ROOT_NAME))
    registry.register(queue, ["codex"], 0, replace=True)
    out = Notes()
    assert run("--", "claude", out=out) == 7
    assert registry.read_registry(queue) == ["claude", "codex"]
    assert out.notes == [f"registered claude in {queue.root}"]


def test_a_broken_registry_keeps_nobody_from_work(calls: list[Call], tmp_path: Path) -> None:
    run("--", "claude")
    path = Path(QueueLayout(str(tmp_path / ROOT_NAME)).registry)
    path.write_text("{")
    out = Notes()
    assert run("--", "claude", out=out) == 7
    assert [note.partition(":")[0] for note in out.notes] == ["warning"]
    assert path.read_text() == "{"
