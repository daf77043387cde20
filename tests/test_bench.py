"""`make bench`: each topic gives its rows in the shape that is promised, and its page says what was found."""

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
BENCH = REPOSITORY / "scripts" / "bench"
RECORD = REPOSITORY / "docs" / "performance.json"
FIGURE = {"key", "value", "low", "high", "values", "beside", "share", "what", "unit", "of", "goal", "met"}

TOPICS = ["send,list", "hook,durable,to-4", "drain-1000", "look"]
SLOW = ["list-all,drain-all", "wake,wake-p99", "watch,monitor", "relay,key,run", "memory,idle", "growth-list"]


@pytest.fixture
def report(monkeypatch: pytest.MonkeyPatch) -> Any:
    """The bench's own module that makes text of a record."""
    monkeypatch.syspath_prepend(BENCH)
    return importlib.import_module("report")


@pytest.mark.parametrize("rows", TOPICS + SLOW * bool(os.environ.get("AMQ_SOAK")))
def test_a_quick_run_gives_each_row(rows: str, tmp_path: Path) -> None:
    record = tmp_path / "record.json"
    words = [sys.executable, str(BENCH), "--quick", "--only", rows, "--place", str(tmp_path), "--json", str(record)]
    # by nohup, as one starts a long run: what is hosted inherits that, and has to be ended all the same
    done = subprocess.run(["nohup", *words], check=True, capture_output=True, text=True)
    found = json.loads(record.read_text())
    assert {"date", "quick", "machine", "versions", "figures", "growth", "left_out"} == found.keys()
    assert {figure["key"] for figure in found["figures"]} == set(rows.split(","))
    for figure in found["figures"]:
        assert figure.keys() == FIGURE
        assert figure["low"] <= figure["high"]
    assert len(done.stdout.splitlines()) > len(found["figures"]) + 3
    assert not list(tmp_path.glob("amq-bench-*"))


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
