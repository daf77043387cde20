"""A private tmux server, and agents in it."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

TUI = Path(__file__).parents[1] / "agents" / "tui.py"


def require(*programs: str) -> None:
    """Skip the test where one of PROGRAMS is not installed, or fail it where everything is required to run."""
    missing = [program for program in programs if not shutil.which(program)]
    if missing and os.environ.get("AMQ_REQUIRE_ALL") == "1":
        pytest.fail(f"required, but not installed: {', '.join(missing)}")
    if missing:
        pytest.skip(f"not installed: {', '.join(missing)}")


def own_processes() -> list[str]:
    """Return the prefix of commands that run with their own processes and /proc.

    Skip the test where that is not allowed.
    """
    require("unshare")
    words = ["unshare", "--user", "--map-root-user", "--pid", "--fork", "--mount-proc"]
    if subprocess.run([*words, "true"], capture_output=True, check=False).returncode:
        pytest.skip("this user may make no namespace")
    return words


def wait_until(condition: Callable[[], object], timeout: float = 30) -> None:
    """Wait until CONDITION holds; fail if it does not in time."""
    deadline = time.monotonic() + timeout
    while not condition():
        assert time.monotonic() < deadline, f"not within {timeout} s"
        time.sleep(0.05)


@dataclass(frozen=True)
class Project:
    """A project directory, and an environment that leads to a private tmux server."""

    path: Path
    environ: dict[str, str]

    def amq(self, *words: str, code: int = 0, **environ: str) -> subprocess.CompletedProcess[str]:
        """Call `amq` without a terminal; it must exit with CODE."""
        done = subprocess.run(
            [sys.executable, "-m", "amq", *words], cwd=self.path, env=self.environ | environ,
            stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=60, check=False,
        )  # fmt: skip
        assert done.returncode == code, done.stdout + done.stderr
        return done

    def value(self, *words: str) -> Any:
        """Return the output of `amq WORDS --json`, parsed."""
        return json.loads(self.amq(*words, "--json").stdout)

    def tmux(self, *words: str) -> str:
        """Return the output of tmux."""
        return subprocess.run(
            ["tmux", *words], cwd=self.path, env=self.environ, capture_output=True, text=True, check=False
        ).stdout

    def log(self, handle: str) -> Path:
        """Return the log of the small agent HANDLE."""
        return self.path / f"{handle}.log"

    def agent(self, handle: str) -> str:
        """Return the small agent, as `--agents` takes it."""
        return f"{handle}={sys.executable} {TUI} {self.log(handle)}"

    def wrote(self, handle: str) -> str:
        """Return the lines that the small agent HANDLE has logged so far."""
        return self.log(handle).read_text() if self.log(handle).exists() else ""

    def started(self, handle: str) -> int:
        """Return how often the small agent HANDLE has started."""
        return self.wrote(handle).count("started")

    def states(self) -> dict[str, str]:
        """Return every agent's state, as `coop status` reports it."""
        return {each["handle"]: each["state"] for each in self.value("coop", "status")["agents"]}


@pytest.fixture
def bare(tmp_path: Path) -> Project:
    """A project without tmux."""
    path = tmp_path / "my.project"
    path.mkdir()
    kept = {name: os.environ[name] for name in ("PATH", "XDG_STATE_HOME", "PYTHONPATH") if name in os.environ}
    return Project(path, {**kept, "HOME": str(tmp_path), "TERM": "xterm-256color", "LANG": "C.UTF-8"})


@pytest.fixture
def coop(bare: Project) -> Iterator[Project]:
    """A project with tmux, and a profile for the small agents."""
    require("tmux")
    profiles = Path(bare.environ["HOME"], ".config", "amq", "profiles")
    profiles.mkdir(parents=True)
    (profiles / f"{Path(sys.executable).name}.toml").write_text('name = "tui"\nrules.prompt = "> "\n')
    with tempfile.TemporaryDirectory(prefix="amq-") as place:  # short: a socket's path has an upper limit
        bare.environ["TMUX_TMPDIR"] = place
        yield bare
        bare.tmux("kill-server")
