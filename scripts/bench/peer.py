"""The programs beside which amq is measured: installed ones, or those in peers/."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

from measure import Bench

SOURCES = Path(__file__).with_name("peers")
INTERACT = "import pexpect, sys; pexpect.spawn(sys.argv[1], sys.argv[2:]).interact()"


def compiled(bench: Bench, name: str) -> str | None:
    """Compile the C program NAME and return its path; None where there is no compiler."""
    if shutil.which("cc") is None:
        bench.leave_out(f"peers/{name}.c: there is no cc here")
        return None
    program = bench.place / f"{name}-in-c"
    if not program.exists():
        libraries = ["-lutil"] if name == "relay" else []
        source = str(SOURCES / f"{name}.c")
        subprocess.run(["cc", "-O2", "-D_GNU_SOURCE", "-o", str(program), source, *libraries], check=True)
    return str(program)


def here(bench: Bench, program: str) -> str | None:
    """Return the path of an installed program; None if it is missing."""
    found = shutil.which(program)
    if found is None:
        bench.leave_out(f"{program}: it is not installed here")
    return found


def version_commands(bench: Bench) -> dict[str, tuple[str, ...]]:
    """Return the command that prints each peer's version."""
    commands = {"script(1)": ("script", "--version"), "tmux": ("tmux", "-V"), "cc": ("cc", "--version")}
    commands["pexpect"] = (sys.executable, "-c", "import pexpect; print('pexpect', pexpect.__version__)")
    return commands | ({"Go amq": (bench.go, "--version")} if bench.go else {})
