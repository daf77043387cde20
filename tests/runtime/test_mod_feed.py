"""The host's end of the mod: its lines, what is known of the mod, and its pipes, with the child that amq.js starts."""

from __future__ import annotations

import json
import os
import re
import select
import signal
import stat
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from amq.runtime.agents.claude import mod_feed
from amq.runtime.agents.claude.mod_feed import (
    ERROR,
    EVENTS_NAME,
    FEED_NAME,
    HELLO_WITHIN_S,
    LONGEST_LINE,
    MOST_UNSENT,
    PONG_WITHIN_S,
    Event,
    Health,
    Lines,
    ModFeed,
    Presence,
    Tools,
    deliver_line,
    make_folder,
    parse_event,
)
from tests.pty.user import wait_until
from tests.runtime.test_mod_js import SOURCE

CHILD = " && ".join(re.findall("^  '(.*)',$", SOURCE, re.MULTILINE)).replace("\\\\n", "\\n")
LINE_WITHIN_S = 10.0
TEXT = "x" * 300_000
"""More than a pipe holds."""


def wire(event: str, **fields: Any) -> bytes:
    return json.dumps({"event": event, "feed": 7, **fields}).encode()


def hello(feed: int = 7, process: int = 40) -> Event:
    return Event("hello", feed, process=process, session="S", version="V")


def pong(n: int, feed: int = 7) -> Event:
    return Event("pong", feed, n=n)


class TestLines:
    def test_each_event_of_the_module_is_known(self) -> None:
        reported = set(re.findall(r'report\(\$, "(\w+)"', SOURCE)) | {"lost", "answered", "started", "held"}
        assert reported == set(mod_feed._FIELDS)

    def test_an_event_in_pieces(self) -> None:
        lines, line = Lines(), wire("appended", offer="O") + b"\n" + wire("stopped") + b"\n"
        events = [event for byte in line for event in lines.feed(bytes([byte]))]
        assert events == [Event("appended", 7, offer="O"), Event("stopped", 7)]

    @pytest.mark.parametrize(
        "line",
        [
            b"", b"{", b"[]", b"null", b"1", b'"hello"', b"\xff", b"[" * 100_000, wire("dance"), wire("appended"),
            wire("appended", offer=1), wire("pong", n=True, draft="", cursor=0, busy=False),
            b'{"event": "stopped"}', b'{"event": "stopped", "feed": null}', b'{"event": ["stopped"], "feed": 7}',
        ],
        ids=lambda line: line[:30],
    )  # fmt: skip
    def test_a_line_without_an_event_is_an_error(self, line: bytes) -> None:
        assert parse_event(line).name == ERROR
        assert [event.name for event in Lines().feed(line + b"\n" + wire("stopped") + b"\n")] == [ERROR, "stopped"]

    @pytest.mark.parametrize("size", [1, 1000, 10 * LONGEST_LINE])
    def test_a_line_that_is_too_long_is_one_error_and_is_not_kept(self, size: int) -> None:
        lines, events = Lines(), list[Event]()
        data = b"x" * (3 * LONGEST_LINE) + b"\n" + wire("stopped") + b"\n"
        for start in range(0, len(data), max(size, 97)):
            events += lines.feed(data[start : start + max(size, 97)])
            assert len(lines._begun) <= LONGEST_LINE
        assert [event.name for event in events] == [ERROR, "stopped"]

    def test_an_event_that_is_too_long_is_an_error(self) -> None:
        line = wire("refused", offer="O", reason="")
        long = line.replace(b'""', b'"' + b"x" * (LONGEST_LINE - len(line)) + b'"')
        assert [event.name for event in Lines().feed(long + b"\n")] == ["refused"]
        assert [event.name for event in Lines().feed(long.replace(b"xx", b"xxx", 1) + b"\n")] == [ERROR]

    @pytest.mark.parametrize("notice", ["", "  ", "/clear", " /clear"])
    def test_a_notice_that_would_be_a_command_is_refused(self, notice: str) -> None:
        with pytest.raises(ValueError, match="not a notice"):
            deliver_line("O", ["text"], notice)

    def test_a_delivery_without_a_text_is_refused(self) -> None:
        with pytest.raises(ValueError, match="not a notice"):
            deliver_line("O", [], "amq: 1 new message")

    def test_any_text_passes(self) -> None:
        text = "/clear\n\u2028 \ud800 \x00 ü"
        line = deliver_line("O", [text], "amq: 1 new message")
        assert line.count(b"\n") == 1
        assert json.loads(line)["texts"] == [text]


class TestHealth:
    def test_it_is_unknown_until_its_hello_and_silent_without_one(self) -> None:
        health = Health()
        assert health.presence(100) is Presence.UNKNOWN
        health.row_seen(100)
        health.row_seen(200)
        assert health.presence(100 + HELLO_WITHIN_S) is Presence.UNKNOWN
        assert health.presence(100.1 + HELLO_WITHIN_S) is Presence.SILENT
        health.heard(hello())
        assert health.presence(300) is Presence.THERE

    def test_it_is_silent_while_a_pong_is_late(self) -> None:
        health = Health()
        health.heard(hello())
        for n in (1, 2, 3):
            health.pinged(n, 100 + n)
        health.heard(pong(1))
        assert health.presence(102 + PONG_WITHIN_S) is Presence.THERE
        assert health.presence(102.1 + PONG_WITHIN_S) is Presence.SILENT
        health.heard(pong(3))
        assert health.presence(200) is Presence.THERE

    @pytest.mark.parametrize("ends", [lambda health: health.heard(Event("deaf", 7)), Health.lost])
    def test_it_is_dead_when_it_reads_no_more_until_it_is_loaded_again(self, ends: Callable[[Health], None]) -> None:
        health = Health()
        health.heard(hello())
        health.pinged(1, 100)
        ends(health)
        assert health.presence(100) is Presence.DEAD
        health.heard(hello(8))
        assert health.presence(200) is Presence.THERE

    def test_another_process_is_not_of_the_run_and_neither_is_a_mod_that_was_loaded_before(self) -> None:
        health = Health()
        assert health.is_of_the_run(hello())
        assert health.is_of_the_run(pong(1))
        health.heard(hello())
        assert health.is_of_the_run(pong(1))
        assert health.is_of_the_run(hello(8))
        assert not health.is_of_the_run(hello(9, process=41))
        assert not health.is_of_the_run(pong(1, feed=9))


class TestFolder:
    def test_it_is_a_copy_that_names_the_pipes(self, tmp_path: Path) -> None:
        folder = Path(make_folder(str(tmp_path), Tools("/bin/amq", {"AM_ME": "claude"})))
        assert json.loads((folder / "run.json").read_text()) == {
            "feed": f"{tmp_path}/{FEED_NAME}",
            "events": f"{tmp_path}/{EVENTS_NAME}",
            "tools": {"amq": "/bin/amq", "environment": {"AM_ME": "claude"}},
        }
        packaged = Path(mod_feed.__file__).with_name("mod")
        for path in packaged.rglob("*"):
            if path.is_file():
                assert (folder / path.relative_to(packaged)).read_bytes() == path.read_bytes()
        assert all(not path.stat().st_mode & 0o077 for path in folder.rglob("*"))

    def test_without_tools_the_mod_has_none(self, tmp_path: Path) -> None:
        folder = Path(make_folder(str(tmp_path), None))
        assert json.loads((folder / "run.json").read_text())["tools"] is None


class Child:
    """The child that the mod starts, and the mod's events."""

    def __init__(self, files: Path) -> None:
        self.files = files
        words = ["sh", "-c", CHILD, f"{files}/{FEED_NAME}"]
        self.process = subprocess.Popen(words, bufsize=0, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE)
        assert self.process.stdout
        self.number, self.parent = map(int, self.process.stdout.readline().split())

    def reports(self, event: str, **fields: Any) -> None:
        with open(self.files / EVENTS_NAME, "wb") as file:
            file.write(json.dumps({"event": event, "feed": self.number, **fields}).encode() + b"\n")

    def says_hello(self, process: int = 40) -> None:
        self.reports("hello", process=process, session="S", version="V")

    def answers(self, n: int) -> None:
        self.reports("pong", n=n, draft="", cursor=0, busy=False)

    def line(self) -> Any:
        assert self.process.stdout
        assert select.select([self.process.stdout], [], [], LINE_WITHIN_S)[0], "it has read nothing"
        return json.loads(self.process.stdout.readline())

    def has_ended(self) -> bool:
        return self.process.poll() is not None


@pytest.fixture
def feed(tmp_path: Path) -> Iterator[ModFeed]:
    feed = ModFeed(str(tmp_path))
    yield feed
    feed.close()


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Callable[[], Child]]:
    children = list[Child]()

    def start() -> Child:
        children.append(Child(tmp_path))
        return children[-1]

    yield start
    for child in children:
        child.process.kill()
        child.process.communicate()


@pytest.fixture
def child(start: Callable[[], Child], feed: ModFeed) -> Child:
    """A child that has said hello and answered the ping for it."""
    child = start()
    child.says_hello()
    assert [event.name for event in feed.receive(100)] == ["hello"]
    assert child.line() == {"op": "ping", "n": 1}
    child.answers(1)
    assert [event.n for event in feed.receive(100)] == [1]
    return child


class TestPipes:
    def test_the_child_makes_a_pipe_for_itself_alone_and_names_its_parent(self, start: Callable[[], Child]) -> None:
        child = start()
        assert child.number == child.process.pid
        assert child.parent == os.getpid()
        found = os.stat(child.files / f"{FEED_NAME}.{child.number}")
        assert stat.S_ISFIFO(found.st_mode)
        assert stat.S_IMODE(found.st_mode) == 0o600

    def test_before_the_hello_nothing_is_sent(self, feed: ModFeed) -> None:
        assert feed.receive(100) == []
        assert feed.ping(100) == 0
        assert not feed.deliver("O", ["text"], "amq: 1")
        assert feed.unsent == 0
        assert feed.health.presence(200) is Presence.UNKNOWN

    def test_a_hello_is_answered_by_a_ping(self, feed: ModFeed, start: Callable[[], Child]) -> None:
        child = start()
        child.says_hello()
        feed.receive(100)
        assert child.line() == {"op": "ping", "n": 1}
        assert feed.health.presence(100.1 + PONG_WITHIN_S) is Presence.SILENT

    def test_a_text_longer_than_the_pipe_is_sent_as_it_is_read(self, feed: ModFeed, child: Child) -> None:
        assert feed.deliver("O", [TEXT, TEXT], "amq: 2")
        assert feed.unsent
        assert not feed.flush()
        assert child.process.stdout
        os.set_blocking(child.process.stdout.fileno(), False)
        got = b""
        while not got.endswith(b"\n"):
            feed.receive(100)
            got += child.process.stdout.read() or b""
        assert json.loads(got) == {"op": "deliver", "offer": "O", "texts": [TEXT, TEXT], "notice": "amq: 2"}
        assert feed.unsent == 0

    def test_a_child_that_does_not_read_is_not_waited_for(self, feed: ModFeed, child: Child) -> None:
        child.process.send_signal(signal.SIGSTOP)
        sent = sum(feed.deliver("O", [TEXT], "amq: 1") for _ in range(2 * MOST_UNSENT // len(TEXT)))
        assert MOST_UNSENT - len(TEXT) < feed.unsent <= MOST_UNSENT
        assert sent <= MOST_UNSENT // len(TEXT) + 1

    def test_the_end_of_the_child_is_noticed(self, feed: ModFeed, child: Child) -> None:
        child.process.kill()
        child.process.wait()
        assert feed.health.presence(100) is Presence.THERE
        assert not feed.deliver("O", ["text"], "amq: 1")
        assert feed.health.presence(100) is Presence.DEAD
        assert feed.ping(100) == 0

    def test_a_mod_that_is_loaded_again_is_written_to_and_gets_nothing_of_the_one_before(
        self, feed: ModFeed, child: Child, start: Callable[[], Child]
    ) -> None:
        child.process.send_signal(signal.SIGSTOP)
        assert feed.deliver("O", [TEXT], "amq: 1")
        again = start()
        again.says_hello()
        feed.receive(100)
        assert feed.deliver("P", ["text"], "amq: 1")
        assert again.line() == {"op": "ping", "n": 2}
        assert again.line()["offer"] == "P"
        child.reports("appended", offer="O")
        assert feed.receive(100) == []

    def test_the_mod_of_another_process_is_let_go(
        self, feed: ModFeed, child: Child, start: Callable[[], Child]
    ) -> None:
        other = start()
        other.says_hello(process=41)
        assert feed.receive(100) == []
        wait_until(lambda: feed.receive(100) == [] and other.has_ended())
        assert feed.deliver("O", ["text"], "amq: 1")
        assert child.line()["offer"] == "O"

    @pytest.mark.parametrize("make", [Path.touch, lambda path: path.symlink_to("other"), lambda _: None])
    def test_only_a_pipe_is_written_to(self, feed: ModFeed, tmp_path: Path, make: Callable[[Path], None]) -> None:
        os.mkfifo(tmp_path / "other")
        make(tmp_path / f"{FEED_NAME}.7")
        with open(tmp_path / EVENTS_NAME, "wb") as file:
            file.write(wire("hello", process=40, session="S", version="V") + b"\n")
        assert [event.name for event in feed.receive(100)] == ["hello"]
        assert feed.health.presence(100) is Presence.DEAD
        assert not feed.deliver("O", ["text"], "amq: 1")

    def test_garbage_is_an_error_and_what_follows_is_heard(self, feed: ModFeed, child: Child) -> None:
        with open(child.files / EVENTS_NAME, "wb") as file:
            file.write(b"\xff\n")
        child.reports("stopped")
        assert [event.name for event in feed.receive(100)] == [ERROR, "stopped"]

    def test_a_process_that_writes_without_end_is_not_read_to_it(self, feed: ModFeed, tmp_path: Path) -> None:
        with open(tmp_path / EVENTS_NAME, "wb") as file, subprocess.Popen(["yes"], stdout=file) as flood:
            try:
                assert select.select([feed], [], [], LINE_WITHIN_S)[0]
                assert {event.name for event in feed.receive(100)} == {ERROR}
            finally:
                flood.kill()

    def test_after_its_end_nothing_is_read_or_sent(self, feed: ModFeed, child: Child) -> None:
        child.reports("stopped")
        feed.close()
        assert feed.receive(100) == []
        assert not feed.deliver("O", ["text"], "amq: 1")
        assert feed.health.presence(100) is Presence.DEAD

    def test_the_child_ends_with_the_host(self, child: Child, feed: ModFeed) -> None:
        feed._let_go()
        child.process.wait(10)
        assert child.process.returncode == 0

    @pytest.mark.usefixtures("child")
    def test_descriptors_are_closed(self, tmp_path: Path) -> None:
        (tmp_path / "two").mkdir()
        before = len(os.listdir("/dev/fd"))
        feed = ModFeed(str(tmp_path / "two"))
        other = Child(tmp_path / "two")
        other.says_hello()
        feed.receive(100)
        feed.close()
        assert other.process.stdout
        other.process.communicate()
        assert len(os.listdir("/dev/fd")) == before
