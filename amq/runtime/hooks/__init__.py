"""What `amq hook` does when an agent's CLI calls it."""
