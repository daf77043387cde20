"""Several hosts on one machine, each in a network namespace of its own; the first has the hub.

All are in one user namespace, so any user may connect them where the system lets users make such.
"""

from __future__ import annotations

import shutil
import subprocess
from contextlib import ExitStack
from typing import Self

TOOLS = ("ip", "unshare", "nsenter")
HUB = "10.79.0.1"
_HOLD = "ip link set lo up && echo up && exec cat"
"""Keeps a namespace until its stdin is closed."""


def why_not() -> str:
    """Return why there can be no such hosts here; "" if there can."""
    missing = [tool for tool in TOOLS if shutil.which(tool) is None]
    if missing:
        return f"missing: {', '.join(missing)}"
    tried = subprocess.run(["unshare", "-Urn", "ip", "link", "set", "lo", "up"], capture_output=True, check=False)
    return "" if tried.returncode == 0 else "the system makes no network namespaces for this user"


class Network:
    """Hosts of these NAMES. Each but the first has a link to the first one, which has the address HUB."""

    def __init__(self, *names: str, hub: str = HUB) -> None:
        self.names = names
        self._hub = hub
        self._ends = ExitStack()
        self._pids: dict[str, int] = {}

    def __enter__(self) -> Self:
        try:
            first, *others = self.names
            self._hold(first, "unshare", "-Urn")
            self._ip(first, "address", "add", f"{self._hub}/32", "dev", "lo")
            for number, name in enumerate(others, 1):
                self._hold(name, *self.inside(first), "unshare", "-n")
                peer = ("peer", "name", "eth0", "netns", str(self._pids[name]))
                self._ip(first, "link", "add", f"to-{name}", "type", "veth", *peer)
                self._up(first, f"to-{name}", f"10.79.{number}.1/24")
                self._up(name, "eth0", f"10.79.{number}.2/24")
                self._ip(name, "route", "add", self._hub, "via", f"10.79.{number}.1")
        except BaseException:
            self._ends.close()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self._ends.close()

    def inside(self, name: str) -> tuple[str, ...]:
        """Return the words that run a command on the host NAME."""
        return ("nsenter", "--preserve-credentials", "-U", "-n", "-t", str(self._pids[name]))

    def connect(self, name: str, *, on: bool) -> None:
        """Connect the host NAME, which is not the first, or cut its link."""
        number = self.names.index(name)
        self._ip(self.names[0], "link", "set", f"to-{name}", "up" if on else "down")
        if on:  # a link that went down has lost the route over it
            self._ip(name, "route", "replace", self._hub, "via", f"10.79.{number}.1")

    def _up(self, name: str, device: str, address: str) -> None:
        self._ip(name, "address", "add", address, "dev", device)
        self._ip(name, "link", "set", device, "up")

    def _ip(self, name: str, *words: str) -> None:
        subprocess.run([*self.inside(name), "ip", *words], check=True)

    def _hold(self, name: str, *words: str) -> None:
        """Make the namespace of the host NAME by WORDS, and keep it."""
        held = subprocess.Popen([*words, "sh", "-c", _HOLD], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        assert held.stdin
        assert held.stdout
        self._ends.callback(held.wait, 30)
        self._ends.enter_context(held.stdout)
        self._ends.enter_context(held.stdin)
        assert held.stdout.readline() == "up\n"
        self._pids[name] = held.pid
