"""The process that makes and holds a private network: `python -m amq.certify.network_holder`.

Its stdin is a socket. To each byte it answers with a socket that listens in the network, and the options by which
nsenter(1) enters it; or with the reason why there is none. When the other side is closed, it kills every process in the
network and ends.
"""

from __future__ import annotations

import ctypes
import fcntl
import os
import signal
import socket
import struct
import sys
import time
from contextlib import suppress

from amq import procfs

_NEWUSER, _NEWNET = 0x10000000, 0x40000000  # CLONE_NEWUSER and CLONE_NEWNET, unshare(2)
_GET_FLAGS, _SET_FLAGS, _UP = 0x8913, 0x8914, 1  # SIOCGIFFLAGS, SIOCSIFFLAGS and IFF_UP, netdevice(7)
_FLAGS = struct.Struct("16sh14x")  # struct ifreq
KILLS_FOR_S = 15.0  # seconds after which a process that does not die is left


def main() -> int:
    """Make the network, serve until the other side is closed, and end what runs in it."""
    line = socket.socket(fileno=0)
    outside = procfs.network()
    try:
        enter = _make()
    except OSError as error:
        line.recv(1)
        line.send(f"the system does not let you make a private network: {error.strerror}".encode())
        return 1
    with suppress(ConnectionError):
        while line.recv(1):
            with socket.create_server(("127.0.0.1", 0)) as listener:
                socket.send_fds(line, [enter], [listener.fileno()])
    if procfs.network() != outside:  # else it would be everything that runs on this machine
        _kill_all(procfs.network())
    return 0


def _make() -> bytes:
    """Move this process into a network of its own; return nsenter's options for it. Raises OSError."""
    try:
        _unshare(_NEWNET)
        enter = b"--net"
    except PermissionError:
        me, group = os.geteuid(), os.getegid()
        _unshare(_NEWUSER | _NEWNET)
        procfs.map_user(me, group)
        enter = b"--preserve-credentials --user --net"
    _raise_loopback()
    return enter


def _unshare(flags: int) -> None:
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.unshare(flags) != 0:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number))


def _raise_loopback() -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as any_socket:
        _, flags = _FLAGS.unpack(fcntl.ioctl(any_socket, _GET_FLAGS, _FLAGS.pack(b"lo", 0)))
        fcntl.ioctl(any_socket, _SET_FLAGS, _FLAGS.pack(b"lo", flags | _UP))


def _kill_all(network: str) -> None:
    """Kill every other process in NETWORK, and wait until all are gone."""
    deadline = time.monotonic() + KILLS_FOR_S
    while (inside := procfs.in_network(network)) and time.monotonic() < deadline:
        for process in inside:
            with suppress(ProcessLookupError):
                os.kill(process, signal.SIGKILL)
        time.sleep(0.01)


if __name__ == "__main__":
    sys.exit(main())
