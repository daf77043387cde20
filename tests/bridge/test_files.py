"""The bridge's steps on files, without a hub: what may leave, what is taken, and what is done once only."""

from __future__ import annotations

import errno
import os
from pathlib import Path
from typing import Any

import pytest

from amq.bridge.config import Bridge, change_bridge
from amq.bridge.exchange import BUSY, Failed
from amq.bridge.files import Files
from amq.bridge.ledger import ACK, CONFIRMED, DRAINED, MAIL, REFUSED, THERE, UNKNOWN, Item, Receipt
from amq.layout import QueueLayout, RootedPath
from amq.mail import carried
from amq.mail.mailbox import Mailbox
from amq.mail.sending import Draft
from amq.record import replace
from amq.store import acks, durable, registry
from amq.store.acks import parse_ack
from amq.store.durable import Syscalls
from amq.store.remote import Remote, read_remote
from tests.samples import message_file

FAR = Item(MAIL, "b", "codex", "m1")
HERE = Item(MAIL, "b", "claude", "m1")


@pytest.fixture
def files(tmp_path: Path) -> Files:
    """Return the files of host a, which exports claude, and has a mailbox for codex of host b."""
    queue = QueueLayout(str(tmp_path / "queue"))
    registry.make_queue(queue, tracked=False)
    registry.register(queue, ["claude", "gemini"], 0)
    bridge = Bridge(str(tmp_path / "bridge"), "a", "", {}, {"claude": False}, {})
    change_bridge(bridge.directory, lambda _: bridge)
    found = Files(queue, bridge)
    assert found.make_mailbox("b", "codex") == "codex-b"
    return found


def send(files: Files, sender: str = "claude", identifier: str = "m1", *, ack: bool = False) -> None:
    """Send a message to codex of b."""
    Mailbox(files.queue.root, sender).send(["codex-b"], b"x\n", Draft(new_id=identifier, ack=ack))


def comes(sender: str = "codex-b", body: bytes = b"x\n", identifier: str = "m1") -> bytes:
    """Return a message of b's as it travels."""
    return message_file(body, id=identifier, sender=sender, to=["claude-a"], thread="p2p/claude-a__codex-b")


def new(files: Files, handle: str) -> list[str]:
    """Return what is new in a mailbox."""
    return files.new(handle)


# -- what leaves ------------------------------------------------------------------------------------------------------


def test_an_exported_agent_s_mail_leaves_with_its_name_abroad(files: Files) -> None:
    send(files)
    data = files.read(FAR)
    assert isinstance(data, bytes)
    assert b'"from": "claude-a"' in data
    assert files.standing("codex-b") == (["m1"], [])


def test_other_mail_waits_with_its_reason(files: Files) -> None:
    send(files, "gemini")
    assert files.read(FAR) == Failed("gemini may not write to other hosts: amq bridge export gemini")
    Path(files.queue.agent("codex-b").inbox_new, "m1.md").write_bytes(b"damaged")
    assert isinstance(files.read(FAR), Failed)
    assert files.read(FAR._replace(name="m2")) is None


def test_mail_of_another_host_is_not_passed_on(files: Files) -> None:
    files.make_mailbox("c", "grok")
    Path(files.queue.agent("codex-b").inbox_new, "m1.md").write_bytes(
        message_file(id="m1", sender="grok-c", to=["codex-b"])
    )
    failed = files.read(FAR)
    assert isinstance(failed, Failed)
    assert "not passed on" in failed.reason


# -- what comes -------------------------------------------------------------------------------------------------------


def test_mail_is_taken_once_whatever_box_it_is_in(files: Files) -> None:
    assert files.deliver(HERE, comes()) == (THERE, "")
    assert files.deliver(HERE, comes()) == (THERE, "")
    assert new(files, "claude") == ["m1"]
    with Mailbox(files.queue.root, "claude").drain() as mail:
        assert [item.id for item in mail] == ["m1"]
    assert files.deliver(HERE, comes()) == (DRAINED, "")
    assert new(files, "claude") == []
    assert os.listdir(files.queue.agent("codex-b").sent) == ["m1.md"]


def test_a_dead_letter_does_not_come_again(files: Files) -> None:
    files.deliver(HERE, comes())
    carried.refuse(files.queue.agent("claude"), "m1", "bad", "temporary", 0)
    assert files.deliver(HERE, comes()) == (REFUSED, "it is a dead letter there")
    assert new(files, "claude") == []


def test_another_message_of_the_same_id_is_refused(files: Files) -> None:
    files.deliver(HERE, comes())
    assert files.deliver(HERE, comes(body=b"other\n"))[0] == REFUSED
    assert Mailbox(files.queue.root, "claude").peek("m1")[0].body == b"x\n"


def test_the_mailbox_of_an_unknown_agent_is_made_and_noted(files: Files) -> None:
    item = HERE._replace(host="c")
    assert files.deliver(item, message_file(id="m1", sender="grok-c", to=["claude-a"])) == (THERE, "")
    assert files.bridge.remote["grok-c"] == Remote("grok", "c")
    assert read_remote(files.queue.agent("grok-c")) == Remote("grok", "c")
    assert registry.read_registry(files.queue) == ["claude", "gemini"], "@all stays on this host"


def test_mail_waits_while_the_name_of_its_sender_is_taken_here(files: Files) -> None:
    registry.register(files.queue, ["grok-b"], 0)
    state, reason = files.deliver(HERE, comes("grok-b"))
    assert (state, reason) == (BUSY, "grok-b is an agent of this host, and would be the name of grok@b, too")
    assert files.clashes == {"grok-b": "grok@b"}


def test_what_cannot_be_stored_now_is_not_refused(files: Files, monkeypatch: pytest.MonkeyPatch) -> None:
    class Full(Syscalls):
        def write(self, fd: int, data: bytes | memoryview) -> int:  # noqa: ARG002
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(durable, "syscalls", Full())
    state, reason = files.deliver(HERE, comes())
    assert state == BUSY
    assert "No space left" in reason


def test_a_state_that_cannot_be_known_is_not_unknown(files: Files, monkeypatch: pytest.MonkeyPatch) -> None:
    """An unknown item would be sent again."""
    assert files.find([HERE]) == [(UNKNOWN, "")]

    def fails(*_: object) -> str:
        raise OSError(errno.EIO, os.strerror(errno.EIO))

    monkeypatch.setattr(carried, "places", fails)
    assert files.find([HERE]) == [(THERE, "Input/output error")]


def test_an_answer_opens_no_directory_once_for_each_message(files: Files, monkeypatch: pytest.MonkeyPatch) -> None:
    class Counted(Syscalls):
        def descend(self, path: RootedPath) -> Any:
            opened.append(path)
            return super().descend(path)

    opened: list[str] = []
    for number in range(20):
        files.deliver(HERE._replace(name=f"m{number}"), comes(identifier=f"m{number}"))
    with Mailbox(files.queue.root, "claude").drain(10) as drained:
        read = {item.id for item in drained}
    asked = [HERE._replace(name=f"m{number}") for number in range(25)]
    monkeypatch.setattr(durable, "syscalls", Counted())
    found = files.find([*asked, HERE._replace(kind=ACK)])
    assert [state for state, _ in found] == [
        *(DRAINED if item.name in read else THERE for item in asked[:20]), *[UNKNOWN] * 6
    ]  # fmt: skip
    assert len(read) == 10
    assert len(set(opened)) == 5
    assert len(opened) <= 7, "those of the inbox twice"


@pytest.mark.parametrize("is_read", [False, True])
def test_a_dead_letter_that_is_retried_during_a_look_is_not_unknown(
    files: Files, monkeypatch: pytest.MonkeyPatch, is_read: bool
) -> None:
    """An unknown message counts as read, and its sender would file it."""
    agent, mailbox = files.queue.agent("claude"), Mailbox(files.queue.root, "claude")

    class Retried(Syscalls):
        def descend(self, path: RootedPath) -> Any:
            if path == agent.dlq_new:
                monkeypatch.setattr(durable, "syscalls", Syscalls())
                (letter,) = mailbox.letters()
                mailbox.retry(letter.id)
                assert new(files, "claude") == ["m1"]
                if is_read:
                    with mailbox.drain() as mail:
                        assert [each.id for each in mail] == ["m1"]
            return super().descend(path)

    files.deliver(HERE, comes())
    carried.refuse(agent, "m1", "bad", "temporary", 0)
    monkeypatch.setattr(durable, "syscalls", Retried())
    assert files.find([HERE]) == [(DRAINED if is_read else THERE, "")]


# -- receipts and acknowledgements ------------------------------------------------------------------------------------


def test_what_was_read_there_is_filed_and_what_was_refused_is_a_dead_letter(files: Files) -> None:
    for identifier in ("m1", "m2", "m3"):
        send(files, identifier=identifier)
    receipts = [Receipt(FAR, DRAINED), Receipt(FAR._replace(name="m2"), REFUSED, "b does not export codex")]
    for _ in range(2):
        assert files.settle(receipts)
    assert files.standing("codex-b")[0] == ["m3"]
    assert os.listdir(files.queue.agent("codex-b").inbox_cur) == ["m1.md"]
    (letter,) = Mailbox(files.queue.root, "codex-b").letters()
    assert letter.envelope["failure_detail"] == "b refused it: b does not export codex"


def test_what_cannot_be_filed_now_is_said(files: Files) -> None:
    send(files)
    os.rename(files.queue.agent("codex-b").inbox_cur, files.queue.agent("codex-b").home.below("away"))
    assert not files.settle([Receipt(FAR, DRAINED)])


def test_a_receipt_moves_no_message_of_another_box(files: Files) -> None:
    send(files)
    Path(files.queue.agent("codex-b").inbox_cur, "m1.md").write_bytes(b"another")
    assert files.settle([Receipt(FAR, DRAINED)])
    assert files.standing("codex-b")[0] == ["m1"]


def acked(files: Files) -> bytes:
    """Return an acknowledgement by claude of a message of codex of b, as it travels."""
    Mailbox(files.queue.root, "claude").acknowledge("m1")
    data = files.read(Item(ACK, "b", "codex", "m1"))
    assert isinstance(data, bytes)
    return data


def test_an_acknowledgement_leaves_and_stays_until_it_is_confirmed(files: Files) -> None:
    files.deliver(HERE, comes())
    ack = parse_ack(acked(files))
    assert ack
    assert (ack.receiver, ack.sender, ack.thread) == ("claude-a", "codex-b", "p2p/claude-a__codex-b")
    assert files.standing("codex-b")[1] == ["m1"]
    assert files.settle([Receipt(Item(ACK, "b", "codex", "m1"), CONFIRMED)])
    assert files.standing("codex-b")[1] == []
    assert files.read(Item(ACK, "b", "codex", "m1")) is None


def test_an_acknowledgement_comes_for_what_was_sent_only(files: Files) -> None:
    send(files)
    item = Item(ACK, "b", "claude", "m1")

    def comes_from(receiver: str, sender: str = "claude-a", identifier: str = "m1") -> tuple[str, str]:
        ack = acks.Ack(identifier, "p2p/claude-a__codex-b", receiver, sender, "2026-01-01T00:00:00Z")
        return files.keep_ack(item, ack.render())

    for hostile in (("codex-c",), ("claude-a",), ("codex-b", "gemini-a"), ("codex-b", "claude-a", "m9")):
        assert comes_from(*hostile) == (CONFIRMED, "")
    assert files.keep_ack(item, b"no ack") == (CONFIRMED, "")
    assert comes_from("codex-b", "claude-a", "../m1") == (CONFIRMED, "")
    received = files.queue.agent("claude").acks_received
    assert os.listdir(received) == []
    assert comes_from("codex-b") == (CONFIRMED, "")
    assert os.listdir(received) == ["m1.json"]
    kept = parse_ack(Path(received, "m1.json").read_bytes())
    assert kept
    assert (kept.receiver, kept.sender, kept.thread) == ("codex-b", "claude", "p2p/claude__codex-b")
    assert comes_from("codex-b") == (CONFIRMED, "")
    assert os.listdir(received) == ["m1.json"]


def test_a_host_acknowledges_nothing_for_another_one(files: Files) -> None:
    files.make_mailbox("c", "codex")
    Mailbox(files.queue.root, "claude").send(["codex-b", "codex-c"], b"x\n", Draft(new_id="m1", ack=True))
    forged = acks.Ack("m1", "t", "codex-c", "claude-a", "2026-01-01T00:00:00Z").render()
    assert files.keep_ack(Item(ACK, "b", "claude", "m1"), forged) == (CONFIRMED, "")
    assert os.listdir(files.queue.agent("claude").acks_received) == []
    assert files.keep_ack(Item(ACK, "c", "claude", "m1"), forged) == (CONFIRMED, "")
    assert os.listdir(files.queue.agent("claude").acks_received) == ["m1.json"]


def test_an_acknowledgement_of_an_agent_that_is_not_exported_waits(files: Files) -> None:
    files.deliver(HERE, comes())
    Mailbox(files.queue.root, "claude").acknowledge("m1")
    files.follow(replace(files.bridge, exports={}))
    failed = files.read(Item(ACK, "b", "codex", "m1"))
    assert failed == Failed("claude may not write to other hosts: amq bridge export claude")
