"""`amq monitor`: wait, then drain, with the guarantees of a drain."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from amq.cli.output import Output
from amq.runtime import stat_polling
from tests.cli.waiting import Queue, in_the_gap, instead_of_waiting, while_waiting


@pytest.fixture
def queue(tmp_path: Path) -> Queue:
    return Queue(tmp_path)


def interrupt() -> None:
    raise KeyboardInterrupt


def test_mail_that_is_there_is_drained_as_drain_does(queue: Queue, capfd: pytest.CaptureFixture[str]) -> None:
    queue.send()
    assert queue.call("b", "monitor", "--peek", "--include-body") == 0
    peeked = capfd.readouterr().out
    assert queue.call("b", "monitor", "--include-body") == 0
    assert capfd.readouterr().out == peeked
    assert "  Body:\nhello\n---\n" in peeked
    assert len(queue.boxes("b")[1]) == 1


def test_the_json_of_mail_that_comes_in_the_gap(
    queue: Queue, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    in_the_gap(monkeypatch, queue.send)
    assert queue.call("b", "monitor", "--json") == 0
    told = json.loads(capfd.readouterr().out)
    (item,) = told.pop("drained")
    assert told == {
        "event": "messages", "watch_event": "new_message", "mode": "drain", "me": "b", "count": 1, "remaining": 0,
    }  # fmt: skip
    assert (item["moved_to_cur"], item["acked"]) == (True, True)
    assert queue.boxes("b") == ([], [item["id"]])


def test_an_event_ends_the_wait(queue: Queue, monkeypatch: pytest.MonkeyPatch) -> None:
    with while_waiting(monkeypatch, queue.send):
        assert queue.call("b", "monitor", "--timeout", "0") == 0
    assert len(queue.boxes("b")[1]) == 1


def test_nothing_in_time_is_exit_code_4(queue: Queue, capfd: pytest.CaptureFixture[str]) -> None:
    assert queue.call("b", "monitor", "--timeout", "20ms") == 4
    assert capfd.readouterr() == ("timeout: no mail for b\n", "")
    assert queue.call("b", "monitor", "--timeout", "20ms", "--json", "--poll") == 4
    told = json.loads(capfd.readouterr().out)
    assert (told["event"], told["watch_event"], told["count"], told["drained"]) == ("timeout", "timeout", 0, [])


def test_a_peek_moves_and_acknowledges_nothing(queue: Queue, capfd: pytest.CaptureFixture[str]) -> None:
    old, urgent, late = queue.send(), queue.send("now", "urgent"), queue.send()
    assert queue.call("b", "monitor", "--peek", "--json", "--limit", "2") == 0
    told = json.loads(capfd.readouterr().out)
    assert (told["mode"], told["count"], told["remaining"]) == ("peek", 2, 1)
    first, second = told["drained"]
    assert [first["id"], second["id"]] == [urgent, old]
    assert (first["moved_to_cur"], first["acked"]) == (False, False)
    assert queue.boxes("b") == ([old, urgent, late], [])
    assert not list(Path(queue.root, "agents", "a", "acks", "received").iterdir())


def test_a_bad_message_that_is_peeked_at_is_not_said_to_move(queue: Queue, capfd: pytest.CaptureFixture[str]) -> None:
    Path(queue.root, "agents", "b", "inbox", "new", "bad.md").write_text("no header")
    assert queue.call("b", "monitor", "--peek") == 0
    assert "[still in new]" in capfd.readouterr().out
    assert queue.call("b", "monitor", "--peek", "--json") == 0
    assert "moved_to_dlq" not in json.loads(capfd.readouterr().out)["drained"][0]


def test_no_acknowledgement_if_none_is_wanted(queue: Queue) -> None:
    queue.send()
    assert queue.call("b", "monitor", "--no-ack") == 0
    assert not list(Path(queue.root, "agents", "a", "acks", "received").iterdir())


def test_following_goes_on_line_by_line_until_interrupted(
    queue: Queue, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    queue.send("one")
    instead_of_waiting(
        monkeypatch, lambda: queue.send("two"), int, lambda: [queue.send("three"), queue.send("four")], interrupt
    )
    assert queue.call("b", "monitor", "--follow", "--json", "--include-body", "--limit", "1") == 130
    told = [json.loads(line) for line in capfd.readouterr().out.splitlines()]
    assert [(each["watch_event"], each["drained"][0]["body"], each["remaining"]) for each in told] == [
        ("existing", "one\n", 0),
        ("new_message", "two\n", 0),
        ("new_message", "three\n", 1),
        ("existing", "four\n", 0),
    ]
    assert [each["count"] for each in told] == [1, 1, 1, 1]
    assert len(queue.boxes("b")[1]) == 4


def test_following_with_a_peek_shows_each_message_once(
    queue: Queue, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    first = queue.send()
    sent: list[str] = []
    instead_of_waiting(monkeypatch, int, lambda: sent.append(queue.send()), int, interrupt)
    assert queue.call("b", "monitor", "--follow", "--peek", "--json") == 130
    told = [json.loads(line) for line in capfd.readouterr().out.splitlines()]
    assert [item["id"] for each in told for item in each["drained"]] == [first, *sent]
    assert len(queue.boxes("b")[0]) == 2


@pytest.mark.parametrize(
    ("words", "seconds"), [((), 60.0), (("--follow",), 0.0), (("--follow", "--timeout", "5m"), 300.0)]
)
def test_only_following_has_no_limit_by_default(
    queue: Queue, monkeypatch: pytest.MonkeyPatch, words: tuple[str, ...], seconds: float
) -> None:
    limits: list[float] = []
    monkeypatch.setattr(stat_polling, "until", lambda _, __, limit, **___: limits.append(limit))
    assert queue.call("b", "monitor", *words) == 4
    assert limits == [seconds]


def test_following_ends_when_nothing_comes_for_as_long_as_was_said(
    queue: Queue, capfd: pytest.CaptureFixture[str]
) -> None:
    queue.send()
    assert queue.call("b", "monitor", "--follow", "--json", "--timeout", "20ms") == 4
    assert [json.loads(line)["event"] for line in capfd.readouterr().out.splitlines()] == ["messages", "timeout"]


def test_a_line_is_whole_and_read_before_its_mail_is_taken(
    queue: Queue, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def shown(_: Output) -> None:
        assert len(json.loads(capfd.readouterr().out)["drained"]) == 1
        assert queue.boxes("b") == ([identifier], [])
        interrupt()

    identifier = queue.send()
    monkeypatch.setattr(Output, "shown", shown)
    assert queue.call("b", "monitor", "--follow", "--json") == 130
    monkeypatch.undo()
    assert queue.call("b", "monitor") == 0
    assert "Redelivered: yes" in capfd.readouterr().out


def test_mail_that_another_drain_holds_is_waited_for(queue: Queue, monkeypatch: pytest.MonkeyPatch) -> None:
    queue.send()
    other = queue.mailbox("b").drain()
    other.__enter__()
    instead_of_waiting(monkeypatch, int, lambda: other.__exit__(None))
    assert queue.call("b", "monitor") == 0
    assert len(queue.boxes("b")[1]) == 1


@contextmanager
def following(queue: Queue) -> Iterator[subprocess.Popen[str]]:
    """Run a monitor that follows, and has shown one message."""
    words = [sys.executable, "-m", "amq", "monitor", "--follow", "--json", "--root", queue.root, "--me", "b"]
    with subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            queue.send()
            assert json.loads(process.stdout.readline())["count"] == 1
            yield process
        finally:
            process.kill()


@pytest.mark.parametrize(("number", "status"), [(signal.SIGINT, 130), (signal.SIGTERM, -signal.SIGTERM)])
def test_signals_end_a_process_that_follows(queue: Queue, number: signal.Signals, status: int) -> None:
    with following(queue) as process:
        process.send_signal(number)
        _, errors = process.communicate(timeout=20)
    assert (process.returncode, errors) == (status, "")


@pytest.mark.parametrize(("words", "pause"), [((), stat_polling.SWEEP_S), (("--poll",), stat_polling.POLL_S)])
def test_there_are_looks_without_a_change_and_more_of_them_for_who_polls(
    queue: Queue, monkeypatch: pytest.MonkeyPatch, words: tuple[str, ...], pause: float
) -> None:
    waits = instead_of_waiting(monkeypatch, int, queue.send)
    assert queue.call("b", "monitor", *words) == 0
    assert waits == [stat_polling.TICK_S, pause]
