"""Agents on other hosts at the shell: they feel as those of this host."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Any

import pytest

from amq.bridge import state
from amq.layout import QueueLayout
from amq.mail.mailbox import Mailbox
from amq.runtime import notifier_lock
from amq.store import registry
from amq.store.remote import Remote, write_remote
from tests.conftest import Shell


def test_both_spellings_reach_the_mailbox_and_warn_of_nothing(amq: Shell, running: Any) -> None:
    for to in ("codex-b", "codex@b", "Codex@b"):
        done = amq("send", "--to", to, "--body", "x", "--json")
        assert json.loads(done.out)["to"] == ["codex-b"]
        assert done.err == ""


@pytest.mark.usefixtures("bridge")
def test_a_plain_handle_is_never_on_another_host(amq: Shell) -> None:
    registry.make_mailbox(QueueLayout(str(amq.root)), "grok-c")
    write_remote(QueueLayout(str(amq.root)).agent("grok-c"), Remote("grok", "c"), "temporary")
    done = amq("send", "--to", "grok", "--body", "x")
    assert done.code == 3
    assert "send --to grok-c" in done.err
    assert "on another host it is --to grok@c" in done.err


@pytest.mark.usefixtures("bridge")
@pytest.mark.parametrize("to", ["codex@c", "claude@b", "codex@", "@b", "codex@b@c"])
def test_an_agent_of_another_host_that_is_not_known(amq: Shell, to: str) -> None:
    assert amq("send", "--to", to, "--body", "x").code in (2, 3)


@pytest.mark.usefixtures("bridge")
def test_a_mailbox_that_only_looks_like_one_is_not_on_another_host(amq: Shell) -> None:
    registry.make_mailbox(QueueLayout(str(amq.root)), "claude-2")
    assert "codex@b" in amq("send", "--to", "claude@2", "--body", "x").err


@pytest.mark.usefixtures("bridge")
def test_its_mail_is_not_read_here(amq: Shell) -> None:
    sent = json.loads(amq("send", "--to", "codex-b", "--body", "x", "--json").out)["id"]
    for words in (("drain",), ("read", "--id", sent)):
        done = amq(*words, me="codex-b")
        assert done.code == 1
        assert "codex-b is codex on the host b, and its mail is read there" in done.err
    assert registry.has_mailbox(QueueLayout(str(amq.root)).agent("codex-b"))
    assert amq("list", "--new", me="codex-b").out.count(sent) == 1


def why(amq: Shell) -> str:
    """Return what `why` says of the mail for codex-b."""
    return str(json.loads(amq("why", "codex-b", "--json").out)["waits_for"])


@pytest.mark.usefixtures("bridge")
def test_why_without_a_bridge_that_runs(amq: Shell) -> None:
    sent = amq("send", "--to", "codex-b", "--body", "x")
    assert "the bridge to codex-b does not run" in sent.err
    assert why(amq) == "no-hub"
    assert "the bridge does not run (amq bridge run)" in amq("why", "codex-b").out


@pytest.mark.parametrize(
    ("said", "reason", "words"),
    [
        ({"hub_reason": "no hub at tls://x"}, "no-hub", "no hub at tls://x"),
        ({"mailboxes": {"codex-b": {"mail": {"waiting": 1}}}}, "on-its-way", "not heard yet"),
        ({"mailboxes": {"codex-b": {"mail": {"sent": 1, "there": 1}}}}, "on-its-way", "on b, silent for 1h"),
        (
            {"mailboxes": {"codex-b": {"mail": {"there": 1}}}},
            "there",
            "codex has it on b, unread: dialog (its program asks",
        ),
        ({"mailboxes": {"codex-b": {"mail": {"there": 1}}}}, "there", "its input row); b is silent for 1h"),
        ({"mailboxes": {"codex-b": {"reason": "the hub is full", "mail": {}}}}, "hub-full", "the hub is full"),
        ({"mailboxes": {"codex-b": {"reason": "bob may not write", "mail": {}}}}, "refused", "bob may not write"),
    ],
)
def test_why_says_how_far_mail_has_come(amq: Shell, running: Any, said: Any, reason: str, words: str) -> None:
    agent = {"status": "busy", "note": "", "waits_for": "dialog", "seen_ns": 1}
    heard_ns = time.time_ns() - 3600 * 10**9
    host = {"heard_ns": heard_ns, "clock_ahead_ns": 0, "version": "1", "agents": {"codex": agent}}
    running(**({} if words == "not heard yet" else {"hosts": {"b": host}}), **said)
    amq("send", "--to", "codex-b", "--body", "x")
    assert why(amq) == reason
    assert words in amq("why", "codex-b").out
    who = {each["handle"]: each for each in json.loads(amq("who", "--json").out)}
    assert who["codex-b"]["host"] == "b"
    if words != "not heard yet":
        assert who["codex-b"]["status_there"] == "busy"
        assert "on b, silent for 1h" in amq("who").out


def test_who_says_where_it_is_while_the_bridge_notifies_its_mailbox(amq: Shell, running: Any) -> None:
    now_ns = time.time_ns()
    running(hosts={"b": {"heard_ns": now_ns, "clock_ahead_ns": 0, "version": "1", "agents": {}}})
    claim = notifier_lock.claim(QueueLayout(str(amq.root)).agent("codex-b").state, "bridge")
    line = next(line for line in amq("who").out.splitlines() if line.startswith("codex-b"))
    found = {each["handle"]: each for each in json.loads(amq("who", "--json").out)}["codex-b"]
    claim.release()
    assert "state" not in found, "what notifies its mailbox here does not see it"
    assert line.split("  ")[1] == "on b"


def test_one_look_reads_the_bridge_once(amq: Shell, running: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    queue = QueueLayout(str(amq.root))
    registry.make_mailbox(queue, "grok-b")
    write_remote(queue.agent("grok-b"), Remote("grok", "b"), "temporary")
    running(hub_reason="no hub")
    amq("send", "--to", "codex-b,grok-b", "--body", "x")
    reads = iter([{"hub_reason": "no hub"}])
    monkeypatch.setattr(state, "read_state", lambda _: next(reads))
    who = {each["handle"]: each for each in json.loads(amq("who", "--json").out)}
    assert [who[each]["waits_for"] for each in ("codex-b", "grok-b")] == ["no-hub", "no-hub"]


def test_a_file_edited_by_hand_is_the_reason(amq: Shell, bridge: str, running: Any) -> None:
    Path(bridge, "bridge.toml").write_text("host = 5\n")
    amq("send", "--to", "codex-b", "--body", "x")
    assert "bridge.toml: host is not" in amq("why", "codex-b").out
    assert "bridge.toml: host is not" in amq("bridge", "status").out


def test_status_says_what_is_wrong(amq: Shell, running: Any) -> None:
    running(
        pid=1, hub_reason="the hub's certificate is not the one that was pinned",
        trouble={"codex@b": "codex-b is an agent of this host", "mail": "No space left on device\x1b"},
        hosts={"b": {"heard_ns": time.time_ns(), "clock_ahead_ns": 90 * 10**9, "version": "1", "agents": {}}},
    )  # fmt: skip
    out = amq("bridge", "status").out
    assert "!        the hub's certificate is not the one that was pinned\n" in out
    assert "!        codex@b: codex-b is an agent of this host\n" in out
    assert "No space left on device^[" in out
    assert "!        b: its clock is 1m ahead" in out


def test_status_without_a_bridge(amq: Shell) -> None:
    assert "amq bridge init" in amq("bridge", "status").err
    assert "amq bridge init" in amq("bridge", "run").err


@pytest.mark.usefixtures("bridge")
def test_its_name_may_be_in_the_line_that_notifies_an_agent(amq: Shell) -> None:
    assert "codex-b" in Mailbox(str(amq.root), "bob").account.known_agents()
