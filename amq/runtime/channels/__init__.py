"""Ways to reach an agent. Each says what it waits for, and makes one attempt at a time."""
