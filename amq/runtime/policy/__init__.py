"""Decide when and how an agent is notified. Pure: facts go in, decisions come out."""
