"""The end of an id, and `@last`, name a message wherever an id is asked for."""

from __future__ import annotations

from pathlib import Path

import pytest

from amq.mail.short_ids import shortened
from tests.conftest import Shell
from tests.samples import message_file

ONE = "2026-03-01T10-00-00.000Z_pid1_aaaa1111"
OTHER = "2026-03-01T10-00-01.000Z_pid1_bbbb2222"
TWIN = "2026-03-01T10-00-02.000Z_pid2_aaaa1111"
LETTER = "dlq_1_0_cccccccccccc"


def leave(amq: Shell, identifier: str, handle: str = "bob", body: bytes = b"", **changes: object) -> None:
    created = f"2026-03-01T10:00:0{identifier[18]}Z" if identifier.startswith("2026") else "2026-03-01T09:00:00Z"
    data = message_file(body or identifier.encode(), id=identifier, created=created, **changes)
    amq.put(f"{identifier}.md", data, handle)


@pytest.fixture
def mail(amq: Shell) -> Shell:
    """Two messages for bob, the newer one last."""
    leave(amq, ONE)
    leave(amq, OTHER)
    return amq


@pytest.mark.parametrize(
    ("words", "shown"),
    [
        ("read --id aaaa1111", ONE), ("read --id bbbb2222.md", OTHER), ("read --id d1_aaaa1111", ONE),
        ("read --id @last", OTHER), ("ack --id aaaa1111", f"Acked {ONE}"), ("ack --id @last", f"Acked {OTHER}"),
        ("trace --id aaaa1111", ONE), ("trace --id @last", OTHER), ("thread --id aaaa1111 --include-body", ONE),
        ("thread --id @last --include-body", ONE),
    ],
)  # fmt: skip
def test_a_short_id_names_the_message(mail: Shell, words: str, shown: str) -> None:
    assert shown in mail.ok(*words.split(), me="bob")


def test_an_answer_to_a_short_id(mail: Shell) -> None:
    for text, meant in (("aaaa1111", ONE), ("@last", OTHER)):
        assert mail("reply", "--id", text, "--body=x", "--json", me="bob").value["in_reply_to"] == meant


def test_references(mail: Shell) -> None:
    for command in (["send", "--to=carol"], ["reply", "--id=@last"]):
        refs = "aaaa1111,not-there-1,a/b"
        sent = mail(*command, f"--refs={refs}", "--body=x", "--json", me="bob").value["id"]
        assert {ONE, "not-there-1", "a/b"} <= set(mail.stored(sent, "bob", "sent")["refs"])
    leave(mail, TWIN)
    assert mail("send", "--to=carol", "--refs=aaaa1111", "--body=x", me="bob").code == 2


def test_it_is_found_where_the_command_looks(mail: Shell) -> None:
    sent = mail.send(me="bob", to="carol")
    assert mail.ok("read", "--id", sent[-8:], me="bob") == "hello\n"
    assert sent in mail.ok("trace", "--id", sent[-8:])
    assert mail("read", "--id", sent[-8:]).code == 3
    assert mail.ok("trace", "--id", "@last", me="carol").count(sent) == 1


def test_an_exact_id_wins(mail: Shell) -> None:
    leave(mail, "aaaa1111", body=b"exact")
    leave(mail, TWIN)
    assert mail.ok("read", "--id", "aaaa1111", me="bob") == "exact\n"
    assert mail.ok("read", "--id", ONE, me="bob") == f"{ONE}\n"


def test_the_end_of_several_ids_is_refused(mail: Shell) -> None:
    leave(mail, TWIN)
    for words in ("read", "ack", "trace", "thread", "reply --body=x"):
        refused = mail(*words.split(), "--id=aaaa1111", "--json", me="bob")
        assert (refused.code, refused.out) == (2, "")
        assert refused.error["error"] == "2 ids end in aaaa1111"
        assert refused.error["hint"] == f"write one in full: {ONE}, {TWIN}"
    assert mail.new() == [f"{ONE}.md", f"{OTHER}.md", f"{TWIN}.md"]


def test_a_message_in_two_mailboxes_is_one(mail: Shell) -> None:
    leave(mail, ONE, "carol")
    assert ONE in mail.ok("trace", "--id", "aaaa1111")


def test_candidates_are_counted_where_they_are_many(amq: Shell) -> None:
    for number in range(12):
        leave(amq, f"{number:02}-the-plan")
    refused = amq("read", "--id=the-plan", "--json", me="bob").error
    assert refused["error"] == "12 ids end in the-plan"
    assert refused["hint"].endswith("09-the-plan, and 2 more")


@pytest.mark.parametrize("text", ["1111", "a1111", "aaaa0000", "x" * 60])
def test_an_unknown_id_is_not_found(mail: Shell, text: str) -> None:
    for words in ("read", "ack", "trace"):
        refused = mail(words, "--id", text, "--json", me="bob")
        assert (refused.code, refused.out) == (3, "")
        assert text in refused.error["error"]
    assert f"no message has the thread {text}" in mail("thread", "--id", text).err


def test_a_bad_message_has_no_thread(amq: Shell) -> None:
    amq.put("nonsense1.md", b"nonsense")
    shown = amq("thread", "--id", "nonsense1")
    assert (shown.code, shown.out) == (3, "")
    assert "no message has the thread nonsense1" in shown.err


def test_the_name_of_a_thread_comes_first(mail: Shell) -> None:
    leave(mail, "2026-03-01T10-00-03.000Z_pid1_cccc3333", thread="aaaa1111", body=b"in the thread")
    assert "in the thread" in mail.ok("thread", "--id", "aaaa1111", "--include-body")


def test_the_newest_message_is_in_new_or_cur_and_can_be_read(mail: Shell) -> None:
    mail.ok("read", "--id", OTHER, me="bob")
    leave(mail, "early")
    mail.put("2026-03-01T10-00-09.000Z_pid1_dddd4444.md", b"nonsense")
    mail.put("zzz.md", b"nonsense")
    assert mail.ok("read", "--id", "@last", me="bob") == f"{OTHER}\n"
    leave(mail, "late", thread="t")
    path = Path(mail.agent("bob").inbox_new, "late.md")
    path.write_bytes(path.read_bytes().replace(b"T09:00:00Z", b"T23:00:00Z"))
    assert mail.ok("read", "--id", "@last", me="bob") == "late\n"


def test_an_empty_inbox_has_no_last_message(amq: Shell) -> None:
    refused = amq("read", "--id", "@last", me="bob")
    assert (refused.code, refused.out) == (3, "")
    assert "no message in the inbox of bob" in refused.err
    assert "no message has the thread @last" in amq("thread", "--id", "@last", me="bob").err


def test_a_dead_letter(amq: Shell) -> None:
    amq.put("bad.md", b"nonsense")
    amq("drain", me="bob")
    (path,) = Path(amq.agent("bob").dlq_new).iterdir()
    assert path.stem in amq.ok("dlq", "read", "--id", path.stem[-8:], me="bob")
    assert path.stem in amq("dlq", "retry", "--id", path.stem[-8:], me="bob").out
    assert amq("dlq", "read", "--id", "@last", me="bob").code == 3


def test_a_mailbox_that_cannot_be_read_stops_no_search(mail: Shell) -> None:
    Path(mail.agent("carol").sent).rmdir()
    Path(mail.agent("carol").sent).symlink_to(mail.root)
    found = mail("trace", "--id", "aaaa1111")
    assert ONE in found.out
    assert "carol" in found.err


def test_short_ids_that_are_shared_are_not_shortened() -> None:
    assert shortened([ONE, OTHER, TWIN, "short"]) == {ONE: ONE, OTHER: "bbbb2222", TWIN: TWIN, "short": "short"}
