"""`amq log`: all messages in order, each once, and with `--follow` those that come."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import time
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from amq import Mailbox
from amq.mail import message_table
from amq.mail.timeline import Timeline
from tests.conftest import Shell
from tests.samples import message_file

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

    from amq.layout import RootedPath
    from amq.mail.account import Account


def ids(text: str) -> list[str]:
    return [json.loads(line)["id"] for line in text.splitlines()]


def test_all_messages_in_order_and_each_once(amq: Shell) -> None:
    amq.send("--new-id=m1", "--subject=One", to="bob,carol")
    amq.send("--new-id=m2", me="bob", to="carol")
    amq.ok("drain", me="bob")
    amq.send("--new-id=m3", "--kind=todo", "--thread=plan", me="carol", to="alice")
    assert ids(amq.ok("log", "--json")) == ["m1", "m2", "m3"]
    first, second, third = (line.split("  ", 1)[1] for line in amq.ok("log").splitlines())
    assert first == "alice -> bob,carol  -  m1  One"
    assert second == "bob -> carol  -  m2  (no subject)"
    assert third == "carol -> alice  todo  m3  (no subject)"
    for words, found in (
        ("--from alice", ["m1"]),
        ("--to carol", ["m1", "m2"]),
        ("--thread plan", ["m3"]),
        ("--kind todo", ["m3"]),
        ("--since 1h", ["m1", "m2", "m3"]),
        ("--until 1h", []),
        ("--agents bob", ["m1", "m2"]),
    ):
        assert ids(amq("log", "--json", *words.split()).out) == found, words


def test_the_last_are_shown_and_the_rest_is_named(amq: Shell) -> None:
    for number in range(3):
        amq.send(f"--new-id=m{number}")
    found = amq("log", "--limit", "2", "--json")
    assert (ids(found.out), found.err) == (["m1", "m2"], "amq: the last 2 of 3; --limit 0 shows all\n")
    assert ids(amq.ok("log", "--limit", "0", "--json")) == ["m0", "m1", "m2"]


def test_an_empty_queue(amq: Shell) -> None:
    found = amq("log", "--json")
    assert (found.code, found.out, found.err) == (0, "", "amq: No messages.\n")


def test_a_file_with_the_id_of_another_hides_nothing(amq: Shell) -> None:
    amq.send("--new-id=m1", "--subject=True")
    Path(amq.agent("alice").inbox_new, "m1.md").write_bytes(message_file(b"", id="m1", subject="Forged"))
    assert {line.rpartition("  ")[2] for line in amq.ok("log").splitlines()} == {"True", "Forged"}


@pytest.mark.parametrize("columns", [40, 80, 120])
def test_lines_for_a_user_fit_the_terminal(amq: Shell, columns: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("amq.cli.terminal._columns", lambda: columns)
    amq.send("--subject=Wide 日本語 " + "x" * 200, "--kind=review_request", "--priority=urgent", to="bob,carol")
    amq.put("odd.md", message_file(b"", id="odd", subject="\x1b[31mred", to=["bob"] * 40))
    out = amq.ok("log", "--color=always")
    for style in ("\x1b[1m", "\x1b[2m", "\x1b[31m", "\x1b[0m"):
        out = out.replace(style, "")
    lines = out.splitlines()
    assert len(lines) == 2
    assert all(len(line) <= max(columns, 70) for line in lines)
    assert "\x1b" not in out
    assert ("odd" in out.split("review_request")[0]) == (columns >= 100)


def test_a_long_sender_leaves_room_for_the_recipients(amq: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("amq.cli.terminal._columns", lambda: 80)
    amq.put("1.md", message_file(b"", id="1", sender="a-very-long-handle-of-an-agent", to=["bob"], subject="x" * 80))
    amq.put("2.md", message_file(b"", id="2", sender="carol", to=["alice"] * 9, subject="Second"))
    lines = amq.ok("log", "--color=always").replace("\x1b[0m", "").splitlines()
    assert "a-very-long-handle… -> bob " in lines[0]
    assert "carol -> alice,alice,alic… " in lines[1]
    assert len(re.sub(r"\x1b\[\d+m", "", lines[0])) == 80
    assert "                " not in lines[0]  # no message has a kind, so there is no column for it


def test_later_looks_give_what_came(amq: Shell, opened: list[str]) -> None:
    amq.send("--new-id=m1")
    warned: list[str] = []
    timeline = Timeline(Mailbox(str(amq.root), "alice", warn=warned.append).account)
    assert [each.id for each in timeline.look()] == ["m1"]
    assert list(timeline.look()) == []
    amq.ok("drain", me="bob")
    assert list(timeline.look(sweep=False)) == []
    amq.send("--new-id=m2", me="bob", to="alice")
    bad = amq.put("bad.md", b"bad")
    opened.clear()
    assert [each.id for each in timeline.look(sweep=False)] == ["m2"]
    assert set(opened) == {"m2", "bad"}
    assert len(warned) == 1
    assert bad.name[:3] in warned[0]
    assert list(timeline.look()) == []
    assert len(warned) == 1


def test_an_unchanged_directory_is_not_read(amq: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
    read: list[str] = []
    look = message_table.in_directory

    def noted(account: Account, holder: str, path: RootedPath, known: Collection[str]) -> object:
        read.append(f"{holder} {path.name}")
        return look(account, holder, path, known)

    monkeypatch.setattr(message_table, "in_directory", noted)
    amq.send("--new-id=m1")
    much_later = time.time_ns() + 3600 * 10**9
    timeline = Timeline(Mailbox(str(amq.root), "alice", clock=lambda: much_later).account)
    timeline.look()
    read.clear()
    amq.send("--new-id=m2")
    assert [each.id for each in timeline.look(sweep=False)] == ["m2"]
    assert read == ["alice sent", "bob new"]
    timeline.look(sweep=True)
    assert len(read) > 6


FOLLOW = (sys.executable, "-m", "amq", "log", "--follow", "--json", "--limit", "1")


@contextmanager
def following(**environment: str) -> Iterator[subprocess.Popen[str]]:
    """Run a log that follows, and kill it at the end of the block."""
    environment |= {"PATH": os.environ["PATH"], "XDG_STATE_HOME": os.environ["XDG_STATE_HOME"]}
    pipe = subprocess.PIPE
    with subprocess.Popen(FOLLOW, stdout=pipe, stderr=pipe, text=True, env=environment) as log:
        try:
            yield log
        finally:
            log.kill()


def test_follow_shows_what_comes_until_it_is_interrupted(amq: Shell) -> None:
    amq.send("--new-id=m1")
    amq.send("--new-id=m2")
    with following() as log:
        assert log.stdout
        assert log.stderr
        assert ids(log.stdout.readline()) == ["m2"]
        amq.send("--new-id=m3", me="bob", to="carol")
        assert ids(log.stdout.readline()) == ["m3"]
        amq("init", "--agents", "dan")
        amq.send("--new-id=m4", to="dan")
        assert ids(log.stdout.readline()) == ["m4"]
        log.send_signal(signal.SIGINT)
        assert log.wait(20) == 130
        assert log.stderr.read() == ""


def test_follow_ends_when_the_queue_has_gone(amq: Shell) -> None:
    amq.send("--new-id=m1")
    with following() as log:
        assert log.stdout
        assert log.stderr
        assert ids(log.stdout.readline()) == ["m1"]
        amq.root.rename(amq.root.with_name("elsewhere"))
        assert log.wait(20) == 3
        assert "has gone" in log.stderr.read()
