"""One-time commands: agents side by side, a check of the setup, the skill, hooks. Nothing else needs this package."""
