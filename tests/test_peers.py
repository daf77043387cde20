"""`make peers`: its page states the results, and a way that cannot be used here is left out with the reason."""

from __future__ import annotations

import importlib
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

REPOSITORY = Path(__file__).parents[1]
PEERS = REPOSITORY / "scripts" / "peers"
DOCS = REPOSITORY / "docs"
RESULT = {
    "way": "hcom", "cli": "claude", "set_up_s": 1.0, "took_ms": [88.0, 257.0], "lost": 1, "requests_a_mail": 1.0,
    "characters_a_mail": 93.0, "send_ms": 12.0, "cpu_ms": 8.0, "private_mb": 204.0, "processes": 5, "error": "",
    "moments": {"a draft": {"kept, delivered": 2, "merged, lost": 1}},
}  # fmt: skip


@pytest.fixture
def tables(monkeypatch: pytest.MonkeyPatch) -> Any:
    """The module that makes text of a record."""
    for directory in (REPOSITORY / "scripts" / "bench", PEERS):
        monkeypatch.syspath_prepend(directory)
    return importlib.import_module("tables")


@pytest.fixture
def record() -> Any:
    """The record that the page was made from."""
    return json.loads((DOCS / "comparison.json").read_text())


def test_the_page_says_what_the_record_says(tables: Any, record: Any) -> None:
    page = (DOCS / "comparison.md").read_text()
    assert tables.with_tables(page, record) == page
    assert tables.picture(record) == (DOCS / "comparison.svg").read_text()


def test_every_way_was_measured_at_every_moment(tables: Any, record: Any) -> None:
    found = {(each["way"], each["cli"]) for each in record["results"]}
    assert {("amq", "claude"), ("amq", "codex"), ("hcom", "claude"), ("hcom", "codex")} < found
    for each in record["results"]:
        assert each["error"] == ""
        assert set(tables.MOMENTS) - set(each["moments"]) <= ({"a question"} if each["cli"] == "codex" else set())


def test_a_record_is_written_into_the_page(tables: Any, record: Any, tmp_path: Path) -> None:
    page = tmp_path / "comparison.md"
    page.write_text(f"before\n{tables.BEGIN}old\n{importlib.import_module('report').END}behind\n")
    tables.write(record | {"results": [RESULT]}, tmp_path)
    text = page.read_text()
    assert text.startswith("before\n")
    assert text.endswith("behind\n")
    assert "old" not in text
    assert "| hcom | Claude Code | 172 ms | 255 ms | 1 of 3 |" in text
    assert "kept, delivered (2 of 3); merged, lost (1 of 3)" in text
    assert "hcom, Claude Code" in (tmp_path / "comparison.svg").read_text()


@pytest.mark.skipif(os.environ.get("AMQ_SOAK") != "1", reason="AMQ_SOAK=1 runs it")
def test_a_short_run_with_a_real_agent(tmp_path: Path) -> None:
    kept = tmp_path / "record.json"
    words = [sys.executable, str(PEERS), "--only", "amq,amq in Go", "--cli", "claude", "--mails", "1", "--times", "1"]
    subprocess.run([*words, "--json", str(kept)], check=True, stdout=subprocess.DEVNULL)
    found = json.loads(kept.read_text())
    assert found["left_out"] == {"amq in Go": "--go PATH names it"}
    assert [(each["lost"], len(each["took_ms"])) for each in found["results"]] == [(0, 1)]
    for seen in found["results"][0]["moments"].values():
        assert seen == {"kept, delivered": 1}
