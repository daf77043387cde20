"""Installing opencode."""

from amq.runtime.agents.setup_facts import Cli

CLI = Cli(name="opencode", title="opencode", get_it="npm install -g opencode-ai")
