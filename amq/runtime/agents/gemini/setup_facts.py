"""Installing Gemini CLI."""

from amq.runtime.agents.setup_facts import Cli

CLI = Cli(name="gemini", title="Gemini CLI", get_it="npm install -g @google/gemini-cli")
