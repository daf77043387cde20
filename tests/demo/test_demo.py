"""`amq demo`: a newcomer's first impression."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from amq.demo import stage
from amq.demo.stage import play


def test_both_agents_are_woken_and_say_goodbye_and_nothing_is_left(tmp_path: Path) -> None:
    environ = {**os.environ, "TMPDIR": str(tmp_path), "PATH": "/usr/bin:/bin"}
    ended = subprocess.run(
        [sys.executable, "-m", "amq", "demo"], env=environ, capture_output=True, text=True, check=False
    )
    assert ended.returncode == 0, ended.stdout + ended.stderr
    lines = ended.stdout.splitlines()
    woken = ["  bob │ > amq: 1 new message from alice. Run: ", "alice │ > amq: 1 new message from bob. Run: "]
    first, second = (next(at for at, line in enumerate(lines) if line.startswith(start)) for start in woken)
    assert first < second
    assert {"  bob │ Goodbye.", "alice │ Goodbye."} <= set(lines)
    scripts = Path(__file__).parents[2] / "scripts"
    assert f"{scripts}/install.sh\n  amq coop up\n" in ended.stdout
    files = [line.rpartition("/")[0] for line in lines if line.startswith("  .agent-mail/")]
    assert files == [f"  .agent-mail/agents/{name}/inbox/cur" for name in ("alice", "bob")]
    assert [*tmp_path.iterdir()] == []
    assert [*Path(environ["XDG_STATE_HOME"], "amq").glob("queues/amqdemo*")] == []


def test_the_files_of_a_demo_that_failed_are_kept(tmp_path: Path) -> None:
    words = [sys.executable, "-m", "amq", "demo", "--timeout", "0.01"]
    environ = {**os.environ, "TMPDIR": str(tmp_path)}
    ended = subprocess.run(words, env=environ, capture_output=True, text=True, check=False)
    (kept,) = tmp_path.iterdir()
    assert ended.returncode == 1
    assert f"look at the mail in {kept}/.agent-mail" in ended.stderr


def test_it_needs_no_amq_on_the_path(tmp_path: Path) -> None:
    """Below TMPDIR there is no private directory, and so no `amq` command for the agents."""
    place = {name: str(tmp_path) for name in ("TMPDIR", "HOME", "XDG_STATE_HOME", "XDG_RUNTIME_DIR")}
    environ = {**os.environ, **place, "PATH": "/usr/bin:/bin"}
    ended = subprocess.run(
        [sys.executable, "-m", "amq", "demo"], env=environ, capture_output=True, text=True, check=False
    )
    assert ended.returncode == 0, ended.stdout + ended.stderr


@pytest.mark.parametrize(
    ("script", "reason"),
    [
        ("exit 0", "alice sent nothing"),
        ("test $1 = bob || amq send --to bob --body hi; exit 0", "bob was not woken: alice's request is still unread"),
        ("test $1 = alice || exit 7", "bob ended with status 7"),
    ],
)
def test_a_hop_that_fails_is_named(tmp_path: Path, script: str, reason: str) -> None:
    said: list[str] = []
    agent = ["sh", "-c", script, "sh"]
    assert play(str(tmp_path), dict(os.environ), said.append, within_s=10, program=agent) == reason, "".join(said)


def test_without_a_picture_of_the_screen_it_says_why_nothing_can_be_typed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(stage, "has_emulator", lambda: False)
    assert "pyavt" in play(str(tmp_path), dict(os.environ), print, within_s=1)
    assert not list(tmp_path.iterdir())
