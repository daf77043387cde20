"""Installing opencode."""

from amq.runtime.agents.installation import Cli

CLI = Cli(name="opencode", title="opencode", get_it="npm install -g opencode-ai")
