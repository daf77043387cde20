"""`amq reply`: answer a message, in its thread."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest

from amq.message import LAST_REFS, MAX_HEADER_BYTES
from tests.conftest import Shell
from tests.samples import ID, header, message_file


def reply(amq: Shell, identifier: str, *words: str, me: str = "bob") -> dict[str, Any]:
    """Answer IDENTIFIER; return the answer's header in the sender's copy."""
    said = amq("reply", "--id", identifier, "--body", "yes", "--json", *words, me=me).value
    stored: dict[str, Any] = amq.stored(said["id"], me, "sent")
    return stored


def test_text_output(amq: Shell) -> None:
    identifier = amq.send()
    said = amq.ok("reply", "--id", identifier, "--body", "yes", me="bob")
    assert re.fullmatch(r"Replied \S+_pid\d+_\w{8} to alice \(thread: p2p/alice__bob\)\n", said)


def test_json_output(amq: Shell) -> None:
    identifier = amq.send("--subject", "Plan")
    said = json.loads(amq.ok("reply", "--id", identifier, "--body", "yes", "--json", me="bob"))
    assert said == {
        "id": said["id"],
        "in_reply_to": identifier,
        "original_box": "new",
        "thread": "p2p/alice__bob",
        "to": ["alice"],
        "subject": "Re: Plan",
        "outbox": {"written": True, "error": ""},
    }


def test_only_the_sender_is_answered_in_the_same_thread(amq: Shell) -> None:
    answer = reply(amq, amq.send("--thread", "plan/x", to="bob,carol"))
    assert (answer["from"], answer["to"], answer["thread"]) == ("bob", ["alice"], "plan/x")


def test_the_original_is_found_after_it_was_read(amq: Shell) -> None:
    identifier = amq.send()
    amq.ok("drain", me="bob")
    assert (
        json.loads(amq.ok("reply", "--id", f"{identifier}.md", "--body=x", "--json", me="bob"))["original_box"] == "cur"
    )


def test_what_i_sent_is_followed_up_to_its_recipients(amq: Shell) -> None:
    identifier = amq.send("--thread", "plan", to="bob,carol")
    answer = reply(amq, identifier, me="alice")
    assert (answer["to"], answer["thread"], answer["refs"]) == (["bob", "carol"], "plan", [identifier])


def test_what_i_sent_to_myself_and_others_is_followed_up_to_all_of_them(amq: Shell) -> None:
    """It is found in my inbox, and is nevertheless my own."""
    identifier = amq.send("--thread", "plan", to="alice,bob")
    assert reply(amq, identifier, me="alice")["to"] == ["alice", "bob"]


def test_refs_grow(amq: Shell) -> None:
    first = amq.send("--refs", "zero")
    second = reply(amq, first)["id"]
    assert reply(amq, second, me="alice")["refs"] == ["zero", first, second]


def test_own_refs_come_last_and_none_twice(amq: Shell) -> None:
    identifier = amq.send()
    assert reply(amq, identifier, "--refs", f"more,{identifier}")["refs"] == [identifier, "more"]


def test_subject_is_marked_once(amq: Shell) -> None:
    second = reply(amq, amq.send("--subject", "Plan"))
    third = reply(amq, second["id"], me="alice")
    assert (second["subject"], third["subject"]) == ("Re: Plan", "Re: Plan")


def test_no_subject_stays_none(amq: Shell) -> None:
    assert "subject" not in reply(amq, amq.send())


@pytest.mark.parametrize(
    ("asked", "answered"),
    [("review_request", "review_response"), ("question", "answer"), ("todo", "todo"), ("decision", "decision")],
)
def test_kinds(amq: Shell, asked: str, answered: str) -> None:
    assert reply(amq, amq.send("--kind", asked))["kind"] == answered


def test_priority_is_not_inherited(amq: Shell) -> None:
    assert "priority" not in reply(amq, amq.send("--priority", "urgent"))
    assert reply(amq, amq.send("--priority", "urgent", "--kind", "todo"))["priority"] == "normal"


def test_options_go_before_what_follows_from_the_original(amq: Shell) -> None:
    identifier = amq.send("--subject", "Plan", "--kind", "question", "--labels", "x", "--ack")
    answer = reply(amq, identifier, "--subject", "No", "--kind", "status", "--thread", "t", "--priority", "low")
    assert [answer[key] for key in ("subject", "kind", "thread", "priority")] == ["No", "status", "t", "low"]
    assert ("labels" in answer, answer["ack_required"]) == (False, False)


def test_a_repeat_is_already_delivered(amq: Shell) -> None:
    identifier = amq.send()
    for _ in range(2):
        said = amq.ok("reply", "--id", identifier, "--body=x", "--new-id", "answer-1", me="bob")
    assert said == "Replied answer-1 to alice (thread: p2p/alice__bob) (already delivered)\n"
    assert amq.new("alice") == ["answer-1.md"]


def test_a_sender_that_is_not_there(amq: Shell) -> None:
    amq.put(f"{ID}.md", message_file(sender="zoe"))
    assert amq("reply", "--id", ID, "--body", "x", me="bob").code == 3
    assert reply(amq, ID, "--create")["to"] == ["zoe"]


def test_a_header_no_longer_fit_for_an_answer_is_refused_and_not_cut(amq: Shell) -> None:
    amq.put(f"{ID}.md", message_file(subject="two\nlines"))
    assert amq("reply", "--id", ID, "--body", "x", me="bob").code == 2
    assert reply(amq, ID, "--subject", "mine")["subject"] == "mine"


@pytest.mark.parametrize(("character", "count"), [("x", 200_000), ("x", 261_800), ("\u4e16", 87_300)])
def test_a_subject_as_long_as_a_header_can_be_answered(amq: Shell, character: str, count: int) -> None:
    amq.put(f"{ID}.md", message_file(subject="S").replace(b'"S"', f'"{character * count}"'.encode()))
    subject = reply(amq, ID)["subject"]
    assert subject.startswith(f"Re: {character * 900}")
    assert len(subject) == count + 4 if count == 200_000 else subject.endswith("…")


@pytest.mark.parametrize(("subject", "number"), [("S", 4_850), ("x" * 200_000, 900), ("x" * 100_000, 3_000)])
def test_an_answer_refers_to_no_more_than_its_header_holds(amq: Shell, subject: str, number: int) -> None:
    refs = [f"2026-03-01T10-00-00.250Z_pid{each:05}_0a1b2c3d" for each in range(number)]
    amq.put(f"{ID}.md", message_file(subject="S", refs=refs).replace(b'"S"', f'"{subject}"'.encode()))
    answer = reply(amq, ID, "--refs", "another")
    assert answer["refs"][-2:] == [ID, "another"]
    assert len(answer["refs"]) in (number + 2, LAST_REFS + 1)
    assert len(answer["refs"]) == number + 2 or number == 4_850
    assert answer["subject"].startswith(f"Re: {subject[:900]}")


def test_references_of_another_program_that_take_less_room(amq: Shell) -> None:
    data = b"---json\n" + json.dumps(header(refs=[f"r{each}" for each in range(25_000)])).encode() + b"\n---\nx\n"
    assert len(data) < MAX_HEADER_BYTES
    amq.put(f"{ID}.md", data)
    answer = reply(amq, ID)
    assert (answer["refs"][0], answer["refs"][-1], len(answer["refs"])) == ("r24901", ID, LAST_REFS)


def test_a_thread_that_fills_a_header_is_answered_in_another(amq: Shell) -> None:
    amq.put(f"{ID}.md", message_file(thread="t" * 250_000, subject="S"))
    refused = amq("reply", "--id", ID, "--body", "x", me="bob")
    assert (refused.code, "--thread NAME" in refused.err) == (2, True)
    assert reply(amq, ID, "--thread", "short")["thread"] == "short"
    amq.put(f"{ID}.md", message_file(thread="t" * 200_000, subject="S" * 60_000))
    answer = reply(amq, ID)
    assert (len(answer["thread"]), answer["subject"]) == (200_000, f"Re: {'S' * 996}…")


def test_help_names_the_thread_that_it_keeps(amq: Shell) -> None:
    assert "(default: the message's)" in amq.ok("help", "reply")
    assert "(default: the pair's own)" in amq.ok("help", "send")


@pytest.mark.parametrize(
    ("words", "code"),
    [
        (("--id", "nothing", "--body", "x"), 3),
        (("--body", "x"), 2),
        (("--id", "../x", "--body", "x"), 2),
        (("--id", "{sent}", "--body", ""), 2),
        (("--id", "{sent}"), 2),
        (("--id", "{sent}", "--to", "carol", "--body", "x"), 2),
        (("--id", "{sent}", "yes"), 2),
    ],
)
def test_wrong_words(amq: Shell, words: tuple[str, ...], code: int) -> None:
    identifier = amq.send()
    assert amq("reply", *(word.format(sent=identifier) for word in words), me="bob").code == code
    assert amq.new("alice") == []
