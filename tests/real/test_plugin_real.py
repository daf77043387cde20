"""The repository as a plugin marketplace: the real CLIs accept it, and find the skill in it."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

from tests.real.agents import Agent
from tests.real.rig import Rig

REPOSITORY = Path(__file__).parents[2]
PARTS = (".claude-plugin", ".codex-plugin", ".agents", "skills", "amq/setup/skills")


def test_the_plugin_brings_the_skill_to_both(rig: Rig, both: tuple[Agent, Agent]) -> None:
    copy = rig.directory / "amq"
    for part in PARTS:  # the CLIs copy all that is there
        shutil.copytree(REPOSITORY / part, copy / part, symlinks=True)
    claude, codex = both
    environments = {agent.program: rig.home(agent) for agent in both}

    def call(agent: Agent, *words: str | Path) -> str:
        command = rig.network.inside([agent.program, *map(str, words)])
        done = subprocess.run(
            command, cwd=rig.project, env=environments[agent.program], stdin=subprocess.DEVNULL, capture_output=True,
            text=True, check=False,
        )  # fmt: skip
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    for agent, install in ((claude, "install"), (codex, "add")):
        call(agent, "plugin", "marketplace", "add", copy)
        call(agent, "plugin", install, "amq@amq")
    assert "Skills (1)  amq-cli" in call(claude, "plugin", "details", "amq")
    assert "amq:amq-cli: Exchange mail with" in call(codex, "debug", "prompt-input", "hello")
