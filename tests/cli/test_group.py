"""`amq group`, and mail to a group: `--to @NAME`, `--to '@claude-*'`."""

from __future__ import annotations

import json
from multiprocessing import get_context
from pathlib import Path

import pytest

from amq.errors import NotFound
from amq.layout import QueueLayout
from amq.store import groups, registry
from tests.conftest import Shell

NOT_GROUPS: tuple[object, ...] = ([], "x", {"r": "bob"}, {"r": [1]}, {"R": ["bob"]}, {"r": ["../x"]})


def members(amq: Shell) -> dict[str, object]:
    return dict(json.loads((amq.root / "meta" / "config.json").read_text()))


def recipients(amq: Shell, to: str, *options: str, me: str = "alice") -> list[str]:
    sent = amq("send", "--to", to, "--body=x", "--json", *options, me=me)
    assert sent.code == 0, sent.err
    return list(sent.value["to"])


def test_a_group_is_set_shown_written_to_and_removed(amq: Shell) -> None:
    assert amq.ok("group", "set", "reviewers", "bob,carol") == "@reviewers  bob,carol\n"
    assert amq.ok("group", "list") == "@reviewers  bob,carol\n"
    assert amq("group", "list", "--json").value == [{"name": "reviewers", "agents": ["bob", "carol"]}]
    assert recipients(amq, "@Reviewers") == ["bob", "carol"]
    header = amq("read", "--id=@last", "--json", me="bob").value["header"]
    assert header["to"] == ["bob", "carol"]
    assert header["thread"] == "group/alice__bob__carol"
    assert "to undo this: amq group set reviewers bob,carol" in amq.ok("group", "remove", "@reviewers")
    none = amq("group", "list")
    assert (none.out, none.err) == ("", "amq: No groups.\n")
    assert amq("send", "--to=@reviewers", "--body=x").code == 3


def test_the_registry_keeps_what_it_had(amq: Shell) -> None:
    path = amq.root / "meta" / "config.json"
    before = members(amq) | {"other": [2**70, {"a": None}], "project": "x"}
    path.write_text(json.dumps(before))
    amq.ok("group", "set", "r", "bob")
    registry.register(QueueLayout(str(amq.root)), ["dan"], 0)
    assert amq.ok("group", "list") == "@r  bob\n"
    amq.ok("group", "remove", "r")
    assert members(amq) == before | {"agents": ["alice", "bob", "carol", "dan"]}


def test_each_recipient_is_written_to_once_and_never_the_sender(amq: Shell) -> None:
    amq.ok("group", "set", "r", "alice,carol,bob")
    assert recipients(amq, "bob,@r,@all") == ["bob", "carol"]
    amq.ok("group", "set", "me", "alice")
    alone = amq("send", "--to=@me", "--body=x")
    assert (alone.code, "no other agent than you" in alone.err) == (2, True)


def test_a_pattern_means_the_other_registered_agents_that_match(amq: Shell) -> None:
    registry.register(QueueLayout(str(amq.root)), ["claude-1", "claude-2", "codex"], 0)
    assert recipients(amq, "@claude-*") == ["claude-1", "claude-2"]
    assert recipients(amq, "@claude-*", me="claude-2") == ["claude-1"]
    none = amq("send", "--to=@gemini-*", "--body=x")
    assert none.code == 3
    assert "matches no other registered agent" in none.err


def test_a_mistyped_group_is_an_error_with_the_nearest(amq: Shell) -> None:
    amq.ok("group", "set", "reviewers", "bob")
    wrong = amq("send", "--to=@reviewrs", "--body=x")
    assert wrong.code == 3
    assert "there is no group @reviewrs; did you mean" in wrong.err
    assert "amq send --to @reviewers --body x" in wrong.err
    assert "did you mean: amq send --to bob" in amq("send", "--to=@bob", "--body=x").err


def test_a_right_group_beside_a_mistake_is_not_corrected(amq: Shell) -> None:
    amq.ok("group", "set", "bobs", "bob")
    assert "amq send --to @bobs,carol --body x" in amq("send", "--to=@bobs,carrol", "--body=x").err


def test_a_member_that_has_left_is_named_and_left_out(amq: Shell) -> None:
    amq.ok("group", "set", "r", "bob,carol")
    amq.ok("agent", "remove", "carol")
    assert recipients(amq, "@r") == ["bob"]
    assert "carol, of @r, is not in this queue" in amq("send", "--to=@r", "--body=x").err
    assert amq("send", "--to=@r", "--body=x", "--strict").code == 3
    assert amq.ok("group", "list") == "@r  bob,carol\n"


def test_the_user_may_be_a_member(amq: Shell) -> None:
    amq.ok("group", "set", "r", "user,bob")
    assert recipients(amq, "@r") == ["user", "bob"]


@pytest.mark.parametrize("words", ["all bob", "../x bob", "r ../x", "r ,", "r", "r bob carol"])
def test_a_bad_group_is_refused(amq: Shell, words: str) -> None:
    before = members(amq)
    assert amq("group", "set", *words.split()).code == 2
    assert members(amq) == before


def test_a_stranger_is_a_warning_or_with_strict_an_error(amq: Shell) -> None:
    assert "caroll has no mailbox" in amq("group", "set", "r", "bob,caroll").err
    assert amq("group", "set", "s", "bob,caroll", "--strict").code == 3
    assert amq.ok("group", "list") == "@r  bob,caroll\n"


@pytest.mark.parametrize("to", ["@all", "bob,@all", "@b*", "@r"])
def test_a_registry_that_cannot_be_read_is_not_an_empty_one(amq: Shell, to: str) -> None:
    (amq.root / "meta" / "config.json").write_text("{")
    result = amq("send", "--to", to, "--body", "x")
    assert (result.code, "cannot be read" in result.err, "no other" in result.err) == (1, True, False)
    assert amq.new() == []


@pytest.mark.parametrize("value", NOT_GROUPS, ids=str)
def test_groups_that_cannot_be_read_are_reported_and_kept(amq: Shell, value: object) -> None:
    path = amq.root / "meta" / "config.json"
    path.write_text(json.dumps(members(amq) | {"groups": value}))
    before = path.read_bytes()
    for words in ("group list", "group set r bob", "group remove r", "send --to @r --body x"):
        result = amq(*words.split())
        assert result.code == 1, words
        assert "cannot be read" in result.err
    assert path.read_bytes() == before
    assert recipients(amq, "bob,@all") == ["bob", "carol"]


def test_a_registry_that_cannot_be_read_is_not_written(amq: Shell) -> None:
    path = amq.root / "meta" / "config.json"
    path.write_text("{")
    assert amq("group", "set", "r", "bob").code == 1
    assert path.read_text() == "{"
    path.unlink()
    assert amq("group", "set", "r", "bob").code == 3
    assert amq("group", "list").out == ""
    assert not path.exists()


def _set_groups(root: str, first: int) -> None:
    for number in range(first, first + 20):
        groups.set_group(QueueLayout(root), f"g{number}", ["bob"])
        registry.register(QueueLayout(root), [f"a{number}"], 0)


def test_groups_set_at_once_are_all_there(amq: Shell) -> None:
    workers = [get_context("spawn").Process(target=_set_groups, args=(str(amq.root), first)) for first in (0, 100)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert len(groups.read_groups(QueueLayout(str(amq.root)))) == 40
    assert len(registry.read_registry(QueueLayout(str(amq.root))) or []) == 43


def test_a_queue_has_a_limit_of_groups(amq: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(groups, "_MOST_GROUPS", 1)
    amq.ok("group", "set", "a", "bob")
    amq.ok("group", "set", "a", "carol")
    assert amq("group", "set", "b", "bob").code == 2


def test_what_is_set_again_writes_nothing(amq: Shell) -> None:
    amq.ok("group", "set", "r", "bob")
    path = amq.root / "meta" / "config.json"
    before = path.stat().st_ino
    amq.ok("group", "set", "r", "bob")
    assert path.stat().st_ino == before


def test_one_that_is_not_there_cannot_be_removed(amq: Shell) -> None:
    with pytest.raises(NotFound):
        groups.remove_group(QueueLayout(str(amq.root)), "none")
    assert not Path(amq.root, "groups").exists()
