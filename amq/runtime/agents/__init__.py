"""The agent CLIs that amq knows: one folder each, which `registry` lists and reads."""
