"""`amq send`: deliver a message."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from amq.cli import message_body
from amq.message import MAX_FILE_BYTES
from tests.conftest import Shell, run_amq

ID = r"\d{4}-\d\d-\d\dT\d\d-\d\d-\d\d\.\d{3}Z_pid\d+_[0-9a-f]{8}"


def body_of(amq: Shell, identifier: str, handle: str = "bob") -> bytes:
    return Path(amq.agent(handle).inbox_new, f"{identifier}.md").read_bytes().partition(b"\n---\n")[2]


def test_text_output(amq: Shell) -> None:
    assert re.fullmatch(f"Sent {ID} to bob\n", amq.ok("send", "--to", "bob", "--body", "hello"))


def test_text_output_names_every_recipient(amq: Shell) -> None:
    said = amq.ok("send", "--to", "bob, carol", "--body", "hello", "--thread", "plan")
    assert re.fullmatch(f"Sent {ID} to bob,carol\n", said)


def test_json_output(amq: Shell) -> None:
    sent = amq("send", "--to", "bob", "--subject", "Hi", "--body", "hello", "--json").value
    assert list(sent) == ["id", "thread", "to", "subject", "outbox"]
    assert sent | {"id": ""} == {
        "id": "",
        "thread": "p2p/alice__bob",
        "to": ["bob"],
        "subject": "Hi",
        "outbox": {"written": True, "error": ""},
    }


def test_every_option_reaches_the_header(amq: Shell) -> None:
    identifier = amq.send(
        *("--subject", "Hi", "--thread", "plan/x", "--kind", "question", "--priority", "low"),
        *("--labels", "a, b", "--context", '{"n": 12345678901234567890}', "--refs", "one,two", "--ack"),
        to="bob,carol",
    )
    header = amq.stored(identifier)
    assert header.pop("created").startswith(identifier[:10])
    assert header == {
        "schema": 1,
        "id": identifier,
        "from": "alice",
        "to": ["bob", "carol"],
        "thread": "plan/x",
        "subject": "Hi",
        "ack_required": True,
        "refs": ["one", "two"],
        "priority": "low",
        "kind": "question",
        "labels": ["a", "b"],
        "context": {"n": 12345678901234567890},
    }


def test_refs_to_nothing_are_sent_with_a_warning(amq: Shell) -> None:
    """Those to messages of others, which `thread` shows, are right."""
    others = amq.send(me="bob", to="carol")
    sent = amq("send", "--to", "bob", "--body", "x", "--refs", f"{others},one", "--json")
    assert sent.err == "amq: warning: --refs one: no message in this queue has that id; sent as it is\n"
    assert amq.stored(sent.value["id"])["refs"] == [others, "one"]
    assert amq.ok("reply", "--id", sent.value["id"], "--body", "x", me="bob"), "inherited ones are not looked at again"


def test_created_is_the_instant_of_the_id(amq: Shell) -> None:
    identifier = amq.send()
    created = amq.stored(identifier)["created"]
    assert re.sub(r"\..*|Z$", "", created) == re.sub(r"-(\d\d)-(\d\d)\..*", r":\1:\2", identifier)
    assert (created.rstrip("Z").partition(".")[2] + "000")[:3] == identifier[20:23]


def test_the_same_file_is_in_every_inbox_and_in_the_outbox(amq: Shell) -> None:
    name = amq.send("--thread", "plan", to="bob,carol") + ".md"
    places = (amq.agent("bob").inbox_new, amq.agent("carol").inbox_new, amq.agent("alice").sent)
    assert len({Path(place, name).read_bytes() for place in places}) == 1


def test_nothing_is_left_in_tmp(amq: Shell) -> None:
    amq.send("--thread", "plan", to="bob,carol")
    assert [os.listdir(amq.agent(handle).inbox_tmp) for handle in ("bob", "carol")] == [[], []]


def test_kind_without_priority_is_normal(amq: Shell) -> None:
    assert amq.stored(amq.send("--kind", "todo"))["priority"] == "normal"
    assert "priority" not in amq.stored(amq.send())


def test_a_message_to_oneself(amq: Shell) -> None:
    sent = amq("send", "--to", "alice", "--body", "x")
    assert amq.stored(sent.out.split()[1], "alice")["thread"] == "p2p/alice__alice"
    assert sent.err == "amq: warning: alice is your own handle: this message is in your own inbox\n"


def test_all_is_every_registered_agent_but_me(amq: Shell) -> None:
    amq.ok("send", "--to", "@all", "--body", "x", "--thread", "news")
    assert [len(amq.new(handle)) for handle in ("alice", "bob", "carol")] == [0, 1, 1]


def test_a_recipient_named_twice_gets_it_once(amq: Shell) -> None:
    assert amq.stored(amq.send(to="bob,bob"))["to"] == ["bob"]


def test_several_recipients_get_a_thread_of_their_own(amq: Shell) -> None:
    """It is that of all who take part. If their names do not fit, it is that of this message."""
    assert amq.stored(amq.send(to="carol,bob"))["thread"] == "group/alice__bob__carol"
    assert amq.stored(amq.send(to="carol,alice", me="bob"), "carol")["thread"] == "group/alice__bob__carol"
    many = ",".join(f"{letter * 60}" for letter in "defg")
    amq("init", "--agents", many)
    sent = amq("send", "--to", many, "--body", "x", "--new-id", "x1", "--json")
    assert sent.value["thread"] == "group/x1"
    assert "already delivered" in amq.ok("send", "--to", many, "--body", "x", "--new-id", "x1")


# -- the body ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("option", "stored"),
    [("hello", b"hello\n"), ("@@bob", b"@bob\n"), ("-x", b"-x\n"), ("--", b"--\n"), ("Grüße", "Grüße\n".encode())],
)
def test_body_option(amq: Shell, option: str, stored: bytes) -> None:
    assert body_of(amq, amq.send(body=option)) == stored


@pytest.mark.parametrize("option", ["--body=@plan.md", "--body-file=plan.md"])
def test_body_from_a_file(amq: Shell, option: str) -> None:
    (amq.project / "plan.md").write_bytes(b"\xff a\r\nb")
    identifier = amq("send", "--to", "bob", "--json", option).value["id"]
    assert body_of(amq, identifier) == b"\xff a\r\nb\n"


@pytest.mark.parametrize("words", [(), ("--body", "-"), ("--body=-",), ("--body-file", "/dev/stdin")])
def test_body_from_stdin(amq: Shell, words: tuple[str, ...]) -> None:
    sent = run_amq("send", "--to", "bob", "--json", *words, cwd=amq.project, stdin=b"a\nb", AM_ME="alice")
    assert body_of(amq, json.loads(sent.stdout)["id"]) == b"a\nb\n"


def test_body_bytes_are_those_that_were_typed(amq: Shell) -> None:
    sent = subprocess.run(
        [os.fsencode(sys.executable), *b"-m amq send --me alice --to bob --json --body caf\xe9".split()],
        cwd=amq.project, capture_output=True, check=True,
    )  # fmt: skip
    assert body_of(amq, json.loads(sent.stdout)["id"]) == b"caf\xe9\n"


@pytest.mark.parametrize("words", [("--body", ""), ("--body", " \n"), ("--body", "-"), ()])
def test_empty_body_is_refused(amq: Shell, words: tuple[str, ...]) -> None:
    refused = amq("send", "--to", "bob", *words)
    assert refused.code == 2
    assert "the body is empty" in refused.err
    assert amq.new() == []


def test_empty_body_is_sent_when_it_is_meant(amq: Shell) -> None:
    assert body_of(amq, amq.send("--allow-empty", body="")) == b""


def test_silent_stdin_is_not_waited_for_long(amq: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
    assert message_body.FIRST_BYTE_WITHIN_S == 5.0
    monkeypatch.setattr(message_body, "FIRST_BYTE_WITHIN_S", 0.01)
    reading, writing = os.pipe()
    kept = os.dup(0)
    os.dup2(reading, 0)
    try:
        assert message_body._stdin_speaks() is False
        os.write(writing, b"x")
        assert message_body._stdin_speaks() is True
    finally:
        os.dup2(kept, 0)
        for fd in (reading, writing, kept):
            os.close(fd)


def test_closed_stdin_is_an_empty_body(amq: Shell) -> None:
    command = f"exec {sys.executable} -m amq send --me alice --to bob <&-"
    refused = subprocess.run(["sh", "-c", command], cwd=amq.project, capture_output=True, check=False)
    assert refused.returncode == 2
    assert b"the body is empty" in refused.stderr


@pytest.mark.parametrize(
    "words", [("--body", "@nowhere"), ("--body-file", "nowhere"), ("--body", "@."), ("--context", "@nowhere")]
)
def test_unreadable_file_is_refused(amq: Shell, words: tuple[str, ...]) -> None:
    refused = amq("send", "--to", "bob", *words, stdin=b"x")
    assert refused.code == 2
    assert "cannot be read" in refused.err
    assert amq.new() == []


@pytest.mark.parametrize("words", [("--body", "@/"), ("--body-file", "/")])
def test_a_file_that_is_none_is_named(amq: Shell, words: tuple[str, ...]) -> None:
    refused = amq("send", "--to", "bob", *words)
    assert (refused.code, refused.out) == (2, "")
    assert "/ cannot be read: Is a directory" in refused.err
    assert ("@@text" in refused.err) == (words[0] == "--body")


def test_two_bodies_are_refused(amq: Shell) -> None:
    assert amq("send", "--to", "bob", "--body", "x", "--body-file", "y").code == 2


def test_a_body_too_large_is_refused(amq: Shell) -> None:
    (amq.project / "huge").write_bytes(b"x" * (MAX_FILE_BYTES + 1))
    assert amq("send", "--to", "bob", "--body", "@huge").code == 2
    (amq.project / "huge").write_bytes(b"x" * MAX_FILE_BYTES)
    refused = amq("send", "--to", "bob", "--body", "@huge")
    assert refused.code == 2
    assert "bytes long; the limit is 10,485,760" in refused.err
    assert amq.new() == []


# -- locales ----------------------------------------------------------------------------------------------------------

WORDS = (
    "--subject",
    "Grüße 世",
    "--labels",
    "ä",
    "--thread",
    "plan/ü",
    "--context",
    '{"ö": "é"}',
    "--body",
    "Grüße 世",
)


def _said(amq: Shell, identifier: str) -> tuple[object, ...]:
    header = amq.stored(identifier)
    return header["subject"], header["labels"], header["thread"], header["context"], body_of(amq, identifier).decode()


TOLD = ("Grüße 世", ["ä"], "plan/ü", {"ö": "é"}, "Grüße 世\n")


@pytest.mark.parametrize("locale", ["C", "POSIX", "C.UTF-8", "nonsense"])
def test_words_are_utf8_whatever_the_locale(amq: Shell, locale: str) -> None:
    environ = {"PATH": os.environ["PATH"], "LC_ALL": locale, "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}
    command = [sys.executable, "-m", "amq", "send", "--me", "alice", "--to", "bob", "--json", *WORDS]
    done = subprocess.run(
        command, cwd=amq.project, env=environ, stdin=subprocess.DEVNULL, capture_output=True, check=True
    )
    assert _said(amq, json.loads(done.stdout)["id"]) == TOLD


def _in_latin_1(monkeypatch: pytest.MonkeyPatch, *words: bytes) -> list[str]:
    """Return WORDS as Python decodes them in that locale, which may be missing on this machine."""
    monkeypatch.setattr(os, "fsencode", lambda text: text.encode("latin-1"))
    return [word.decode("latin-1") for word in words]


def test_utf8_in_a_locale_of_another_encoding(amq: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
    words = _in_latin_1(monkeypatch, *(word.encode() for word in WORDS))
    assert _said(amq, amq("send", "--to", "bob", "--json", *words).value["id"]) == TOLD


def test_what_is_not_utf8_is_what_the_locale_says(amq: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
    words = _in_latin_1(monkeypatch, b"--subject", b"Gr\xfc\xdfe", b"--body", b"Gr\xfc\xdfe")
    identifier = amq("send", "--to", "bob", "--json", *words).value["id"]
    assert (amq.stored(identifier)["subject"], body_of(amq, identifier).decode()) == ("Grüße", "Grüße\n")


def test_the_bytes_of_a_body_that_is_not_text_are_kept(amq: Shell) -> None:
    identifier = amq("send", "--to", "bob", "--json", "--body", os.fsdecode(b"a\xffb")).value["id"]
    assert body_of(amq, identifier) == b"a\xffb\n"


def test_a_recipient_that_is_spelt_in_another_way_gets_the_handle(amq: Shell) -> None:
    result = amq("send", "--to", "@bob", "--body", "x")
    assert (result.code, "did you mean bob?" in result.err, amq.new()) == (2, True, [])


# -- wrong words ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("words", "complaint"),
    [
        ((), "--to"),
        (("bob", "hello"), "did you mean: amq send --to bob"),
        (("--to", ""), "no recipient"),
        (("--to", ","), "no recipient"),
        (("--to", "Dave"), "'Dave' is not a handle"),
        (("--to", "../bob"), "is not a handle"),
        (("--to", "bob", "--kind", "gossip"), "unknown kind 'gossip'"),
        (("--to", "bob", "--priority", "high"), "unknown priority 'high'"),
        (("--to", "bob", "--context", "{"), "--context is not valid JSON"),
        (("--to", "bob", "--context", '{"a": 1, "a": 2}'), "appears twice"),
        (("--to", "bob", "--context", "[1]"), "--context is not a JSON object"),
        (("--to", "bob", "--context", "NaN"), "--context is not valid JSON"),
        (("--to", "bob", "--new-id", "../x"), "cannot be the id"),
        (("--to", "bob", "--new-id", "x.md"), "cannot be the id"),
        (("--to", "bob", "--new-id", "x" * 129), "cannot be the id"),
        (("--to", "bob", "--subject", "a\nb"), "control characters"),
        (("--to", "bob", "--thread", "a\x1bb"), "control characters"),
        (("--to", "bob", "--labels", "a\tb"), "control characters"),
        (("--to", "bob", "--subject", "\udcff"), "--subject is not UTF-8"),
        (("--to", "bob", "--subject", "x" * 262_144), "this message would not be readable"),
        (("--to", "bob", "hello"), "unexpected argument 'hello'"),
        (("--to", "bob", "--boddy", "x"), "unknown option --boddy"),
        (("--to", "bob", "--sub", "x"), "unknown option --sub"),
        (("--to", "bob", "--subject"), "--subject needs a value"),
        (("--to", "bob", "--subject", "-x"), "--subject=-x"),
        (("--to", "bob", "--ack=yes"), "--ack"),
        (("--to", "bob", "--to", "carol"), "--to was given twice"),
        (("--to", "bob", "--body", "y", "--body", "z"), "--body was given twice"),
        (("--to", "bob", "--labels", "a", "--labels", "b"), "--labels was given twice"),
        (("--to", "bob", "--refs", "\udcff"), "--refs is not UTF-8"),
        (("--to", "bob", "--context", '{"a": "\udcff"}'), "--context is not UTF-8"),
        (("--to", "bob", "--context", "@/"), "/ cannot be read"),
        (("--to", "bob", "--", "x"), "takes no arguments after --"),
    ],
)
def test_wrong_words(amq: Shell, words: tuple[str, ...], complaint: str) -> None:
    refused = amq("send", *words, stdin=b"text")
    assert (refused.code, refused.out) == (2, "")
    assert complaint in refused.err
    assert amq.new() == []


# -- recipients that are not there ------------------------------------------------------------------------------------


def test_unknown_recipient_is_named_with_the_nearest(amq: Shell) -> None:
    refused = amq("send", "--to", "bobb", "--body", "x")
    assert refused.code == 3
    assert "bobb has no mailbox" in refused.err
    assert "did you mean bob?" in refused.err
    assert "--create" in refused.err


def test_unknown_recipient_stops_the_message_to_the_others(amq: Shell) -> None:
    assert amq("send", "--to", "bob,dave", "--thread", "x", "--body", "x").code == 3
    assert amq.new() == []


def test_create_registers_and_makes_the_mailbox(amq: Shell) -> None:
    amq.send("--create", to="dave")
    assert len(amq.new("dave")) == 1
    assert "dave" in json.loads((amq.root / "meta/config.json").read_text())["agents"]


def test_a_registered_recipient_without_a_mailbox_gets_one(amq: Shell) -> None:
    registry = amq.root / "meta/config.json"
    registry.write_text(json.dumps({"version": 1, "agents": ["alice", "dave"]}))
    amq.send(to="dave")
    assert len(amq.new("dave")) == 1


@pytest.mark.parametrize(("words", "code"), [((), 0), (("--strict",), 3)])
def test_a_mailbox_that_is_not_registered_is_warned_of(amq: Shell, words: tuple[str, ...], code: int) -> None:
    amq.ok("init", "--agents", "alice", "--force", "--here")
    result = amq("send", "--to", "bob", "--body", "x", *words)
    assert result.code == code
    assert "bob is not in the registry" in result.err
    assert len(amq.new()) == (code == 0)


@pytest.mark.parametrize(("words", "code"), [((), 0), (("--strict",), 1)])
def test_an_unreadable_registry_is_warned_of(amq: Shell, words: tuple[str, ...], code: int) -> None:
    (amq.root / "meta/config.json").write_text("{")
    result = amq("send", "--to", "bob", "--body", "x", *words)
    assert result.code == code
    assert "registry" in result.err


def test_without_a_registry_handles_are_not_checked(amq: Shell) -> None:
    (amq.root / "meta/config.json").unlink()
    amq.send()


def test_the_user_can_always_be_written_to(amq: Shell) -> None:
    amq.ok("send", "--to", "user", "--body", "x", "--strict")


# -- repeats ----------------------------------------------------------------------------------------------------------


def test_a_repeat_is_already_delivered(amq: Shell) -> None:
    first = amq.send("--new-id", "job-1")
    assert (
        amq.ok("send", "--to", "bob", "--body", "hello", "--new-id", "job-1") == f"{first}: already delivered to bob\n"
    )
    assert amq.new() == ["job-1.md"]


def test_a_repeat_after_it_was_drained_is_already_delivered(amq: Shell) -> None:
    amq.send("--new-id", "job-1")
    amq.ok("drain", me="bob")
    assert "already delivered" in amq.ok("send", "--to", "bob", "--body", "hello", "--new-id", "job-1")
    assert (amq.new(), amq.cur()) == ([], ["job-1.md"])


def test_a_repeat_reaches_those_who_lack_it_with_the_same_bytes(amq: Shell) -> None:
    amq.send("--new-id", "job-1", "--thread", "x", to="bob,carol")
    missing = Path(amq.agent("carol").inbox_new, "job-1.md")
    missing.unlink()
    amq.send("--new-id", "job-1", "--thread", "x", to="bob,carol")
    assert missing.read_bytes() == Path(amq.agent("bob").inbox_new, "job-1.md").read_bytes()


@pytest.mark.parametrize("words", [("--body=other",), ("--body=hello", "--subject=x"), ("--body=hello", "--ack")])
@pytest.mark.parametrize("drained", [False, True])
def test_another_message_with_the_same_id_is_refused(amq: Shell, words: tuple[str, ...], drained: bool) -> None:
    amq.send("--new-id", "job-1")
    if drained:
        amq.ok("drain", me="bob")
    refused = amq("send", "--to", "bob", "--new-id", "job-1", *words)
    assert (refused.code, refused.out) == (1, "")
    assert "another message with the id job-1" in refused.err
    assert len(amq.new()) + len(amq.cur()) == 1


def test_another_recipient_with_the_same_id_is_refused(amq: Shell) -> None:
    """The copy in the sender's outbox shows the difference."""
    amq.send("--new-id", "job-1")
    assert amq("send", "--to", "carol", "--body", "hello", "--new-id", "job-1").code == 1
    assert amq.new("carol") == []


def test_another_senders_message_with_the_same_id_is_refused(amq: Shell) -> None:
    amq.send("--new-id", "job-1", me="carol")
    assert amq("send", "--to", "bob", "--body", "hello", "--new-id", "job-1").code == 1


def test_a_copy_that_could_not_be_kept_is_reported_and_fails_nothing(amq: Shell) -> None:
    Path(amq.agent("alice").sent).rmdir()
    result = amq("send", "--to", "bob", "--body", "x", "--json")
    assert result.code == 0
    assert result.value["outbox"]["written"] is False
    assert "No such file" in result.value["outbox"]["error"]
    assert "not saved in your outbox" in result.err
    assert len(amq.new()) == 1
