"""`python -m amq`."""

from amq.cli.main import entry_point

entry_point()
