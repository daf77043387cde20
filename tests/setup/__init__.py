"""Setting up: agents side by side, the check of the set-up, the skill, the scripts."""
