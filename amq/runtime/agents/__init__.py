"""What is known of each agent's CLI: one folder each, which `registry` lists and hands out."""
