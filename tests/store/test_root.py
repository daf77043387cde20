"""Queues that root may use without a flag, and directories below a root that are used."""

from __future__ import annotations

import os
import shutil
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from amq.errors import UnsafePath
from amq.layout import QueueLayout, RootedPath
from amq.store import open_beneath
from amq.store.durable import Directory
from amq.store.open_beneath import Guard
from tests.conftest import Shell
from tests.store.users import GROUP, OTHER, USER, give, not_theirs

if TYPE_CHECKING:
    from tests.conftest import Result


MAIL = (
    "list", "who", "drain", "send --to bob --body=x", "thread --id x", "presence list", "read --id x", "env",
    "completion handles", "init --agents dan", "cleanup --tmp-older-than 0 --yes", "dlq list",
    "watch --timeout 1ms", "why",
)  # fmt: skip
HOSTING = ("run -- true", "wake --check", "coop up", "coop status", "coop down")


def _refused(result: Result) -> bool:
    return result.code == 1 and "belongs to another user" in result.err and "--trust-root" in result.err


@pytest.mark.parametrize("words", MAIL)
@pytest.mark.parametrize("elsewhere", ["in our directory", "in another's", "held by us", "held by another", "gone"])
def test_root_needs_the_flag_elsewhere(
    theirs: Shell, words: str, elsewhere: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    place = tmp_path / "place"
    place.mkdir()
    if elsewhere.startswith("held"):
        os.chown(theirs.project, 0 if elsewhere == "held by us" else OTHER, 0)
        os.chown(place, USER, GROUP)
    else:
        os.chown(place, OTHER if elsewhere == "in another's" else 0, 0)
    monkeypatch.chdir(place)
    if elsewhere == "gone":
        place.rmdir()
        monkeypatch.setattr("amq.config.working_directory", lambda: str(place))
    before = sorted(map(str, theirs.root.rglob("*")))
    assert _refused(theirs("--root", str(theirs.root), *words.split()))
    assert sorted(map(str, theirs.root.rglob("*"))) == before
    trusted = theirs("--root", str(theirs.root), "--trust-root", *words.split())
    assert "belongs" not in trusted.err
    assert not_theirs(theirs.root) == []


@pytest.mark.parametrize("words", HOSTING)
def test_root_hosts_in_their_queue_only_with_the_flag(theirs: Shell, words: str) -> None:
    assert _refused(theirs(*words.split(), me="bob"))
    assert "belongs" not in theirs("--trust-root", "wake", "--check", me="bob").err


def test_a_new_queue_is_not_made_in_their_directory_from_elsewhere(
    theirs: Shell, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    place = tmp_path / "place"
    place.mkdir()
    monkeypatch.chdir(place)
    new = theirs.project / "new"
    for words in ("init --agents a", "run -- true"):
        for root in (new, new / "deep" / "queue"):
            assert _refused(theirs("--root", str(root), *words.split()))
        assert not new.exists()
    assert theirs("--root", str(new), "--trust-root", "init", "--agents", "a").code == 0
    assert not_theirs(new) == []
    assert theirs("--root", str(theirs.project / "a" / "b" / "c"), "--trust-root", "init").code == 0
    assert not_theirs(theirs.project / "a") == []


def test_a_link_from_their_project_to_anothers_queue_is_not_at_home(theirs: Shell, tmp_path: Path) -> None:
    victim = tmp_path / "victim"
    shutil.copytree(theirs.project, victim)
    give(victim, OTHER, OTHER)
    link = theirs.project / "link"
    link.symlink_to(victim / ".agent-mail")
    os.chown(link, USER, GROUP, follow_symlinks=False)
    assert _refused(theirs("--root", str(link), "list"))


def test_the_place_of_a_link_is_not_who_holds_the_queue(theirs: Shell, tmp_path: Path) -> None:
    place = tmp_path / "place"
    place.mkdir()
    theirs.root.rename(place / "queue")
    theirs.root.symlink_to(place / "queue")
    os.chown(theirs.root, USER, GROUP, follow_symlinks=False)
    assert _refused(theirs("list"))
    os.chown(place, USER, GROUP)
    assert theirs("list").code == 0


def test_a_root_that_was_replaced_after_it_was_accepted(theirs: Shell, tmp_path: Path) -> None:
    victim = tmp_path / "victim"
    shutil.copytree(theirs.root, victim)
    give(victim, OTHER, OTHER)
    open_beneath.guard = Guard(owner=USER)
    Directory(RootedPath(str(theirs.root))).close()
    theirs.root.rename(theirs.project / "kept")
    theirs.root.symlink_to(victim)
    with pytest.raises(UnsafePath, match=f"now belongs to another user \\({OTHER}\\)"):
        Directory(QueueLayout(str(theirs.root)).agents)
    open_beneath.guard = Guard(owner=USER, trusted=True)
    Directory(QueueLayout(str(theirs.root)).agents).close()


# -- the directories below the root ------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["agents", "agents/alice", "agents/alice/.amq", "agents/alice/inbox/new", "meta"])
def test_a_directory_of_a_third_user_is_refused(theirs: Shell, name: str) -> None:
    theirs.ok("presence", "set", "--status=x")
    os.chown(theirs.root / name, OTHER, OTHER)
    calls = {"meta": "init --agents x", "agents/alice/inbox/new": "list"}
    words = calls.get(name, "presence set --status=x").split()
    refused = theirs(*words)
    assert refused.code == 1
    assert f"{theirs.root / name} belongs to another user ({OTHER})" in refused.err
    assert f"sudo chown -R {USER} {theirs.root / name}; or" in refused.err
    assert theirs("--trust-root", *words).code == 0


def test_who_leaves_out_a_mailbox_of_a_third_user(theirs: Shell) -> None:
    os.chown(theirs.root / "agents/bob", OTHER, OTHER)
    result = theirs("who")
    assert result.code == 0
    assert result.err.count("agents/bob belongs to another user") == 1
    assert "carol" in result.out and "bob" not in result.out
    assert theirs("send", "--to", "bob", "--body=x").code == 1
    assert theirs("send", "--to", "carol", "--body=x").code == 0


@pytest.mark.parametrize("name", ["agents", "agents/alice", "agents/alice/.amq", "agents/alice/inbox"])
def test_a_directory_that_others_can_write_to_is_warned_of_once(amq: Shell, name: str) -> None:
    amq.ok("presence", "set", "--status=x")
    (amq.root / name).chmod(0o720)
    words = ("list",) if name.endswith("inbox") else ("presence", "set", "--status=x")
    loose = amq(*words)
    assert loose.code == 0
    empty = "amq: No messages.\n" if words == ("list",) else ""
    assert loose.err == (
        f"amq: warning: other users can write to {amq.root / name}; to fix it: chmod -R go-w {amq.root}\n{empty}"
    )
    strict = amq("--strict", *words)
    assert strict.code == 1
    assert f"other users can write to {amq.root / name}" in strict.err


def test_a_host_complains_before_it_hosts_and_not_after(amq: Shell) -> None:
    from amq.cli.open_mailbox import complain_no_more

    (amq.root / "agents").chmod(0o720)
    assert "other users can write" in amq("list").err
    told: list[str] = []
    open_beneath.guard = Guard(complain=told.append)
    complain_no_more()
    Directory(amq.agent("bob").home).close()
    assert told == []
