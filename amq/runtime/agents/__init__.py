"""What is known of each agent's CLI: one folder each, which `registry` hands out.

`amq hook` imports this alone, so it holds nothing but names.
"""

NAMES = ("claude", "codex", "gemini", "opencode", "qwen")
"""The folders, each named like its CLI's program. A user who has none of them is advised to get the first."""

WITH_HOOKS = ("claude", "codex")
"""Those that call `amq hook`."""
