"""Gemini CLI."""

SHELL_VARIABLES = ("GEMINI_CLI",)
"""The variables that are set in the shells of its tool, and in none of the user's."""
