"""Versions as programs print them."""

from __future__ import annotations

import os

import pytest

from amq.runtime.agents.versions import printed_version


@pytest.mark.parametrize(
    ("script", "version"),
    [
        ("echo 2.1.332 '(Claude Code)'", "2.1.332"),
        ("echo GitHub Copilot CLI 1.0.102.; echo 'Run an update.'", "1.0.102"),
        ("echo 0.73.1 >&2", "0.73.1"),
        ("echo Warning: node 22.1.0 is old >&2; echo 0.61.0", "0.61.0"),
        ("echo codex-cli 0.171.0-alpha.1", "0.171.0-alpha.1"),
        ("echo 1.2.3; exit 1", ""),
        ("echo nothing", ""),
    ],
)
def test_the_version_is_found_in_what_a_program_prints(script: str, version: str) -> None:
    assert printed_version(["sh", "-c", script], os.environ) == version
