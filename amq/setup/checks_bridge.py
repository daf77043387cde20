"""The check of the bridge: what a user has set up, or changed by hand, and what it needs on this machine."""

from __future__ import annotations

import importlib.util
from collections.abc import Iterator
from contextlib import suppress
from datetime import UTC, datetime, timedelta

from amq.bridge import certificates, crypto, hub
from amq.bridge.config import Bridge, read_bridge
from amq.errors import AmqError
from amq.layout import QueueLayout
from amq.runtime.private_state import private_state
from amq.setup.finding import Environment, Finding
from amq.store import registry

_LIBRARIES = ("nats", "nkeys", "nacl", "cryptography")
SOON = timedelta(days=90)
"""The time before its end in which a certificate is reported."""


def bridge(root: str, machine: Environment) -> Iterator[Finding]:
    """Check the bridge of the queue ROOT, if it has one. Raises AmqError if its file does not count."""
    found = read_bridge(private_state(machine.environ, ()), root)
    if found is None:
        return
    missing = [name for name in _LIBRARIES if importlib.util.find_spec(name) is None]
    if missing:
        yield Finding(f"the bridge needs {', '.join(missing)}, which cannot be imported", crypto.how_to_get_packages())
        return
    yield from _keys(found)
    yield from _agents(found, QueueLayout(root))
    if hub.is_here(found):
        yield from _hub(machine)
    if not found.hub:
        yield Finding("the bridge has no hub", "join one: amq bridge join FILE; make one: amq bridge init --hub URL")
        return
    try:
        end = certificates.valid_until(f"{hub.hub_directory(found)}/server.pem" if hub.is_here(found) else found.ca)
        if end < datetime.now(UTC) + SOON:
            remedy = f"on the hub's host: amq bridge init --host NAME --hub {found.hub}"
            yield Finding(f"the hub's certificate ends on {end:%Y-%m-%d}", remedy)
    except AmqError as error:
        yield Finding(error.message, error.hint)


def _keys(found: Bridge) -> Iterator[Finding]:
    for public, path in ((crypto.public_nkey, found.seed), (crypto.public_box, found.box_key)):
        try:
            public(path)
        except AmqError as error:
            yield Finding(error.message, error.hint)


def _agents(found: Bridge, queue: QueueLayout) -> Iterator[Finding]:
    """Check that exported agents are there, and that no agent here has the name of a remote mailbox."""
    agents: set[str] = set()
    with suppress(AmqError, OSError):
        agents = set(registry.read_registry(queue) or ())
    for handle in sorted(found.exports.keys() - agents):
        if not registry.is_known(queue, handle):
            remedy = f"amq init --agents {handle}, or amq bridge remove {handle}"
            yield Finding(f"the bridge exports {handle}, which is not an agent here", remedy)
    for handle in sorted(found.remote.keys() & agents):
        remedy = f"give the agent another handle: amq agent remove {handle}"
        yield Finding(f"{handle} is an agent here, and the mailbox of {found.remote[handle]}", remedy)


def _hub(machine: Environment) -> Iterator[Finding]:
    try:
        hub.find_server(machine.environ)
    except AmqError as error:
        yield Finding(error.message, error.hint)
