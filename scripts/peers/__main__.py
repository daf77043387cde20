"""Run amq beside its peers with the real CLIs, a mock model and no network, and write docs/comparison.md.

    python scripts/peers [--only amq,hcom] [--cli claude] [--mails 30] [--times 3] [--go PATH] [--json FILE [--add]]
    python scripts/peers --from FILE [--write]

The peers come from PyPI into a directory that is removed at the end. Each way runs alone, one after the other. It needs
the CLIs of scripts/install-agents.py, tmux, and a private network (root on Linux).
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))
sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "bench"))

import tables
from figures import Result, alone, at_bad_moments, idle
from measure import machine
from ways import Way, all_ways, install

from tests.real.agents import Agent, cache_directory, pinned_agents

Say = Callable[[str], None]


def main() -> int:
    """Measure, print the tables, and keep what was asked for."""
    options = parsed()
    if options.origin:
        record = json.loads(options.origin.read_text())
    else:
        with tempfile.TemporaryDirectory(prefix="amq-peers-") as place:
            record = measured(options, Path(place) / "installed")
    print(tables.markdown(record))
    if options.json:
        options.json.write_text(json.dumps(record, indent=1, ensure_ascii=False) + "\n")
    if options.write:
        tables.write(record)
    return 0


def measured(options: argparse.Namespace, installed: Path) -> dict[str, Any]:
    """Return the record of a run: the machine, versions, a `Result` for each way and CLI, and what is left out."""
    ways = [way for way in all_ways(options.go) if not options.only or way.name in options.only]
    record: dict[str, Any] = {"date": date.today().isoformat(), "machine": machine(Path(__file__).parent)}  # noqa: DTZ011  the reader's day
    record |= {"mails": options.mails, "times": options.times, "versions": {}, "alone": {}, "results": []}
    if options.add:
        record = json.loads(options.json.read_text()) | {key: record[key] for key in ("date", "machine")}
    record["left_out"] = {way.name: way.missing() for way in ways if way.missing()}
    usable = [way for way in ways if not way.missing()]
    install(usable, installed)
    record["versions"] |= {way.name: way.version(installed) for way in usable}
    for agent in agents(options.cli):
        record["versions"][agent.program] = agent.version
        if options.mails:
            record["alone"][agent.program] = alone(Way(), agent, installed)
        for way in usable:
            if agent.program in way.clis:
                result = earlier(record, way.name, agent.program)
                measure(result, way, agent, installed, options)
                record["results"].append(result.record())
                print(tables.line(record["results"][-1]), file=sys.stderr)
                if options.json:
                    options.json.write_text(json.dumps(record, indent=1) + "\n")
    return record


def earlier(record: dict[str, Any], way: str, cli: str) -> Result:
    """Remove the result of WAY with CLI from RECORD and return it; a new one where there is none."""
    for each in record["results"]:
        if (each["way"], each["cli"]) == (way, cli):
            record["results"].remove(each)
            return Result(**each)
    return Result(way, cli)


def measure(result: Result, way: Way, agent: Agent, installed: Path, options: argparse.Namespace) -> None:
    """Put what is to be measured of WAY with AGENT into RESULT; what made it end early is its `error`."""
    say = progress if sys.stderr.isatty() else lambda _: None
    result.error = ""
    try:
        if options.mails:
            idle(result, way, agent, installed, options.mails, say)
        if options.times:
            at_bad_moments(result, way, agent, installed, options.times, say)
    except Exception as error:  # of any program: the others are measured all the same
        result.error = f"{type(error).__name__}: {error}"[:2000]


def progress(text: str) -> None:
    """Show TEXT in one line that is overwritten."""
    print(f"\r\x1b[K{text[:78]}\r", end="", file=sys.stderr, flush=True)


def agents(names: list[str]) -> list[Agent]:
    """Return the newest pinned CLIs of NAMES. Raises SystemExit for one that is not installed."""
    found = [agent for agent in pinned_agents().values() if agent.newest and agent.program in names]
    for agent in found:
        if not agent.executable(cache_directory()).exists():
            raise SystemExit(f"{agent.program} {agent.version} is not installed: scripts/install-agents.py")
    return found


def parsed() -> argparse.Namespace:
    """Return the options; an error in them ends the program."""
    parser = argparse.ArgumentParser(prog="make peers", description=__doc__.partition("\n")[0])
    parser.add_argument("--only", type=lambda text: text.split(","), default=[], help="these ways, by name")
    parser.add_argument("--cli", type=lambda text: text.split(","), default=["claude", "codex"])
    parser.add_argument("--mails", type=int, default=30, help="messages to each idle agent (30); 0: none")
    parser.add_argument("--times", type=int, default=3, help="messages at each bad moment (3); 0: none")
    parser.add_argument("--go", default="", metavar="PATH", help="the Go program of amq's name")
    parser.add_argument("--json", type=Path, help="write the record there, after each way too")
    parser.add_argument("--add", action="store_true", help="keep what that record has, and replace what is measured")
    parser.add_argument("--from", dest="origin", type=Path, metavar="FILE", help="show an earlier record")
    parser.add_argument("--write", action="store_true", help="put the record, the tables and the picture into docs/")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
