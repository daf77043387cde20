"""A queue whose host is called a, with a mailbox for codex of the host b."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from amq.bridge import membership, state
from amq.layout import QueueLayout
from amq.store import registry
from amq.store.remote import Remote, write_remote
from tests.conftest import Shell, private_directory


@pytest.fixture
def bridge(amq: Shell, tmp_path: Path) -> str:
    """Return the directory of a bridge of this host, a; codex of host b has a mailbox here."""
    queue = QueueLayout(str(amq.root))
    registry.make_mailbox(queue, "codex-b")
    write_remote(queue.agent("codex-b"), Remote("codex", "b"), "temporary")
    directory = str(private_directory(amq.root, "bob").parent / "bridge")
    membership.set_up(directory, "a", "tls://127.0.0.1:4222")
    return directory


@pytest.fixture
def running(bridge: str) -> Iterator[Any]:
    """Yield a function that makes the bridge say something, as if it ran."""
    with state.running(bridge):
        yield lambda **said: state.write_state(bridge, said)
