"""`python -m tests.crash.logged LOG WORDS…`: run `amq WORDS` and log the seam's steps that change or sync."""

from __future__ import annotations

import sys
from pathlib import Path

from amq.cli.main import main
from tests.crash.seam import CHANGING, Watched

if __name__ == "__main__":
    with Watched() as watched:
        status = main(sys.argv[2:])
    names = [step.name for step in watched.log if step.name in CHANGING | {"fsync", "lock"}]
    Path(sys.argv[1]).write_text("\n".join(names))
    sys.exit(status)
