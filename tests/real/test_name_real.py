"""`amq who` shows the name that a real agent's CLI gives its session. AMQ_SOAK=1 runs these tests."""

from __future__ import annotations

from tests.real.agents import Agent
from tests.real.terminal import wait_until
from tests.real.test_delivery_real import in_a_soak, start
from tests.real.user import Run, User, submit

FIRST = {"codex": "Say hello.", "codex-before": ""}
"""The name that a CLI makes up of the first prompt; Claude Code makes it of the directory's name."""


@in_a_soak
def test_the_name_of_the_session_is_shown(agent: Agent, user: User, run: Run) -> None:
    def name() -> str:
        (found,) = (each for each in user.amq("who") if each["handle"] == agent.program)
        return str(found.get("session_name", ""))

    terminal = start(run, agent)
    submit(terminal, "Say hello.")
    terminal.wait_for("Ready")
    wait_until(lambda: name().startswith(FIRST.get(agent.name, "project-")), terminal.screen)
    submit(terminal, "/rename My_name")
    wait_until(lambda: name() == "My_name", terminal.screen)
