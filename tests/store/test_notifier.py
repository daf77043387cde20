"""Who notifies an agent, read from the lock that it holds."""

from __future__ import annotations

from pathlib import Path

import pytest

from amq.layout import NOTIFIER_NAME, QueueLayout
from amq.store.notifier_info import read_notifier
from tests.conftest import Shell


def test_what_is_no_file_is_an_error(amq: Shell) -> None:
    """It is not taken for an agent that nothing notifies."""
    agent = QueueLayout(str(amq.root)).agent("bob")
    Path(str(agent.state), NOTIFIER_NAME).mkdir(parents=True)
    with pytest.raises(OSError, match="directory"):
        read_notifier(agent)
