"""Count the instructions that the short commands execute, each as a ratio to `python -c pass` in this run.

    python scripts/bench/instructions.py [--check | --write] [--runs 1]

Times on a machine that others use lie; these counts (valgrind's, without the kernel's part) repeat within a percent.
`--check` fails where a command needs MARGIN times the count in instructions.json for this Python; `--write` puts the
counts there.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import shutil
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

from commands import cold_commands
from inboxes import Queue

EXPECTED = Path(__file__).with_name("instructions.json")
MARGIN = 1.15
PYTHON = f"{sys.version_info.major}.{sys.version_info.minor}"


def instructions(words: list[str]) -> int:
    """Return the instructions of one run of a Python program; hashes are equal in every run."""
    environment = os.environ | {"PYTHONHASHSEED": "0"}
    counting = ["valgrind", "--tool=callgrind", "--callgrind-out-file=/dev/null", sys.executable]
    options = {"stdin": subprocess.DEVNULL, "capture_output": True, "text": True, "check": True, "env": environment}
    done = subprocess.run([*counting, *words], **options)
    found = re.search(r"Collected : (\d+)", done.stderr)
    assert found, done.stderr
    return int(found[1])


def ratios() -> dict[str, float]:
    """Return each short command's instructions, in units of `pass`."""
    amq = str(Path(sys.executable).with_name("amq"))
    found = {}
    unit = instructions(["-c", "pass"])
    with tempfile.TemporaryDirectory() as place:
        queue = Queue(Path(place))
        for command in cold_commands(queue):
            words = [amq, *command.words, "--root", queue.root]
            command.before()
            subprocess.run(words, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, check=True)  # compiles modules
            command.before()
            found[command.key] = round(instructions(words) / unit, 3)
    return found


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--check", action="store_true", help="fail if a command needs far more than expected")
    parser.add_argument("--write", action="store_true", help="expect what is counted now")
    parser.add_argument("--runs", type=int, default=1, help="count several times, to see how steady the counts are")
    options = parser.parse_args()
    if shutil.which("valgrind") is None:
        print("instructions are not counted: there is no valgrind here")
        return 1 if options.check or options.write else 0
    expected = json.loads(EXPECTED.read_text()) if EXPECTED.exists() else {}
    usual = expected.get(PYTHON, {})
    runs = [ratios() for _ in range(options.runs)]
    print(f"instructions, Python {PYTHON}; 1 = python -c pass")
    slower = []
    for name in runs[0]:
        counts = [run[name] for run in runs]
        count = statistics.median(counts)
        if name in usual and count > MARGIN * usual[name]:
            slower.append(name)
        spread = f"   spread {(max(counts) / min(counts) - 1) * 100:.2f} %" if options.runs > 1 else ""
        print(f"{name:<16} {count:6.3f}   expected {usual.get(name, '-')}{spread}{'   SLOWER' * (name in slower)}")
    if options.write:
        middle = {name: statistics.median(run[name] for run in runs) for name in runs[0]}
        EXPECTED.write_text(json.dumps(expected | {PYTHON: middle}, indent=2) + "\n")
    elif options.check and not usual:
        print(f"{EXPECTED.name} has nothing for this Python: add it with --write")
        return 1
    return 1 if options.check and slower else 0


if __name__ == "__main__":
    sys.exit(main())
