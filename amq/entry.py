"""The console script. It imports as little as possible before it handles an interrupt."""

from __future__ import annotations

import os
import sys

from amq.errors import INTERRUPTED


def entry_point() -> None:
    """Run the command line and exit with its code.

    A command has flushed its output past Python's own buffers by then. So the process ends here with `os._exit` and
    skips the teardown of modules and objects, which costs a third of the time of `python -c pass`.
    """
    try:
        from amq.cli.main import main

        os._exit(main(sys.argv[1:]))
    except KeyboardInterrupt:
        sys.exit(INTERRUPTED)
