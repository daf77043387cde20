"""A queue as the user watches it: agents, conversation, actions. `amq who`, `amq top` and `amq page` show it."""
