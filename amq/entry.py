"""The console script: as little as possible before an interruption is taken for what it is."""

from __future__ import annotations

import sys

from amq.errors import INTERRUPTED


def entry_point() -> None:
    """Do what the command line says, and leave with its exit code."""
    try:
        from amq.cli.main import main

        sys.exit(main(sys.argv[1:]))
    except KeyboardInterrupt:
        sys.exit(INTERRUPTED)
