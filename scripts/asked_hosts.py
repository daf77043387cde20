#!/usr/bin/env python3
"""Measure which hosts the agents' CLIs ask for: `sudo scripts/asked_hosts.py [CLI…]` (Linux).

The newest pinned version of each is certified with `amq certify --network`, in a network of its own where no name is
known. The names that it asked for are printed, and belong into its `offline.py`. What a CLI would ask for once a host
had answered is not seen.
"""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import tempfile
import threading
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from amq.runtime.agents.versions import numbers
from tests.real.agents import cache_directory, pinned_agents

ROOT = Path(__file__).resolve().parent.parent
HEADER_BYTES = 12  # of a question to DNS
NO_SUCH_NAME = b"\x81\x83"  # flags of an answer
_INSIDE = "AMQ_ASKED_HOSTS_INSIDE"


def asked(question: bytes) -> str:
    """Return the name in a QUESTION to DNS (RFC 1035, section 4)."""
    at, labels = HEADER_BYTES, []
    while question[at]:
        labels.append(question[at + 1 : at + 1 + question[at]].decode("ascii", "replace"))
        at += question[at] + 1
    return ".".join(labels)


def refuse_all(names: set[str], server: socket.socket) -> None:
    """Answer every question that comes to SERVER that there is no such name, and collect the NAMES."""
    while True:
        question, peer = server.recvfrom(4096)
        names.add(asked(question))
        server.sendto(question[:2] + NO_SUCH_NAME + question[4:], peer)


def main(clis: list[str]) -> int:
    """Measure CLIS, all that are pinned by default, and print a line for each."""
    if _INSIDE not in os.environ:
        command = ["unshare", "--net", "--mount", sys.executable, __file__, *clis]
        return subprocess.run(command, env={**os.environ, _INSIDE: "1"}, check=False).returncode
    subprocess.run(["ip", "link", "set", "lo", "up"], check=True)
    names: set[str] = set()
    with tempfile.TemporaryDirectory(dir="/var/tmp") as place, socket.socket(type=socket.SOCK_DGRAM) as server:
        Path(place, "resolv.conf").write_text("nameserver 127.0.0.1\n")
        subprocess.run(["mount", "--bind", f"{place}/resolv.conf", "/etc/resolv.conf"], check=True)
        server.bind(("127.0.0.1", 53))
        threading.Thread(target=refuse_all, args=(names, server), daemon=True).start()
        pinned = sorted(pinned_agents().values(), key=lambda agent: numbers(agent.version))
        newest = {agent.program: agent for agent in pinned}
        for cli in clis or newest:
            names.clear()
            path = f"{newest[cli].executable(cache_directory()).parent}:{os.environ['PATH']}"
            command = [sys.executable, "-P", "-m", "amq", "certify", "--network", cli]
            environment = {**os.environ, "XDG_STATE_HOME": place, "PATH": path, "PYTHONPATH": str(ROOT)}
            done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
            verdict = done.stdout.strip().splitlines()[-2:-1] or [done.stderr]
            print(f"{verdict[0]}\n    {', '.join(sorted(names)) or 'no host'}", flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
