"""`--wait-for` of send and reply: until every recipient has drained, or acknowledged."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from amq.runtime import stat_polling
from tests.cli.waiting import Queue, in_the_gap, instead_of_waiting, while_waiting

TO_BOTH = ("send", "--to", "b,c", "--thread", "t", "--body", "x")
TO_B = ("send", "--to", "b", "--body", "x")
STAGES = pytest.mark.parametrize("stage", ["drained", "acked"])


@pytest.fixture
def queue(tmp_path: Path) -> Queue:
    return Queue(tmp_path)


@STAGES
def test_every_recipient_is_waited_for(queue: Queue, monkeypatch: pytest.MonkeyPatch, stage: str) -> None:
    instead_of_waiting(monkeypatch, int, lambda: queue.drain("b"), int, lambda: queue.drain("c"))
    assert queue.call("a", *TO_BOTH, "--wait-for", stage) == 0
    assert not queue.boxes("c")[0]


@STAGES
def test_a_drain_in_the_gap_is_seen(queue: Queue, monkeypatch: pytest.MonkeyPatch, stage: str) -> None:
    in_the_gap(monkeypatch, lambda: queue.drain("b"))
    assert queue.call("a", *TO_B, "--wait-for", stage) == 0


@STAGES
def test_an_event_ends_the_wait(queue: Queue, monkeypatch: pytest.MonkeyPatch, stage: str) -> None:
    with while_waiting(monkeypatch, lambda: queue.drain("b")):
        assert queue.call("a", *TO_B, "--wait-for", stage, "--wait-timeout", "0") == 0


@STAGES
def test_what_has_happened_already_is_not_waited_for(queue: Queue, monkeypatch: pytest.MonkeyPatch, stage: str) -> None:
    monkeypatch.setattr(stat_polling, "until", lambda *_, **__: pytest.fail("it waits"))
    again = (*TO_B, "--new-id", "mine", "--ack")
    assert queue.call("a", *again) == 0
    queue.drain("b")
    assert queue.call("a", *again, "--wait-for", stage) == 0


@STAGES
def test_a_timeout_names_the_recipients_and_says_it_was_delivered(
    queue: Queue, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str], stage: str
) -> None:
    in_the_gap(monkeypatch, lambda: queue.drain("b"))
    monkeypatch.setattr(stat_polling.Watch, "wait", lambda *_: None)
    assert queue.call("a", *TO_BOTH, "--wait-for", stage, "--wait-timeout", "20ms") == 4
    told = capfd.readouterr()
    (identifier,) = queue.boxes("c")[0]
    assert told.out == f"Sent {identifier} to b,c\n"
    assert f"{identifier} was delivered to b, c, but not {stage} by c in 0.02 s\n" in told.err


def test_the_error_in_json(queue: Queue, capfd: pytest.CaptureFixture[str]) -> None:
    assert queue.call("a", *TO_B, "--wait-for", "drained", "--wait-timeout", "20ms", "--json") == 4
    told = capfd.readouterr()
    identifier, error = json.loads(told.out)["id"], json.loads(told.err)
    assert error["code"] == "timeout"
    assert identifier in error["error"]


def test_drained_is_not_acknowledged(queue: Queue, monkeypatch: pytest.MonkeyPatch) -> None:
    def drain_only() -> None:
        with queue.mailbox("b").drain(ack=False) as mail:
            assert len(list(mail)) == 1

    def acknowledge() -> None:
        queue.mailbox("b").acknowledge(queue.boxes("b")[1][0])

    instead_of_waiting(monkeypatch, drain_only, acknowledge)
    assert queue.call("a", *TO_B, "--wait-for", "acked") == 0


@pytest.mark.parametrize(("stage", "place"), [("drained", "b/inbox/cur"), ("acked", "a/acks/received")])
def test_a_directory_that_is_away_is_waited_for(
    queue: Queue, monkeypatch: pytest.MonkeyPatch, stage: str, place: str
) -> None:
    directory = Path(queue.root, "agents", place)
    instead_of_waiting(monkeypatch, directory.rmdir, directory.mkdir, lambda: queue.drain("b"))
    assert queue.call("a", *TO_B, "--wait-for", stage) == 0


def test_a_reply_waits_too(queue: Queue, monkeypatch: pytest.MonkeyPatch) -> None:
    identifier = queue.send()
    instead_of_waiting(monkeypatch, lambda: queue.drain("a"))
    assert queue.call("b", "reply", "--id", identifier, "--body", "x", "--wait-for", "drained") == 0
    assert len(queue.boxes("a")[1]) == 1


def test_an_interrupted_wait_has_sent_its_message(
    queue: Queue, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    def interrupt() -> None:
        raise KeyboardInterrupt

    instead_of_waiting(monkeypatch, interrupt)
    assert queue.call("a", *TO_B, "--wait-for", "drained") == 130
    assert queue.boxes("b")[0][0] in capfd.readouterr().out


def test_a_limit_without_a_wait_is_refused_before_anything_is_sent(
    queue: Queue, capfd: pytest.CaptureFixture[str]
) -> None:
    assert queue.call("a", *TO_B, "--wait-timeout", "5s") == 2
    assert "--wait-for" in capfd.readouterr().err
    assert queue.boxes("b") == ([], [])
