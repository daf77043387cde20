"""The sender without --me and AM_ME: the user in any shell of a terminal, and never an agent that lost its name."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pexpect
import pytest

from amq.runtime.agents import registry
from tests.conftest import Shell, run_amq, without_note
from tests.pty.user import hang_up
from tests.runtime.run_session import Desk

CLEAN = {name: os.environ[name] for name in ("PATH", "PYTHONPATH") if name in os.environ}
AMQ = f"{sys.executable} -m amq"
SEND = f"{AMQ} send --to bob"
AS_USER = {
    "pipe": f"echo hello | {SEND}",
    "here-document": f"{SEND} <<'EOF'\nhello\nEOF",
    "redirect": f"echo hello >f; {SEND} <f",
    "substitution": f"echo $({SEND} --body hello </dev/null)",
    "loop": f"printf 'hello\\n' >f; while read -r line; do {SEND} --body \"$line\"; done <f",
    "background": f"{SEND} --body hello </dev/null & wait",
}
"""Ways in which a user sends `hello` without an option that says who it is."""


def at_terminal(project: Path, command: str, **variables: str) -> str:
    """Return what COMMAND prints in a shell at a terminal of its own."""
    shell: pexpect.spawn[str] = pexpect.spawn(
        "sh", ["-c", command], cwd=str(project), env=CLEAN | variables, encoding="utf-8",
        dimensions=(24, 400),
    )  # fmt: skip
    try:
        shell.expect(pexpect.EOF)
        return str(shell.before)
    finally:
        hang_up(shell)


@pytest.mark.parametrize("way", AS_USER)
def test_the_user_needs_no_name(amq: Shell, way: str) -> None:
    said = at_terminal(amq.project, AS_USER[way])
    assert "amq: " not in said.replace("amq: nothing notifies bob", "")
    (name,) = amq.new()
    assert amq.stored(name.removesuffix(".md"))["from"] == "user"
    assert Path(amq.agent("bob").inbox_new, name).read_bytes().endswith(b"\nhello\n")


@pytest.mark.parametrize("variable", [*registry.shell_variables(), "AMQ_RUN"])
def test_an_agents_shell_at_a_terminal_is_not_the_user(amq: Shell, variable: str) -> None:
    said = at_terminal(amq.project, f"{SEND} --body x; echo =$?; {AMQ} env --json", **{variable: "1"})
    assert f"this shell is an agent's ({variable} is set)\r\n" in said
    assert "=2\r\n" in said
    assert '"me"' not in said
    assert amq.new() == []


def test_no_terminal_is_not_the_user_and_the_error_names_the_way(amq: Shell) -> None:
    """It is so in cron, in a git hook, in CI."""
    refused = run_amq("send", "--to", "bob", cwd=amq.project, stdin=b"x", **CLEAN)
    assert refused.returncode == 2
    assert refused.stderr.decode() == (
        "amq: who are you? no --me, AM_ME is not set, and there is no terminal\n"
        "     an agent: add --me HANDLE, or export AM_ME=HANDLE; the user: add --me user\n"
    )
    assert run_amq("send", "--to", "bob", "--me", "user", cwd=amq.project, stdin=b"x", **CLEAN).returncode == 0


def test_the_terminal_that_amq_run_made_is_not_the_users(desk: Desk) -> None:
    """The agent's CLI may clear the environment, as a shell of its own does here."""
    send = f"env -u AM_ME -u AMQ_RUN {AMQ} send --to codex"
    session = desk.run("sh", "-c", f"{send} --body x; echo x | {send}; echo $? asked; read _")
    session.expect_exact("2 asked")
    assert session.before is not None
    assert session.before.replace(b"\r\n", b"").count(b"this terminal is that of tui, which amq run hosts") == 2
    assert os.listdir(f"{desk.root}/agents/codex/inbox/new") == []


@pytest.mark.parametrize("damage", ["link", "file"])
def test_a_damaged_mailbox_makes_no_agent_the_user(desk: Desk, damage: str) -> None:
    """It comes before that of the agent, and another agent may have damaged it."""
    path = Path(desk.root, "agents", "aaa", ".amq")
    at_terminal(Path(desk.root), f"{AMQ} init --agents aaa", AM_ROOT=desk.root)
    path.symlink_to("/nowhere") if damage == "link" else path.touch()
    session = desk.run("sh", "-c", f"env -u AM_ME -u AMQ_RUN {AMQ} send --to codex --body x; echo $? asked; read _")
    session.expect_exact("2 asked")
    assert b"this terminal is that of tui" in (session.before or b"")


def test_a_terminal_beside_that_of_an_agent_is_the_users(desk: Desk) -> None:
    session = desk.run("sh", "-c", "echo ready; read _")
    session.expect_exact("ready")
    assert "Sent " in at_terminal(Path(desk.root), f"{SEND} --body x".replace("bob", "codex"), AM_ROOT=desk.root)
    session.sendline()


def test_with_a_text_stdin_is_left_alone_and_a_pipe_that_waits_is_named(amq: Shell) -> None:
    loop = f"printf '1\\n2\\n' | while read -r line; do {SEND} --me alice --body \"$line\"; done"
    said = at_terminal(amq.project, loop)
    assert len(amq.new()) == 2
    assert said.count("amq: stdin was not read, because --body gives the text; --body - reads it\r\n") == 1
    said = at_terminal(amq.project, f"echo x | {SEND} --me alice --body -; {SEND} --me alice --body x </dev/null")
    assert "was not read" not in said


@pytest.mark.parametrize(("body", "place"), [(b"caf\xe9\n", "0xe9 at 3"), ("cafÃ©\n".encode()[:-2], "0xc2 at 5")])
def test_a_body_that_is_not_utf8_is_sent_with_a_warning(amq: Shell, body: bytes, place: str) -> None:
    sent = amq("send", "--to", "bob", stdin=body)
    assert (sent.code, len(amq.new())) == (0, 1)
    assert (
        without_note(sent.err)
        == f"amq: warning: the body is not UTF-8 (byte {place}): readers see � there; sent as it is\n"
    )
