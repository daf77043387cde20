"""`amq certify` at the shell, without a CLI: what it says of the network."""

from __future__ import annotations

import re

import pytest

from amq.certify.certification import Certification
from amq.runtime.agents import registry
from tests.conftest import Shell


@pytest.fixture(autouse=True)
def no_trials(monkeypatch: pytest.MonkeyPatch) -> None:
    """Have every CLI installed, and none of them tried."""
    monkeypatch.setattr(
        "amq.certify.certification.certify", lambda request, *_: Certification(request, "1.0", []), raising=True
    )
    monkeypatch.setattr("amq.cli.commands.certify._programs", lambda names: [(name, f"/bin/{name}") for name in names])


def said(amq: Shell, *words: str) -> list[str]:
    return amq("certify", *words, me=None).err.splitlines()


def test_a_cli_in_the_machines_network_may_reach_what_it_asked_for(amq: Shell) -> None:
    any_host, asked = said(amq, "claude", "--network")
    assert any_host.endswith("may reach any host; it is set to use 127.0.0.1 alone")
    assert re.fullmatch(r"amq: claude \S+, measured without a way out, asked only for .*\bgithub\.com", asked)
    assert said(amq, "gemini", "--network")[1].endswith("measured without a way out, asked for no host")
    assert said(amq, "claude") == []


def test_what_has_not_been_measured_is_said(amq: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
    known = registry.offline("pi")
    monkeypatch.setattr(registry, "offline", lambda _: known.__class__(**{**known.__dict__, "asked_hosts": None}))
    assert said(amq, "pi", "--network")[1] == "amq: the hosts that pi asks for have not been measured"
