"""The page that names the hosts of each CLI says what the profiles say."""

from __future__ import annotations

from pathlib import Path

from amq.runtime.agents import registry

PAGE = Path(__file__).resolve().parents[2] / "docs" / "agents.md"


def test_the_page_has_the_hosts_that_each_cli_asked_for() -> None:
    rows = [line.strip("| ").split(" | ") for line in PAGE.read_text("utf-8").splitlines() if line.startswith("| ")]
    page = {name: hosts for names, hosts, *rest in rows if not rest for name in names.split(", ")}
    for name in registry.NAMES:
        measured = registry.offline(name).asked_hosts
        assert measured is not None
        assert page[name] == (", ".join(f"`{host}`" for host in measured.names) or "none")
