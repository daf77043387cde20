"""Bytes that reach an agent under `amq run` and its user's terminal, recorded, with the whole corpus unread."""

from __future__ import annotations

import io
import json
import re
import sys
from typing import TYPE_CHECKING

import pytest

from amq.layout import QueueLayout
from tests.hostile.messages import TEXTS, corpus
from tests.hostile.showing import forbidden
from tests.pty.user import wait_until
from tests.samples import message_file

if TYPE_CHECKING:
    from tests.runtime.run_session import Desk

AGENT = """
import os, sys, tty
tty.setraw(0)
os.write(1, b"\\x1b[?2004h> ")
with open(sys.argv[1], "ab", buffering=0) as log:
    while data := os.read(0, 4096):
        log.write(data)
        os.write(1, data.replace(b"\\x1b[200~", b"").replace(b"\\x1b[201~", b"").replace(b"\\r", b"\\r\\n> "))
"""
"""It shows pasted text, as an agent's input line does, and writes down every byte that it gets."""
TYPED = rb"\x1b\[200~(?P<line>amq: .+ Run: \S*amq drain --include-body)\x1b\[201~\r"


def put(desk: Desk, name: str, data: bytes) -> None:
    path = f"{QueueLayout(desk.root).agent('tui').inbox_new}/{name}.md"
    with open(path, "wb") as file:
        file.write(data.replace(b'"ID"', json.dumps(name).encode()))


def received(desk: Desk, *options: str) -> tuple[str, str]:
    """Return the one line that the agent got, and the text on the user's terminal."""
    session = desk.run(sys.executable, "-c", AGENT, str(desk.log), options=("--prompt", ">", *options))
    session.logfile_read = io.BytesIO()
    wait_until(lambda: desk.log.exists() and desk.log.read_bytes().endswith(b"\r"), session.logfile_read.getvalue)
    session.expect_exact("drain --include-body\r\n> ")
    got = re.fullmatch(TYPED, desk.log.read_bytes())
    assert got is not None
    return got["line"].decode(), session.logfile_read.getvalue().decode()


def test_an_agent_gets_nothing_of_a_peers_words(desk: Desk) -> None:
    for number, (_, data) in enumerate(corpus()):
        put(desk, f"h{number:04}", data)
    line, shown = received(desk)
    assert re.fullmatch(r"amq: \d+ new messages( from [a-z0-9_, -]+)?\. Run: \S+ drain --include-body", line)
    assert forbidden(shown.replace("\x1b[?2004h", "").replace("\r", "")) == set()


@pytest.mark.parametrize("what", ["leaves bracketed paste", "every control", "reorders", "hides", "tags", "a command"])
def test_a_subject_that_was_asked_for_is_stripped(desk: Desk, what: str) -> None:
    put(desk, "h", message_file(id="h", subject=TEXTS[what]))
    line, shown = received(desk, "--preview")
    assert line.isprintable()
    assert len(line.encode()) <= 200
    assert not set(line) & set("!@#&`$;|<>")
    assert forbidden(shown.replace("\x1b[?2004h", "").replace("\r", "")) == set()
