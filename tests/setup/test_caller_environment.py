"""Agents in panes get their caller's environment, and not that of a tmux server which is days old."""

from __future__ import annotations

import os
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from amq.errors import AmqError
from amq.layout import QueueLayout
from amq.record import replace
from amq.runtime import exec_with_environment
from amq.runtime.private_state import PrivateState, private_state
from amq.setup import coop as coop_module
from amq.setup.agent_specs import AgentSpec
from amq.setup.caller_environment import Handover, handed_over
from amq.setup.coop import Coop, State
from amq.store import registry
from tests.setup.conftest import Project, wait_until

WRITES = (
    "#!{python}\nimport os\nopen({log!r}, 'ab').write(repr(dict(os.environb)).encode() + b'\\n')\nraise SystemExit(3)\n"
)
"""A program that writes down its environment, and fails: its pane stays."""
SECRET = "sk-very-secret"
AWKWARD = {
    "EMPTY": "",
    "LINES_OF_TEXT": "one\ntwo\n\n",
    "QUOTES": """it's a "test" \\ `id` $(id) $HOME""",
    "FORMAT": "#{pane_id} #(touch RUN) #S ##[fg=red]",
    "SEMICOLON": "a;",
    "ONLY_SEMICOLON": ";",
    "EQUALS": "a=b=c",
    "BYTES": os.fsdecode(b"\xff\xfe \x1b[m \xc3\xa4"),
    "LARGE": "x" * 100_000,
    "npm_config_@amq:registry": "a name that no shell can export",
    "BASH_FUNC_f%%": "() {  echo f\n}",
    "API_KEY": SECRET,
}
OLD = {
    "API_KEY": "old",
    "PATH": "/usr/bin:/bin",
    "AM_ROOT": "/nowhere",
    "SSH_AUTH_SOCK": "/old",
    "ONLY_THERE": "1",
    "PYTHONHOME": "/nowhere",
}
OURS = {"PATH", "AM_ME", "AM_ROOT", "AMQ_RUN"}
PANES = {"TMUX", "TMUX_PANE", "TERM", "TERM_PROGRAM", "TERM_PROGRAM_VERSION", "COLORTERM"}


def environments(log: Path) -> list[dict[str, str]]:
    """Return the environments that the program has written into LOG, one for each of its starts."""
    written = log.read_text().split("\n")[:-1] if log.exists() else []
    return [{os.fsdecode(name): os.fsdecode(value) for name, value in eval(line).items()} for line in written]


def test_an_agent_has_its_caller_s_environment(coop: Project, tmp_path: Path) -> None:
    """This holds in a new pane, and in one whose program has ended."""
    replace(coop, environ=coop.environ | OLD | {"COLORTERM": "of-the-server"}).tmux("new-session", "-d", "cat")
    program, log = tmp_path / "bin" / "alice", coop.log("alice")
    program.parent.mkdir()
    program.write_text(WRITES.format(python=sys.executable, log=str(log)))
    program.chmod(0o700)
    path = f"{program.parent}:{coop.environ['PATH']}"
    caller = coop.environ | AWKWARD | {"PATH": path, "SSH_AUTH_SOCK": "/new"}
    outer = {"CLAUDECODE": "1", "CLAUDE_CODE_SESSION_ID": "outer", "AM_ME": "outer", "KITTY_PID": "1", "COLORTERM": "1"}
    for count in (1, 2):
        replace(coop, environ=caller | outer).amq("coop", "up", "--agents", "alice")
        wait_until(lambda: coop.states() == {"alice": "ended"})
        assert len(environments(log)) == count
        seen = environments(log)[-1]
        assert {name: value for name, value in seen.items() if name not in OURS | PANES} == {
            name: value for name, value in caller.items() if name not in OURS | PANES
        }
        assert seen["PATH"].endswith(f"/bin:{path}")
        assert (seen["AM_ME"], seen["AM_ROOT"]) == ("alice", f"{coop.path}/.agent-mail")
        assert (seen["COLORTERM"], seen["TMUX_PANE"][0]) == ("of-the-server", "%")


def test_no_secret_is_where_others_read_it(coop: Project, tmp_path: Path) -> None:
    """It is in no command line of tmux or the pane, and nowhere in the server, where it would last. No file is left."""
    coop.tmux("new-session", "-d", "cat")
    called = tmp_path / "called"
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin" / "tmux").write_text(
        f'#!/bin/sh\nprintf "%s\\n" "$@" >>{called}\nPATH={coop.environ["PATH"]} exec tmux "$@"\n'
    )
    (tmp_path / "bin" / "tmux").chmod(0o700)
    path = f"{tmp_path}/bin:{coop.environ['PATH']}"
    coop.amq("coop", "up", "--agents", coop.agent("alice"), API_KEY=SECRET, PATH=path)
    wait_until(lambda: coop.started("alice"))
    shown = coop.tmux("list-panes", "-a", "-F", "#{pane_start_command}") + coop.tmux("show-environment", "-g")
    assert "exec_with_environment.py" in shown
    assert "exec_with_environment.py" in called.read_text()
    assert SECRET not in shown + called.read_text()
    private = Path(coop.environ["XDG_STATE_HOME"], "amq")
    held = [each for each in private.rglob("*") if each.is_file() and SECRET in each.read_text("latin-1")]
    assert held == []


def test_a_server_that_starts_with_the_agents_knows_none(coop: Project) -> None:
    """Otherwise each shell that the user opens there would act as the agent in whose shell it was started."""
    coop.amq("coop", "up", "--agents", coop.agent("alice"), AM_ME="bob", AMQ_RUN="x", API_KEY=SECRET)
    environment = coop.tmux("show-environment", "-g")
    assert "API_KEY=" in environment
    assert "AM_ME=" not in environment
    assert "AMQ_RUN=" not in environment


def test_without_a_private_directory_that_is_said(coop: Project, tmp_path: Path) -> None:
    done = coop.amq("coop", "up", "--agents", coop.agent("alice"), XDG_STATE_HOME=str(tmp_path))
    assert "amq: warning: alice gets the tmux server's environment, not yours: " in done.stderr
    wait_until(lambda: coop.started("alice"))


@pytest.fixture
def private() -> PrivateState:
    return private_state(os.environ, ())


@pytest.mark.parametrize("umask", [0o000, 0o777])
def test_the_file_is_the_user_s_alone_and_goes(private: PrivateState, umask: int) -> None:
    before = os.umask(umask)
    try:
        with handed_over(AWKWARD, private, "/q", "alice") as handover:
            assert stat.S_IMODE(os.stat(handover.file).st_mode) == 0o600
            assert stat.S_IMODE(os.stat(os.path.dirname(handover.file)).st_mode) == 0o700
            assert not handover.taken
    finally:
        os.umask(before)
    assert not os.path.exists(os.path.dirname(handover.file))


def test_it_is_handed_over_once(private: PrivateState) -> None:
    """Running the pane's command again by hand prints an error, and starts no agent with another environment."""
    with handed_over({"A": "b"}, private, "/q", "alice") as handover:
        command = handover.command(["/bin/sh", "-c", "echo $A"])
        first, second = (subprocess.run(command, capture_output=True, text=True, check=False) for _ in "12")
        assert handover.taken
    assert (first.returncode, first.stdout) == (0, "b\n")
    assert (second.returncode, second.stdout) == (1, "")
    assert second.stderr.startswith("amq: the agent did not get its environment, which can be read only once (")


def test_what_cannot_be_written_is_reported(private: PrivateState, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("amq.setup.caller_environment.write_private", full)
    with handed_over({}, private, "/q", "alice") as handover:
        assert (handover.why_not, handover.command(["x"])) == ("No space left on device", ["x"])


def test_a_pane_that_never_takes_it_is_named(
    coop: Project, private: PrivateState, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(coop_module, "START_WITHIN_S", 0.1)
    monkeypatch.setattr(Handover, "command", lambda *_: ["sleep", "100"])
    root = f"{coop.path}/.agent-mail"
    registry.make_queue(QueueLayout(root), tracked=False)
    agents = Coop(root, coop.environ, private)
    with pytest.raises(AmqError, match=r"alice did not start in tmux my-project:0\.0 in 0\.1 s"):
        agents.up([AgentSpec("alice", ("cat",))], str(coop.path), print)
    monkeypatch.setattr(Handover, "command", lambda *_: ["false"])
    (place,) = agents.up([AgentSpec("bob", ("cat",))], str(coop.path), print)
    assert place.state is State.STARTED, "it has ended, and its pane says why"


def test_what_describes_a_terminal_is_the_pane_s() -> None:
    data = b"A=b\0TERM=x\0KITTY_PID=1\0LINES=\0EMPTY=\0"
    pane = {b"TERM": b"tmux", b"STY": b"1", b"B": b"c"}
    assert exec_with_environment.environment_of(data, pane) == {
        b"A": b"b",
        b"EMPTY": b"",
        b"TERM": b"tmux",
        b"STY": b"1",
    }
