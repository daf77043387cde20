"""Requests that may read, and those that may write: hosts, origins, tokens."""

from __future__ import annotations

import pytest

from amq.page.access import Access, host_name, new_token

READING, WRITING = "r" * 48, "w" * 48
ACCESS = Access(READING, WRITING, ["Mac.tail1234.ts.net"])
HOSTS = {
    "127.0.0.1:8025": None, "127.0.0.1": None, "localhost:1": None, "LOCALHOST:8025": None, "[::1]:8025": None,
    "mac.tail1234.ts.net": None, "MAC.tail1234.ts.net:443": None,
    "": 421, "evil.example": 421, "evil.example:8025": 421, "127.0.0.1.evil.example": 421, "localhost.evil": 421,
    "evil.example@127.0.0.1": 421, "127.0.0.1:8025:1": 421, "127.0.0.1 ": 421, "localhost.": 421, "127.0.0.2": 421,
    "127.0.0.1:8025, evil.example": 421, "x.mac.tail1234.ts.net": 421, "0.0.0.0:8025": 421, "127.0.0.1\n": 421,
}  # fmt: skip
ORIGINS = {
    ("127.0.0.1:8025", "http://127.0.0.1:8025"): None,
    ("localhost:8025", "http://localhost:8025"): None,
    ("mac.tail1234.ts.net", "https://mac.tail1234.ts.net"): None,
    ("127.0.0.1:8025", "http://127.0.0.1:3000"): 403,
    ("127.0.0.1:8025", "http://localhost:8025"): 403,
    ("127.0.0.1:8025", "https://127.0.0.1:8025"): 403,
    ("127.0.0.1:8025", "http://evil.example"): 403,
    ("127.0.0.1:8025", "null"): 403,
    ("127.0.0.1:8025", ""): 403,
    ("mac.tail1234.ts.net", "https://evil.ts.net"): 403,
    ("evil.example:8025", "http://evil.example:8025"): 421,
}


def _status(refusal: object) -> int | None:
    return getattr(refusal, "status", None)


@pytest.mark.parametrize(("host", "status"), HOSTS.items())
def test_host(host: str, status: int | None) -> None:
    assert _status(ACCESS.refuse_place({"host": host})) == status


def test_no_host() -> None:
    assert _status(ACCESS.refuse_place({})) == 421


def test_unnamed_host_is_refused() -> None:
    assert _status(Access(READING).refuse_place({"host": "mac.tail1234.ts.net"})) == 421


@pytest.mark.parametrize(("place", "status"), ORIGINS.items())
def test_origin(place: tuple[str, str], status: int | None) -> None:
    headers = dict(zip(("host", "origin"), place, strict=True))
    assert _status(ACCESS.refuse_place(headers)) == status
    assert _status(ACCESS.refuse_place(headers, writing=True)) == status


def test_writing_names_its_origin() -> None:
    here = {"host": "127.0.0.1:8025"}
    assert ACCESS.refuse_place(here) is None
    assert _status(ACCESS.refuse_place(here, writing=True)) == 403


@pytest.mark.parametrize(
    ("header", "reads", "writes"),
    [
        (f"Bearer {READING}", None, 403),
        (f"bearer  {READING} ", None, 403),
        (f"Bearer {WRITING}", 401, None),
        ("", 401, 401),
        ("Bearer ", 401, 401),
        ("Bearer", 401, 401),
        (READING, 401, 401),
        (f"Basic {READING}", 401, 401),
        (f"Bearer {READING[:-1]}", 401, 401),
        (f"Bearer {READING}r", 401, 401),
        (f"Bearer {WRITING}\udcff", 401, 401),
        ("Bearer ÿ", 401, 401),
    ],
)
def test_token(header: str, reads: int | None, writes: int | None) -> None:
    headers = {"authorization": header}
    assert _status(ACCESS.refuse_token(headers)) == reads
    assert _status(ACCESS.refuse_token(headers, writing=True)) == writes


@pytest.mark.parametrize("header", ["Bearer ", "", f"Bearer {READING}", f"Bearer {WRITING}"])
def test_nothing_writes_without_a_token_for_it(header: str) -> None:
    assert _status(Access(READING).refuse_token({"authorization": header}, writing=True)) == 403


def test_tokens_differ() -> None:
    assert len({new_token() for _ in range(100)}) == 100
    assert all(len(new_token()) == 48 and new_token().isalnum() for _ in range(10))


def test_host_name() -> None:
    assert [host_name(each) for each in ("A.b-c:1", "[::1]", "*", "a/b", "http://a", "-a", "a-")] == [
        "a.b-c", "[::1]", "", "", "", "", "",
    ]  # fmt: skip
