"""Two machines on one: network namespaces with an address each, a home, a private directory and a project."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from contextlib import ExitStack
from pathlib import Path
from typing import Self

import pytest

from tests.bridge.rig import NATS_SERVER, Hub

TOOLS = ("ip", "unshare", "nsenter")
ADDRESSES = {"laptop": "192.168.7.1", "desk": "192.168.7.2"}
_HOLD = "ip link set lo up && echo up && exec cat"
"""Keeps a namespace until its stdin is closed."""


def why_not() -> str:
    """Return why there can be no such machines here; "" if there can."""
    missing = [tool for tool in TOOLS if shutil.which(tool) is None]
    if missing or NATS_SERVER is None:
        return f"missing: {', '.join(missing or ['nats-server'])}"
    tried = subprocess.run(["unshare", "-Urn", "ip", "link", "set", "lo", "up"], capture_output=True, check=False)
    return "" if tried.returncode == 0 else "the system makes no network namespaces for this user"


needs_namespaces = pytest.mark.skipif(bool(why_not()), reason=why_not() or "none")


class Machines:
    """A laptop and a desk below PLACE, on one network; they end with the block."""

    def __init__(self, place: Path) -> None:
        self.place = place
        self._ends = ExitStack()
        self._pids: dict[str, int] = {}

    def __enter__(self) -> Self:
        try:
            first = self._hold(["unshare", "-Urn", "sh", "-c", _HOLD])
            self._pids = {"laptop": first}
            self._pids["desk"] = self._hold([*self._inside("laptop"), "unshare", "-n", "sh", "-c", _HOLD])
            peer = ("peer", "name", "eth0", "netns", str(self._pids["desk"]))
            self._ip("laptop", "link", "add", "eth0", "type", "veth", *peer)
            for name, address in ADDRESSES.items():
                self._ip(name, "address", "add", f"{address}/24", "dev", "eth0")
                self._ip(name, "link", "set", "eth0", "up")
                self.project(name).mkdir(parents=True)
                (self.project(name).parent / "home").mkdir()
        except BaseException:
            self._ends.close()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self._ends.close()

    def project(self, name: str) -> Path:
        """Return the directory of the project on the machine NAME."""
        return self.place / name / "parser"

    def run(self, name: str, *words: str) -> str:
        """Run the command WORDS in the project on the machine NAME; return its output. Fail if it fails."""
        done = subprocess.run(
            [*self._inside(name), *words], cwd=self.project(name), env=self._environment(name),
            capture_output=True, text=True, timeout=50, check=False,
        )  # fmt: skip
        assert done.returncode == 0, (words, done.stderr)
        return done.stdout

    def start(self, name: str, *words: str) -> Hub:
        """Start the command WORDS, which goes on, in the project on the machine NAME."""
        process = subprocess.Popen(
            [*self._inside(name), *words], cwd=self.project(name), env=self._environment(name),
            stdin=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True,
        )  # fmt: skip
        return self._ends.enter_context(Hub(process))

    def connect(self, *, on: bool) -> None:
        """Connect the two machines, or cut the link between them."""
        self._ip("laptop", "link", "set", "eth0", "up" if on else "down")

    def _environment(self, name: str) -> dict[str, str]:
        assert NATS_SERVER
        home = self.place / name / "home"
        path = (os.path.dirname(sys.executable), os.path.dirname(NATS_SERVER), os.environ["PATH"])
        state = home / ".local" / "state"
        own = {"HOME": str(home), "XDG_STATE_HOME": str(state), "PATH": os.pathsep.join(path)}
        return {**{key: value for key, value in os.environ.items() if not key.startswith("AM")}, **own}

    def _inside(self, name: str) -> list[str]:
        return ["nsenter", "--preserve-credentials", "-U", "-n", "-t", str(self._pids[name])]

    def _ip(self, name: str, *words: str) -> None:
        subprocess.run([*self._inside(name), "ip", *words], check=True)

    def _hold(self, words: list[str]) -> int:
        """Start WORDS, which keep a namespace; return the process id once it is there."""
        held = subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        assert held.stdin
        assert held.stdout
        self._ends.callback(held.wait, 30)
        self._ends.enter_context(held.stdout)
        self._ends.enter_context(held.stdin)
        assert held.stdout.readline() == "up\n"
        return held.pid
