"""A link in the place of any directory of a queue: every command reports it, does not follow it, and reads the others.

It leads to a complete queue, where following it would show, take and make something.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import pytest

from amq.errors import AmqError, UnsafePath
from amq.layout import QueueLayout, RootedPath
from amq.mail.mailbox import Mailbox
from amq.mail.sending import Draft
from amq.runtime import notifier_lock
from amq.runtime.inbox_watcher import EventWatch
from amq.runtime.stat_polling import Watch
from amq.setup import checks_queue
from amq.store import directories, durable, registry
from amq.store.durable import Directory
from tests.conftest import Shell
from tests.hostile.showing import SECRET, called, wrong
from tests.hostile.test_tricks import COMMANDS
from tests.samples import message_file
from tests.seeds import SOAK

LINKED = (
    "meta", "agents", "agents/bob", "agents/bob/inbox", "agents/bob/inbox/new", "agents/bob/inbox/cur",
    "agents/bob/inbox/tmp", "agents/bob/outbox", "agents/bob/outbox/sent", "agents/bob/acks", "agents/bob/acks/sent",
    "agents/bob/acks/received", "agents/bob/dlq", "agents/bob/dlq/new", "agents/bob/dlq/cur", "agents/bob/dlq/tmp",
    "agents/bob/.amq", "agents/bob/.amq/drains", "agents/bob/.amq/refused", "agents/alice", "agents/alice/inbox",
    "agents/alice/acks", "agents/alice/acks/received",
)  # fmt: skip


MORE = (
    "init --agents bob,erin --force", "doctor --fix", "send --to erin --create --body=x", "completion handles",
    "search good", "log",
    'hook codex notify {"type":"agent-turn-complete"}', "send --to bob --body=x --wait-for acked --wait-timeout 1ms",
    "who --json", "thread --id p2p/alice__bob --agents bob", "drain --json --include-body --limit 0 --max-chars 0",
)  # fmt: skip


@pytest.fixture
def outside(amq: Shell) -> Path:
    """A queue like the one here, with mail, dead letters, presence and old temporary files that are not bob's."""
    amq.put("good.md", message_file(b"the good one\n", id="good", ack_required=True))
    amq.put("broken.md", b"no message")
    other = amq.project.parent / "elsewhere" / ".agent-mail"
    other.parent.mkdir()
    amq.ok("drain", "--limit", "1", me="bob")
    amq.ok("presence", "set", "--status", "busy", me="bob")
    shutil.copytree(amq.root, other)
    for path in (*other.rglob("new"), *other.rglob("cur"), *other.rglob("sent")):
        (path / "good.md").write_bytes(message_file(SECRET.encode(), id="good", subject=SECRET, ack_required=True))
    for path in other.rglob("tmp"):
        (path / "old").write_text(SECRET)
    return other


def _contents(top: Path) -> dict[str, tuple[int, bytes]]:
    """Return the mode and the bytes of everything below TOP."""
    return {
        str(path.relative_to(top)): (path.lstat().st_mode, path.read_bytes() if path.is_file() else b"")
        for path in sorted(top.rglob("*"))
    }


def _link(amq: Shell, name: str, outside: Path) -> Path:
    """Replace a directory of this queue by a link to the directory NAME of the queue outside."""
    place, there = amq.root / name, outside / name
    there.mkdir(parents=True, exist_ok=True)
    place.parent.mkdir(parents=True, exist_ok=True)
    shutil.rmtree(place, ignore_errors=True)
    place.symlink_to(os.path.relpath(there, place.parent))
    return place


@pytest.mark.parametrize("name", LINKED)
def test_no_command_follows_a_link(amq: Shell, outside: Path, name: str) -> None:
    _link(amq, name, outside)
    before, problems = _contents(outside), list[str]()
    for words in (*COMMANDS, *MORE):
        result = called(amq, words, stdin=b"{}")
        problems += wrong(result, words)
        if _contents(outside) != before:
            problems.append(f"{words}: changed something outside")
            before = _contents(outside)
    assert problems == []


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("agents", "list"), ("agents/bob", "list"), ("agents/bob/inbox", "list"), ("agents/bob/inbox/new", "drain"),
        ("agents/bob/inbox/cur", "list"), ("agents/bob/.amq", "drain"), ("agents/bob/.amq/drains", "drain"),
        ("agents/bob/inbox/tmp", "drain"), ("agents/bob/dlq", "dlq read --id x"),
        ("agents/alice", "send --to alice --body=x"), ("agents/alice/inbox", "send --to alice --body=x"),
        ("agents/bob", "init --agents bob"), ("meta", "init --agents dan"), ("agents", "init --agents dan"),
        ("agents/bob", "presence set --status=x"), ("agents/bob/.amq", "presence set --status=x"),
        ("agents/bob", "why bob"), ("agents/alice", "thread --agents alice --id x"),
        ("agents/bob", "watch --timeout 9s"),
        ("agents/bob", "monitor --timeout 9s"), ("agents/bob", "hook claude stop"),
    ],
)  # fmt: skip
def test_the_link_is_named(amq: Shell, outside: Path, name: str, words: str) -> None:
    place = _link(amq, name, outside)
    result = called(amq, words, stdin=b"{}")
    if words.startswith("hook"):  # which prints nothing
        assert result.code == 0
        return
    assert result.code == 1
    assert f"{place} is a link; amq follows no link inside a queue" in result.err
    assert "replace it with a directory" in result.err


def test_a_linked_mailbox_is_left_out_and_stops_no_other(amq: Shell, outside: Path) -> None:
    amq.send(to="carol", me="alice", body="hello carol")
    identifier = amq.send(to="carol", me="alice", body="hello again")
    place = _link(amq, "agents/bob", outside)
    for words in ("who", "presence list", "thread --id p2p/alice__carol --include-body", f"trace --id {identifier}",
                  "cleanup --tmp-older-than 0 --yes"):  # fmt: skip
        result = amq(*words.split())
        assert result.code == 0, words
        assert result.err.count(f"{place} is a link") == 1, words
        assert "replace it with a directory" in result.err, words
    shown = amq("who").out
    assert "carol" in shown and "bob" not in shown
    assert "hello carol" in amq("thread", "--id", "p2p/alice__carol", "--include-body").out
    assert amq.send(to="carol")


@pytest.mark.parametrize("name", ["agents/bob/acks", "agents/bob/inbox/cur", "agents/bob/dlq/new"])
def test_where_a_message_is_may_be_behind_a_link(amq: Shell, outside: Path, name: str) -> None:
    identifier = amq.send(to="bob", me="alice")
    amq.put("x.md", message_file(id="x"))
    place = _link(amq, name, outside)
    (amq.root / "agents/bob/inbox/new" / f"{identifier}.md").unlink()
    assert f"{place} is a link" in amq("trace", "--id", identifier).err


def test_mail_for_others_goes_out_beside_a_sender_that_is_a_link(amq: Shell, outside: Path) -> None:
    """Its acknowledgement cannot be given, and a warning says so; the mail is shown and filed."""
    amq.put("asks.md", message_file(b"from alice\n", id="asks", **{"from": "alice", "ack_required": True}))
    place = _link(amq, "agents/alice", outside)
    result = amq("drain", "--include-body", me="bob")
    assert result.code == 0
    assert "from alice" in result.out
    assert f"{place} is a link" in result.err
    assert "asks.md" in amq.cur()


def test_the_root_may_be_reached_through_links(amq: Shell) -> None:
    for link in (amq.project.parent / "way", amq.project / "queue"):
        link.symlink_to(amq.project if link.name == "way" else amq.root)
        root = link / ".agent-mail" if link.name == "way" else link
        sent = Mailbox(str(root), "alice").send(["bob"], b"through a link")
        assert f"{sent.id}.md" in amq.new()
        assert amq("--root", str(root), "list", me="bob").code == 0
        assert amq("--root", str(root), "init", "--agents", "dan").code == 0
        assert amq("--root", str(root), "doctor", "--fix").err == ""


def test_a_root_that_leads_nowhere_is_not_made_elsewhere(shell: Shell) -> None:
    """`init` follows a link to the root as ever, but not a link inside a new queue."""
    (shell.project / ".agent-mail").mkdir()
    (shell.project / ".agent-mail" / "agents").symlink_to("../outside")
    result = shell("init", "--agents", "bob")
    assert result.code == 1
    assert "agents is a link" in result.err
    assert not (shell.project / "outside").exists()


# -- a directory that becomes a link while a command runs --------------------------------------------------------------


def test_what_becomes_a_link_on_the_way_down_is_not_followed(
    amq: Shell, outside: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """At each name: it was a directory when it was checked, and is a link when the next is opened."""
    real, agent = os.open, amq.agent("bob")
    for depth, name in enumerate(agent.inbox_new.names):
        replaced = amq.root / "/".join(agent.inbox_new.names[: depth + 1])
        kept = replaced.with_name("kept")

        def swapping(path: str, *more: object, name: str = name, replaced: Path = replaced, **keys: object) -> int:
            if path == name and not replaced.is_symlink():
                replaced.rename(replaced.with_name("kept"))
                replaced.symlink_to(outside / replaced.relative_to(amq.root))
            return real(path, *more, **keys)  # type: ignore[arg-type]

        with monkeypatch.context() as patch:
            patch.setattr(os, "open", swapping)
            with pytest.raises(UnsafePath, match=f"{replaced} is a link"):
                Directory(agent.inbox_new)
        replaced.unlink()
        kept.rename(replaced)


def test_what_is_open_stays_what_it_was(amq: Shell, outside: Path) -> None:
    home = amq.root / "agents" / "bob"
    with Directory(amq.agent("bob").inbox_new) as new:
        home.rename(home.with_name("kept"))
        home.symlink_to(outside / "agents" / "bob")
        durable.close(durable.write_new(new, "here", b"x"))
    assert (home.with_name("kept") / "inbox/new/here").exists()
    assert not (outside / "agents/bob/inbox/new/here").exists()


def test_a_directory_is_made_in_its_parent_and_not_through_a_link(amq: Shell, outside: Path) -> None:
    _link(amq, "agents/bob", outside)
    before = _contents(outside)
    with pytest.raises(UnsafePath):
        registry.make_mailbox(QueueLayout(str(amq.root)), "bob")
    assert _contents(outside) == before


def test_the_descriptors_are_given_back_whatever_fails(amq: Shell, outside: Path) -> None:
    agent = amq.agent("bob")
    _link(amq, "agents/bob/inbox/cur", outside)
    before = os.listdir("/dev/fd")
    for path in (agent.inbox_cur, agent.inbox.below("missing"), agent.inbox_cur.below("x"), agent.inbox_new):
        try:
            Directory(path).close()
        except OSError as error:
            assert isinstance(error, UnsafePath | FileNotFoundError)
    assert len(os.listdir("/dev/fd")) == len(before)


def test_an_error_names_the_directory_that_is_missing(amq: Shell) -> None:
    agent = amq.agent("bob")
    with pytest.raises(FileNotFoundError) as missing:
        Directory(agent.home.below("none", "such"))
    assert missing.value.filename == f"{agent.home}/none"


SWAPPING_S = 5.0 if SOAK else 0.2
SWAPS = """
import ctypes, os, sys
exchange, (first, second) = ctypes.CDLL(None).renameat2, map(os.fsencode, sys.argv[1:])
print(flush=True)
while True:
    exchange(-100, first, -100, second, 2)  # RENAME_EXCHANGE
"""


@pytest.mark.skipif(sys.platform != "linux", reason="needs renameat2")
@pytest.mark.parametrize("name", LINKED)
def test_no_instant_is_the_right_one_for_a_link(amq: Shell, outside: Path, name: str) -> None:
    """Directory and link change places all the time, each time in one step, while every verb is used."""
    queue, place = QueueLayout(str(amq.root)), amq.root / name
    Mailbox(queue.root, "bob").set_presence("here")
    for each in (place, outside / name):
        each.mkdir(parents=True, exist_ok=True)
    link = amq.project / "link"
    link.symlink_to(outside / name)
    before = _contents(outside)
    with subprocess.Popen([sys.executable, "-c", SWAPS, link, place], stdout=subprocess.PIPE) as swapping:
        assert swapping.stdout
        swapping.stdout.readline()
        end = time.monotonic() + SWAPPING_S
        while time.monotonic() < end:
            for verb in VERBS:
                with suppress(AmqError, OSError):
                    verb(queue.root)
        swapping.kill()
    assert _contents(outside) == before


def _send(root: str) -> object:
    return Mailbox(root, "alice").send(["bob"], b"x", Draft(ack=True))


def _drain(root: str) -> None:
    with Mailbox(root, "bob").drain(3) as mail:
        assert not any(SECRET in item.text for item in mail)


def _say(root: str) -> object:
    return Mailbox(root, "bob").set_presence("there")


VERBS: tuple[Callable[[str], object], ...] = (
    _send, _drain, _say, lambda root: Mailbox(root, "alice").who(),
    lambda root: registry.register(QueueLayout(root), ["bob"], 0),
)  # fmt: skip


# -- who notifies, and what watches ------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["agents/bob", "agents/bob/.amq"])
def test_no_lock_is_taken_behind_a_link(amq: Shell, outside: Path, name: str) -> None:
    state = Mailbox(str(amq.root), "bob").state_dir
    _link(amq, name, outside)
    before = _contents(outside)
    with pytest.raises(UnsafePath):
        notifier_lock.claim(state, "run")
    assert _contents(outside) == before


def test_a_mailbox_that_has_become_a_link_is_not_the_notifiers(amq: Shell, outside: Path) -> None:
    claim = notifier_lock.claim(Mailbox(str(amq.root), "bob").state_dir, "run")
    _link(amq, "agents/bob", outside)
    with pytest.raises(UnsafePath):
        claim.holds()
    claim.release()


def test_a_watch_sees_nothing_behind_a_link(amq: Shell, outside: Path) -> None:
    path = amq.agent("bob").inbox_new
    _link(amq, "agents/bob/inbox", outside)
    watch = Watch([path])
    (outside / "agents/bob/inbox/new/more.md").touch()
    assert not watch.changed()
    with EventWatch(path) as events:
        assert "is a link" in events.failure


# -- doctor ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", [name for name in LINKED if "alice" not in name])
def test_doctor_names_the_link(amq: Shell, outside: Path, name: str) -> None:
    place = _link(amq, name, outside)
    result = amq("doctor")
    assert result.code == 1
    assert f"{place} is a link" in result.out


def test_doctor_changes_no_mode_behind_a_link(amq: Shell, outside: Path) -> None:
    (outside / "agents/bob/inbox").chmod(0o777)
    _link(amq, "agents/bob/inbox", outside)
    (amq.root / "agents/carol").chmod(0o770)
    amq("doctor", "--fix")
    assert (outside / "agents/bob/inbox").stat().st_mode & 0o777 == 0o777
    assert (amq.root / "agents/carol").stat().st_mode & 0o777 == 0o700


def test_modes_are_reported_of_what_is_inside_only(amq: Shell, outside: Path) -> None:
    _link(amq, "agents/bob", outside)
    found = [path for path, _ in checks_queue._modes(str(amq.root))]
    assert str(amq.root) in found
    assert not any("bob" in path for path in found)


def test_a_path_too_long_for_the_system_is_walked_anyway(tmp_path: Path) -> None:
    """A hostile tree may be that deep; each name is short."""
    path = RootedPath(str(tmp_path))
    for _ in range(30):
        path = path.below("x" * 200)
        directories.make([path])
    assert len(path) > 6000
    assert directories.exists(path)
