"""The private network, where this machine can make one; elsewhere the tests that need it say why they cannot run."""

from __future__ import annotations

import os

import pytest

from amq.certify.network import NoNetwork, loopback_network
from tests.crash.tools import missing


@pytest.fixture(scope="session")
def private_network() -> None:
    """Skip the tests that use this where a private network cannot be made, or fail them where all have to run."""
    try:
        with loopback_network(os.environ):
            pass
    except NoNetwork as error:
        missing(f"private network: {error}")
