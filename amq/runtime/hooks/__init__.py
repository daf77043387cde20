"""Handle the events with which an agent's CLI calls `amq hook`."""
