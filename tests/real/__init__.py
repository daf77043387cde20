"""The real agent CLIs, run offline: in homes made for them, against a mock model, in their own network."""
