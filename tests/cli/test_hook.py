"""`amq hook`: what it prints, and that it never fails an agent."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from amq.mailbox import Mailbox
from amq.runtime.handed import HandedWatch, read_handed
from amq.runtime.record import Record
from tests.conftest import Shell

LINE = "amq: 1 new message from alice. Run: amq drain --include-body"


@pytest.fixture
def state(amq: Shell) -> str:
    return Mailbox(str(amq.root), "bob").state_dir


def hook(amq: Shell, event: str, **told: Any) -> Any:
    """What the hook prints; None if nothing."""
    out = amq.ok("hook", "claude", event, me="bob", stdin=json.dumps({"session_id": "s", **told}).encode())
    return json.loads(out) if out else None


def context(printed: Any) -> str:
    return str(printed["hookSpecificOutput"]["additionalContext"])


@pytest.mark.parametrize("event", ["start", "SessionStart"])
def test_a_session_begins_with_who_one_is(amq: Shell, state: str, event: str) -> None:
    text = context(hook(amq, event))
    assert text.startswith("You are `bob` in this project's mail (amq). Others: alice, carol")
    assert read_handed(state).session == "s"


@pytest.mark.parametrize("event", ["prompt", "tool", "stop", "UserPromptSubmit", "PostToolUse", "Stop", "ask", "?"])
def test_without_mail_nothing_is_said(amq: Shell, event: str) -> None:
    assert hook(amq, event) is None


def test_urgent_mail_is_handed_over_once_and_recorded(amq: Shell, state: str) -> None:
    watch = HandedWatch(state)
    identifier = amq.send("--priority", "urgent")
    assert context(hook(amq, "tool")) == LINE
    assert hook(amq, "tool") is None
    (entry,) = Record(state).entries()
    assert (entry["ids"], entry["way"], entry["outcome"]) == ([identifier], "hook tool", "handed")
    assert (watch.another(), watch.another()) == (True, False)
    assert not HandedWatch(state).another(), "what was handed over before does not count"


def test_other_mail_is_handed_over_when_it_has_waited(amq: Shell) -> None:
    amq.send()
    assert hook(amq, "tool") is None
    out = amq.ok("hook", "claude", "tool", "--normal-after", "0", me="bob", stdin=b"{}")
    assert context(json.loads(out)) == LINE


def test_a_turn_goes_on_once(amq: Shell) -> None:
    amq.send("--priority", "low")
    assert hook(amq, "stop") is None
    amq.send()
    two = {"decision": "block", "reason": "amq: 2 new messages from alice. Run: amq drain --include-body"}
    assert hook(amq, "Stop") == two
    assert hook(amq, "stop", stop_hook_active=True) is None


def test_a_sub_agent_has_no_mail(amq: Shell) -> None:
    amq.send("--priority", "urgent")
    assert hook(amq, "tool", agent_id="a1") is None
    assert hook(amq, "tool") is not None


def test_a_message_that_is_none_is_handed_over_too(amq: Shell) -> None:
    amq.put("bad.md", b"nonsense")
    assert context(hook(amq, "tool")) == "amq: 1 new message. Run: amq drain --include-body"


@pytest.mark.parametrize("stdin", [b"", b"nonsense", b"[]", b'{"prompt": 7, "session_id": []}', b"\xff" * 100])
def test_an_event_that_cannot_be_understood_fails_nobody(amq: Shell, stdin: bytes) -> None:
    amq.send("--priority", "urgent")
    result = amq("hook", "claude", "tool", me="bob", stdin=stdin)
    assert (result.code, result.err) == (0, "")


@pytest.mark.parametrize("words", [(), ("claude",), ("claude", "Unknown"), ("--root", "/nowhere", "claude", "stop")])
def test_a_call_that_is_wrong_fails_nobody(amq: Shell, words: tuple[str, ...]) -> None:
    result = amq("hook", *words, me="bob", stdin=b"{}")
    assert (result.code, result.out, result.err) == (0, "", "")


def test_without_a_handle_nothing_is_said(amq: Shell) -> None:
    result = amq("hook", "claude", "stop", me=None, stdin=b"{}")
    assert (result.code, result.out, result.err) == (0, "", "")


def test_a_broken_queue_fails_nobody_and_is_logged(amq: Shell, state: str) -> None:
    Path(state, "hook.lock").mkdir()
    amq.send("--priority", "urgent")
    result = amq("hook", "claude", "tool", me="bob", stdin=b"{}")
    assert (result.code, result.out, result.err) == (0, "", "")
    assert "hook tool: " in Path(state, "run.log").read_text()


def test_a_damaged_memory_is_begun_anew(amq: Shell, state: str) -> None:
    Path(state, "hook.json").write_text('{"told": 7}')
    amq.send("--priority", "urgent")
    assert context(hook(amq, "tool")) == LINE


def test_hooks_at_the_same_instant_hand_over_once(amq: Shell, state: str) -> None:
    amq.send("--priority", "urgent")
    command = [sys.executable, "-m", "amq", "--root", str(amq.root), "--me", "bob", "hook", "claude", "tool"]
    running = [
        subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        for _ in range(4)
    ]
    said = [process.communicate() for process in running]
    assert sorted(bool(out) for out, _ in said) == [False, False, False, True]
    assert {err for _, err in said} == {b""}
    assert len(Record(state).entries()) == 1


def test_what_nobody_read_counts_as_not_handed_over(amq: Shell, state: str) -> None:
    amq.send("--priority", "urgent")
    command = [sys.executable, "-m", "amq", "--root", str(amq.root), "--me", "bob", "hook", "claude", "tool"]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdout
        assert process.stdin
        process.stdout.close()
        process.stdin.close()
    assert process.returncode == 0
    assert read_handed(state).count == 0
