"""Names of agents on the way between hosts."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from amq.bridge import names
from amq.errors import BadMessage
from amq.message import MAX_FILE_BYTES, parse
from amq.names import p2p_thread
from tests.samples import ID, message_file

HANDLES = st.from_regex(r"[a-z0-9][a-z0-9_-]{0,20}", fullmatch=True)


def sent(sender: str = "claude", *to: str, **more: Any) -> bytes:
    """Return the file of a message from SENDER to the handles TO in the thread of the pair."""
    recipients = to or ("codex-b",)
    return message_file(sender=sender, to=list(recipients), **({"thread": p2p_thread(sender, recipients[0])} | more))


def travel(data: bytes, *, remote: tuple[str, ...] = ("codex-b",), handle: str = "codex") -> bytes:
    """Return the file DATA of host a as the agent HANDLE of host b gets it."""
    return names.arriving(names.leaving(data, ID, "a", remote), ID, "b", "a", handle)


def test_the_other_side_sees_its_own_names() -> None:
    header = parse(travel(sent()), ID).header
    assert (header.sender, header.to, header.thread) == ("claude-a", ["codex"], "p2p/claude-a__codex")


def test_the_rest_stays_byte_for_byte() -> None:
    text = (
        '\r\n{"thread" :"p2p/claude__codex-b",\t"from": "cl\\u0061ude",  "x": {"from": "claude", "to": ["codex-b"]},\n'
        f' "n": 1.50, "long": 1{"0" * 5000}, "to" : [ "codex-b" ,"gemini"], "id": "{ID}",'
        '"created": "2026-01-01T00:00:00Z",'
        '"subject": "\\u202e claude", "kind": null}'
    )
    body = b"\r\nfrom claude\xff\x00---\n"
    came = travel(b"---json \r\n" + text.encode() + b"\r\n--- \r\n" + body)
    changed = text.replace('"p2p/claude__codex-b"', '"p2p/claude-a__codex"').replace('"cl\\u0061ude"', '"claude-a"')
    changed = changed.replace('[ "codex-b" ,"gemini"]', '[ "codex" ,"gemini-a"]')
    assert came == b"---json \r\n" + changed.encode() + b"\r\n--- \r\n" + body


@pytest.mark.parametrize("thread", [None, ..., ""])
def test_a_missing_thread_stays_missing(thread: object) -> None:
    header = parse(travel(sent(thread=thread)), ID).header
    assert (header.thread, header.conversation) == ("", "p2p/claude-a__codex")


@pytest.mark.parametrize(
    "thread", ["plan/cache", "p2p/claude", "p2p/Claude__codex-b", "p2p/z__a", "group/claude__codex-b"]
)
def test_another_thread_keeps_its_name(thread: str) -> None:
    assert parse(travel(sent(thread=thread)), ID).header.thread == thread


def test_a_p2p_thread_of_others_is_translated() -> None:
    assert parse(travel(sent(thread="p2p/codex-b__gemini")), ID).header.thread == "p2p/codex__gemini-a"


def test_a_thread_that_may_be_of_several_pairs_is_that_of_the_agents_in_the_message() -> None:
    data = sent("a__b", "codex-b", thread="p2p/a__b__codex-b")
    assert parse(travel(data), ID).header.thread == "p2p/a__b-a__codex"
    for unclear in (sent(thread="p2p/a__b__c"), sent("a", "codex-b", "b__c", "a__b", "c", thread="p2p/a__b__c")):
        assert parse(travel(unclear), ID).header.thread == "p2p/a__b__c"


@given(HANDLES, HANDLES)
@example("a", "b")
@example("zed", "ann")
@example("x_", "y__")
def test_there_and_back_is_one_conversation(sender: str, handle: str) -> None:
    """An answer comes home under the thread that the question left with."""
    proxy, back = f"{handle}-b", f"{sender}-a"
    question = travel(sent(sender, proxy), remote=(proxy,), handle=handle)
    there = parse(question, ID).header
    answer = message_file(sender=handle, to=[there.sender], thread=there.thread)
    home = names.arriving(names.leaving(answer, ID, "b", (back,)), ID, "a", "b", sender)
    header = parse(home, ID).header
    assert (header.sender, header.to, header.thread) == (proxy, [sender], p2p_thread(sender, proxy))


def test_each_of_three_hosts_sees_all_recipients() -> None:
    remote = ("codex-b", "grok-c")
    data = sent("claude", "codex-b", "gemini", "grok-c", thread="plan")
    assert parse(travel(data, remote=remote), ID).header.to == ["codex", "gemini-a", "grok-c"]
    there = names.arriving(names.leaving(data, ID, "a", remote), ID, "c", "a", "grok")
    assert parse(there, ID).header.to == ["codex-b", "gemini-a", "grok"]


def test_mail_of_another_host_is_not_passed_on() -> None:
    with pytest.raises(BadMessage, match="not passed on"):
        names.leaving(sent("grok-c"), ID, "a", ("codex-b", "grok-c"))


@pytest.mark.parametrize(
    ("sender", "to"),
    [
        ("claude-c", ["codex-b"]),  # another host's agent
        ("claude", ["codex-b"]),  # one that looks like the receiver's own
        ("codex-b", ["codex-b"]),
        ("-a", ["codex-b"]),
        ("claude-a", ["gemini-b"]),  # to another agent
        ("claude-a", ["codex"]),
        ("claude-a", ["codex-b", "user"]),  # a recipient on no host
        ("claude-a", ["codex-b", "claude-2"]),
        ("claude-a", ["codex-b", "b"]),
    ],
)
def test_what_arrives_under_a_wrong_name_is_refused(sender: str, to: list[str]) -> None:
    with pytest.raises(BadMessage):
        names.arriving(message_file(sender=sender, to=to, thread="x"), ID, "b", "a", "codex")


def test_a_name_that_is_too_long_abroad_is_refused() -> None:
    with pytest.raises(BadMessage, match="too long"):
        names.leaving(sent("c" * 63), ID, "a", ("codex-b",))
    assert names.leaving(sent("c" * 62), ID, "a", ("codex-b",))


def test_a_file_that_grows_over_the_limit_is_refused() -> None:
    room = MAX_FILE_BYTES - len(sent())
    data = sent()[:-1] + b"x" * room + b"\n"
    assert parse(data, ID)
    with pytest.raises(BadMessage, match="abroad"):
        names.leaving(data, ID, "a", ("codex-b",))


@given(st.binary(max_size=200))
@example(json.dumps({"to": {}}).encode())
def test_anything_else_is_a_bad_message(data: bytes) -> None:
    with pytest.raises(BadMessage):
        names.leaving(data, ID, "a", ())
    with pytest.raises(BadMessage):
        names.arriving(data, ID, "b", "a", "codex")
