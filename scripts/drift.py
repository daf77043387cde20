#!/usr/bin/env python3
"""Certify the newest version of each agent CLI on npm, and compare it with the pinned one.

    scripts/drift.py                       all of them; exits with 1 if any scenario differs, or fails
    scripts/drift.py claude codex          only these
    scripts/drift.py --pinned --write      certify the pinned versions alone, and write docs/agents.md

The newest versions are installed below ~/.cache/amq-real-agents, as the pinned ones are.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from amq import __version__
from amq.certify.certification import ONCE, Request, certify
from amq.runtime.agents import registry
from amq.runtime.private_state import private_state
from amq.runtime.verdicts import SCENARIOS, Verdict
from tests.real.agents import VERSIONS_VARIABLE, Agent, cache_directory, pinned_agents

ROOT = Path(__file__).resolve().parent.parent
PAGE = ROOT / "docs" / "agents.md"
BEGIN, END = "<!-- scripts/drift.py writes from here -->", "<!-- to here -->"
PATIENCE = 2.0  # a factor for the time limits: a machine that runs this may be busy


def newest(agent: Agent) -> Agent:
    """Return AGENT at the newest version on npm."""
    asked = ["npm", "view", agent.package, "version"]
    version = subprocess.run(asked, check=True, capture_output=True, text=True).stdout.strip()
    return replace(agent, version=version)


def verdict(agent: Agent) -> Verdict:
    """Certify AGENT, which is installed."""
    program = str(agent.executable(cache_directory()))
    request = Request(agent.program, program, ONCE, at_once=os.cpu_count() or 1, patience=PATIENCE)
    done = certify(request, private_state(os.environ, ()), os.environ)
    return done.verdict(__version__, time.time_ns())


def table(verdicts: Sequence[Verdict]) -> str:
    """Return one table: a row for each scenario, a column for each verdict."""
    heads = [f"{each.program} {each.version}" for each in verdicts]
    rows = [["scenario", *heads], ["---"] * (len(heads) + 1), ["date", *(each.at[:10] for each in verdicts)]]
    rows += [[name, *(result(each, name) for each in verdicts)] for name, _ in SCENARIOS]
    return "".join(f"| {' | '.join(row)} |\n" for row in rows)


def result(verdict: Verdict, scenario: str) -> str:
    """Return what came of SCENARIO, in a word or a clause; `–` where the CLI lacks it."""
    reason = verdict.results.get(scenario)
    return "–" if reason is None else f"no: {reason}".replace("|", "/") if reason else "yes"


def differences(pinned: Verdict, newer: Verdict) -> list[str]:
    """Return a line for each scenario that ended otherwise, or failed, in the NEWER version."""
    return [
        f"{newer.program} {newer.version}: {name}: {result(newer, name)} (in {pinned.version}: {result(pinned, name)})"
        for name, _ in SCENARIOS
        if result(newer, name) != result(pinned, name) or newer.results.get(name)
    ]


def written(page: str, text: str) -> str:
    """Return the PAGE with TEXT between its two marks."""
    before, rest = page.split(BEGIN)
    return f"{before}{BEGIN}\n\n{text}\n{END}{rest.split(END)[1]}"


def compare(agents: Sequence[Agent], install: Callable[[Agent, Path], None], *, tests: bool) -> int:
    """Certify each of AGENTS at its pinned and its newest version, and print them; return 1 if they differ.

    With TESTS, those of `tests/real` about the CLIs that have newer versions are run with these, too.
    """
    verdicts, found, newer = list[Verdict](), list[str](), list[Agent]()
    for agent in agents:
        latest = newest(agent)
        for each in {agent.version: agent, latest.version: latest}.values():
            install(each, cache_directory())
            verdicts.append(verdict(each))
        newer += [latest] if latest != agent else []
        pinned = verdicts[-1] if latest == agent else verdicts[-2]
        found += differences(pinned, verdicts[-1])
    print(table(verdicts), *found, sep="\n", flush=True)
    if tests and newer:
        versions = ",".join(f"{each.name}={each.version}" for each in newer)
        environment = os.environ | {VERSIONS_VARIABLE: versions, "AMQ_SOAK": "1"}
        about = " or ".join(each.name for each in newer)
        command = [sys.executable, "-m", "pytest", "--timeout", "3600", "-k", about, "tests/real"]
        return int(bool(found)) | subprocess.run(command, env=environment, cwd=ROOT, check=False).returncode
    return int(bool(found))


def main() -> int:
    parser = argparse.ArgumentParser(description="Certify the newest agent CLIs, and compare them with the pinned.")
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"only these of: {', '.join(registry.NAMES)}")
    parser.add_argument("--pinned", action="store_true", help="the pinned versions alone")
    parser.add_argument("--tests", action="store_true", help="run tests/real with the newest versions, if they differ")
    parser.add_argument("--write", action="store_true", help=f"write the table into {PAGE.name}")
    options = parser.parse_args()
    agents = [pinned_agents()[name] for name in options.names or registry.NAMES]
    install = __import__("install-agents").install
    if not options.pinned:
        return compare(agents, install, tests=options.tests)
    for agent in agents:
        install(agent, cache_directory())
    text = table([verdict(agent) for agent in agents])
    print(text)
    if options.write:
        PAGE.write_text(written(PAGE.read_text(encoding="utf-8"), text), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
