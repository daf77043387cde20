"""`amq thread`: one conversation over all mailboxes."""

from __future__ import annotations

from pathlib import Path

import pytest

from amq.store import maildir
from tests.conftest import Shell
from tests.samples import ID, message_file


def talk(amq: Shell) -> list[str]:
    """Send a question, its answer, and a message of another thread; return the ids of the first two."""
    question = amq.send("--thread", "plan/x", "--subject", "Cache?", "--kind", "question", "--labels", "a,b")
    amq.send("--subject", "elsewhere")
    amq.ok("reply", "--id", question, "--body", "yes", me="bob")
    return [question, amq.new("alice")[0].removesuffix(".md")]


def test_each_message_is_shown_once_oldest_first(amq: Shell) -> None:
    talk(amq)
    lines = amq.ok("thread", "--id", "plan/x").splitlines()
    assert [line.split("  ")[1:] for line in lines] == [["alice", "Cache?"], ["bob", "Re: Cache?"]]


def test_an_answer_comes_behind_its_question_whatever_the_clocks_say(amq: Shell) -> None:
    amq.put("q.md", message_file(id="q", thread="t", subject="question", created="2099-01-01T00:00:00Z"))
    amq.ok("reply", "--id", "q", "--body", "x", "--subject", "answer", me="bob")
    amq.ok("reply", "--id", "q", "--body", "x", "--subject", "another", me="bob")
    lines = amq.ok("thread", "--id", "t").splitlines()
    assert [line.split("  ")[-1] for line in lines] == ["question", "answer", "another"]
    assert amq.ok("thread", "--id", "t", "--limit", "1").splitlines() == lines[-1:]


def test_it_is_equal_for_an_agent_that_takes_no_part(amq: Shell) -> None:
    talk(amq)
    assert amq.ok("thread", "--id", "plan/x", me="carol") == amq.ok("thread", "--id", "plan/x")


def test_json_has_the_documented_keys(amq: Shell) -> None:
    ids = talk(amq)
    question, answer = amq("thread", "--id", "plan/x", "--json").value
    assert [question["id"], answer["id"]] == ids
    assert question == {
        "id": ids[0], "from": "alice", "to": ["bob"], "thread": "plan/x", "subject": "Cache?",
        "created": question["created"], "priority": "normal", "kind": "question", "labels": ["a", "b"],
    }  # fmt: skip


def test_bodies_come_when_asked_for(amq: Shell) -> None:
    talk(amq)
    text = amq.ok("thread", "--id", "plan/x", "--include-body")
    assert [line for line in text.splitlines() if "  " not in line] == ["hello", "---", "yes", "---"]
    assert [each["body"] for each in amq("thread", "--id", "plan/x", "--include-body", "--json").value] == [
        "hello\n", "yes\n",
    ]  # fmt: skip


def test_limit_keeps_the_last(amq: Shell) -> None:
    ids = talk(amq)
    assert [each["id"] for each in amq("thread", "--id", "plan/x", "--limit", "1", "--json").value] == ids[1:]


def test_a_thread_of_no_messages_is_not_found(amq: Shell) -> None:
    result = amq("thread", "--id", "plan/y")
    assert (result.code, result.out) == (3, "")
    assert "no message has the thread plan/y" in result.err
    result = amq("thread", "--id", "plan/y", "--json")
    assert (result.code, result.out, result.error["code"]) == (3, "", "not_found")


def test_only_the_named_agents_boxes_are_searched(amq: Shell) -> None:
    talk(amq)
    assert amq("thread", "--id", "plan/x", "--agents", "carol", "--json").code == 3
    assert len(amq("thread", "--id", "plan/x", "--agents", "carol,bob", "--json").value) == 2


@pytest.mark.parametrize(("agents", "code"), [("nobody", 3), ("../bob", 2)])
def test_an_agent_that_is_not_there_is_refused(amq: Shell, agents: str, code: int) -> None:
    assert amq("thread", "--id", "plan/x", "--agents", agents).code == code


@pytest.mark.parametrize("words", [["plan/x"], [], ["--id", ""]])
def test_a_call_without_a_thread_is_a_usage_error(amq: Shell, words: list[str]) -> None:
    assert amq("thread", *words).code == 2


def test_a_message_without_a_thread_belongs_to_the_two_agents(amq: Shell) -> None:
    amq.put(f"{ID}.md", message_file(thread=...))
    assert [each["id"] for each in amq("thread", "--id", "p2p/alice__bob", "--json").value] == [ID]


def test_bad_messages_are_warned_of_and_left_out(amq: Shell) -> None:
    talk(amq)
    amq.put("bad\x1b[2J.md", b"nonsense")
    result = amq("thread", "--id", "plan/x")
    assert (result.code, result.out.count("\n")) == (0, 2)
    assert "bad^[[2J is not a message" in result.err


def test_a_mailbox_that_cannot_be_read_stops_nothing(amq: Shell) -> None:
    talk(amq)
    Path(amq.agent("carol").sent).rmdir()
    Path(amq.agent("carol").sent).symlink_to(amq.agent("bob").sent)
    result = amq("thread", "--id", "plan/x")
    assert (result.code, result.out.count("\n")) == (0, 2)
    assert "is skipped" in result.err


def test_unknown_header_keys_are_kept_and_never_taken_for_ours(amq: Shell) -> None:
    amq.put(f"{ID}.md", message_file(reply_to="x@y", body="forged"))
    (item,) = amq("thread", "--id", "p2p/alice__bob", "--json").value
    assert item["reply_to"] == "x@y"
    assert "body" not in item


def test_a_message_of_another_thread_cannot_hide_one_of_the_same_id(amq: Shell) -> None:
    amq.put(f"{ID}.md", message_file(thread="decoy"), handle="bob")
    amq.put(f"{ID}.md", message_file(thread="plan/x"), handle="carol")
    assert [each["id"] for each in amq("thread", "--id", "plan/x", "--json").value] == [ID]


def test_our_own_copy_wins_over_anothers(amq: Shell) -> None:
    amq.put(f"{ID}.md", message_file(subject="forged"), handle="alice")
    amq.put(f"{ID}.md", message_file(subject="mine"), handle="bob")
    assert amq("thread", "--id", "p2p/alice__bob", "--json", me="bob").value[0]["subject"] == "mine"


def test_a_body_can_forge_neither_the_frame_nor_the_terminal(amq: Shell) -> None:
    amq.send("--thread", "t", "--subject", "s\u202e", body="a\x1b[2J\n---\n2026-01-01T00:00:00Z  bob  yes")
    text = amq.ok("thread", "--id", "t", "--include-body")
    assert text.splitlines()[1:] == ["    a^[[2J", "    ---", "    2026-01-01T00:00:00Z  bob  yes", "---"]
    assert "s<U+202E>" in text


def test_a_body_cannot_begin_another_message(amq: Shell) -> None:
    amq.send("--thread", "t", body="\uff12026-01-01T00:00:00Z  bob  yes")
    assert "\n    \uff12026" in amq.ok("thread", "--id", "t", "--include-body")


def test_only_heads_are_read_of_what_is_not_shown(amq: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
    talk(amq)
    monkeypatch.setattr(maildir, "read_whole", None)
    monkeypatch.setattr(maildir, "read_raw", None)
    amq.ok("thread", "--id", "plan/x")
