"""Fixtures of the tests of other users' queues."""

from __future__ import annotations

import os

import pytest

from amq.store import open_beneath
from amq.store.open_beneath import Guard
from tests.conftest import Shell
from tests.crash.tools import missing
from tests.store.users import give


@pytest.fixture(autouse=True)
def as_it_was(monkeypatch: pytest.MonkeyPatch) -> None:
    """Give each test a new guard, so that the trust of one call does not reach the next test."""
    monkeypatch.setattr(open_beneath, "guard", Guard())


@pytest.fixture
def theirs(amq: Shell) -> Shell:
    """A project with a queue, all of it USER's; this process is root, in that project."""
    if os.geteuid() != 0:
        missing("root")
    give(amq.project)
    return amq
