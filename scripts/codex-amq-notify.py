#!/usr/bin/env python3
"""Program that Codex runs after each turn, if its config.toml says `notify = ["/path/to/codex-amq-notify.py"]`.

It announces unread mail to the user: lines, meta/amq-bulletin.json in the queue, and a desktop notice.
"""

import subprocess
import sys
from contextlib import suppress

PATIENCE = 20  # seconds

with suppress(OSError, subprocess.TimeoutExpired):  # a turn that ended well must not look like a failed one
    subprocess.run(["amq", "hook", "codex", "notify", *sys.argv[1:2]], timeout=PATIENCE, check=False)
