"""What people run once: the agents side by side, a check of the set-up, the skill. Nothing else needs it."""
