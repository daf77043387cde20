"""GitHub Copilot CLI."""

SHELL_VARIABLES = ("COPILOT_CLI",)
"""The variables that are set in the shells of its tool, and in none of the user's."""
