"""Hosts with bridges, and a real hub: nats-server on loopback with the configuration that `amq bridge init` makes."""

from __future__ import annotations

import asyncio
import gc
import os
import shutil
import socket
import subprocess
import sys
import sysconfig
import threading
import warnings
from collections.abc import AsyncIterator, Coroutine, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self, TypeVar

import nats
import pytest
from nats.js.manager import JetStreamManager

from amq.bridge import membership
from amq.bridge.certificates import pinned
from amq.bridge.config import Bridge, read_bridge_in
from amq.bridge.hub import ADMIN, hub_directory
from amq.bridge.invitation import parse_invitation

T = TypeVar("T")
WITHIN_S = 30.0
SCRIPTS = sysconfig.get_path("scripts")
NATS_SERVER = os.environ.get("NATS_SERVER") or shutil.which(
    "nats-server", path=f"{SCRIPTS}{os.pathsep}{os.environ.get('PATH', '')}"
)
"""The path of nats-server; NATS_SERVER names another version of it."""
_SERVE = """
import os, sys
from amq.bridge.hub import serve
serve(sys.argv[1], os.environ, lambda line: print(line, file=sys.stderr, flush=True))
"""
_UNSYNCED = """
from amq.bridge import hub_conf
synced = hub_conf.hub_conf
hub_conf.hub_conf = lambda *given: synced(*given).replace(", sync_interval: always", "")
"""
needs_hub = pytest.mark.skipif(NATS_SERVER is None, reason="nats-server is not installed (make setup does, on Linux)")


def free_port() -> int:
    """Return a port on loopback that nothing listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def environment(**more: str) -> dict[str, str]:
    """Return an environment in which nats-server is found, with MORE."""
    assert NATS_SERVER
    path = os.pathsep.join((os.path.dirname(NATS_SERVER), os.environ["PATH"]))
    return {**os.environ, "PATH": path, **more}


@asynccontextmanager
async def administered(bridge: Bridge) -> AsyncIterator[JetStreamManager]:
    """Yield the hub's own access to its streams."""
    seed = f"{hub_directory(bridge)}/{ADMIN}"
    admin = await nats.connect(bridge.hub, tls=pinned(bridge.ca), nkeys_seed=seed, allow_reconnect=False)
    try:
        yield admin.jsm()
    finally:
        await admin.close()


def run(doing: Coroutine[Any, Any, T]) -> T:
    """Return what comes of DOING, which has WITHIN_S seconds.

    nats-py does not close a connection that the hub has refused, and the garbage collector complains of it.
    """
    try:
        return asyncio.run(asyncio.wait_for(doing, WITHIN_S))
    finally:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", ResourceWarning)
            gc.collect()


@dataclass
class Hub:
    """`amq bridge hub`, which ends with the block."""

    process: subprocess.Popen[str]

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def wait_for(self, words: str) -> str:
        """Return the next line with WORDS that the hub prints."""
        assert self.process.stderr
        late = threading.Timer(WITHIN_S, self.process.terminate)
        late.start()
        try:
            for line in self.process.stderr:
                if words in line:
                    return line
        finally:
            late.cancel()
        raise AssertionError(f"the hub ended without {words!r}, or does not say so")

    def stop(self) -> int:
        """End the hub as a user does; return its exit code."""
        self.process.terminate()
        assert self.process.stderr
        if not self.process.stderr.closed:
            with self.process.stderr:
                self.process.stderr.read()
        return self.process.wait(30)


def start_hub(directory: str, inside: Sequence[str] = (), *, is_synced: bool = True) -> Hub:
    """Run the hub whose files are in DIRECTORY, by the words INSIDE; return when it is ready.

    One that is not synced confirms what the disk may not have yet.
    """
    words = [*inside, sys.executable, "-c", _SERVE if is_synced else _UNSYNCED + _SERVE, directory]
    process = subprocess.Popen(words, env=environment(), stderr=subprocess.PIPE, text=True, cwd=directory)
    hub = Hub(process)
    hub.wait_for("is ready at")
    return hub


def bridged(place: Path, *hosts: str, url: str = "") -> dict[str, Bridge]:
    """Return bridges below PLACE of HOSTS that all know each other; the first has the hub."""
    first, *others = hosts
    url = url or f"tls://127.0.0.1:{free_port()}"
    directories = {host: str(place / host) for host in hosts}
    membership.set_up(directories[first], first, url)
    for host in others:
        membership.set_up(directories[host], host, "")
        invite(directories[host], directories[first])
    for host in others:  # the first knows all by now
        invite(directories[first], directories[host])
    return {host: _read(directory) for host, directory in directories.items()}


def invite(directory: str, other: str) -> list[str]:
    """Let the host with the bridge OTHER join by the invitation of that in DIRECTORY; return the hosts new to it."""
    text = membership.invitation(_read(directory))
    return membership.join(other, parse_invitation(text.encode(), "a file"), lambda _: False)[1]


def _read(directory: str) -> Bridge:
    bridge = read_bridge_in(directory)
    assert bridge
    return bridge
