#!/usr/bin/env python3
"""What Codex runs after each turn, if its config.toml says `notify = ["/path/to/codex-amq-notify.py"]`.

It leaves word of unread mail for the person: lines, meta/amq-bulletin.json in the queue, and a desktop notice.
"""

import subprocess
import sys
from contextlib import suppress

PATIENCE = 20  # seconds

with suppress(OSError, subprocess.TimeoutExpired):  # a turn that ended well is not to look like one that failed
    subprocess.run(["amq", "hook", "codex", "notify", *sys.argv[1:2]], timeout=PATIENCE, check=False)
