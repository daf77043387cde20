"""`amq` with a bug: the user's first key makes it fail."""

from __future__ import annotations

import sys

from amq.cli.main import main
from amq.pty.terminal_model import Terminal


def fail(*_: object) -> None:
    raise RuntimeError("the defect of this test")


Terminal.from_user = fail  # type: ignore[method-assign,assignment]
sys.exit(main(sys.argv[1:]))
