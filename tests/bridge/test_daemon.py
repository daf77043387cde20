"""Two real bridges, a real hub, two queues on one machine."""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace

import pytest

from amq.bridge import daemon, hub_conf
from amq.bridge.daemon import Daemon
from amq.bridge.hub import hub_directory
from amq.bridge.jetstream import NoHub
from amq.bridge.state import read_state
from amq.mail.sending import Draft
from amq.runtime.private_state import PrivateState
from amq.store.notifier_info import read_notifier
from tests.bridge import hosts, soak
from tests.bridge.hosts import Hosts, until
from tests.bridge.rig import administered, needs_hub, run
from tests.seeds import SEED, SOAK

pytestmark = needs_hub


@pytest.fixture(scope="module")
def two(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Hosts]:
    """Two hosts with running bridges."""
    with hosts.make(tmp_path_factory.mktemp("two"), "a", "b") as found:
        yield found.start()


def test_mail_goes_there_is_read_and_acknowledged_and_answered_in_one_conversation(two: Hosts) -> None:
    a, b = two["a"], two["b"]
    body = b"h\xc3\xa4llo\r\n\xff\n"
    sent = a.send("claude", "codex-b", body, ack=True, subject="Review", kind="review_request")
    until(lambda: b.has("codex", "inbox/new", f"{sent}.md"))
    message, _ = b.mailbox("codex").peek(sent)
    assert (message.header.sender, message.header.to, message.body) == ("claude-a", ["codex"], body)
    assert a.has("codex-b", "inbox/new", f"{sent}.md"), "not read there, so it stands in new here"
    assert b.drain("codex") == [sent]
    until(lambda: a.has("codex-b", "inbox/cur", f"{sent}.md"))
    until(lambda: a.has("claude", "acks/received", f"{sent}.json") and a.has("codex-b", "acks/sent", f"{sent}.json"))
    until(lambda: not os.listdir(b.queue.agent("claude-a").acks_received))
    answer = b.mailbox("codex").reply(sent, b"looks good\n").sent
    until(lambda: a.has("claude", "inbox/new", f"{answer.id}.md"))
    assert a.drain("claude") == [answer.id]
    thread = a.mailbox("claude").thread("p2p/claude__codex-b")
    assert [entry.header.id for entry in thread] == [sent, answer.id]
    assert [entry.header.id for entry in b.mailbox("codex").thread("p2p/claude-a__codex")] == [sent, answer.id]


def test_one_message_to_both_sides(two: Hosts) -> None:
    a, b = two["a"], two["b"]
    sent = a.mailbox("claude").send(["codex", "codex-b", "claude-b"], b"all\n", Draft(thread="plan")).id
    until(lambda: all(b.has(each, "inbox/new", f"{sent}.md") for each in ("codex", "claude")))
    assert b.mailbox("codex").peek(sent)[0].header.to == ["codex-a", "codex", "claude"]
    for agent in ("codex", "claude"):
        assert b.drain(agent) == [sent]
    until(lambda: all(a.has(each, "inbox/cur", f"{sent}.md") for each in ("codex-b", "claude-b")))


def test_what_is_not_exported_there_becomes_a_dead_letter_here(two: Hosts) -> None:
    a, b = two["a"], two["b"]
    hosts.export(b.bridge.directory, ["codex"])
    sent = a.send("claude", "claude-b")
    until(lambda: bool(a.mailbox("claude-b").letters()))
    letter = a.mailbox("claude-b").letters()[0]
    assert letter.message_id == sent
    assert letter.envelope["failure_detail"] == "b refused it: b does not export claude"
    hosts.export(b.bridge.directory, b.bridge.exports)


def test_what_may_not_leave_waits_and_says_so(two: Hosts) -> None:
    a = two["a"]
    sent = a.send("user", "codex-b")

    def reason() -> str:
        state = read_state(a.bridge.directory) or {}
        return str(state.get("mailboxes", {}).get("codex-b", {}).get("reason", ""))

    until(lambda: reason() == "user may not write to other hosts: amq bridge export user")
    assert a.has("codex-b", "inbox/new", f"{sent}.md")
    hosts.export(a.bridge.directory, [*a.bridge.exports, "user"])
    until(lambda: two["b"].has("codex", "inbox/new", f"{sent}.md"))
    two["b"].drain("codex")


def test_the_bridge_notifies_remote_mailboxes(two: Hosts) -> None:
    notifier = read_notifier(two["a"].queue.agent("codex-b"))
    assert notifier
    assert notifier.how == "bridge"


def test_a_second_bridge_of_one_queue_ends_with_the_reason(two: Hosts) -> None:
    again = replace_log(two["a"])
    again.start()
    assert again.running
    assert again.running.wait(60) != 0
    assert "another amq bridge runs for this queue" in again.log.read_text()


def replace_log(host: hosts.Host) -> hosts.Host:
    """Return HOST with another log and no bridge that runs."""
    return hosts.Host(host.name, host.root, host.bridge, host.log.with_name("another"))


def test_a_large_message_goes_through(two: Hosts) -> None:
    a, b = two["a"], two["b"]
    body = os.urandom(5 << 20).hex().encode()[: (10 << 20) - 2000] + b"\n"
    sent = a.send("claude", "codex-b", body)
    until(lambda: b.has("codex", "inbox/new", f"{sent}.md"))
    assert b.mailbox("codex").peek(sent)[0].body == body
    b.drain("codex")


def test_nothing_is_lost_when_a_bridge_dies_or_the_hub_forgets(two: Hosts) -> None:
    a, b = two["a"], two["b"]
    b.kill()
    waits = [a.send("claude", "codex-b", ack=True) for _ in range(3)]
    a.kill()
    two.kill_hub()
    store = Path(hub_directory(a.bridge)) / "jetstream"
    store.rename(store.with_name("forgotten"))
    two.start_hub()
    a.start()
    b.start()
    until(lambda: all(b.has("codex", "inbox/new", f"{each}.md") for each in waits))
    b.kill()
    assert b.drain("codex") == waits
    b.start()
    until(lambda: all(a.has("codex-b", "inbox/cur", f"{each}.md") for each in waits))
    until(lambda: all(a.has("claude", "acks/received", f"{each}.json") for each in waits))


def test_a_hub_that_has_lost_the_consumer_is_named_and_mail_waits_for_it(two: Hosts) -> None:
    a, b = two["a"], two["b"]

    async def lose() -> None:
        async with administered(a.bridge) as manager:
            await manager.delete_consumer(hub_conf.STREAM, hub_conf.consumer("b"))

    run(lose())
    until(lambda: "the hub keeps no mail for this host" in b.log.read_text())
    assert "the hub refuses to deliver: " in b.log.read_text()
    two.kill_hub()
    two.start_hub()  # which makes the consumer
    sent = a.send("claude", "codex-b")
    until(lambda: b.has("codex", "inbox/new", f"{sent}.md"))
    b.drain("codex")


GROWING = [0.2, 0.4, 0.8, 1.6, 3.2, 5.0]


@pytest.mark.parametrize(
    ("connects", "lasts_s", "pauses"), [(True, 0.0, GROWING), (True, 6.0, [0.2] * 6), (False, 6.0, GROWING)]
)
def test_pauses_grow_until_a_connection_lasts(
    two: Hosts, monkeypatch: pytest.MonkeyPatch, connects: bool, lasts_s: float, pauses: list[float]
) -> None:
    """A hub may take each connection and refuse each request."""
    now, slept = 0.0, list[float]()

    async def connected() -> None:
        """Return in place of a connection, or fail after a while."""
        nonlocal now
        if not connects:
            now += lasts_s
            raise NoHub("the hub does not answer")

    async def until_gone(_: None) -> str:
        nonlocal now
        now += lasts_s
        return "the hub refuses to deliver: 409 Exceeded MaxWaiting"

    async def sleep(seconds: float) -> None:
        slept.append(seconds)
        if len(slept) == len(pauses):
            raise asyncio.CancelledError

    bridge = Daemon(two["a"].queue, two["a"].bridge, PrivateState(""), print)
    monkeypatch.setattr(bridge, "_connected", connected)
    monkeypatch.setattr(bridge, "_until_gone", until_gone)
    monkeypatch.setattr(daemon, "time", SimpleNamespace(monotonic=lambda: now, time_ns=time.time_ns))
    monkeypatch.setattr(asyncio, "sleep", sleep)
    monkeypatch.setattr(os, "urandom", lambda count: b"\x80" * count)
    with pytest.raises(asyncio.CancelledError):
        asyncio.run(bridge._follow_hub())
    assert slept == pytest.approx(pauses, rel=0.01)
    bridge._events.close()
    bridge._hints.close()


@pytest.mark.skipif(not SOAK, reason="10,000 messages take minutes: make soak")
def test_ten_thousand_messages_survive_kills_of_everything(tmp_path: Path) -> None:
    outcome = soak.soak(tmp_path, 10_000, SEED, "a", "b", "c", say=print)
    assert outcome.faults() == [], f"AMQ_SEED={SEED}"
    assert outcome.settled_s < 60
