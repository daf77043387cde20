"""Waking agents: when a notification is due, how it is typed, and the session that hosts an agent's CLI."""
