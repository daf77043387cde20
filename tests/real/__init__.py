"""The real agent CLIs, run offline: in homes made for it, against a mock model, in a network of their own."""
