"""The pinned CLIs are certified: what `amq certify` says of them, a user may rely on. CI runs Claude Code and Codex."""

from __future__ import annotations

import os

import pytest

from amq.certify.certification import ONCE, Request, certify
from amq.runtime.private_state import private_state
from tests.real.agents import Agent, cache_directory
from tests.real.rig import Rig
from tests.real.user import agents

pytestmark = pytest.mark.timeout(600)
LACKS: dict[str, set[str]] = {"claude": set(), "codex": {"named"}}


@agents("claude", "codex", also=("claude-before", "codex-before"))
def test_a_pinned_version_is_certified(rig: Rig, agent: Agent) -> None:
    path = rig.home(agent)["PATH"]
    program = str(agent.executable(cache_directory()))
    request = Request(agent.program, program, ONCE, at_once=os.cpu_count() or 1, patience=2.0)
    done = certify(request, private_state(os.environ, ()), os.environ | {"PATH": path})
    failed = [trial for trial in done.trials if trial.kind]
    assert failed == [], [trial.screen for trial in failed]
    verdict = done.verdict("0", 0)
    assert verdict.version == agent.version
    assert set(ONCE) - set(verdict.results) == LACKS[agent.program]
