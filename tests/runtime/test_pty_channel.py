"""How it stands with a hosted agent, from two witnesses."""

from __future__ import annotations

from pathlib import Path
from typing import cast

import pytest

from amq.pty.announced import Published
from amq.pty.host import Host
from amq.pty.terminal import Look
from amq.runtime.channels.pty import PtyChannel
from amq.runtime.hooks import EVENT_NAME
from amq.runtime.profiles.claude import PROFILE as CLAUDE
from amq.runtime.witness import Witness


class Seen:
    """A host that sees only this."""

    def __init__(self, published: Published | None) -> None:
        self._published = published

    def look(self, now: float) -> Look:  # noqa: ARG002  as the host's
        return Look(published=self._published)


@pytest.mark.parametrize(("published", "queues"), [(Published.WORKING, True), (None, False)])
def test_a_version_that_publishes_nothing_may_not_know_the_key_that_queues(
    tmp_path: Path, published: Published | None, queues: bool
) -> None:
    (tmp_path / EVENT_NAME).write_text("prompt\n")
    channel = PtyChannel(cast(Host, Seen(published)), CLAUDE.rules, Witness(str(tmp_path), 1, 0.0), clock=lambda: 1e3)
    standing = channel.look()
    assert (standing.busy, standing.hooked, standing.queues) == (True, True, queues)
