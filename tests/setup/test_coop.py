"""`amq coop up`, `status` and `down`, in a private tmux, with small agents."""

from __future__ import annotations

import os
import shlex
import subprocess
import sys
import tempfile
import threading
from pathlib import Path

import pexpect
import pytest

from amq.mail.mailbox import Mailbox
from amq.runtime import notifier_lock
from amq.runtime.private_state import PrivateState
from amq.setup.agent_specs import AgentSpec
from amq.setup.coop import Coop
from tests.pty.user import hang_up
from tests.setup.conftest import Project, own_processes, wait_until


def up(coop: Project, *agents: str, code: int = 0) -> list[str]:
    """Start AGENTS; return the report on each."""
    lines = coop.amq("coop", "up", "--agents", ",".join(agents), code=code).stdout.splitlines()
    return [line.rpartition(" ")[0] for line in lines]


def test_agents_start_side_by_side_and_are_notified_of_their_mail(coop: Project) -> None:
    said = up(coop, coop.agent("alice"), coop.agent("bob"))
    assert said == ["alice: started in tmux", "bob: started in tmux"]
    assert (
        coop.tmux("list-panes", "-a", "-F", "#{session_name} #{window_index}").split("\n")[:2] == ["my-project 0"] * 2
    )
    coop.amq("send", "--me", "alice", "--to", "bob", "--body", "hello")
    wait_until(lambda: "submitted amq: 1 new message from alice" in coop.wrote("bob"))


def test_a_version_that_is_not_tested_is_announced_once(coop: Project) -> None:
    program = coop.path / "codex"
    program.write_text('#!/bin/sh\n[ "$1" = --version ] && echo 9.9.7 || exec cat\n')
    program.chmod(0o755)
    line = "amq: codex 9.9.7 is neither tested nor certified with this amq; to try it offline: amq certify codex\n"
    said = [coop.amq("coop", "up", "--agents", f"{name}={program}").stderr for name in ("alice", "bob")]
    assert [text.count(line) for text in said] == [1, 0], said


def test_a_second_time_starts_only_what_is_missing(coop: Project) -> None:
    up(coop, coop.agent("alice"))
    assert up(coop, coop.agent("alice"), coop.agent("bob")) == [
        "alice: already running in tmux",
        "bob: started in tmux",
    ]
    wait_until(lambda: coop.started("bob") and coop.started("alice"))
    assert coop.started("alice") == 1


def test_a_damaged_mailbox_hides_no_agent(coop: Project) -> None:
    """Another agent may have made its `.amq` a link."""
    up(coop, coop.agent("alice"))
    coop.amq("init", "--agents", "aaa")
    coop.path.joinpath(".agent-mail", "agents", "aaa", ".amq").symlink_to("/tmp")
    said = coop.amq("coop", "status").stdout
    assert "aaa    unknown: its mailbox cannot be read" in said
    assert "alice  running" in said


def test_two_at_once_start_each_agent_once(coop: Project) -> None:
    three = coop.agent("alice").replace("=", "*3=", 1)
    callers = [threading.Thread(target=up, args=(coop, three)) for _ in "ab"]
    for caller in callers:
        caller.start()
    for caller in callers:
        caller.join()
    panes = coop.tmux("list-panes", "-a", "-F", "#{@amq_agent}").splitlines()
    assert sorted(panes) == ["alice", "alice-2", "alice-3"]


def test_a_program_that_is_not_installed_is_named_and_the_rest_starts(coop: Project) -> None:
    coop.environ["PATH"] = "/usr/bin:/bin"
    done = coop.amq("coop", "up", "--agents", f"codex,gpt=no-such-agent,{coop.agent('alice')}", code=1)
    assert done.stderr.splitlines()[-3:-1] == [
        "amq: codex: codex is not installed; install it: npm install -g @openai/codex",
        "amq: gpt: no-such-agent is not installed; install no-such-agent, or put it on the PATH",
    ]
    wait_until(lambda: coop.started("alice"))
    assert "gpt    not running: no-such-agent is not installed" in coop.amq("coop", "status").stdout
    assert not (coop.path / ".agent-mail" / "agents" / "gpt").exists(), "it may be a typing error"


def test_where_no_program_is_installed_nothing_is_made(coop: Project) -> None:
    said = coop.amq("coop", "up", "--agents", "gpt=no-such-agent", code=1).stderr
    assert said == "amq: gpt: no-such-agent is not installed; install no-such-agent, or put it on the PATH\n"
    assert not (coop.path / ".agent-mail").exists()


def test_the_first_agent_has_the_focus_and_it_is_said_how_to_see_it(coop: Project) -> None:
    said = coop.amq("coop", "up", "--agents", "alice=cat,bob=cat").stderr
    assert said.endswith("amq: to see the agents, run in a terminal: tmux attach-session -t my-project\n")
    active = coop.tmux("list-panes", "-a", "-f", "#{pane_active}", "-F", "#{@amq_agent}")
    assert active == "alice\n"


def test_borders_show_the_state_and_the_mail_and_the_status_line_the_user_s(coop: Project) -> None:
    coop.tmux("new-session", "-d", "-s", "kept", "cat")
    coop.tmux("set-option", "-g", "status-right", "mine")
    before = coop.tmux("show-options", "-g"), coop.tmux("show-options", "-gw")
    up(coop, coop.agent("alice"))

    def label(of: str) -> str:
        return coop.tmux("display-message", "-p", "-t", "my-project", f"#{{T:{of}}}").strip()

    wait_until(lambda: label("pane-border-format") == "alice: idle")
    assert label("status-right") == "mine"
    coop.amq("init", "--agents", "bob")
    coop.amq("send", "--me", "bob", "--to", "alice", "--priority", "low", "--body", "hello")
    coop.amq("send", "--me", "bob", "--to", "user", "--body", "hello")
    wait_until(lambda: label("pane-border-format") == "alice: idle, 1 unread")
    wait_until(lambda: label("status-right") == "user: 1 unread mine")
    assert (coop.tmux("show-options", "-g"), coop.tmux("show-options", "-gw")) == before
    assert "amq" not in coop.tmux("show-options", "-t", "kept") + coop.tmux("show-options", "-w", "-t", "kept")


def test_a_pane_whose_program_has_ended_says_so(coop: Project) -> None:
    up(coop, "alice=false")
    wait_until(lambda: coop.states() == {"alice": "ended"})
    assert coop.tmux("display-message", "-p", "-t", "my-project", "#{T:pane-border-format}") == " alice: ended \n"
    # tmux 3.3a does not always call it: sometimes it learns of the end of a program only when another one ends
    assert "set-option -p @amq_state ended" in coop.tmux("show-hooks", "-p", "-t", "my-project")
    up(coop, "alice=cat")
    assert "ended" not in coop.tmux("display-message", "-p", "-t", "my-project", "#{T:pane-border-format}")


def test_a_server_with_another_name_is_found_again(coop: Project) -> None:
    command = shlex.join([sys.executable, "-m", "amq", "coop", "up", "--agents", "alice=cat"])
    coop.tmux("-L", "other", "new-session", "-d", "-s", "mine", f"{command}; exec cat")
    try:
        wait_until(lambda: "started in tmux" in coop.tmux("-L", "other", "capture-pane", "-p", "-t", "mine:0"))
        said = coop.amq("coop", "up", "--agents", "alice=cat")
        assert said.stdout == "alice: already running in tmux mine:1.0\n"
        assert f"tmux -S {coop.environ['TMUX_TMPDIR']}/" in said.stderr
        assert said.stderr.endswith("/other attach-session -t mine\n")
        assert coop.amq("coop", "down").stdout == "alice: ended\n"
    finally:
        coop.tmux("-L", "other", "kill-server")


def test_an_agent_that_is_hosted_elsewhere_is_neither_started_nor_ended(coop: Project) -> None:
    coop.amq("init", "--here", "--agents", "alice")
    claim = notifier_lock.claim(Mailbox(str(coop.path / ".agent-mail"), "alice").state_dir, "run")
    assert up(coop, coop.agent("alice")) == ["alice: already running elsewhere (process"]
    assert coop.states() == {"alice": "elsewhere"}
    assert coop.amq("coop", "down").stdout == (
        f"alice: left running: coop up did not start it (process {os.getpid()})\n"
    )
    claim.release()


def test_inside_tmux_the_session_gets_a_window(coop: Project) -> None:
    command = shlex.join([sys.executable, "-m", "amq", "coop", "up", "--agents", coop.agent("alice")])
    coop.tmux("new-session", "-d", "-s", "mine", f"{command}; exec cat")
    wait_until(lambda: coop.started("alice"))
    assert coop.tmux("list-windows", "-a", "-F", "#{session_name} #{window_name}").endswith("\nmine amq\n")


def test_a_terminal_is_shown_the_session(coop: Project) -> None:
    words = ["-m", "amq", "coop", "up", "--agents", f"{coop.agent('alice')},bob=no-such-agent,carl=false"]
    user = pexpect.spawn(sys.executable, words, cwd=str(coop.path), env=coop.environ, timeout=30)
    wait_until(lambda: coop.tmux("list-clients") and coop.states().get("carl") == "ended")
    coop.tmux("detach-client", "-s", "my-project")
    user.expect_exact("[detached (from session my-project)]")
    user.expect_exact("amq: bob: no-such-agent is not installed")
    user.expect(r"amq: carl has ended( with status 1)?; its pane shows why: tmux attach-session -t my-project")
    user.expect_exact("amq: the agents keep running: amq coop up shows them again, amq coop down stops them")
    hang_up(user)
    assert coop.states()["alice"] == "running"


def test_a_user_at_a_terminal_is_asked_once_whether_agents_may_use_amq_unasked(coop: Project) -> None:
    program = coop.path / "claude"
    program.write_text("#!/bin/sh\nexec cat\n")
    program.chmod(0o700)
    words = ["-m", "amq", "coop", "up", "--agents", f"claude={program}"]
    with tempfile.TemporaryDirectory(dir="/var/tmp", prefix="amq-") as config:
        environ = {**coop.environ, "XDG_CONFIG_HOME": config}
        user = pexpect.spawn(sys.executable, words, cwd=str(coop.path), env=environ, timeout=30)
        user.expect_exact("[y/N]")
        user.send("\r")
        wait_until(lambda: coop.tmux("list-clients"))
        hang_up(user)
        assert Path(config, "amq", "config.toml").read_text() == "allow_amq = false\n"


def test_a_session_name_that_is_taken_gets_a_number(coop: Project) -> None:
    coop.tmux("new-session", "-d", "-s", "my-project", "cat")
    up(coop, coop.agent("alice"))
    assert "my-project-2" in coop.tmux("list-sessions")


def test_a_program_that_fails_leaves_its_pane_and_is_started_again(coop: Project) -> None:
    up(coop, "alice=sh -c 'echo because; exit 3'")
    wait_until(lambda: coop.states() == {"alice": "ended"})
    assert coop.value("coop", "status")["agents"][0].get("status") in (3, None)
    assert "because" in coop.tmux("capture-pane", "-p", "-t", "my-project")
    assert up(coop, coop.agent("alice")) == ["alice: started in tmux"]
    wait_until(lambda: coop.started("alice"))
    assert len(coop.tmux("list-panes", "-a").splitlines()) == 1


def test_down_ends_all_and_says_what_mail_remains(coop: Project) -> None:
    up(coop, coop.agent("alice"), "bob=cat")
    wait_until(lambda: coop.started("alice"))
    coop.tmux("new-session", "-d", "-s", "other", "cat")
    coop.amq("send", "--me", "alice", "--to", "carl", "--create", "--body", "hello")
    said = coop.amq("coop", "down").stdout.splitlines()
    assert sorted(said[:2]) == ["alice: ended", "bob: ended"]
    assert said[2:] == ["carl: 1 unread, kept in the queue"]
    assert coop.tmux("list-sessions", "-F", "#{session_name}") == "other\n"
    assert coop.amq("coop", "down").stdout == "carl: 1 unread, kept in the queue\n"


def test_down_ends_the_agents_from_a_sandbox_too(coop: Project) -> None:
    """In a sandbox their numbers are those of other processes, or of none."""
    up(coop, coop.agent("alice"))
    wait_until(lambda: coop.started("alice"))
    ended = subprocess.run(
        [*own_processes(), sys.executable, "-m", "amq", "coop", "down"],
        cwd=coop.path, env=coop.environ, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert (ended.returncode, ended.stdout) == (0, "alice: ended\n")


def test_down_says_that_there_was_nothing_to_end(coop: Project) -> None:
    coop.amq("init", "--here", "--agents", "alice")
    done = coop.amq("coop", "down")
    assert (done.stdout, done.stderr) == ("", "amq: nothing to stop\n")


def test_a_program_that_does_not_end_is_named(coop: Project) -> None:
    up(coop, "alice=sh -c 'trap : TERM; while :; do read line; echo still; done'")
    wait_until(lambda: coop.states() == {"alice": "running"})
    wait_until(lambda: "notifier" in coop.value("who", "--me", "user")[0])
    done = coop.amq("coop", "down", "--timeout", "300ms", code=1)
    assert done.stdout.startswith("alice: still running in tmux my-project:0.0 (process ")
    assert coop.states() == {"alice": "running"}


def test_another_queues_agents_are_not_ours(coop: Project, tmp_path: Path) -> None:
    up(coop, coop.agent("alice"))
    other = Project(tmp_path / "other", coop.environ)
    other.path.mkdir()
    up(other, other.agent("alice"))
    assert other.amq("coop", "down").stdout == "alice: ended\n"
    assert coop.states() == {"alice": "running"}


def test_the_hooks_in_the_panes_refuse_edits_on_request() -> None:
    coop, alice = Coop("/q", {"PATH": "/bin"}, PrivateState("")), AgentSpec("alice", ("claude",))
    assert "--deny-leased" not in coop._command(alice)
    coop.refuse_leased()
    assert coop._command(alice)[-5:] == ["--deny-leased", "--as", "alice", "--", "claude"]


def test_without_tmux_there_is_one_line_for_each_terminal(bare: Project) -> None:
    (bare.path / "bin").mkdir()
    for name in ("alice", "env", "sh"):
        (bare.path / "bin" / name).symlink_to("/bin/true")
    bare.environ["PATH"] = str(bare.path / "bin")
    done = bare.amq("coop", "up", "--agents", "alice,codex", code=1)
    assert "codex is not installed" in done.stderr
    assert done.stderr.endswith(
        "amq: tmux is not installed, so the agents do not open side by side; run each line in its own terminal:\n"
    )
    (line,) = done.stdout.splitlines()
    assert line == f"cd {bare.path} && {sys.executable} -P -m amq run --as alice -- alice"
    (trusted,) = bare.amq("coop", "up", "--trust-root", "--agents", "alice").stdout.splitlines()
    assert trusted.endswith(" -m amq run --trust-root --as alice -- alice")
    (refusing,) = bare.amq("coop", "up", "--deny-leased", "--agents", "alice").stdout.splitlines()
    assert refusing.endswith(" -m amq run --deny-leased --as alice -- alice")
    assert bare.amq("coop", "up", "--tmux", code=1).stderr.startswith("amq: tmux is not installed")


def test_a_printed_line_does_what_it_says(bare: Project, tmp_path: Path) -> None:
    root = tmp_path / "the queue"
    root.mkdir()
    words = ["coop", "up", "--print", "--root", str(root), "--agents", "alice=sh -c 'echo $AM_ME $AM_ROOT'"]
    (line,) = bare.value(*words)["commands"]
    done = subprocess.run(["sh", "-c", line], env=bare.environ, capture_output=True, text=True, check=False)
    assert done.stdout.split("\n")[0].rstrip() == f"alice {root}"


def test_no_line_is_printed_for_an_agent_that_runs(bare: Project) -> None:
    bare.amq("init", "--here", "--agents", "alice,bob")
    claim = notifier_lock.claim(Mailbox(str(bare.path / ".agent-mail"), "alice").state_dir, "run")
    (line,) = bare.value("coop", "up", "--print", "--agents", "alice=cat,bob=cat")["commands"]
    assert "--as bob" in line
    claim.release()


def test_no_queue_no_agents(bare: Project) -> None:
    for action in ("status", "down"):
        assert "no queue" in bare.amq("coop", action, code=3).stderr
    assert bare.amq("coop", "up", "--agents", "user", code=2)
    assert not (bare.path / ".agent-mail").exists()


@pytest.mark.parametrize("options", [[], ["--json"]])
def test_json_of_up(coop: Project, options: list[str]) -> None:
    words = ["coop", "up", "--agents", coop.agent("alice"), *options]
    coop.amq(*words)
    assert coop.value(*words)["agents"][0]["state"] == "running"
