"""Queues that may be announced: those that the user made, and those that the user trusts."""

from __future__ import annotations

import errno
import json
import os
import shutil
import subprocess
import sys
import time
from argparse import Namespace
from collections.abc import Iterator
from pathlib import Path

import pexpect
import pytest

from amq import git_repository
from amq.cli.commands import coop_up
from amq.cli.output import Output
from amq.errors import AmqError
from amq.mail.mailbox import Mailbox
from amq.runtime import trust as module
from amq.runtime import user_config
from amq.runtime.file_birth_time import born_ns
from amq.runtime.private_state import PrivateState, private_state
from amq.runtime.trust import Trust, Trusted, ask, revoke, trust, trusted_queues, why_untrusted
from amq.setup.agent_specs import AgentSpec
from amq.setup.coop import Coop
from tests.conftest import Shell, private_directory
from tests.pty.user import wait_until
from tests.runtime.test_git_index import Repository

OTHER = 12345  # a user


@pytest.fixture
def state() -> Iterator[PrivateState]:
    state = private_state(os.environ, ())
    yield state
    Path(state.directory, "trust.json").unlink(missing_ok=True)


@pytest.fixture
def clone(amq: Shell, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Shell:
    """Clone a repository that tracks a queue with mail for bob; the clone is the working directory."""
    shutil.rmtree(amq.project / ".git")
    amq.send()
    (amq.root / ".gitignore").unlink()
    for directory, names, files in os.walk(amq.root):
        if not names and not files:
            Path(directory, ".gitkeep").touch()
    origin = Repository(amq.project)
    origin("add", "-f", ".")
    origin("commit", "-qm", "x")
    subprocess.run(["git", "clone", "-q", str(amq.project), str(tmp_path / "clone")], check=True, capture_output=True)
    monkeypatch.chdir(tmp_path / "clone")
    amq.project, amq.root = tmp_path / "clone", tmp_path / "clone" / ".agent-mail"
    return amq


def test_a_queue_of_the_user_s_own_needs_no_word(amq: Shell, state: PrivateState) -> None:
    assert why_untrusted(str(amq.root), state) == ""
    shutil.rmtree(amq.project / ".git")
    Repository(amq.project)
    assert why_untrusted(str(amq.root), state) == ""


def test_a_queue_that_a_repository_tracks_needs_one(clone: Shell, state: PrivateState) -> None:
    assert why_untrusted(str(clone.root), state).startswith(f"the repository {clone.project} tracks it")
    trust(str(clone.root), state)
    assert why_untrusted(str(clone.root), state) == ""
    shutil.copytree(clone.root, clone.root.with_name("other"))
    shutil.rmtree(clone.root)
    clone.root.with_name("other").rename(clone.root)
    assert why_untrusted(str(clone.root), state), "another directory at the same path"


def test_a_clone_as_the_queue_needs_one(clone: Shell, state: PrivateState, tmp_path: Path) -> None:
    """The clone's own repository tracks the queue's files."""
    shutil.move(clone.root, tmp_path / "mail")
    git = Repository(tmp_path / "mail")
    git("add", "-f", ".")
    assert "tracks it" in why_untrusted(str(tmp_path / "mail"), state)


def test_a_link_that_a_repository_tracks_needs_one(clone: Shell, state: PrivateState, tmp_path: Path) -> None:
    """It may lead to the mail of another project, of which the user is the owner."""
    git = Repository(tmp_path / "r")
    (git.top / ".agent-mail").symlink_to(tmp_path / "project" / ".agent-mail")
    shutil.rmtree(tmp_path / "project" / ".git")
    assert why_untrusted(str(git.top / ".agent-mail"), state) == ""
    git("add", "-f", ".agent-mail")
    assert "tracks it" in why_untrusted(str(git.top / ".agent-mail"), state)


@pytest.mark.skipif(os.geteuid() != 0, reason="needs root")
@pytest.mark.parametrize("name", ["", "agents", "agents/bob/inbox/new", "agents/carol/.amq", "agents/bob/else/where"])
def test_a_directory_of_another_user_s_needs_one(amq: Shell, state: PrivateState, name: str) -> None:
    (amq.root / name).mkdir(parents=True, exist_ok=True)
    os.chown(amq.root / name, OTHER, OTHER)
    assert why_untrusted(str(amq.root), state) == f"{amq.root / name} belongs to another user".replace("/ ", " ")


def test_a_link_in_the_place_of_a_directory_needs_one(amq: Shell, state: PrivateState) -> None:
    shutil.move(amq.root / "agents" / "bob", amq.project / "elsewhere")
    (amq.root / "agents" / "bob").symlink_to(amq.project / "elsewhere")
    assert why_untrusted(str(amq.root), state) == f"{amq.root}/agents/bob is a link"


def test_what_cannot_be_known_needs_one(amq: Shell, state: PrivateState) -> None:
    assert why_untrusted(str(amq.root / "missing"), state).startswith("cannot inspect it")
    (amq.project / ".git" / "index").write_bytes(b"?")
    assert "cannot tell whether" in why_untrusted(str(amq.root), state)
    (amq.project / ".git" / "index").unlink()
    Path(state.directory, "trust.json").write_text('{"trusted": [{}]}')
    assert "cannot be read" in why_untrusted(str(amq.root), state)


@pytest.mark.parametrize("code", [errno.EACCES, errno.EIO, errno.EMFILE])
def test_a_list_that_cannot_be_read_now_is_not_to_be_removed(
    amq: Shell, state: PrivateState, monkeypatch: pytest.MonkeyPatch, code: int
) -> None:
    trust(str(amq.root), state)

    def fail(path: str, *_: object) -> bytes:
        raise OSError(code, os.strerror(code), path)

    monkeypatch.setattr(git_repository, "read_regular", fail)
    monkeypatch.setattr(user_config, "_why_not", lambda *_: "")
    for read in (lambda: trusted_queues(state), lambda: user_config.read_config({"HOME": "/"}, ())):
        with pytest.raises(AmqError, match="cannot be read") as caught:
            read()
        assert caught.value.hint
        assert "remove" not in caught.value.hint


def test_what_has_the_number_of_a_trusted_queue_is_not_trusted(clone: Shell, state: PrivateState) -> None:
    """Many filesystems give an inode number again at once."""
    root = str(clone.root)
    if not born_ns(root):
        pytest.skip("this filesystem does not know when a file was made")
    assert abs(born_ns(root) / 1e9 - time.time()) < 60
    trust(root, state)
    assert [each.born_ns for each in trusted_queues(state)] == [born_ns(root)]
    record = Path(state.directory, "trust.json")
    for place in ("path", "device", "inode", "born_ns"):
        wire = json.loads(record.read_text())
        wire["trusted"][0][place] += "/" if place == "path" else 1
        other = record.with_name("other.json")
        other.write_text(json.dumps(wire))
        assert why_untrusted(root, state) == ""
        os.replace(other, record)
        assert why_untrusted(root, state), place
        revoke(wire["trusted"][0]["path"], state)
        trust(root, state)


def test_a_record_that_is_a_fifo_is_not_waited_for(state: PrivateState) -> None:
    os.mkfifo(f"{state.directory}/trust.json")
    with pytest.raises(AmqError, match="not a regular file"):
        trusted_queues(state)


@pytest.mark.parametrize(
    "text",
    [
        "", "[]", '{"trusted": [1]}', '{"trusted": [{"path": "/q", "device": 1e400, "inode": 1, "born_ns": 0}]}',
        '{"trusted": [{"path": "/q", "device": "1", "inode": 1, "born_ns": 0}]}',
        '{"trusted": [{"path": 1, "device": 1, "inode": 1, "born_ns": 0}]}',
        '{"trusted": [{"path": "/q", "device": 1, "inode": 1.5, "born_ns": 0}]}',
    ],
)  # fmt: skip
def test_a_record_that_is_damaged_is_said(clone: Shell, state: PrivateState, text: str) -> None:
    Path(state.directory, "trust.json").write_text(text)
    result = clone("trust", "--list")
    assert (result.code, "cannot be read" in result.err) == (1, True)
    assert "cannot be read" in why_untrusted(str(clone.root), state)


def test_what_is_trusted_is_kept_listed_and_taken_back(amq: Shell, state: PrivateState, tmp_path: Path) -> None:
    other = tmp_path / "\udcff other"
    other.mkdir()
    for root in (str(other), str(amq.root), str(amq.root)):
        trust(root, state)
    assert trusted_queues(state) == sorted([Trusted.at(str(amq.root)), Trusted.at(str(other))], key=lambda q: q.path)
    assert revoke(str(amq.root), state)
    assert not revoke(str(amq.root), state)
    assert trusted_queues(state) == [Trusted.at(str(other))]


def test_it_is_looked_into_again_after_a_while_and_before_something_is_announced(
    amq: Shell, state: PrivateState
) -> None:
    now = 0.0
    asked = Trust(str(amq.root), state, clock=lambda: now)
    index = amq.project / ".git" / "index"
    assert not asked.why_not()
    index.write_bytes(b"?")
    assert not asked.why_not()
    assert asked.why_not(anew=True)
    index.unlink()
    assert asked.why_not()
    now += module.LOOK_AGAIN_S
    assert not asked.why_not()
    index.write_bytes(b"?")
    assert not Trust(str(amq.root), state, given=True).why_not()


@pytest.mark.parametrize("kept", [True, False])
def test_the_panes_get_an_answer_that_cannot_be_saved(
    clone: Shell, state: PrivateState, monkeypatch: pytest.MonkeyPatch, kept: bool
) -> None:
    """Panes ask nothing by themselves, and would find no record."""
    if not kept:
        for name in ("HOME", "XDG_STATE_HOME", "XDG_RUNTIME_DIR"):
            monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(module, "ask", lambda *_: True)
    coop = Coop(str(clone.root), os.environ, state)
    coop_up._settle_trust(Namespace(trust_root=False, no_ask=False), coop, ["bob"], Output(json=False))
    assert ("--trust-root" in coop.line(AgentSpec("bob", ("claude",)), str(clone.project))) is not kept
    assert bool(trusted_queues(state)) is kept


ASK = """
import sys
from amq.runtime.trust import ask
print("answer:", ask("/q", "it is odd", lambda text: print(text, flush=True), float(sys.argv[1])), flush=True)
print("rest:", repr(sys.stdin.readline()), flush=True)
"""


@pytest.mark.parametrize(
    ("typed", "answer"), [("y\r", True), ("YES\r", True), ("n\r", False), ("\r", False), ("yep\r", False)]
)
def test_only_a_yes_is_one(typed: str, answer: bool) -> None:
    user = pexpect.spawn(sys.executable, ["-c", ASK, "30"], timeout=30, encoding="utf-8")
    user.expect_exact("[y/N]")
    user.send(typed)
    user.expect_exact(f"answer: {answer}")
    user.close()


def test_no_answer_in_time_is_a_no_and_keys_from_before_and_after_are_not_the_program_s() -> None:
    user = pexpect.spawn("sh", ["-c", 'sleep 0.3; exec "$@"', "sh", sys.executable, "-c", ASK, "1"], timeout=30)
    user.send(b"y\r")  # before there is a question
    user.expect_exact(b"[y/N]")
    user.send(b"y")  # without Enter
    user.expect_exact(b"answer: False")
    user.send(b"later\r")
    user.expect_exact(b"rest: 'later\\n'")
    user.close()


def test_without_a_terminal_nothing_is_asked(capfd: pytest.CaptureFixture[str]) -> None:
    assert not ask("/q", "it is odd", print)
    assert capfd.readouterr().out == ""


class TestCommands:
    def test_trust_list_and_revoke(self, clone: Shell, state: PrivateState) -> None:
        assert clone.ok("trust") == f"trusted: {clone.root}\n"
        assert clone("trust", "--list", "--json").value == [dict(Trusted.at(str(clone.root)).__dict__)]
        assert why_untrusted(str(clone.root), state) == ""
        assert clone.ok("trust", "--revoke") == f"no longer trusted: {clone.root}\n"
        assert clone("trust", "--revoke").code == 3
        assert clone.ok("trust", "--list") == ""

    def test_where_it_cannot_be_kept_that_is_said(self, clone: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.delenv("XDG_STATE_HOME")
        result = clone("trust", "--json")
        assert (result.code, result.error["code"]) == (1, "no_private_directory")
        assert "--trust-root" in result.error["hint"]

    def test_a_tracked_queue_of_the_user_s_own_is_trusted(
        self, shell: Shell, tmp_path: Path, state: PrivateState
    ) -> None:
        shell.ok("init", "--tracked", "--agents", "alice", "--root", str(tmp_path / "mail"))
        assert trusted_queues(state) == [Trusted.at(str(tmp_path / "mail"))]
        shell("init", "--tracked", "--agents", "bob", "--root", str(tmp_path / "mail"))
        shell.ok("trust", "--revoke", "--root", str(tmp_path / "mail"))
        shell("init", "--tracked", "--agents", "bob", "--root", str(tmp_path / "mail"))
        assert trusted_queues(state) == [], "one that was there may be another's"

    @pytest.mark.parametrize("words", ["list", "drain --include-body", "who", "why bob", "trace --id x", "doctor"])
    def test_mail_commands_never_ask(self, clone: Shell, words: str) -> None:
        result = clone(*words.split(), me="bob")
        assert "tracks it" not in result.err

    def test_hooks_say_nothing_of_it(self, clone: Shell, state: PrivateState) -> None:
        for event in ("SessionStart", "UserPromptSubmit", "PostToolUse", "Stop"):
            assert clone.ok("hook", "claude", event, me="bob", stdin=b"{}") == ""
        assert "tracks it" in (private_directory(clone.root, "bob") / "run.log").read_text()
        trust(str(clone.root), state)
        assert "bob" in clone.ok("hook", "claude", "SessionStart", me="bob", stdin=b"{}")
        assert "1 new message from alice" in clone.ok("hook", "claude", "Stop", me="bob", stdin=b"{}")

    def test_the_user_is_not_alerted_either(self, clone: Shell, state: PrivateState) -> None:
        """Codex's `notify` would do so on the desktop, and in a file beside the registry."""
        event = json.dumps({"type": "agent-turn-complete"})
        bulletin = clone.root / "meta" / "amq-bulletin.json"
        assert (clone.ok("hook", "codex", "notify", event, me="bob"), bulletin.exists()) == ("", False)
        trust(str(clone.root), state)
        assert "alice" in clone.ok("hook", "codex", "notify", event, me="bob")
        assert bulletin.exists()

    def test_hooks_of_a_call_with_the_user_s_word_speak(self, clone: Shell) -> None:
        assert clone.ok("hook", "claude", "Stop", "--trust-root", me="bob", stdin=b"{}") != ""


PROGRAM = """#!/bin/sh
[ "$1" = --version ] && exit
printf '%s ' "$@" >>"$0.log"
printf '\\nin: ' >>"$0.log"
cat >>"$0.log"
"""


class TestHosting:
    """`amq run` in a clone that brings a queue along."""

    @pytest.fixture
    def program(self, tmp_path: Path) -> Path:
        program = tmp_path / "bin" / "claude"
        program.parent.mkdir()
        program.write_text(PROGRAM)
        program.chmod(0o700)
        return program

    def host(self, clone: Shell, program: Path, *options: str) -> pexpect.spawn[str]:
        words = ["-m", "amq", "run", "--as", "bob", *options, "--", str(program), "word"]
        return pexpect.spawn(sys.executable, words, cwd=str(clone.project), timeout=30, encoding="utf-8")

    def log(self, program: Path) -> str:
        path = program.with_name("claude.log")
        return path.read_text() if path.exists() else ""

    def test_a_no_hosts_without_hooks_and_says_why(self, clone: Shell, program: Path) -> None:
        user = self.host(clone, program)
        user.expect_exact("tracks it, so someone else may have made it")
        user.expect_exact("[y/N]")
        user.sendline("n")
        user.expect_exact("agents are not notified of mail here")
        wait_until(lambda: "in: " in self.log(program))
        assert "--settings" not in self.log(program)
        why = clone("why", "bob", "--json").value
        assert (why["waits_for"], "amq trust" in why["detail"]) == ("untrusted-queue", True)
        user.close(force=True)

    def test_a_yes_is_kept(self, clone: Shell, program: Path, state: PrivateState) -> None:
        user = self.host(clone, program)
        user.expect_exact("[y/N]")
        user.sendline("y")
        wait_until(lambda: "in: " in self.log(program))
        assert "--settings" in self.log(program)
        assert trusted_queues(state) == [Trusted.at(str(clone.root))]
        user.close(force=True)

    @pytest.mark.parametrize("options", [("--no-ask",), ("--trust-root",)])
    def test_with_an_option_nothing_is_asked(self, clone: Shell, program: Path, options: tuple[str, ...]) -> None:
        user = self.host(clone, program, *options)
        wait_until(lambda: "in: " in self.log(program))
        assert ("--settings" in self.log(program)) == (options == ("--trust-root",))
        assert "[y/N]" not in (user.before or "")
        user.close(force=True)

    def test_mail_that_comes_later_is_held_until_the_user_trusts_the_queue(
        self, clone: Shell, program: Path, state: PrivateState
    ) -> None:
        for name in clone.new():
            Path(clone.agent("bob").inbox_new, name).unlink()
        user = self.host(clone, program)
        wait_until(lambda: "in: " in self.log(program))
        clone.send()
        wait_until(lambda: clone("why", "bob", "--json").value.get("waits_for") == "untrusted-queue")
        trust(str(clone.root), state)
        wait_until(lambda: clone("why", "bob", "--json").value.get("waits_for") != "untrusted-queue")
        user.close(force=True)

    def test_nothing_of_the_clone_is_run(self, clone: Shell, program: Path, tmp_path: Path) -> None:
        """Not even where the user has trusted it: only mail is."""
        planted = clone.root / "agents" / "bob" / ".amq"
        (planted / "bin").mkdir(parents=True)
        for name in ("bin/bash", "bin/sh", "bin/amq", "bin/git", "bin/cat", "hook"):
            (planted / name).write_text(f"#!/bin/sh\ntouch {tmp_path}/run-{os.path.basename(name)}\n")
            (planted / name).chmod(0o755)
        user = self.host(clone, program, "--trust-root")
        wait_until(lambda: "in: " in self.log(program))
        wait_until(lambda: clone("who", "--json").value[1].get("notifier"))
        assert not list(tmp_path.glob("run-*"))
        user.close(force=True)
        assert not list(tmp_path.glob("run-*"))


def test_a_sender_that_is_not_registered_is_not_named(amq: Shell) -> None:
    account = Mailbox(str(amq.root), "bob").account
    assert account.known_agents() == {"user", "alice", "bob", "carol"}
    Path(amq.agent("stranger").inbox_new).mkdir(parents=True)
    assert "stranger" not in account.known_agents()
    Path(amq.root, "meta", "config.json").write_text("{")
    assert account.known_agents() == {"user"}
    Path(amq.root, "meta", "config.json").unlink()
    assert account.known_agents() == {"user", "alice", "bob", "carol", "stranger"}


def test_names_in_the_introduction_are_few(amq: Shell) -> None:
    registry = Path(amq.root, "meta", "config.json")
    names = [f"agent-{number:03}" for number in range(100)]
    registry.write_text(json.dumps({"version": 1, "agents": ["bob", *names]}))
    printed = json.loads(amq.ok("hook", "claude", "SessionStart", me="bob", stdin=b"{}"))
    text = printed["hookSpecificOutput"]["additionalContext"]
    assert "agent-019 and 81 more." in text
    assert "agent-020" not in text


@pytest.mark.skipif(os.geteuid() != 0, reason="needs root")
def test_a_trusted_queue_of_another_user_s_needs_no_flag(amq: Shell, state: PrivateState) -> None:
    for directory, _, files in os.walk(amq.root):
        for path in (directory, *(os.path.join(directory, name) for name in files)):
            os.chown(path, OTHER, OTHER)
    assert amq("list").code == 1
    assert "another user" in amq("run", "--no-wake", "--", "true").err
    trust(str(amq.root), state)
    assert amq("list").code == 0
    assert amq("run", "--as", "alice", "--no-wake", "--", "true").code == 0
    assert why_untrusted(str(amq.root), state) == ""
