"""Installing Claude Code, and the places of its hooks and skills.

Sources: code.claude.com/docs/en/hooks and code.claude.com/docs/en/skills, both tried.
"""

from amq.output_budget import Budget
from amq.runtime.agents.setup_facts import Cli, ConfigDirectory, HookFiles

DIRECTORY = ConfigDirectory(".claude", "CLAUDE_CONFIG_DIR")
CLI = Cli(
    name="claude",
    title="Claude Code",
    get_it="npm install -g @anthropic-ai/claude-code",
    oldest=(2, 1, 330),
    hooks=HookFiles(DIRECTORY, "settings.json", other="settings.local.json"),
    edit_tools="Edit|MultiEdit|NotebookEdit|Write",
    skills=DIRECTORY,
    hook_text=Budget(9_500, in_bytes=True),  # of more than 10,000 UTF-16 code units, a preview of 2 KB arrives
    shell_file="CLAUDE_ENV_FILE",
)
