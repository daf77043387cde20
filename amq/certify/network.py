"""A private network with nothing in it but loopback: its programs cannot reach anything else.

It is a network namespace of Linux; a user who is not root gets it in a user namespace, where they stay who they are. A
holder process makes it, hands out sockets that listen in it, and ends everything in it when its maker is gone, however
that ended.
"""

from __future__ import annotations

import socket
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager

from amq.errors import AmqError
from amq.runtime.programs import find_program

_HOLDER = [sys.executable, "-P", "-m", "amq.certify.network_holder"]
ENDS_WITHIN_S = 20.0  # seconds for the holder to end what runs in the network
_ANSWER_BYTES = 1000


class NoNetwork(AmqError):
    """This machine cannot give a program a private network; the message says why."""

    code = "no_network"


class LoopbackNetwork:
    """The network at the other end of LINE, the connection to its holder. ENTER is the command that enters it."""

    def __init__(self, line: socket.socket, enter: Sequence[str]) -> None:
        self._line = line
        self._enter = enter

    def inside(self, command: Sequence[object]) -> list[str]:
        """Return the command that runs COMMAND in this network, with this environment, directory and terminal.

        Its words are strings or paths.
        """
        return [*self._enter, "--", *map(str, command)]

    def listen(self) -> socket.socket:
        """Return a socket that listens on a free port of this network's loopback. Raises NoNetwork."""
        return _ask(self._line)[0]


@contextmanager
def loopback_network(environment: Mapping[str, str]) -> Iterator[LoopbackNetwork]:
    """Make a `LoopbackNetwork` for the time of a block; processes still in it are killed. Raises NoNetwork.

    The program that enters it is looked up in ENVIRONMENT.
    """
    nsenter = find_program("nsenter", environment)
    if sys.platform != "linux":
        raise NoNetwork("only Linux has private networks for programs")
    if not nsenter:
        raise NoNetwork("nsenter, which is part of util-linux, is not installed")
    line, its_end = socket.socketpair()
    with line, its_end:
        holder = subprocess.Popen(_HOLDER, stdin=its_end.fileno(), stdout=subprocess.DEVNULL, start_new_session=True)
        its_end.close()
        try:
            listener, options = _ask(line)
            listener.close()
            yield LoopbackNetwork(line, [nsenter, "--target", str(holder.pid), *options])
        finally:
            line.close()
            holder.wait(ENDS_WITHIN_S)


def _ask(line: socket.socket) -> tuple[socket.socket, list[str]]:
    """Return a new listening socket, and nsenter's options. Raises NoNetwork."""
    try:
        line.send(b"?")
        answer, descriptors, _, _ = socket.recv_fds(line, _ANSWER_BYTES, 1)
    except OSError:
        answer, descriptors = b"", []
    if not descriptors:
        raise NoNetwork(answer.decode("utf-8", "replace") or "the holder of the private network has ended")
    return socket.socket(fileno=descriptors[0]), answer.decode().split()
