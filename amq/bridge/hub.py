"""Run the hub on this host: nats-server, as amq has configured it.

BRIDGE/hub/
    nats.conf    made of bridge.toml, anew at each start
    ca.key  server.pem  server.key      the authority's key, and the hub's certificate
    admin.nk     the key of the hub's own process
    jetstream/   what waits; it may be lost: each sender still has it
"""

from __future__ import annotations

import errno
import ipaddress
import os
import re
import signal
import socket
import subprocess
import sys
import time
from contextlib import contextmanager, suppress

from amq import procfs
from amq.bridge import certificates, hub_conf, hub_streams, supervisor
from amq.bridge.certificates import place
from amq.bridge.checked_table import BadBridge
from amq.bridge.config import Bridge, read_bridge_in, write_key
from amq.bridge.crypto import new_seed, public_nkey
from amq.bridge.hub_streams import HubFailed
from amq.errors import AmqError, NotFound, why
from amq.runtime.file_events import FileEvents
from amq.runtime.private_state import is_there, make_directory, write_private
from amq.runtime.programs import find_program

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

PROGRAM = "nats-server"
HUB, CONF, ADMIN = "hub", "nats.conf", "admin.nk"
LOOK_S = 1.0
"""The time in which the hub's process notices that nats-server has ended, in seconds."""
PORT_WITHIN_S = 2.0
"""The time in which a nats-server that is ending leaves its port, in seconds."""
_GET_IT = (
    "get it: https://github.com/nats-io/nats-server/releases, `brew install nats-server`, or your distribution if its "
    f"version is at least {'.'.join(map(str, hub_conf.OLDEST))}"
)

_OTHER_PORT = "give the hub another port: amq bridge init --host NAME --hub tls://ADDRESS:PORT"


def hub_directory(bridge: Bridge) -> str:
    """Return the directory of the hub's files, which is missing unless the hub is on this host."""
    return f"{bridge.directory}/{HUB}"


def is_here(bridge: Bridge) -> bool:
    """Return whether the hub is on this host. Raises BadBridge where that is not known."""
    path = f"{hub_directory(bridge)}/{CONF}"
    try:
        return is_there(path)
    except OSError as error:
        hint = "try again; amq bridge hub writes it anew"
        raise BadBridge(f"{path} cannot be read: {why(error)}", hint=hint) from error


def make_hub(bridge: Bridge) -> None:
    """Make what a hub at `bridge.hub` needs; keys that are there stay, its certificate is made anew.

    Raises OSError, BadBridge, or NoBridgeExtra.
    """
    directory = hub_directory(bridge)
    make_directory(directory)
    if not is_there(f"{directory}/{ADMIN}"):
        write_key(f"{directory}/{ADMIN}", f"{new_seed()}\n")
    certificates.make_certificates(directory, bridge.ca, bridge.hub)
    write_conf(bridge)


def write_conf(bridge: Bridge) -> None:
    """Write the hub's configuration: this host and all peers of BRIDGE may connect, and no other. Raises OSError."""
    directory = hub_directory(bridge)
    hosts = {bridge.host: public_nkey(bridge.seed), **{host: peer.nkey for host, peer in bridge.peers.items()}}
    address, port = _listen(bridge.hub)
    listen = f"[{address}]:{port}" if ":" in address else f"{address}:{port}"
    text = hub_conf.hub_conf(listen, directory, public_nkey(f"{directory}/{ADMIN}"), hosts)
    write_private(f"{directory}/{CONF}", text)


def _listen(url: str) -> tuple[str, int]:
    """Return where a hub at URL listens: at the address that URL names, else, if it is a name, at all."""
    host, port = place(url)
    try:
        return str(ipaddress.ip_address(host)), port
    except ValueError:
        return "0.0.0.0", port  # noqa: S104  TLS and a key for each host guard it


def find_server(environ: Mapping[str, str]) -> str:
    """Return the path of nats-server; raises NotFound if there is none, HubFailed if it is too old."""
    program = find_program(PROGRAM, environ)
    if program is None:
        raise NotFound(f"{PROGRAM} is not on the PATH", hint=_GET_IT)
    try:
        said = subprocess.run([program, "--version"], capture_output=True, text=True, timeout=30, check=False).stdout
    except (OSError, subprocess.TimeoutExpired) as error:
        raise HubFailed(f"{program} does not run: {error}", hint=_GET_IT) from error
    match = re.search(r"v(\d+)\.(\d+)", said)
    if match is None:
        raise HubFailed(f"{program} does not say its version", hint=_GET_IT)
    if (int(match[1]), int(match[2])) < hub_conf.OLDEST:
        found = f"{match[1]}.{match[2]}"
        raise HubFailed(f"{program} is {found}: it may confirm mail that it has not yet synced", hint=_GET_IT)
    return program


def serve(directory: str, environ: Mapping[str, str], say: Callable[[str], None]) -> None:
    """Run the hub whose files are in DIRECTORY, of the bridge, until this process is asked to end.

    It starts again when a host joins or is removed: nats-server, asked to read its configuration again, gives a new
    account no part of what is there (2.15.1). SAY gets a line when the hub is ready. Raises HubFailed if another
    process has the hub's port, or nats-server ends by itself.
    """
    bridge, program = _bridge(directory), find_server(environ)
    with FileEvents() as events:
        while True:
            write_conf(bridge)
            conf = f"{hub_directory(bridge)}/{CONF}"
            _await_port(*_listen(bridge.hub), conf)
            with _running([program, "-c", conf]) as server:
                _prepare(bridge, server)
                say(f"the hub of {bridge.host} is ready at {bridge.hub}, for {', '.join(_hosts(bridge))}")
                bridge = _changed(bridge, server, events, say)


def _changed(bridge: Bridge, server: subprocess.Popen[bytes], events: FileEvents, say: Callable[[str], None]) -> Bridge:
    """Return BRIDGE once its hub or its hosts have changed. A file that does not count changes nothing: SAY gets it."""
    told = ""
    while server.poll() is None:
        events.follow([bridge.directory])
        try:
            after = _bridge(bridge.directory)
            if (after.hub, after.peers) != (bridge.hub, bridge.peers):
                return after
        except AmqError as error:
            if told != error.message:
                told = error.message
                say(f"{told}; {error.hint}")
        events.wait(LOOK_S)
    raise HubFailed(f"{PROGRAM} ended with {server.returncode}", hint="it has printed the reason above")


def _bridge(directory: str) -> Bridge:
    bridge = read_bridge_in(directory)
    if bridge is None or not is_here(bridge):
        raise NotFound("the hub is not on this host", hint="make one: amq bridge init --host NAME --hub tls://ADDRESS")
    return bridge


def _hosts(bridge: Bridge) -> list[str]:
    return sorted((bridge.host, *bridge.peers))


def _prepare(bridge: Bridge, server: subprocess.Popen[bytes]) -> None:
    address, port = _listen(bridge.hub)
    at_home = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(address, address)  # noqa: S104
    seed = f"{hub_directory(bridge)}/{ADMIN}"
    name, hosts = place(bridge.hub)[0], _hosts(bridge)
    hub_streams.prepare((at_home, port), name, bridge.ca, seed, hosts, lambda: server.poll() is None)


def _await_port(address: str, port: int, conf: str) -> None:
    """Return once no process listens at ADDRESS on PORT. Raises HubFailed, which names one that goes on doing so.

    CONF is the configuration by which the hub of this queue is known. What else is wrong with the address, nats-server
    says.
    """
    deadline = time.monotonic() + PORT_WITHIN_S
    while _is_taken(address, port):
        if time.monotonic() > deadline:
            raise _in_use(port, conf)
        time.sleep(PORT_WITHIN_S / 40)


def _is_taken(address: str, port: int) -> bool:
    with socket.socket(socket.AF_INET6 if ":" in address else socket.AF_INET) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # connections that have ended do not count
        try:
            probe.bind((address, port))
        except OSError as error:
            return error.errno == errno.EADDRINUSE
    return False


def _in_use(port: int, conf: str) -> HubFailed:
    """Return that PORT is in use, by which process as far as the system says so, and what to do."""
    with suppress(OSError):  # no Linux, or the process has just ended
        for pid in procfs.listeners(port):
            program, *words = map(os.fsdecode, procfs.words(pid))
            if conf in words:
                return HubFailed(f"the hub of this queue runs already: process {pid}", hint=f"to end it: kill {pid}")
            found = f"port {port} is in use by process {pid}, {os.path.basename(program)}"
            return HubFailed(found, hint=f"end it, or {_OTHER_PORT}")
    named = f"lsof -nP -iTCP:{port} -sTCP:LISTEN names it; end it, or {_OTHER_PORT}"
    return HubFailed(f"port {port} is in use by another process", hint=named)


@contextmanager
def _running(words: list[str]) -> Iterator[subprocess.Popen[bytes]]:
    """Run the program WORDS during the block; it ends with the block, and however this process ends.

    Yield the process that runs it, which ends when the program does.
    """

    def end(*_: object) -> None:
        raise KeyboardInterrupt

    before = signal.signal(signal.SIGTERM, end)
    server = subprocess.Popen([sys.executable, "-I", "-S", supervisor.__file__, *words], stdin=subprocess.PIPE)
    assert server.stdin
    try:
        yield server
    finally:
        signal.signal(signal.SIGTERM, before)
        server.stdin.close()
        server.wait()
