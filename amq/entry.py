"""The console script. It imports as little as possible before it handles an interrupt."""

from __future__ import annotations

import gc
import os
import sys

from amq.errors import INTERRUPTED

GARBAGE = 50_000
"""The number of new objects that triggers a search for cyclic garbage.

amq makes many values and almost no cycles; at Python's usual 700 the search costs a fifth of a large list. A short
command's imports alone would trigger it often enough to cost 0.05 of `python -c pass`.
"""


def entry_point() -> None:
    """Run the command line and exit with its code.

    A command has flushed its output past Python's own buffers by then. So the process ends here with `os._exit` and
    skips the teardown of modules and objects, which costs a third of the time of `python -c pass`.
    """
    gc.set_threshold(GARBAGE)
    try:
        from amq.cli.main import main

        os._exit(main(sys.argv[1:]))
    except KeyboardInterrupt:
        sys.exit(INTERRUPTED)
