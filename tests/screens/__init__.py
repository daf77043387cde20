"""Screens of the real CLIs, recorded by tests/real/record_screens.py."""
