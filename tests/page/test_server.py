"""The server before requests that a browser would not send: no data, no harm, and the right status."""

from __future__ import annotations

import json
import shutil
import socket
import threading
from typing import TYPE_CHECKING

import pytest

from amq.page import limits
from tests.page.served import READING, WRITING, Served, rest_of, served

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.conftest import Shell

DATA = ("events", "messages", "message?key=x", "thread?key=x", "search?words=x", "history?agent=bob")
SECRET = "the words of the mail"
ODD = (
    (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", 400),  # TLS
    (b"nonsense\r\n\r\n", 400),
    (b"GET / HTTP/1.1\r\n\r\n", 400),
    (b"GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n", 400),
    (b"GET / HTTP/9.9\r\nHost: a\r\n\r\n", 421),
    (b"GET / HTTP/1.0\r\n\r\n", 421),
    (b"GET http://evil.example/ HTTP/1.1\r\nHost: evil.example\r\n\r\n", 421),
    (b"CONNECT evil.example:443 HTTP/1.1\r\nHost: evil.example:443\r\n\r\n", 421),
    (b"POST /api/send HTTP/1.1\r\nHost: localhost\r\nContent-Length: -1\r\n\r\n", 400),
    (b"POST /api/send HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n", 400),
    (b"GET /../../etc/passwd HTTP/1.1\r\nHost: localhost\r\n\r\n", 404),
    (b"GET /%2e%2e/%2e%2e/etc/passwd HTTP/1.1\r\nHost: localhost\r\n\r\n", 404),
    (b"GET /%00 HTTP/1.1\r\nHost: localhost\r\n\r\n", 404),
    (b"GET / HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n", 200),
    (b"GET / HTTP/1.1\r\nHost: localhost\r\nX: " + b"x" * 2 * limits.HEADER_BYTES, 431),
    (b"GET /" + b"x" * 2 * limits.HEADER_BYTES, 431),
)
"""The bytes that a connection begins with, and the status of the answer."""
BAD = (
    "", "{", "[]", "1", "[" * 100_000,
    '{"to": "bob", "body": "x"}', '{"to": [1], "body": "x"}', '{"to": [], "body": "x"}', '{"to": ["bob"], "body": ""}',
    '{"to": ["bob"], "body": 1}', '{"to": ["bob"], "body": "x", "subject": []}',
)  # fmt: skip
SLOW = (
    b"",
    b"GET / HTTP/1.1\r\nHost: localhost\r\n",
    f"POST /api/send HTTP/1.1\r\nHost: localhost\r\nOrigin: http://localhost\r\nAuthorization: Bearer {WRITING}\r\n"
    "Content-Length: 99\r\n\r\n{".encode(),
)
FILES = ("/", "/page.css", "/dom.js", "/live.js", "/main.js")


@pytest.fixture
def page(amq: Shell) -> Iterator[Served]:
    """The page of a queue with one message."""
    amq.send("--subject", SECRET, body=SECRET)
    with served(amq.root) as page:
        yield page


def _gets_in(page: Served) -> bool:
    with page.follow() as another:
        return another.until("\r\n") == "HTTP/1.1 200 OK\r\n"


def _key(page: Served) -> str:
    items: list[dict[str, str]] = json.loads(page.ask("/api/messages").text)["items"]
    return items[0]["key"]


def test_own_files(page: Served) -> None:
    for name in FILES:
        answer = page.ask(name, token="")
        assert answer.status == 200
        assert "default-src 'none'" in answer.headers["content-security-policy"]
        assert "unsafe" not in answer.headers["content-security-policy"]
        assert (answer.headers["cache-control"], answer.headers["x-content-type-options"]) == ("no-store", "nosniff")
        assert "set-cookie" not in {each.lower() for each in answer.headers}
        assert SECRET not in answer.text


def test_data_needs_the_token(page: Served) -> None:
    for name in DATA:
        for token in ("", "x", WRITING, READING[:-1]):
            answer = page.ask(f"/api/{name}", token)
            assert (answer.status, SECRET in answer.text) == (401, False), name
    assert SECRET in page.ask("/api/messages").text
    assert page.ask(f"/api/messages?token={READING}", "").status == 401
    assert page.ask("/api/messages", "", Cookie=f"token={READING}").status == 401


def test_another_name_gets_nothing(page: Served) -> None:
    for name in (*FILES, *(f"/api/{each}" for each in DATA), "/nothing"):
        answer = page.ask(name, Host="evil.example")
        assert (answer.status, SECRET in answer.text, "<html" in answer.text) == (421, False, False)


def test_another_origin_gets_nothing(page: Served) -> None:
    for origin in ("http://evil.example", "http://127.0.0.1:1", "null"):
        for name in (*FILES, *(f"/api/{each}" for each in DATA)):
            assert page.ask(name, Origin=origin).status == 403
        assert page.post("/api/send", "{}", Origin=origin).status == 403
        answer = page.ask("/api/messages", method="OPTIONS", Origin=origin)
        assert (answer.status, [each for each in answer.headers if "allow" in each]) == (403, [])


def test_writing_needs_its_own_token(amq: Shell, page: Served) -> None:
    send = json.dumps({"to": ["bob"], "subject": "x", "body": "x"})
    before = amq.new()
    assert [page.post("/api/send", send, token).status for token in ("", "x", READING)] == [401, 401, 403]
    assert amq.new() == before
    assert page.post("/api/send", send).status == 200
    assert len(amq.new()) == len(before) + 1


def test_reading_only(amq: Shell) -> None:
    with served(amq.root, writing="") as page:
        for token in ("", READING, WRITING):
            assert page.post("/api/send", '{"to": ["bob"], "body": "x"}', token).status == 403
    assert amq.new() == []


def test_bad_commands(amq: Shell, page: Served) -> None:
    before = amq.new()
    for body in BAD:
        assert page.post("/api/send", body).status == 400, body[:50]
    assert page.post("/api/send", '{"to": ["stranger"], "body": "x"}').status == 409
    assert page.post("/api/send", '{"to": ["bob"], "body": "x", "kind": "x"}').status == 409
    assert page.post("/api/reply", '{"key": "x", "body": "x"}').status == 404
    assert page.post("/api/seen", '{"key": ["x"]}').status == 400
    assert page.post("/api/nothing", "{}").status == 404
    assert page.post("/api/messages", "{}").status == 405
    assert page.ask("/api/send").status == 405
    assert amq.new() == before


def test_large_command(amq: Shell, page: Served) -> None:
    before = amq.new()
    send = json.dumps({"to": ["bob"], "body": "x" * limits.BODY_BYTES})
    with page.raw() as connection:
        head = f"POST /api/send HTTP/1.1\r\nHost: 127.0.0.1:{page.port}\r\nOrigin: {page.origin}\r\n"
        head += f"Authorization: Bearer {WRITING}\r\nContent-Length: {2 * len(send)}\r\n\r\n"
        connection.sendall(f"{head}{send}".encode())
        assert rest_of(connection).startswith(b"HTTP/1.1 413 ")
    assert amq.new() == before
    assert page.ask("/api/messages").status == 200


def test_odd_requests(page: Served) -> None:
    wrong = []
    for begun, status in ODD:
        with page.raw(begun) as connection:
            text = rest_of(connection)
        if not text.startswith(f"HTTP/1.1 {status} ".encode()) or SECRET.encode() in text:
            wrong.append((begun[:80], text[:80]))
    assert wrong == []


def test_slow_request(page: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "REQUEST_S", 0.1)
    for begun in SLOW:
        with page.raw(begun) as connection:
            assert rest_of(connection).startswith(b"HTTP/1.1 408 ")


def test_body_that_never_comes_after_the_answer_began(page: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "REQUEST_S", 0.3)
    head = (
        f"GET /api/events HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {READING}\r\nContent-Length: 9\r\n\r\n"
    )
    with page.raw(head.encode()) as connection:
        assert b" 200 " in rest_of(connection)[:20]  # and the connection has ended


def test_viewers_have_a_limit(page: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    assert limits.VIEWERS == 100
    followers = [page.follow() for _ in range(limits.VIEWERS)]
    for each in followers:
        each.until("event: messages")
    answer = page.ask("/api/events")
    assert (answer.status, "close some" in answer.text) == (503, True)
    assert page.ask("/api/messages").status == 200
    with followers.pop():
        pass
    while not _gets_in(page):  # the server sees the end when it looks
        pass
    for each in followers:
        with each:
            pass


def test_connections_have_a_limit(page: Served) -> None:
    idle = [page.raw() for _ in range(limits.CONNECTIONS)]
    statuses = {page.ask("/").status for _ in range(3)}
    for each in idle:
        each.close()
    assert statuses == {503}


def test_live_and_only_what_is_new(amq: Shell, page: Served) -> None:
    with page.follow() as viewer:
        assert "event: queue" in viewer.until(SECRET)
        amq.send("--subject", "another one")
        assert "event: queue" not in viewer.until("another one")


def test_viewers_that_never_read(amq: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "STALLED_S", 0.2)
    go_on = threading.Event()

    def watch(stop: threading.Event) -> Iterator[dict[str, str]]:
        for number in range(30):
            yield {"messages": f"<{number}>{'long' * 10_000}"}
            assert go_on.wait(20)
            go_on.clear()
        stop.wait(20)

    with served(amq.root, watch=watch) as page:
        deaf = [page.follow(receive_bytes=4096) for _ in range(5)]
        with page.follow() as viewer:
            for number in range(30):
                viewer.until(f"<{number}>")
                go_on.set()
            for each in deaf:
                with each:
                    assert each.was_dropped()
            assert page.ask("/api/messages").status == 200


def test_a_queue_that_goes_and_comes_back(amq: Shell, page: Served) -> None:
    with page.follow() as viewer:
        viewer.until(SECRET)
        kept = amq.root.with_name("kept")
        amq.root.rename(kept)
        assert "not a queue any more" in viewer.until('"is_gone":true')
        assert page.ask("/api/messages").status == 404
        kept.rename(amq.root)
        viewer.until('"is_gone":false')
    shutil.rmtree(amq.root)
    assert [page.ask(f"/api/{each}").status for each in ("search?words=x", "messages", "history?agent=bob")] == [
        404
    ] * 3


def test_thread_message_search_history(amq: Shell, page: Served) -> None:
    key = _key(page)
    query = json.loads(page.ask("/api/messages").text)["items"][0]
    assert query["to"] == [{"handle": "bob", "where": "unread"}]
    for path in (f"/api/message?key={key.replace(' ', '+')}", f"/api/thread?key={key.replace(' ', '+')}"):
        assert SECRET in page.ask(path).text
    assert len(json.loads(page.ask("/api/search?words=words").text)["items"]) == 1
    assert json.loads(page.ask("/api/search?words=absent").text)["items"] == []
    assert page.ask("/api/search?words=").status == 409
    assert json.loads(page.ask("/api/history?agent=bob").text)["lines"] == []
    assert page.ask("/api/history?agent=..").status == 404
    assert page.ask("/api/message?key=..%2f..").status == 404


def test_only_loopback(page: Served) -> None:
    others = {each[4][0] for each in socket.getaddrinfo(socket.gethostname(), None, socket.AF_INET)} - {"127.0.0.1"}
    for address in others:
        with pytest.raises(OSError), socket.create_connection((str(address), page.port), timeout=5):
            pass
