"""Installing Codex, and the places of its hooks and skills.

Sources: developers.openai.com/codex/hooks and developers.openai.com/codex/skills, both tried.
"""

from amq.output_budget import Budget
from amq.runtime.agents.codex import HOME, HOME_VARIABLE, SETTINGS
from amq.runtime.agents.setup_facts import Cli, ConfigDirectory, HookFiles

CLI = Cli(
    name="codex",
    title="Codex",
    get_it="npm install -g @openai/codex",
    oldest=(0, 169, 0),
    hooks=HookFiles(ConfigDirectory(HOME, HOME_VARIABLE), "hooks.json", other=SETTINGS),
    edit_tools="^apply_patch$",
    hook_text=Budget(7_500, in_bytes=True),  # 8,000 bytes arrive whole; of more, the middle is cut
    stop_blocks=True,
    skills=ConfigDirectory(".agents"),
)
