"""Installing pi."""

from amq.runtime.agents.setup_facts import Cli

CLI = Cli(name="pi", title="pi", get_it="npm install -g @mariozechner/pi-coding-agent")
