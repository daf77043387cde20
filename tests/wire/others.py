"""The clauses on everything but message files: places, names, registry, acknowledgements, presence, dead letters."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest

from amq.errors import AmqError, BadMessage, UsageError
from amq.instants import SECOND_NS
from amq.mail.sending import Draft
from amq.names import IdMaker, check_new_id, p2p_thread
from amq.store import registry
from tests.samples import ID, message_file
from tests.wire.table import NOW, Clause, Elsewhere, Holds, Place, Written

BOXES = (
    "inbox/tmp", "inbox/new", "inbox/cur", "outbox/sent", "acks/received", "acks/sent", "dlq/tmp", "dlq/new", "dlq/cur",
)  # fmt: skip

# -- places -----------------------------------------------------------------------------------------------------------


def _every_directory(place: Place) -> None:
    for handle in ("alice", "bob", "carol", "user"):
        found = {str(path.relative_to(place.path(handle))) for path in place.path(handle).glob("*/*")}
        assert found == set(BOXES)
    assert {path.name for path in place.root.iterdir()} == {"agents", "meta", ".gitignore"}


def _private(place: Place) -> None:
    """Check the modes under any umask."""
    for umask in (0o000, 0o077, 0o777):
        before = os.umask(umask)
        try:
            fresh = Place(place.root / f"{umask:o}")
            fresh.mailbox("alice").send(["bob"], b"x", Draft(ack=True))
            fresh.put("bob/inbox/new/bad.md", b"bad")
            fresh.drain()
            fresh.mailbox("bob").set_presence("busy")
        finally:
            os.umask(before)
        for path in fresh.root.rglob("*"):
            if path.name != "bad.md":
                assert oct(path.stat().st_mode & 0o777) == oct(0o700 if path.is_dir() else 0o600), path


def _others_are_left_alone(place: Place) -> None:
    for name in ("receipts/x", "extensions/y/z", ".hidden"):
        path = place.path("bob", name)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"another's")
    place.put(f"bob/inbox/new/{ID}.md", message_file())
    place.drain()
    place.mailbox("bob").who()
    for name in ("receipts/x", "extensions/y/z", ".hidden"):
        assert place.path("bob", name).read_bytes() == b"another's"


PLACES = (
    Clause("A mailbox has nine directories.", (Holds("of every agent, and of the user", _every_directory),)),
    Clause("Directories are 0700 and files 0600, whatever the umask.", (Holds("under three of them", _private),)),
    Clause(
        "What we do not know below an agent is another program's.",
        (
            Holds("it stays", _others_are_left_alone),
            Elsewhere("test_other_programs.py", "test_what_other_programs_keep_is_left_alone"),
        ),
    ),
    Clause(
        "`user` is the human user: it has a mailbox like any other, registered or not.",
        (Elsewhere("cli/test_send.py", "test_the_user_can_always_be_written_to"),),
    ),
)

# -- names ------------------------------------------------------------------------------------------------------------


def _made(place: Place) -> None:
    sent = [place.mailbox("alice").send(["bob"], b"x", Draft()).id]
    assert sent == [f"2026-03-01T10-00-00.250Z_pid{os.getpid()}_0a1b2c3d"]
    assert [path.name for path in place.path("bob/inbox/new").iterdir()] == [f"{sent[0]}.md"]


def _in_order(_: Place) -> None:
    maker = IdMaker(lambda: NOW, 7, bytes)
    ids = [maker.make()[0] for _ in range(50)]
    assert ids == sorted(set(ids))
    assert len({identifier[:24] for identifier in ids}) == 50


def _created_order(place: Place) -> None:
    """Check the order: by the header's time, whatever the name of the file says; at one instant by id."""
    times = {"b": 2, "a": 2, "2020-01-01T00-00-00.000Z_pid1_00000000": 3, "z": 1}
    for name, second in times.items():
        place.put(f"bob/inbox/new/{name}.md", message_file(id=name, created=f"2026-03-01T10:00:0{second}Z"))
    expected = ["z", "a", "b", "2020-01-01T00-00-00.000Z_pid1_00000000"]
    assert [listed.id for listed in place.mailbox("bob").list()] == expected
    assert [item.id for item in place.drain()] == expected


def _new_ids(_: Place) -> None:
    for good in ("a", "A.b_c-d", "0" * 128, ID):
        assert check_new_id(good) == good
    for bad in ("", ".a", "-a", "_a", "a b", "a/b", "ü", "x.md", "0" * 129, "a\n"):
        with pytest.raises(UsageError):
            check_new_id(bad)


def _with_or_without_md(place: Place) -> None:
    place.put(f"bob/inbox/new/{ID}.md", message_file())
    bob = place.mailbox("bob")
    assert bob.peek(ID) == bob.peek(f"{ID}.md")


def _threads(_: Place) -> None:
    assert p2p_thread("bob", "alice") == p2p_thread("alice", "bob") == "p2p/alice__bob"
    assert p2p_thread("a", "a") == "p2p/a__a"
    assert p2p_thread("a_b", "a-b") == "p2p/a-b__a_b"  # by bytes: - before _
    assert p2p_thread("a", "a0") == "p2p/a__a0"


NAMES = (
    Clause(
        "An id that we make: the instant to the millisecond, pid, 8 hex; the file bears it, with .md.",
        (Holds("byte for byte", _made),),
    ),
    Clause("No process uses a millisecond twice: its ids sort as they were made.", (Holds("at once", _in_order),)),
    Clause("An id from an option is stricter.", (Holds("what may be one, and what not", _new_ids),)),
    Clause("Commands take an id with or without .md.", (Holds("both", _with_or_without_md),)),
    Clause("Order is by created, ties by id.", (Holds("of what is listed and drained", _created_order),)),
    Clause("A thread of two is named by both, in the order of their bytes.", (Holds("from both sides", _threads),)),
)

# -- the registry -----------------------------------------------------------------------------------------------------

REGISTRY_FILE = """\
{
  "version": 1,
  "created_utc": "2026-03-01T10:00:00Z",
  "agents": [
    "alice",
    "bob",
    "carol"
  ]
}
"""


def _read_registry(place: Place, data: bytes) -> list[str] | None:
    Path(place.queue.registry).write_bytes(data)
    return registry.read_registry(place.queue)


def _registries(place: Place) -> None:
    assert _read_registry(place, b'{"agents":["b","a","b"],"later":1}') == ["a", "b"]
    assert _read_registry(place, b'{"agents":[]}') == []
    for bad in (b"", b"[]", b"{}", b'{"agents":null}', b'{"agents":["A"]}', b'{"agents":[1]}', b'{"agents":["a"]'):
        with pytest.raises(AmqError):
            _read_registry(place, bad)


def _no_registry(place: Place) -> None:
    os.unlink(place.queue.registry)
    registry.make_mailbox(place.queue, "dora")
    place.mailbox("alice").send(["dora"], b"x", Draft())


REGISTRY = (
    Clause(
        "Two-space JSON and a line feed: version, created_utc to the second, the agents sorted and once each.",
        (
            Written("as it is made", lambda _: None, {"meta/config.json": REGISTRY_FILE}),
            Written(
                "as it grows",
                lambda place: registry.register(place.queue, ["zoe", "amy", "bob"], NOW + 9 * SECOND_NS),
                {
                    "meta/config.json": REGISTRY_FILE.replace('"bob"', '"amy",\n    "bob"').replace(
                        '"carol"', '"carol",\n    "zoe"'
                    )
                },
            ),
            Holds("as others may have written it, and what is none", _registries),
        ),
    ),
    Clause("Where there is none, handles are not checked.", (Holds("a send", _no_registry),)),
)

# -- acknowledgements -------------------------------------------------------------------------------------------------


def _ack(receiver: str, received: str = "2026-03-01T10:00:00.25Z") -> str:
    return f"""\
{{
  "schema": 1,
  "msg_id": "id",
  "thread": "plan",
  "from": "{receiver}",
  "to": "alice",
  "received": "{received}"
}}
"""


def _acknowledge(place: Place) -> None:
    place.mailbox("alice").send(["bob", "carol"], b"x", Draft(new_id="id", thread="plan"))
    for later, receiver in enumerate(("bob", "bob", "carol")):
        place.mailbox(receiver, later).acknowledge("id")


ACKS = (
    Clause(
        "The same bytes on both sides; the first time stays; of several receivers the sender keeps every one.",
        (
            Written("by two, one of them twice", _acknowledge, {
                "agents/bob/acks/sent/id.json": _ack("bob"),
                "agents/alice/acks/received/id.json": _ack("bob"),
                "agents/carol/acks/sent/id.json": _ack("carol", "2026-03-01T10:00:00.250000002Z"),
                "agents/alice/acks/received/id__carol.json": _ack("carol", "2026-03-01T10:00:00.250000002Z"),
            }),
            Elsewhere("cli/test_ack.py", "test_a_lost_side_is_made_good_with_the_first_time"),
        ),
    ),
)  # fmt: skip

# -- presence ---------------------------------------------------------------------------------------------------------

PRESENCE_FILE = """\
{
  "schema": 1,
  "handle": "bob",
  "status": "busy",
  "last_seen": "2026-03-01T10:00:00.25Z",
  "note": "tests"
}
"""


def _keep_presence(place: Place) -> None:
    path = place.put("bob/presence.json", b'{"schema":1,"handle":"bob","last_seen":"x","status":"idle","mood":[1.0]}')
    place.mailbox("bob").set_presence("busy")
    assert "mood" not in json.loads(path.read_bytes())  # it could not be understood
    place.put("bob/presence.json", path.read_bytes().replace(b"}", b', "mood": [1.0]}'))
    place.mailbox("bob").set_presence("idle")
    assert b'"mood": [\n    1.0\n  ]' in path.read_bytes()


PRESENCE = (
    Clause(
        "schema, handle, status, last_seen, and a note if there is one; further keys are kept.",
        (
            Written(
                "with a note", lambda place: place.mailbox("bob").set_presence("busy", "tests"),
                {"agents/bob/presence.json": PRESENCE_FILE},
            ),
            Written(
                "without", lambda place: place.mailbox("bob").set_presence("busy"),
                {"agents/bob/presence.json": PRESENCE_FILE.replace(',\n  "note": "tests"', "")},
            ),
            Holds("keys of others", _keep_presence),
        ),
    ),
)  # fmt: skip

# -- dead letters -----------------------------------------------------------------------------------------------------

LETTER = "dlq_7_0_459394f271f7"
LETTER_FILE = f"""\
---
{{
  "schema": "amq/dlq/v1",
  "id": "{LETTER}",
  "original_id": "bad",
  "original_file": "bad.md",
  "failure_reason": "parse_error",
  "failure_detail": "the opening line ---json is missing",
  "failure_time": "2026-03-01T10:00:00Z",
  "retry_count": 0,
  "source_dir": "new"
}}
---
bad
"""


def _put_away(place: Place) -> None:
    path = place.put("bob/inbox/new/bad.md", b"bad\n")
    os.utime(path, ns=(7, 7))
    place.drain()


def _failed_retry(place: Place) -> None:
    _put_away(place)
    place.mailbox("bob").retry(LETTER)


def _three_times(place: Place) -> None:
    _put_away(place)
    bob = place.mailbox("bob")
    for _ in range(3):
        bob.retry(LETTER)
    with pytest.raises(AmqError, match="failed 3 retries"):
        bob.retry(LETTER)
    assert bob.retry(LETTER, force=True).letter.retries == 4


def _letter(original: bytes, **changes: Any) -> bytes:
    envelope = {"original_file": f"{ID}.md", "failure_time": "2026-03-01T10:00:00Z", "retry_count": 0, **changes}
    return b"---\n" + json.dumps(envelope).encode() + b"\n---\n" + original


def _heal(place: Place) -> None:
    data = message_file(b"\r\n---\r\n\xff", extra=1)
    path = place.put("bob/dlq/new/theirs.md", _letter(data))
    assert place.mailbox("bob").retry("theirs").error is None
    assert not path.exists()
    assert place.path("bob/inbox/new", f"{ID}.md").read_bytes() == data


def _no_path(place: Place) -> None:
    for name in ("../../../alice/inbox/new/x.md", "/tmp/x.md", ".x.md", "a\\b.md", "", "x"):
        data = _letter(message_file(), original_file=name)
        path = place.put("bob/dlq/new/theirs.md", data)
        with pytest.raises(BadMessage):
            place.mailbox("bob").retry("theirs")
        assert path.read_bytes() == data
    assert [*place.path("bob/inbox/new").iterdir(), *place.path("alice/inbox/new").iterdir()] == []


DEAD_LETTERS = (
    Clause(
        "An envelope between lines of ---, then the original byte for byte.",
        (Written("of what was not a message", _put_away, {f"agents/bob/dlq/new/{LETTER}.md": LETTER_FILE}),),
    ),
    Clause(
        "A retry of what is still bad returns to the same envelope, with one more try; after three it wants --force.",
        (
            Written("one try", _failed_retry, {
                f"agents/bob/dlq/new/{LETTER}.md": LETTER_FILE.replace('"retry_count": 0', '"retry_count": 1'),
            }),
            Holds("four", _three_times),
        ),
    ),
    Clause(
        "A retry that heals gives the original back byte for byte, and leaves no envelope.", (Holds("CRLF", _heal),)
    ),
    Clause("original_file is never a path.", (Holds("six that are not names", _no_path),)),
)  # fmt: skip

# -- order ------------------------------------------------------------------------------------------------------------

DURABLE = (
    Clause(
        "Delivery: staged in tmp (O_EXCL, fsync), published without replacing, fsync of every new.",
        (
            Elsewhere("crash/test_order.py", "test_steps_are_in_order"),
            Elsewhere("crash/test_guards.py", "test_a_temporary_file_of_another_is_not_touched"),
            Elsewhere("crash/test_guards.py", "test_a_message_is_never_replaced"),
        ),
    ),
    Clause(
        "new -> cur is one move that never replaces; where one file has both names, the one in new goes.",
        (
            Elsewhere("crash/test_guards.py", "test_a_message_that_was_read_is_never_replaced"),
            Elsewhere("store/test_durable.py", "test_of_two_names_of_one_file_the_one_in_the_source_goes"),
            Elsewhere("store/test_durable.py", "test_mail_on_a_filesystem_that_has_little"),
        ),
    ),
    Clause(
        "What is rewritten: a temporary file, fsync, rename, fsync of the directory.",
        (Elsewhere("crash/test_order.py", "test_a_step_left_out_is_found_out"),),
    ),
    Clause(
        "After a failed fsync the file is removed, and never synced again.",
        (Elsewhere("crash/test_every_step.py", "test_every_step_may_fail_or_be_the_last"),),
    ),
)
