"""Claude Code."""

SHELL_VARIABLES = ("CLAUDECODE",)
"""The variables that are set in the shells of its tool, and in none of the user's."""
