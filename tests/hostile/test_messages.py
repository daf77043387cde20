"""Every message of the corpus, before every command: nothing acts, nothing hangs, nothing stops the others."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from tests.hostile.messages import corpus
from tests.hostile.showing import ELSEWHERE, called, untried, wrong
from tests.samples import message_file
from tests.seeds import SOAK, TOLD, sample

if TYPE_CHECKING:
    from tests.conftest import Shell
    from tests.proof_table import Proof

CORPUS = list(corpus())
MIXED = sample(CORPUS, 150, of="corpus")
BEFORE = (
    "list", "list --new --limit 5", "search good", "search x* --limit 0", "log --limit 0",
    "export --html page --jsonl lines",
    "who", "why", "why --history", "presence list", "dlq list", "env",
    "thread --id p2p/alice__bob --include-body", "watch --timeout 10ms",
    "monitor --peek --limit 0 --max-chars 0 --include-body",
    "doctor", "cleanup --tmp-older-than 0 --yes", "hook claude stop", "coop status", "send --to carol --body=x",
    "trust", "presence set --status=x", "init --agents dan",
)  # fmt: skip
AFTER = (
    "list --cur", "thread --id p2p/alice__bob --include-body", "dlq list", "dlq retry --all", "who", "dlq purge --yes",
)  # fmt: skip
BY_ID = ("read --id=", "ack --id=", "trace --id=", "reply --body=x --id=", "dlq read --id=", "dlq retry --id=")
"""Commands that take an id; the last two take that of a dead letter."""
FORMATS = ("", " --json")


def test_there_are_enough() -> None:
    assert len({what for what, _ in CORPUS}) >= 300


def test_no_command_is_left_out() -> None:
    assert untried([*BEFORE, "drain", *AFTER, *BY_ID]) == ELSEWHERE


def _all_there(amq: Shell) -> list[str]:
    """Leave the corpus and one good message in bob's `new`; return the ids."""
    ids = [f"h{number:04}" for number in range(len(MIXED))]
    for identifier, (_, data) in zip(ids, MIXED, strict=True):
        amq.put(f"{identifier}.md", data.replace(b'"ID"', json.dumps(identifier).encode()))
    amq.put("good.md", message_file(b"the good one\n", id="good"))
    return ids


@pytest.mark.parametrize("json_option", FORMATS)
def test_all_of_them_at_once_before_every_command(amq: Shell, json_option: str, proof: Proof) -> None:
    _all_there(amq)
    problems: list[str] = []
    commands = (*BEFORE, "drain --limit 0 --max-chars 0 --include-body", *AFTER)
    for words in commands:
        result = called(amq, words + json_option * (words != "hook claude stop"), stdin=b"{}")
        problems += wrong(result, words)
        if words.startswith(("list", "monitor", "drain", "thread", "search good", "log")) and "--limit 5" not in words:
            problems += [] if "good" in result.out else [f"{words}: the good one is not shown"]
    tried, known = (len(commands) * len(messages) for messages in (MIXED, CORPUS))
    proof.add(points=tried, known=known, met=tried, violations=len(problems), note=f"{len(CORPUS)} messages")
    assert problems == []
    assert amq.new() == []
    assert "good.md" in amq.cur()


@pytest.mark.timeout(600 if SOAK else 60)
def test_each_by_its_id(amq: Shell, proof: Proof) -> None:
    ids = _all_there(amq)
    calls = [(words, each, form) for words in BY_ID[:4] for each in ids for form in FORMATS]
    chosen = sample(calls, 120, of="messages by id")
    problems = [each for words, name, form in chosen for each in wrong(called(amq, f"{words}{name}{form}"), name)]
    called(amq, "drain --limit 0 --max-chars 0")
    letters = [letter["id"] for letter in amq("dlq", "list", "--json", me="bob").value]
    calls = [(words, each, form) for words in BY_ID[4:] for each in letters for form in FORMATS]
    later = sample(calls, 60, of="dead letters by id")
    for words, name, form in later:
        problems += wrong(called(amq, f"{words}{name}{form}"), name)
    tried = len(chosen) + len(later)
    proof.add(points=tried, met=tried, violations=len(problems))
    assert problems == [], TOLD


def test_no_body_can_forge_what_drain_prints_around_it(amq: Shell) -> None:
    _all_there(amq)
    lines = called(amq, "drain --limit 0 --max-chars 0 --include-body").out.split("\n")
    assert sum(line.startswith(("- From: ", "- ID: ")) for line in lines) == len(MIXED) + 1
    assert sum(line.startswith("[AMQ] ") for line in lines) == 3
    assert lines.count("---") == len(MIXED) + 1
