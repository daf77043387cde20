"""A queue that is watched by its user, for tests."""

from __future__ import annotations

import os

import pytest

from amq.dashboard.overview import Dashboard
from amq.mail.mailbox import Mailbox
from amq.names import USER
from amq.runtime.private_state import private_state
from tests.conftest import Shell


def dashboard_of(amq: Shell, newest: int = 100) -> Dashboard:
    """Return what the user watches of the queue of AMQ."""
    return Dashboard(Mailbox(str(amq.root), USER), private_state(os.environ, ()), newest)


def states(dashboard: Dashboard) -> list[tuple[str, list[tuple[str, str]]]]:
    """Return the subject of each message of a look, and where it is at its recipients."""
    return [
        (each.header.subject, [(one.handle, one.place.value) for one in each.recipients])
        for each in dashboard.look().messages
    ]


@pytest.fixture
def dashboard(amq: Shell) -> Dashboard:
    """The queue of alice, bob and carol, watched by its user."""
    return dashboard_of(amq)
