"""`make bench`: each topic gives its rows in the promised shape, and its page states the results."""

from __future__ import annotations

import importlib
import json
import os
import re
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from amq import procfs
from amq.layout import QueueLayout
from amq.store import registry
from tests.crash.tools import require
from tests.test_imports import UNTIL_IT_STARTS, python

REPOSITORY = Path(__file__).parents[1]
BENCH = REPOSITORY / "scripts" / "bench"
RECORD = REPOSITORY / "docs" / "performance.json"
FIGURE = {"key", "value", "low", "high", "values", "beside", "share", "what", "unit", "of", "goal", "met"}

TOPICS = ["pass,send,list", "hook,edit,durable,to-4", "drain-1000", "look", "search,search-update"]
SLOW = ["list-all,drain-all", "wake,wake-p99", "watch,monitor", "relay-log,relay,run", "flood", "key,key-flood"]
SLOW += ["memory-private,memory-pss,idle", "growth-list"]
SLOW += [",".join(f"million-read-{name}" for name in ("send", "drain", "list", "search", "who", "top", "top-drawn"))]
SLOW += ["bridge", "top-100000,top-drawn-100000,top-memory-100000,top-rest-100000"]
SLOW += ["page-100000,page-drawn-100000,page-memory-100000,page-rest-100000,page-rest-viewed-100000"]


@pytest.fixture
def bench(monkeypatch: pytest.MonkeyPatch) -> Callable[[str], Any]:
    """A function that returns a module of the bench, by its name."""
    monkeypatch.syspath_prepend(BENCH)
    return importlib.import_module


@pytest.fixture
def report(bench: Callable[[str], Any]) -> Any:
    """The bench's own module that makes text of a record."""
    return bench("report")


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


MODULES_OF_FLOOR = """
import sys
sys.path.insert(0, sys.argv[1])
import host
print(*sys.modules)
"""

HOSTS = """
import os, subprocess, sys
with subprocess.Popen(["cat"]):
    if os.fork():
        print("both are there", flush=True)
    sys.stdin.read()
"""


@pytest.mark.skipif(sys.platform != "linux", reason="it reads /proc")
def test_forks_of_a_host_are_counted_and_the_program_in_it_is_not(bench: Callable[[str], Any]) -> None:
    processes = bench("processes")
    with subprocess.Popen((sys.executable, "-c", HOSTS), stdin=subprocess.PIPE, stdout=subprocess.PIPE) as host:
        assert host.stdout
        host.stdout.readline()
        found, below = processes.forks(host.pid), procfs.children(host.pid)
        (program,) = (each for each in below if procfs.words(each) == [b"cat"])
        assert sorted((*found, program)) == sorted((host.pid, *below))
        assert len(found) == 2
        memory = processes.memory(host.pid)
        assert 0 < memory.private < memory.pss
        host.communicate()


def test_a_flood_has_its_rate_at_most_and_no_key_in_it(bench: Callable[[str], Any], tmp_path: Path) -> None:
    flood, page = bench("flood"), tmp_path / "page"
    bench("terminal").write_output(page, 10_000, bench("terminal").screens)
    begun = time.monotonic()
    with subprocess.Popen((sys.executable, "-c", flood.WRITER, page, "400000"), stdout=subprocess.PIPE) as writer:
        assert writer.stdout
        printed = writer.stdout.read(40_000)
        took = time.monotonic() - begun
        writer.kill()
    assert took >= 0.1
    assert printed == (page.read_bytes() * 5)[:40_000]
    assert bench("keys").KEY not in printed


def test_the_floor_of_a_start_imports_what_amq_run_imports(tmp_path: Path) -> None:
    ours = python("-c", UNTIL_IT_STARTS, "run", "--as", "bob", "--", "sh", "-c", "", cwd=tmp_path)
    floor = python("-c", MODULES_OF_FLOOR, str(BENCH / "peers"), cwd=tmp_path)
    (said,) = (line for line in ours.stderr.splitlines() if "frozen:" in line)
    modules = {name for name in said.split() if not re.match(r"amq(\.|$)|frozen:", name)}
    assert len(modules) > 40, ours.stderr
    more = {"_blake2", "pwd", "shlex"}  # for a queue that is made, and a user without HOME
    assert {*floor.stdout.split()} - {"host"} == modules - more


SENDS = """
import sys
from itertools import count
from amq.mail.mailbox import Mailbox
instants = count(1_750_000_000_123_456_781, 10**7)  # none ends with a 0, which is not written: all messages are as long
mailbox = Mailbox(sys.argv[1], "alice", clock=lambda: next(instants))
for _ in range(2):
    mailbox.send(["bob"], b"A line of the body.")
"""


def test_a_send_in_c_and_in_bare_python_asks_the_system_for_what_a_send_asks_it_for(tmp_path: Path) -> None:
    require("strace", "cc")
    queue = QueueLayout(str(tmp_path / "queue"))
    registry.make_queue(queue, tracked=False)
    registry.register(queue, ["alice", "bob"], 0)
    ours = _asked(queue, sys.executable, "-c", SENDS, queue.root)
    message, program = tmp_path / "message", tmp_path / "send"
    message.write_bytes(next(Path(queue.agent("bob").inbox_new).iterdir()).read_bytes())
    subprocess.run(["cc", "-D_GNU_SOURCE", "-o", program, BENCH / "peers" / "send.c"], check=True)
    words = (queue.root, "alice", "bob", "2", str(message))
    in_c = _asked(queue, str(program), *words)
    assert len(in_c) > 40
    assert ours[-len(in_c) :] == in_c
    assert _asked(queue, sys.executable, str(BENCH / "peers" / "send.py"), *words) == in_c
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
    page.write_text(f"before\n{report.BEGIN}stale\n{report.END}behind\n")
    report.write(record, tmp_path)
    text = page.read_text()
    assert text.startswith("before\n")
    assert text.endswith("behind\n")
    assert "stale" not in text
    assert all(figure["what"] in text for figure in record["figures"])
    for name in ("figures.svg", "growth.svg"):
        assert (tmp_path / name).read_text() == (REPOSITORY / "docs" / name).read_text()
