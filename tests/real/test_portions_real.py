"""The output of `amq drain` reaches the model of a real agent, though its tool passes on only a limited amount."""

from __future__ import annotations

import re

import pytest

from tests.real.agents import Agent
from tests.real.mock_model import Answer, Call, Say, Turn
from tests.real.rig import Rig
from tests.real.terminal import wait_until
from tests.real.user import INPUT_ROW, Run, User, agents

pytestmark = pytest.mark.timeout(180)

NOTICE = re.compile(r"amq: .*Run: ((\S+) drain.*)")
REST = re.compile(r"^… \d+ more characters: amq (read --id \S+ --from \d+)$", re.MULTILINE)
COUNT = 20


def read_all(turn: Turn) -> Answer:
    """Drain until nothing waits, and read truncated messages to their end."""
    notice = NOTICE.search(turn.text)
    if not notice:
        return Say("Ready.")
    drain, amq = notice.groups()
    last = turn.results[-1] if turn.results else "more wait: run it again"
    if rest := REST.search(last):
        return Call(f"{amq} {rest[1]}")
    drained = next((each for each in reversed(turn.results) if "[AMQ] " in each), last)
    return Call(drain) if "more wait: run it again" in drained else Say("Done.")


def _body(number: int) -> str:
    """Return a body with letters of one, two and three bytes. The last message is longer than any tool's output."""
    size = 60_000 if number == COUNT - 1 else 3000
    return f"BEGIN{number:02} {'xé你'[number % 3] * (size // (number % 3 + 1))} END{number:02}"


@agents("claude", "codex", also=("claude-old",))
def test_all_mail_is_seen_by_the_model(rig: Rig, agent: Agent, user: User, run: Run) -> None:
    rig.model.script = read_all
    terminal = run(agent)
    terminal.wait_for(INPUT_ROW)
    for number in range(COUNT):
        user.amq("send", "--to", agent.program, "--body", _body(number), "--ack", "--priority", "low")
    user.amq("send", "--to", agent.program, "--body", "now", "--priority", "urgent")

    def seen() -> str:
        return "\n".join(result for turn, _ in rig.model.turns for result in turn.results[-1:])

    def is_all_there() -> bool:
        text = seen()
        return all(f"{word}{number:02}" in text for word in ("BEGIN", "END") for number in range(COUNT))

    wait_until(is_all_there, lambda: seen()[-2000:], timeout=120)
    wait_until(lambda: user.amq("list", "--new", me=agent.program) == [], terminal.screen)
    assert not re.search("truncated|Output too large", seen())
