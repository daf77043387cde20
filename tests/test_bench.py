"""`make bench`: each topic gives its rows in the promised shape, and its page states the results."""

from __future__ import annotations

import importlib
import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from amq.layout import QueueLayout
from amq.store import registry
from tests.crash.tools import require

REPOSITORY = Path(__file__).parents[1]
BENCH = REPOSITORY / "scripts" / "bench"
RECORD = REPOSITORY / "docs" / "performance.json"
FIGURE = {"key", "value", "low", "high", "values", "beside", "share", "what", "unit", "of", "goal", "met"}

TOPICS = ["send,list", "hook,edit,durable,to-4", "drain-1000", "look", "search,search-update"]
SLOW = ["list-all,drain-all", "wake,wake-p99", "watch,monitor", "relay-log,relay,key,run", "memory,idle", "growth-list"]
SLOW += ["bridge", "top-100000,top-drawn-100000,top-memory-100000,top-rest-100000"]
SLOW += ["page-100000,page-drawn-100000,page-memory-100000,page-rest-100000,page-rest-viewed-100000"]


@pytest.fixture
def report(monkeypatch: pytest.MonkeyPatch) -> Any:
    """The bench's own module that makes text of a record."""
    monkeypatch.syspath_prepend(BENCH)
    return importlib.import_module("report")


@pytest.mark.parametrize("rows", TOPICS + SLOW * bool(os.environ.get("AMQ_SOAK")))
def test_a_quick_run_gives_each_row(rows: str, tmp_path: Path) -> None:
    record = tmp_path / "record.json"
    words = [sys.executable, str(BENCH), "--quick", "--only", rows, "--place", str(tmp_path), "--json", str(record)]
    # by nohup, as one starts a long run: hosted programs inherit that, and must end anyway
    done = subprocess.run(["nohup", *words], check=True, capture_output=True, text=True)
    found = json.loads(record.read_text())
    assert {"date", "quick", "machine", "versions", "figures", "growth", "left_out"} == found.keys()
    keys = {figure["key"] for figure in found["figures"]}
    assert keys == set(rows.split(",")) or {key.partition("-")[0] for key in keys} == {rows}
    for figure in found["figures"]:
        assert figure.keys() == FIGURE
        assert figure["low"] <= figure["high"]
    assert len(done.stdout.splitlines()) > len(found["figures"]) + 3
    assert not list(tmp_path.glob("amq-bench-*"))


def test_a_row_of_an_agent_that_is_not_installed_is_left_out(tmp_path: Path) -> None:
    record = tmp_path / "record.json"
    words = [sys.executable, str(BENCH), "--quick", "--only", "requests-claude,body-codex", "--json", str(record)]
    subprocess.run(words, check=True, stdout=subprocess.DEVNULL, env=os.environ | {"AMQ_REAL_AGENTS": str(tmp_path)})
    found = json.loads(record.read_text())
    assert found["figures"] == []
    for program in ("claude", "codex"):
        assert any(said.startswith(f"mail in a request of {program}: ") for said in found["left_out"])


SENDS = """
import sys
from itertools import count
from amq.mail.mailbox import Mailbox
instants = count(1_750_000_000_123_456_781, 10**7)  # none ends with a 0, which is not written: all messages are as long
mailbox = Mailbox(sys.argv[1], "alice", clock=lambda: next(instants))
for _ in range(2):
    mailbox.send(["bob"], b"A line of the body.")
"""


def test_a_send_in_c_asks_the_system_for_what_a_send_asks_it_for(tmp_path: Path) -> None:
    require("strace", "cc")
    queue = QueueLayout(str(tmp_path / "queue"))
    registry.make_queue(queue, tracked=False)
    registry.register(queue, ["alice", "bob"], 0)
    ours = _asked(queue, sys.executable, "-c", SENDS, queue.root)
    message, program = tmp_path / "message", tmp_path / "send"
    message.write_bytes(next(Path(queue.agent("bob").inbox_new).iterdir()).read_bytes())
    subprocess.run(["cc", "-D_GNU_SOURCE", "-o", program, BENCH / "peers" / "send.c"], check=True)
    in_c = _asked(queue, str(program), queue.root, "alice", "bob", "2", str(message))
    assert len(in_c) > 40
    assert ours[-len(in_c) :] == in_c
    before = {call.partition("(")[0] for call in ours[: -len(in_c)]}  # at alice's mailbox, before it all begins
    assert before == {"openat", "newfstatat", "close"}


def _asked(queue: QueueLayout, *program: str) -> list[str]:
    """Return the system calls of PROGRAM below QUEUE, without the parts that differ from one message to the next."""
    log = Path(queue.root).with_name("strace")
    subprocess.run(["strace", "-y", "-s", "16", "-o", str(log), *program], check=True, stdout=subprocess.DEVNULL)
    calls = [line.rpartition(" = ")[0] for line in log.read_text().splitlines() if f"{queue.root}/" in line]
    varying = re.compile(r'\b\d+(?=<)|\{.*\}|(?<=[/"])[^/">]{30,}(?=[">])')  # descriptors, stat's answer, names
    return [varying.sub("*", call) for call in calls]


def test_the_page_says_what_the_record_says(report: Any) -> None:
    record = json.loads(RECORD.read_text())
    page = (REPOSITORY / "docs" / "performance.md").read_text()
    assert report.with_figures(page, record) == page
    assert not record["quick"]


def test_a_record_is_written_into_the_page(report: Any, tmp_path: Path) -> None:
    record = json.loads(RECORD.read_text())
    page = tmp_path / "performance.md"
    page.write_text(f"before\n{report.BEGIN}old\n{report.END}behind\n")
    report.write(record, tmp_path)
    text = page.read_text()
    assert text.startswith("before\n")
    assert text.endswith("behind\n")
    assert "old" not in text
    assert all(figure["what"] in text for figure in record["figures"])
    for name in ("figures.svg", "growth.svg"):
        assert (tmp_path / name).read_text() == (REPOSITORY / "docs" / name).read_text()
