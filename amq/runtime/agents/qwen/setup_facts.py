"""Installing Qwen Code."""

from amq.runtime.agents.setup_facts import Cli

CLI = Cli(name="qwen", title="Qwen Code", get_it="npm install -g @qwen-code/qwen-code")
