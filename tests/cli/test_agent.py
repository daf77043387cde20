"""`amq agent remove` and `restore`: take an agent out of the queue, and bring it back with its mail."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from functools import partial
from pathlib import Path

import pytest

from amq.layout import QueueLayout
from amq.mail.mailbox import Mailbox
from amq.names import USER
from amq.runtime import notifier_lock
from amq.store import archive, durable, registry
from amq.store.durable import Directory, Syscalls
from tests.conftest import Shell

Files = dict[str, bytes]


def files(amq: Shell, handle: str = "bob") -> Files:
    """Return the contents of a mailbox, by path, without locks."""
    home = Path(amq.agent(handle).home)
    return {
        str(path.relative_to(home)): path.read_bytes()
        for path in home.rglob("*")
        if path.is_file() and ".amq" not in path.parts
    }


def registered(amq: Shell) -> list[str]:
    return list(json.loads((amq.root / "meta" / "config.json").read_text())["agents"])


@pytest.fixture
def mail(amq: Shell) -> Shell:
    """Bob has new mail, read mail, sent mail and a status."""
    amq.send("--new-id=read")
    amq.ok("drain", me="bob")
    amq.send("--new-id=new")
    amq.send("--new-id=sent", me="bob", to="carol")
    amq.ok("presence", "set", "--status=busy", me="bob")
    return amq


def test_a_removed_agent_is_gone_and_comes_back_with_its_mail(mail: Shell) -> None:
    before, config = files(mail), (mail.root / "meta" / "config.json").read_bytes()
    text = mail.ok("agent", "remove", "bob")
    assert "to undo this: amq agent restore bob" in text
    (archived,) = (mail.root / "removed").iterdir()
    assert f"Its mailbox is now {archived};" in text
    assert registered(mail) == ["alice", "carol"]
    assert "bob" not in mail.ok("who")
    assert mail("send", "--to=bob", "--body=x").code == 3
    assert mail("list", me="bob").code == 3
    assert mail.ok("agent", "restore", "bob") == f"Restored bob from {archived}\n"
    assert files(mail) == before
    assert (mail.root / "meta" / "config.json").read_bytes() == config
    assert "hello" in mail.ok("drain", "--include-body", me="bob")


def test_the_registry_keeps_its_form_and_unknown_keys(amq: Shell) -> None:
    path = amq.root / "meta" / "config.json"
    before = json.loads(path.read_text()) | {"groups": {"all": ["bob"]}}
    path.write_text(json.dumps(before))
    amq.ok("agent", "remove", "bob")
    assert path.read_text() == json.dumps(before | {"agents": ["alice", "carol"]}, indent=2) + "\n"


def test_a_message_to_several_stays_with_the_others(amq: Shell) -> None:
    amq.ok("send", "--to=bob,carol", "--thread=t", "--body=both", "--new-id=both")
    amq.ok("agent", "remove", "bob")
    assert amq.ok("read", "--id=both", me="carol") == "both\n"
    assert "bob  missing" in amq.ok("trace", "--id=both")


@pytest.mark.parametrize("how", ["run", "wake"])
def test_an_agent_that_runs_is_not_removed(mail: Shell, how: str) -> None:
    claim = notifier_lock.claim(Mailbox(str(mail.root), "bob").state_dir, how)
    before = files(mail)
    refused = mail("agent", "remove", "bob")
    assert (refused.code, refused.out) == (1, "")
    assert f"bob is running: amq {how}, process {os.getpid()} notifies it" in refused.err
    assert files(mail) == before
    assert "bob" in registered(mail)
    claim.release()
    mail.ok("agent", "remove", "bob")


def test_no_notifier_starts_meanwhile(mail: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
    state, tried = Mailbox(str(mail.root), "bob").state_dir, []

    class Looking(Syscalls):
        def move(self, source: Directory, name: str, target: Directory, new_name: str) -> None:
            with pytest.raises(notifier_lock.TakenError) as taken:
                notifier_lock.claim(state, "run")
            tried.append(taken.value.who)
            super().move(source, name, target, new_name)

    monkeypatch.setattr(durable, "syscalls", Looking())
    mail.ok("agent", "remove", "bob")
    assert tried == [f"amq agent remove, process {os.getpid()}"]


def test_neither_the_user_nor_a_stranger(amq: Shell) -> None:
    assert amq("agent", "remove", USER).code == 2
    refused = amq("agent", "remove", "bobb")
    assert refused.code == 3
    assert "did you mean bob?" in refused.err
    assert amq("agent", "restore", "bob").code == 3
    amq.ok("agent", "remove", "carol")
    assert amq("agent", "restore", "bob").code == 3


def test_what_has_no_mailbox_or_is_not_registered(amq: Shell) -> None:
    config = amq.root / "meta" / "config.json"
    config.write_text(json.dumps({"version": 1, "agents": ["alice", "dave"]}))
    assert amq("agent", "remove", "dave", "--json").value == {"handle": "dave"}
    config.write_text(json.dumps({"version": 1, "agents": ["alice", "dave"]}))
    assert "which had no mailbox; to undo this: amq init --agents dave" in amq.ok("agent", "remove", "dave")
    assert "archived" in amq("agent", "remove", "bob", "--json").value
    assert registered(amq) == ["alice"]


def test_a_damaged_registry_removes_nothing(amq: Shell) -> None:
    (amq.root / "meta" / "config.json").write_text("{")
    assert amq("agent", "remove", "bob").code == 1
    assert Path(amq.agent("bob").inbox_new).is_dir()


def test_a_mailbox_that_was_made_again_is_not_replaced(mail: Shell) -> None:
    mail.ok("agent", "remove", "bob")
    mail("init", "--agents=bob")
    refused = mail("agent", "restore", "bob")
    assert refused.code == 1
    assert "bob has a mailbox again; the removed one stays in " in refused.err
    assert files(mail) == {}


def test_the_last_one_comes_back(amq: Shell) -> None:
    queue = QueueLayout(str(amq.root))
    for number, handle in ((1, "bob"), (3, "bob"), (2, "bob"), (4, "bob_x")):
        registry.register(queue, [handle], 0)
        amq.send(f"--new-id=m{number}", to=handle)
        archive.remove(queue, handle, number * 10**9)
    amq.ok("agent", "restore", "bob")
    assert amq.new() == ["m3.md"]


class Stopping(Syscalls):
    """System calls of which only the first LEFT change anything; the next one fails, as if the process died there."""

    def __init__(self, left: int) -> None:
        self.left = left

    def _step(self) -> None:
        self.left -= 1
        if self.left < 0:
            raise OSError("stopped")

    def mkdir(self, directory: Directory, name: str) -> None:
        self._step()
        super().mkdir(directory, name)

    def move(self, source: Directory, name: str, target: Directory, new_name: str) -> None:
        self._step()
        super().move(source, name, target, new_name)

    def replace(self, source: Directory, name: str, target: Directory, new_name: str) -> None:
        self._step()
        super().replace(source, name, target, new_name)

    def fsync(self, fd: int) -> None:  # noqa: ARG002  it takes long, and changes nothing that can be seen here
        self._step()


def stopped(monkeypatch: pytest.MonkeyPatch, act: Callable[[], object], left: int) -> bool:
    """Return whether ACT was stopped after LEFT steps."""
    with monkeypatch.context() as patched:
        patched.setattr(durable, "syscalls", Stopping(left))
        try:
            act()
        except OSError:
            return True
    return False


def has_one_copy(amq: Shell) -> bool:
    return len(list(amq.root.rglob("inbox/new/new.md"))) == 1


def test_a_removal_stopped_at_any_step_loses_nothing(mail: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Syscalls, "fsync", lambda *_: None)
    queue, before, left = QueueLayout(str(mail.root)), files(mail), 0
    while stopped(monkeypatch, partial(archive.remove, queue, "bob", 0), left):
        assert has_one_copy(mail)
        if Path(mail.agent("bob").home).exists():
            archive.remove(queue, "bob", 0)
        archive.restore(queue, "bob", 0)
        assert (files(mail), registered(mail)) == (before, ["alice", "bob", "carol"])
        left += 1
    assert left >= 4


def test_a_removal_forgets_the_agent_first(mail: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
    """So a mailbox that is gone is never registered, which would make it anew."""
    queue, left = QueueLayout(str(mail.root)), 0
    while stopped(monkeypatch, partial(archive.remove, queue, "bob", 0), left):
        assert Path(mail.agent("bob").home).exists() or "bob" not in registered(mail)
        if not Path(mail.agent("bob").home).exists():
            archive.restore(queue, "bob", 0)
        registry.register(queue, ["bob"], 0)
        left += 1


def test_a_restoration_stopped_at_any_step_loses_nothing(mail: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Syscalls, "fsync", lambda *_: None)
    queue, before, left = QueueLayout(str(mail.root)), files(mail), 0
    archive.remove(queue, "bob", 0)
    while stopped(monkeypatch, partial(archive.restore, queue, "bob", 0), left):
        assert has_one_copy(mail)
        if Path(mail.agent("bob").home).exists():
            registry.register(queue, ["bob"], 0)
        else:
            archive.restore(queue, "bob", 0)
        assert (files(mail), registered(mail)) == (before, ["alice", "bob", "carol"])
        archive.remove(queue, "bob", 0)
        left += 1
    assert left >= 3
