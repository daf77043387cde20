"""Try an agent's CLI by hand in the rig: `python -m tests.real [--asks] [--amq] claude|claude-old|codex`.

It runs in this terminal, and its working directory is removed when it ends. Notified of mail, the model uses amq.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
from pathlib import Path

from tests.real.agents import pinned_agents
from tests.real.rig import offline_rig


def main() -> int:
    agents = pinned_agents()
    parser = argparse.ArgumentParser(prog="python -m tests.real", description="Try an agent's CLI in the rig.")
    parser.add_argument("--asks", action="store_true", help="the agent asks before it runs a command")
    parser.add_argument("--amq", action="store_true", help="under `amq run`")
    parser.add_argument("name", choices=agents)
    options = parser.parse_args()
    agent = agents[options.name]
    command = [agent.program, *agent.arguments]
    if options.amq:
        command = [str(Path(sys.executable).with_name("amq")), "run", "--", agent.program]
    with tempfile.TemporaryDirectory() as directory, offline_rig(Path(directory)) as rig:
        environment = rig.home(agent, asks=options.asks)
        return subprocess.run(rig.network.inside(command), cwd=rig.project, env=environment, check=False).returncode


if __name__ == "__main__":
    sys.exit(main())
