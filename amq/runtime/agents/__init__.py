"""What is known of each agent's CLI."""
