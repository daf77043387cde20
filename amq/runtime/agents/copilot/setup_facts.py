"""Installing GitHub Copilot CLI."""

from amq.runtime.agents.setup_facts import Cli

CLI = Cli(name="copilot", title="GitHub Copilot CLI", get_it="npm install -g @github/copilot")
