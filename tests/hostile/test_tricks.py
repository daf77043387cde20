"""Every trick with files, before every command: it ends in time, touches nothing outside, and says so safely."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.hostile.showing import ELSEWHERE, SECRET, called, untried, wrong
from tests.hostile.tricks import play, tricks
from tests.samples import message_file
from tests.seeds import TOLD, sample

if TYPE_CHECKING:
    from tests.conftest import Shell
    from tests.proof_table import Proof

ALL = tricks()
COMMANDS = (
    "list", "who", "why", "why --history", "presence list", "dlq list", "doctor", "env", "read --id trick",
    "read --id good", "trace --id good", "thread --id p2p/alice__bob --include-body", "watch --timeout 10ms",
    "monitor --timeout 10ms --peek", "dlq read --id trick", "dlq retry --all", "ack --id good", "ack --id trick",
    "reply --id good --body=x", "send --to alice --body=x", "send --to carol --body=x", "presence set --status=x",
    "hook claude stop", "drain --include-body", "cleanup --tmp-older-than 0 --yes", "dlq purge --yes",
    "search good", "log", "export --html page --jsonl lines", "init --agents dan", "coop status", "trust --list",
    "trust", "trust --revoke",
)  # fmt: skip


def test_there_are_enough() -> None:
    assert len(ALL) >= 60


def test_no_command_is_left_out() -> None:
    assert untried(COMMANDS) == ELSEWHERE


@pytest.mark.parametrize(
    ("place", "path", "kind"), sample(ALL, 24, of="tricks"), ids=lambda each: str(each).replace("/", " ")
)
def test_a_trick_before_every_command(amq: Shell, place: str, path: str, kind: str, proof: Proof) -> None:
    amq.put("good.md", message_file(b"the good one\n", id="good", ack_required=True))
    outside = play(amq.root, path, kind)
    before = _below(outside)
    problems: list[str] = []
    shown = ""
    for number, words in enumerate(COMMANDS):
        form = " --json" if number % 2 and not words.startswith("hook") else ""
        result = called(amq, words + form, stdin=b"{}")
        problems += wrong(result, words)
        shown += result.out
    tried = len(COMMANDS)
    proof.add(points=tried, met=tried, violations=len(problems), note=f"{len(ALL)} tricks, {tried} commands")
    assert problems == [], TOLD
    assert _below(outside) == before
    assert not any(SECRET in text for text in _below(amq.root).values()), "copied into the queue"
    if " itself" not in place:
        assert "the good one" in shown


def _below(top: Path) -> dict[str, str]:
    """Return the regular files below TOP, without following any link."""
    return {
        os.path.join(directory, name): Path(directory, name).read_text("latin-1")
        for directory, _, names in os.walk(top)
        for name in names
        if (found := Path(directory, name)).is_file() and not found.is_symlink() and found.stat().st_size < 1_000_000
    }
