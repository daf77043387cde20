"""Qwen Code."""

SHELL_VARIABLES = ("QWEN_CODE",)
"""The variables that are set in the shells of its tool, and in none of the user's."""
