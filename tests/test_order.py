"""The order in which new mail is shown, and how little is read to find it."""

from __future__ import annotations

import json
from itertools import zip_longest
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from amq.layout import RootedPath
from amq.mail.drain_order import in_order
from amq.store import maildir
from amq.store.durable import Directory
from tests.samples import header, message_file

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture
def new(tmp_path: Path) -> Iterator[Directory]:
    with Directory(RootedPath(str(tmp_path))) as directory:
        yield directory


def dated(second: int) -> str:
    return f"2026-03-01T10-00-{second:02}.000Z_pid1_00000000"


def made(second: int) -> str:
    return f"2026-03-01T10:00:{second:02}"


def put(new: Directory, identifier: str, second: int, body: bytes = b"hello\n", **changes: Any) -> str:
    """Put a message made at this second of a minute; return its id."""
    data = message_file(body, id=identifier, created=f"2026-03-01T10:00:{second:02}Z", **changes)
    return put_bytes(new, identifier, data)


def put_bytes(new: Directory, identifier: str, data: bytes) -> str:
    Path(new.path, f"{identifier}.md").write_bytes(data)
    return identifier


def test_what_is_parsed_and_what_is_not_are_one_order(new: Directory) -> None:
    ids = [
        put(new, dated(9), 9, priority="urgent"),
        put(new, "m0", 5),
        put(new, dated(4), 4, priority="low"),
        put(new, "m2", 3, priority="urgent"),
        put_bytes(new, "m3", b"bad"),
        put(new, dated(6), 6),
    ]
    ordered, calm = in_order(new, ids)
    assert ordered == ["m2", dated(9), "m3", dated(4), "m0", dated(6)]
    assert calm == {dated(4): made(4), "m0": made(5), dated(6): made(6)}


@pytest.mark.parametrize(("bad", "good"), [(0, 2), (1, 2), (2, 2), (3, 2), (3, 0)])
def test_bad_messages_and_good_ones_take_turns(new: Directory, bad: int, good: int) -> None:
    urgent = put(new, "u", 9, priority="urgent")
    wrong = [put_bytes(new, f"bad{number}", b"bad") for number in range(bad)]
    right = [put(new, f"m{number}", number) for number in range(good)]
    turns = [each for turn in zip_longest(wrong, right) for each in turn if each]
    assert in_order(new, [*right, urgent, *wrong])[0] == [urgent, *turns]


@pytest.mark.parametrize(
    "times",
    [
        ("10:00:00Z", "10:00:00.25Z", "10:00:00.250000001Z", "10:00:00.3Z", "10:00:01Z"),
        ("10:00:00Z", "10:00:00.20Z", "10:00:00.250+00:00", "12:00:00.3+02:00", "10:00:00.5z"),
    ],
)
def test_the_headers_time_counts_however_it_is_written_and_whatever_the_name_says(
    new: Directory, times: tuple[str, ...]
) -> None:
    for number, time in enumerate(times):
        identifier = dated(9 - number)
        put_bytes(new, identifier, message_file(id=identifier, created=f"2026-03-01T{time}"))
    ids = [dated(9 - number) for number in range(len(times))]
    assert in_order(new, sorted(ids))[0] == ids


def test_one_instant_is_one_however_it_is_written(new: Directory) -> None:
    for identifier, fraction in (("b", ".2"), ("a", ".20")):
        put_bytes(new, identifier, message_file(id=identifier, created=f"2026-03-01T10:00:00{fraction}Z"))
    assert in_order(new, ["b", "a"])[0] == ["a", "b"]


@pytest.mark.parametrize("first", [True, False])
def test_a_time_within_the_context_is_not_the_messages(new: Directory, first: bool) -> None:
    context = {"context": {"created": "2020-01-01T10:00:00Z"}}
    rest = header(id="a", created=f"{made(2)}Z")
    text = json.dumps(context | rest if first else rest | context)
    ids = [put_bytes(new, "a", f"---json\n{text}\n---\nhello\n".encode()), put(new, "b", 1)]
    assert in_order(new, ids)[0] == ["b", "a"]


def escaped(identifier: str) -> bytes:
    text = json.dumps(header(id=identifier, priority="urgent")).replace("urgent", "\\u0075rgent")
    return f"---json\n{text}\n---\nbody\n".encode()


def fence_behind_the_brace(identifier: str) -> bytes:
    return f"---json\n{json.dumps(header(id=identifier, priority='urgent'))}---\nbody\n".encode()


def behind_a_long_context(identifier: str) -> bytes:
    return message_file(id=identifier, context={"long": "x" * maildir.HEAD_BYTES}, priority="urgent")


@pytest.mark.parametrize("hidden", [escaped, fence_behind_the_brace, behind_a_long_context])
def test_what_is_urgent_is_found_however_it_is_written(new: Directory, hidden: Any) -> None:
    ids = [put(new, dated(1), 1), put_bytes(new, dated(2), hidden(dated(2)))]
    assert in_order(new, ids) == ([dated(2), dated(1)], {dated(1): made(1)})


def test_only_what_may_be_urgent_is_parsed(new: Directory, monkeypatch: pytest.MonkeyPatch) -> None:
    looked = []
    monkeypatch.setattr(maildir, "look", lambda _, identifier: looked.append(identifier))
    Path(new.path, f"{dated(4)}.md").mkdir()
    ids = [
        put(new, dated(1), 1, b"urgent, and \\u0075rgent\n"),
        put(new, dated(2), 2, b"x" * 2 * maildir.HEAD_BYTES),
        put(new, dated(3), 3, subject="not urgent"),
        dated(4),
    ]
    assert in_order(new, ids) == ([dated(3), dated(1), dated(4), dated(2)], {dated(1): made(1), dated(2): made(2)})
    assert looked == [dated(3), dated(4)]


def test_what_is_known_to_be_calm_is_not_even_opened(new: Directory, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(maildir, "calm_since", None)
    known = {"a": made(2), "b": made(1)}
    assert in_order(new, ["a", "b"], known) == (["b", "a"], known)
