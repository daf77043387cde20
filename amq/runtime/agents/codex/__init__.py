"""Codex."""

HOME, HOME_VARIABLE = ".codex", "CODEX_HOME"
SETTINGS = "config.toml"

SHELL_VARIABLES = ("CODEX_THREAD_ID", "CODEX_CI")
"""The variables that are set in the shells of its tool, and in none of the user's."""
