"""From nothing to a review between two real agents, by `setup-coop.sh` and one message, without a key pressed."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from amq.certify.mock_model import use_amq
from amq.certify.protocols import Call, Say, Turn
from tests.real.agents import Agent
from tests.real.rig import Rig
from tests.real.terminal import wait_until
from tests.real.user import beginnings, notices

pytestmark = pytest.mark.timeout(300)  # most of it for a package index

REPOSITORY = Path(__file__).parents[2]
FROM_NOTHING = os.environ.get("AMQ_REQUIRE_ALL") == "1"
"""True if amq is really installed, which needs a package index; otherwise a fake uv links this one."""
UV = """\
#!/bin/sh
case "$*" in *bin*) echo "$HOME/.local/bin"; exit ;; esac
mkdir -p "$HOME/.local/bin" "$HOME/tools"
ln -s "{bin}" "$HOME/tools/agent-message-queue" && ln -s "$HOME/tools/agent-message-queue/amq" "$HOME/.local/bin/amq"
"""
NOTICE = re.compile(r"amq: .*[Rr]un: (\S+) drain")


def asks_for_a_review(turn: Turn) -> Say | Call:
    """Act as Claude asked by a `todo` for a review, which asks codex; otherwise act as `use_amq` does."""
    notice = NOTICE.search(turn.text)
    if notice and not turn.results and "Kind: todo" in turn.given:
        return Call(f'{notice[1]} send --to codex --kind review_request --subject Parser --body "Please review HEAD."')
    return use_amq(turn)


@dataclass(frozen=True)
class User:
    """A user with both CLIs, and one home."""

    rig: Rig
    environ: dict[str, str]

    def run(self, *words: str | Path, code: int = 0) -> str:
        """Run a program in the project, without a terminal; return its output."""
        done = subprocess.run(
            words, cwd=self.rig.project, env=self.environ, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT, text=True, check=False,
        )  # fmt: skip
        assert done.returncode == code, done.stdout
        return done.stdout

    def amq(self, *words: str) -> str:
        return self.run("amq", "--me", "user", *words)

    def screen(self, number: int) -> str:
        """Return the contents of the pane of that number."""
        return self.run("tmux", "capture-pane", "-p", "-t", f"project:0.{number}")

    def screens(self) -> str:
        """Return both panes, to explain a failure."""
        return f"{self.rig.model.turns}\nclaude:\n{self.screen(0)}\ncodex:\n{self.screen(1)}"


@pytest.fixture
def user(rig: Rig, both: tuple[Agent, Agent]) -> Iterator[User]:
    """Claude's home with Codex's in it. The CLIs run in the rig's network; amq may be installed over the real one."""
    claude, codex = both
    environ = {**rig.home(codex), **rig.home(claude)}
    home, programs = Path(environ["HOME"]), rig.directory / "programs"
    paths = [rig.home(agent)["PATH"].split(":")[0] for agent in both]
    programs.mkdir()
    for agent, path in zip(both, paths, strict=True):
        program(programs / agent.program, *rig.network.inside([Path(path, agent.program)]))
    if not FROM_NOTHING:
        (programs / "uv").write_text(UV.format(bin=Path(sys.executable).parent))
        (programs / "uv").chmod(0o700)
    node = Path(shutil.which("node") or "/usr/bin/node").parent
    environ["PATH"] = f"{programs}:{home}/.local/bin:{node}:/usr/local/bin:/usr/bin:/bin"
    environ |= {"TMUX_TMPDIR": str(rig.directory), "PYTHON": sys.executable}
    environ |= {name: value for name, value in os.environ.items() if name.startswith(("PIP_", "SSL_"))}
    yield User(rig, environ)
    subprocess.run(["tmux", "kill-server"], env=environ, capture_output=True, check=False)


def program(path: Path, *words: str) -> None:
    """Write a program that runs another one."""
    path.write_text(f'#!/bin/sh\nexec {" ".join(words)} "$@"\n')
    path.chmod(0o700)


def test_one_line_brings_up_two_agents_who_do_a_review(rig: Rig, user: User) -> None:
    rig.model.script = asks_for_a_review
    assert "is installed" in user.run("sh", REPOSITORY / "scripts" / "setup-coop.sh", "--skill")
    user.amq("send", "--to", "claude", "--kind", "todo", "--subject", "Parser", "--body", "Have codex review it.")
    wait_until(lambda: "Done: 0 replies." in user.screen(0), user.screens, timeout=90)
    assert "Done: 1 replies." in user.screen(1), user.screens()
    assert beginnings(rig)[:2] == ["amq: 1 new message from user", "amq: 1 new message from claude"]
    assert [turn for turn in notices(rig)[2:] if "From: codex" in turn.given]  # at the end of a turn, or after it
    assert len(notices(rig)) == 3
    asked = [request for request in rig.model.requests if request.get("tools")]
    # both have found the skill: Claude names it from its second request on if no prompt of the user's came before
    assert all("amq-cli" in str(request) for request in asked[1:])
    assert sorted(user.amq("coop", "down").splitlines()) == ["claude: ended", "codex: ended"]
    sessions = [path.read_text() for path in Path(user.environ["HOME"]).parent.rglob("*.jsonl")]
    for answer in ("Done: 0 replies.", "Done: 1 replies."):  # each can be resumed
        assert any(answer in session for session in sessions)
    user.amq("coop", "up", "--continue", "--no-ask")
    wait_until(lambda: "Done: 0 replies." in user.screen(0) and "Done: 1 replies." in user.screen(1), user.screens)
