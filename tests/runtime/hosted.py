"""Host a program as an agent, without the command line: `hosted.py ROOT HANDLE [--no-wake] -- PROGRAM [ARG…]`."""

from __future__ import annotations

import os
import sys

from amq.errors import AmqError
from amq.mailbox import Mailbox
from amq.runtime import session

root, handle, *options = sys.argv[1:]
program = options[options.index("--") + 1 :]
try:
    sys.exit(session.run(Mailbox(root, handle), program, os.environ, wake="--no-wake" not in options))
except AmqError as error:
    sys.stderr.write(f"{error.message}; {error.hint}\n")
    sys.exit(error.exit_code)
