"""All mail reaches the model of a real agent, though its tools and its hooks pass on only a limited amount at once."""

from __future__ import annotations

import re

import pytest

from amq.certify.protocols import Answer, Call, Say, Turn
from tests.real.agents import Agent
from tests.real.rig import Rig
from tests.real.terminal import wait_until
from tests.real.user import INPUT_ROW, Run, User, agents

pytestmark = pytest.mark.timeout(180)

NOTICE = re.compile(r"amq: .*[Rr]un: (\S+) drain")
ANSWER = re.compile(r"^\[AMQ\] To answer: (\S+) reply ", re.MULTILINE)
REST = re.compile(r"^… \d+ more characters: amq (read --id \S+ --from \d+)$", re.MULTILINE)
COUNT = 20


def read_all(turn: Turn) -> Answer:
    """Drain until nothing waits but what a hook gave, and read truncated messages to their end."""
    shown = [text for text in (turn.given, *turn.results) if text]
    named = NOTICE.search(turn.text) or ANSWER.search(turn.given)
    if not named:
        return Say("Ready.")
    if shown and (rest := REST.search(shown[-1])):
        return Call(f"{named[1]} {rest[1]}")
    mail = next((text for text in reversed(shown) if "[AMQ] " in text), "more wait")
    return Call(f"{named[1]} drain --include-body") if "more wait" in mail else Say("Done.")


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
        return "\n".join(text for turn, _ in rig.model.turns for text in (turn.given, *turn.results[-1:]))

    def is_all_there() -> bool:
        text = seen()
        return all(f"{word}{number:02}" in text for word in ("BEGIN", "END") for number in range(COUNT))

    wait_until(is_all_there, lambda: seen()[-2000:], timeout=120)
    wait_until(lambda: user.amq("list", "--new", me=agent.program) == [], terminal.screen)
    assert not re.search("truncated|Output too large", seen())
