"""pi."""

SHELL_VARIABLES = ("PI_CODING_AGENT",)
"""The variables that are set in the shells of its tool, and in none of the user's."""
