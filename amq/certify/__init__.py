"""Certification of an agent's CLI: it is run offline, against a mock model, and each scenario is a yes or a no."""
