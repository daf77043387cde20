"""A private network with nothing in it but loopback: its programs cannot reach anything else."""

from __future__ import annotations

import ctypes
import os
import signal
import socket
import subprocess
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

_CLONE_NEWNET = 0x40000000
_HOLDER = "ip link set lo up && echo up && exec cat"


class LoopbackNetwork:
    """A network namespace that lives as long as its holder, a process that only waits."""

    def __init__(self, holder: subprocess.Popen[str]) -> None:
        self._holder = holder.pid
        self._namespace = Path(f"/proc/{holder.pid}/ns/net")

    def inside(self, command: Sequence[str | Path]) -> list[str]:
        """Return the command that runs COMMAND in this network, with this environment, directory and terminal."""
        return ["nsenter", f"--net={self._namespace}", "--", *map(str, command)]

    def listen(self) -> socket.socket:
        """Return a socket that listens on a free port of this network's loopback; any thread may serve it."""
        made: list[socket.socket] = []
        thread = threading.Thread(target=lambda: made.append(self._enter_and_listen()))
        thread.start()
        thread.join()
        if not made:
            raise OSError("cannot listen in the network namespace")
        return made[0]

    def kill_all(self) -> None:
        """Kill every process that still runs in this network, and wait until it is gone."""
        while inside := self._processes():
            for process in inside:
                with suppress(ProcessLookupError):
                    os.kill(process, signal.SIGKILL)
            time.sleep(0.01)

    def _processes(self) -> list[int]:
        """Return the processes in this network, without its holder; one that has ended has no network."""
        namespace = self._namespace.readlink()
        found = []
        for process in Path("/proc").glob("[0-9]*"):
            with suppress(OSError):
                if (process / "ns" / "net").readlink() == namespace:
                    found.append(int(process.name))
        return [process for process in found if process != self._holder]

    def _enter_and_listen(self) -> socket.socket:
        """Move the calling thread into the namespace, for good.

        Return a listening socket, which stays in the namespace it was made in.
        """
        libc = ctypes.CDLL(None, use_errno=True)
        descriptor = os.open(self._namespace, os.O_RDONLY | os.O_CLOEXEC)
        try:
            if libc.setns(descriptor, _CLONE_NEWNET) != 0:
                raise OSError(ctypes.get_errno(), "setns")
        finally:
            os.close(descriptor)
        return socket.create_server(("127.0.0.1", 0))


@contextmanager
def loopback_network() -> Iterator[LoopbackNetwork]:
    """Make a `LoopbackNetwork` for the time of a block; processes still in it are killed. Needs root on Linux."""
    holder = subprocess.Popen(
        ["unshare", "--net", "sh", "-c", _HOLDER], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    with holder:
        assert holder.stdout
        if holder.stdout.readline() != "up\n":
            raise OSError("cannot make a network namespace")
        network = LoopbackNetwork(holder)
        try:
            yield network
        finally:
            network.kill_all()  # leaving the block closes the pipe, which ends the holder
