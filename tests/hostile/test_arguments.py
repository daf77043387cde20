"""Arguments that a peer has an agent pass to a command: an id, a thread, a path. They are quoted safely."""

from __future__ import annotations

import os

import pytest

from tests.conftest import Shell
from tests.hostile.messages import TEXTS
from tests.hostile.showing import called, wrong
from tests.proof_table import Proof

WORDS = (
    "read --id", "ack --id", "trace --id", "thread --id", "dlq read --id", "dlq retry --id", "dlq purge --yes --id",
    "reply --body=x --id", "send --body=x --to", "send --to alice --body", "send --to alice --body=x --thread",
    "send --to alice --body=x --subject", "send --to alice --body=x --kind", "send --to alice --body=x --labels",
    "send --to alice --body=x --new-id", "list --limit", "presence set --status",
    "search", "search x --thread", "log --since", "--root", "--me", "",
)  # fmt: skip


def _can_be_passed(text: str) -> bool:
    try:
        return b"\0" not in os.fsencode(text)
    except UnicodeEncodeError:
        return False


@pytest.mark.parametrize("words", WORDS)
@pytest.mark.parametrize("form", [[], ["--json"]], ids=["text", "JSON"])
def test_what_was_passed_is_quoted_safely(amq: Shell, words: str, form: list[str], proof: Proof) -> None:
    arguments = [each for text in TEXTS.values() if _can_be_passed(text) for each in (text, f"@{text}")]
    ends = [(called(amq, words, argument, *form), argument) for argument in arguments]
    problems = [each for end, argument in ends for each in wrong(end, f"{words} {argument!r:.60}")]
    proof.add(points=len(arguments), met=len(ends), violations=len(problems))
    assert problems == []
