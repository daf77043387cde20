"""Run `python -m amq`."""

from amq.entry import entry_point

entry_point()
