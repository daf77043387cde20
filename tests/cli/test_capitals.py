"""A handle in capitals: on the command line it names the existing agent, on the wire it is invalid."""

from __future__ import annotations

import json
import os
import shutil

import pytest

from tests.conftest import Shell, run_amq

KELVIN = "\u212a"
"""A letter whose lower case is an ASCII k."""


@pytest.mark.parametrize("word", ["Bob", "BOB", "bOb"])
def test_the_wire_has_lower_case(amq: Shell, word: str) -> None:
    identifier = amq.send("--thread", "x", to=word, me="Alice")
    header = amq.stored(identifier)
    assert (header["from"], header["to"]) == ("alice", ["bob"])
    assert amq.stored(identifier, "alice", "sent") == header
    assert sorted(os.listdir(amq.root / "agents")) == ["alice", "bob", "carol", "user"]


def test_the_default_thread_is_that_of_the_two(amq: Shell) -> None:
    assert amq.stored(amq.send(to="Bob", me="ALICE"))["thread"] == "p2p/alice__bob"


def test_one_agent_named_twice_gets_one_message(amq: Shell) -> None:
    identifier = amq.send(to="bob,Bob,BOB")
    assert amq.stored(identifier)["to"] == ["bob"]
    assert amq.stored(amq.send("--thread", "x", to="Bob,carol,CAROL"))["to"] == ["bob", "carol"]


def test_the_user_and_all(amq: Shell) -> None:
    assert amq.stored(amq.send(to="User"), "user")["to"] == ["user"]
    assert amq.stored(amq.send("--thread", "x", to="@All,BOB"))["to"] == ["bob", "carol"]


def test_an_agent_that_is_only_registered_or_has_only_a_mailbox(amq: Shell) -> None:
    shutil.rmtree(amq.root / "agents" / "carol")
    amq.send(to="Carol")
    assert len(amq.new("carol")) == 1
    (amq.root / "meta" / "config.json").unlink()
    amq.send(to="Carol")
    assert len(amq.new("carol")) == 2


@pytest.mark.parametrize("word", ["Dave", "Bob!", "Bob@x!", "b" + "O" * 64, f"bo{KELVIN}"])
def test_an_unknown_agent_is_refused_and_not_made(amq: Shell, word: str) -> None:
    amq("init", "--agents", "bok")
    for more in ((), ("--create",)):
        refused = amq("send", "--to", word, "--body", "x", *more)
        assert (refused.code, "is not a handle" in refused.err) == (2, True)
    assert sorted(os.listdir(amq.root / "agents")) == ["alice", "bob", "bok", "carol", "user"]


def test_a_broken_registry_is_reported_and_has_no_agents(amq: Shell) -> None:
    (amq.root / "meta" / "config.json").write_text("{")
    sent = amq("send", "--to", "Bob", "--body", "x")
    assert (sent.code, "cannot be read" in sent.err, len(amq.new())) == (0, True, 1)
    assert amq("send", "--to", "Dave", "--body", "x").code == 2


def test_the_environment_names_an_agent_too(amq: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
    amq.send()
    monkeypatch.setenv("AM_ME", "Bob")
    assert "export AM_ME=bob\n" in amq.ok("env", me=None)
    assert amq.ok("drain", me=None).startswith("[AMQ] 1 new message(s) for bob")


def test_a_reply_is_from_the_agent_itself(amq: Shell) -> None:
    identifier = amq.send()
    answer = json.loads(amq.ok("reply", "--id", identifier, "--body", "yes", "--json", me="BOB"))
    assert amq.stored(answer["id"], "alice")["from"] == "bob"


def test_whatever_else_names_agents(amq: Shell) -> None:
    identifier = amq.send()
    assert amq.ok("why", "Bob").startswith("bob: 1 unread")
    assert amq.ok("thread", "--id", "p2p/alice__bob", "--agents", "Bob") == amq.ok("thread", "--id", "p2p/alice__bob")
    assert identifier in amq.ok("list", "--from", "Alice", me="bob")
    refused = amq("list", "--from", "Dave", me="bob")
    assert (refused.code, "did you mean dave?" in refused.err) == (2, True)


def test_the_agent_that_is_hosted(amq: Shell) -> None:
    for option in ("--as", "--me"):
        ran = run_amq("run", option, "Bob", "--", "sh", "-c", "echo $AM_ME", cwd=amq.project)
        assert (ran.returncode, ran.stdout) == (0, b"bob\n")
    refused = run_amq("run", "--as", "Dave", "--", "true", cwd=amq.project)
    assert (refused.returncode, b"did you mean dave?" in refused.stderr) == (2, True)
    refused = run_amq("run", "--as", "User", "--", "true", cwd=amq.project)
    assert (refused.returncode, b"is the user's handle" in refused.stderr) == (2, True)


def test_a_file_is_read_strictly(amq: Shell) -> None:
    identifier = amq.send()
    path = amq.root / "agents" / "bob" / "inbox" / "new" / f"{identifier}.md"
    path.write_bytes(path.read_bytes().replace(b'"alice"', b'"Alice"'))
    assert "moved to DLQ" in amq("drain", me="bob").out
