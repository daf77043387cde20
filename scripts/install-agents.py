#!/usr/bin/env python3
"""Install the agent CLIs that `tests/real` runs, and the libraries that tests read, at pinned versions, from npm.

    scripts/install-agents.py                     the newest ones, which make test runs, into ~/.cache/amq-real-agents
    scripts/install-agents.py --all               the older versions and the other CLIs too, which make drift runs
    scripts/install-agents.py codex               only this one
    scripts/install-agents.py --into /opt/agents  elsewhere; for the tests set AMQ_REAL_AGENTS=/opt/agents

An installed CLI that reports the right version is left as it is.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from amq.runtime.agents.versions import printed_version
from tests.real.agents import Agent, cache_directory, pinned_agents
from tests.real.libraries import LIBRARIES, Library


def works(agent: Agent, cache: Path) -> bool:
    """Return whether AGENT is installed under CACHE and reports the pinned version."""
    return printed_version([str(agent.executable(cache)), "--version"], os.environ, 60) == agent.version


def install(agent: Agent, cache: Path) -> None:
    """Make AGENT work under CACHE, and print the result."""
    where = agent.directory(cache)
    wanted = f"{agent.package}@{agent.version}"
    if works(agent, cache):
        print(f"{wanted}: already in {where}")
        return
    npm_install(wanted, where)
    if not works(agent, cache):
        raise SystemExit(f"{wanted}: installed in {where}, but does not run as version {agent.version}")
    print(f"{wanted}: installed in {where}")


def install_library(library: Library, cache: Path) -> None:
    """Put the file of LIBRARY under CACHE, and print the result."""
    where, wanted = library.directory(cache), f"{library.package}@{library.version}"
    if library.is_installed(cache):
        print(f"{wanted}: already in {where}")
        return
    npm_install(wanted, where)
    if not library.is_installed(cache):
        raise SystemExit(f"{wanted}: installed in {where}, but {library.path(cache)} is not the file that is pinned")
    print(f"{wanted}: installed in {where}")


def npm_install(wanted: str, where: Path) -> None:
    """Install a package with its version into the directory WHERE."""
    where.mkdir(parents=True, exist_ok=True)
    subprocess.run(["npm", "install", "--silent", "--no-audit", "--no-fund", "--prefix", where, wanted], check=True)


def main() -> None:
    agents = pinned_agents()
    parser = argparse.ArgumentParser(description="Install the pinned agent CLIs that tests/real runs.")
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"only these of: {', '.join(agents)}")
    parser.add_argument("--all", action="store_true", help="those too that only make drift runs")
    parser.add_argument("--into", type=Path, default=cache_directory(), metavar="DIR", help="default: %(default)s")
    options = parser.parse_args()
    if unknown := set(options.names) - set(agents):
        parser.error(f"no such agent in the table: {', '.join(sorted(unknown))}")
    for name, agent in agents.items():
        if name in options.names or (not options.names and (options.all or agent.newest)):
            install(agent, options.into.absolute())
    for library in () if options.names else LIBRARIES:
        install_library(library, options.into.absolute())


if __name__ == "__main__":
    main()
