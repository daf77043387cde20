"""A host with good keys that sends what no bridge would: its peer takes none of it, and goes on.

Each attempt is followed by a good message on the same way, which the stream keeps in order. When that is there, the
attempt has been handled.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path

import nats
import pytest
from nats.aio.client import Client

from amq.bridge import wire
from amq.bridge.certificates import pinned
from amq.bridge.crypto import Boxes
from amq.bridge.hub_conf import inbox
from amq.bridge.ledger import ACK, DRAINED, MAIL, REFUSED, Item, Receipt
from amq.message import Header, Message, render
from amq.store.acks import Ack
from tests.bridge import hosts
from tests.bridge.hosts import Hosts, until
from tests.bridge.rig import needs_hub, run, start_hub

pytestmark = needs_hub
CREATED = "2026-11-30T12:00:00.000Z"
NUMBERS = iter(range(10**6))


@pytest.fixture(scope="module")
def three(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Hosts]:
    """Three hosts, of which a alone runs a bridge; it exports claude only. The tests send as b."""
    with hosts.make(tmp_path_factory.mktemp("three"), "a", "b", "c") as found:
        found["a"].bridge = hosts.export(found["a"].bridge.directory, ["claude"])
        found.hub = start_hub(found["a"].bridge.directory)
        found["a"].start()
        first = fresh()
        run(_send(found, [], first))
        until(lambda: found["a"].has("claude", "inbox/new", f"{first}.md"))
        until(lambda: found["a"].has("codex-b", "outbox/sent", f"{first}.md"))
        yield found


@asynccontextmanager
async def as_b(three: Hosts) -> AsyncIterator[tuple[Client, Boxes]]:
    """Yield a connection of b to the hub, and its Boxes."""
    bridge = three["b"].bridge
    client = await nats.connect(
        bridge.hub,
        tls=pinned(bridge.ca),
        nkeys_seed=bridge.seed,
        inbox_prefix=inbox("b").encode(),
        allow_reconnect=False,
    )
    try:
        yield client, Boxes.of(bridge)
    finally:
        await client.close()


def message(identifier: str, sender: str = "codex-b", to: str = "claude-a", **more: object) -> bytes:
    """Return a message as it travels."""
    header = Header(id=identifier, sender=sender, to=[to], created=CREATED, created_ns=0, thread="", subject="s")
    text = render(Message(header, b"hello\n"))
    for old, new in more.items():
        text = text.replace(old.encode(), str(new).encode())
    return text


def fresh() -> str:
    return f"good-{next(NUMBERS)}"


async def _send(three: Hosts, attempts: list[tuple[str, bytes]], good: str) -> None:
    """Publish ATTEMPTS, each a subject and what is under it, and then the message GOOD, which is as it should be."""
    subject = wire.subject_of(Item(MAIL, "a", "claude", good), "b")
    async with as_b(three) as (client, boxes):
        stream = client.jetstream()
        for number, (under, data) in enumerate((*attempts, (subject, boxes.seal("a", subject, message(good))))):
            await stream.publish(under, data, headers={"Nats-Msg-Id": f"{good} {number}"})


def sealed(three: Hosts, subject: str, data: bytes) -> tuple[str, bytes]:
    """Return DATA under SUBJECT as b seals it for a."""
    return subject, Boxes.of(three["b"].bridge).seal("a", subject, data)


def files(three: Hosts) -> set[str]:
    """Return every file in the queue of a, and beside it, but those that come and go with each message."""
    place = Path(three["a"].root).parent
    found = {str(path.relative_to(place)) for path in place.rglob("*") if path.is_file()}
    return {
        path for path in found if path.startswith("queue-a/agents/") and not re.search(r"/\.amq/|/inbox/tmp/", path)
    }


def takes_none(three: Hosts, *attempts: tuple[str, bytes]) -> None:
    """Check that the files of a are as before after ATTEMPTS, and a good message that followed is there."""
    before, good = files(three), fresh()
    run(_send(three, list(attempts), good))
    until(lambda: three["a"].has("claude", "inbox/new", f"{good}.md"))
    after = {path for path in files(three) - before if good not in path}
    assert (after, before - files(three)) == (set(), set())


def mail_subject(identifier: str = "m1", handle: str = "claude") -> str:
    return f"amq.a.b.mail.{handle}.{wire.token(identifier)}"


HEADERS = (
    ("codex-c", "claude-a"),  # another host's agent
    ("claude-a", "claude-a"),  # one of the receiver's own
    ("codex", "claude-a"),  # of no host
    ("user", "claude-a"),
    ("codex-b", "claude"),  # for no host
    ("codex-b", "codex-a"),  # for another agent than the subject says
    ("codex-b", "claude-c"),  # for another host
)
IDS = ("=2e=2e=2fx", "~~=2fx", "=2fetc=2fx", "~hidden", "=00", "=5cx", "=ff", "x" * 300, "=2E", "~")
SUBJECTS = ("amq.a.b.x", "amq.a.b.mail.claude", "amq.a.b.mail.claude.x.y", "amq.a.b.mail.Claude.x")
FILES = (
    b"",
    b"no message",
    b"---json\n{}\n---\n",
    message("other"),  # its id is not that of the subject
    message("m1")[:40],
    message("m1", **{'"codex-b"': '["codex-b"]'}),
    message("m1", **{'"codex-b"': '"../codex-b"'}),
    message("m1", **{'"codex-b"': '"codex-b", "from": "user"'}),
    b"---json\n" + b"[" * 5000 + b"\n---\n",
)


def test_a_header_with_anothers_name_is_refused(three: Hosts) -> None:
    attempts = enumerate(HEADERS)
    takes_none(three, *(sealed(three, mail_subject(f"h{n}"), message(f"h{n}", *pair)) for n, pair in attempts))


def test_only_exported_agents_get_mail(three: Hosts) -> None:
    for handle in ("codex", "user", "stranger", "codex-b", "claude-c"):
        takes_none(three, sealed(three, mail_subject("m1", handle), message("m1", to=f"{handle}-a")))


def test_an_id_leads_nowhere(three: Hosts) -> None:
    takes_none(three, *(sealed(three, f"amq.a.b.mail.claude.{word}", message("x")) for word in IDS))


def test_another_subject_is_ignored(three: Hosts) -> None:
    takes_none(three, *(sealed(three, subject, message("x")) for subject in SUBJECTS))


def test_a_file_that_is_not_a_message_is_refused(three: Hosts) -> None:
    takes_none(three, *(sealed(three, mail_subject(), data) for data in FILES))


def test_what_is_not_sealed_for_it_is_not_opened(three: Hosts) -> None:
    """The hub has no keys: it can send old things again, under other subjects, or make some up."""
    old, other = mail_subject("m2"), mail_subject("m3")
    to_b = wire.subject_of(Item(MAIL, "b", "codex", "m4"), "a")
    takes_none(
        three,
        (old, message("m2")),
        (other, sealed(three, old, message("m2"))[1]),
        (old, sealed(three, other, message("m2"))[1]),
        (wire.subject_of_receipts("a", "b"), sealed(three, old, message("m2"))[1]),
        (mail_subject("m4"), Boxes.of(three["a"].bridge).seal("b", to_b, message("m4"))),
        (old, Boxes.of(three["c"].bridge).seal("a", old, message("m2"))),
        (old, bytes(100)),
    )


def talk(three: Hosts, *receipts: Receipt, **changed: object) -> tuple[str, bytes]:
    said = json.loads(wire.render_talk(wire.Talk("boot", (), receipts))) | changed
    return sealed(three, wire.subject_of_receipts("a", "b"), json.dumps(said).encode())


def test_a_host_speaks_of_its_own_mail_only(three: Hosts) -> None:
    """The mail for c waits, whatever b says became of it."""
    a = three["a"]
    a.mailbox("claude").send(["codex-b"], b"to b\n", create=True)
    from amq.bridge.files import Files

    Files(a.queue, a.bridge).make_mailbox("c", "codex")
    waiting = a.send("claude", "codex-c")
    receipts = [Receipt(Item(kind, "b", "codex", waiting), state) for kind, state in ((MAIL, DRAINED), (MAIL, REFUSED))]
    others = [Receipt(Item(MAIL, "b", handle, waiting), DRAINED) for handle in ("codex-c", "claude", "user")]
    takes_none(three, talk(three, *receipts, *others))
    assert a.has("codex-c", "inbox/new", f"{waiting}.md")


TALK: tuple[dict[str, object], ...] = (
    {"says": [[MAIL, "codex", "../../x", DRAINED, ""]]},
    {"says": [[MAIL, "../codex", "x", DRAINED, ""]]},
    {"says": [[MAIL, "codex", "x", "gone", ""]]},
    {"says": [[MAIL, "codex", "x" * 300, DRAINED, ""]]},
    {"says": [["x", "codex", "x", DRAINED, ""]] * 2000},
    {"says": {"a": "b"}},
    {"asks": [[MAIL, "codex", "../../x"]]},
    {"asks": [[MAIL, "user", "m1"], [ACK, "user", "m1"]]},
    {"boot": 5},
    {"form": 2},
    {"form": None},
)


def test_hostile_receipts_and_questions_change_nothing(three: Hosts) -> None:
    takes_none(three, *(talk(three, **changed) for changed in TALK))


ACKS = (
    ("claude", Ack("../../x", "t", "codex-b", "claude-a", CREATED)),
    ("claude", Ack("m1", "t", "codex-c", "claude-a", CREATED)),
    ("claude", Ack("m1", "t", "codex-b", "codex-a", CREATED)),
    ("codex", Ack("m1", "t", "codex-b", "codex-a", CREATED)),  # not exported
    ("user", Ack("m1", "t", "codex-b", "user-a", CREATED)),
)


def test_hostile_acknowledgements_are_dropped(three: Hosts) -> None:
    takes_none(three, *(sealed(three, f"amq.a.b.ack.{handle}.m1", ack.render()) for handle, ack in ACKS))


PRESENCES = (
    b"",
    b"[]",
    b'{"form": 1}',
    json.dumps({"form": 1, "agents": {"../x": ["", "", "", 0]}}).encode(),
    bytes(1000),
)


def test_hostile_presence_makes_no_mailbox(three: Hosts) -> None:
    async def say() -> None:
        async with as_b(three) as (client, boxes):
            subject = wire.presence_subject("a", "b")
            for data in PRESENCES:
                await client.publish(subject, boxes.seal("a", subject, data))
                await client.publish(subject, data)
            await client.flush()

    before = three["a"].remote()
    run(say())
    takes_none(three)
    assert three["a"].remote() == before


def test_an_agent_here_does_not_lose_its_name(three: Hosts) -> None:
    """b exports an agent whose name abroad is that of an agent of a."""
    from amq.store import registry

    a = three["a"]
    registry.register(a.queue, ["grok-b"], 0)
    takes_none(three, sealed(three, mail_subject("m9"), message("m9", "grok-b")))
    assert "grok-b" not in a.remote()
    assert os.listdir(a.queue.agent("grok-b").inbox_new) == []


def test_the_bridge_goes_on(three: Hosts) -> None:
    running = three["a"].running
    assert running
    assert running.poll() is None
