"""Two machines on one: hosts of a network, with a home, a private directory and a project each."""

from __future__ import annotations

import os
import subprocess
import sys
from contextlib import ExitStack
from pathlib import Path
from typing import Self

import pytest

from tests.bridge import network
from tests.bridge.network import Network
from tests.bridge.rig import NATS_SERVER, Hub

NAMES = ("laptop", "desk")
HUB = "192.168.7.1"


def why_not() -> str:
    """Return why there can be no such machines here; "" if there can."""
    return network.why_not() if NATS_SERVER else "missing: nats-server"


needs_namespaces = pytest.mark.skipif(bool(why_not()), reason=why_not() or "none")


class Machines:
    """A laptop, which has the hub, and a desk below PLACE, on one network; they end with the block."""

    def __init__(self, place: Path) -> None:
        self.place = place
        self._ends = ExitStack()
        self._network = Network(*NAMES, hub=HUB)

    def __enter__(self) -> Self:
        self._ends.enter_context(self._network)
        for name in NAMES:
            self.project(name).mkdir(parents=True)
            (self.project(name).parent / "home").mkdir()
        return self

    def __exit__(self, *_: object) -> None:
        self._ends.close()

    def project(self, name: str) -> Path:
        """Return the directory of the project on the machine NAME."""
        return self.place / name / "parser"

    def run(self, name: str, *words: str) -> str:
        """Run the command WORDS in the project on the machine NAME; return its output. Fail if it fails."""
        done = subprocess.run(
            [*self._network.inside(name), *words], cwd=self.project(name), env=self._environment(name),
            capture_output=True, text=True, timeout=50, check=False,
        )  # fmt: skip
        assert done.returncode == 0, (words, done.stderr)
        return done.stdout

    def start(self, name: str, *words: str) -> Hub:
        """Start the command WORDS, which goes on, in the project on the machine NAME."""
        process = subprocess.Popen(
            [*self._network.inside(name), *words], cwd=self.project(name), env=self._environment(name),
            stdin=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True,
        )  # fmt: skip
        return self._ends.enter_context(Hub(process))

    def _environment(self, name: str) -> dict[str, str]:
        assert NATS_SERVER
        home = self.place / name / "home"
        path = (os.path.dirname(sys.executable), os.path.dirname(NATS_SERVER), os.environ["PATH"])
        state = home / ".local" / "state"
        own = {"HOME": str(home), "XDG_STATE_HOME": str(state), "PATH": os.pathsep.join(path)}
        return {**{key: value for key, value in os.environ.items() if not key.startswith("AM")}, **own}
