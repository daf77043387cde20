"""`amq hook`: its output, and that it never fails an agent."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from amq.mail.inbox_view import InboxView, Unread
from amq.mail.mailbox import Mailbox
from amq.runtime import notifier_lock
from amq.runtime.hooks.announcements import HookStateWatcher, read_state
from amq.runtime.journal import WakeJournal
from tests.conftest import Shell, private_directory
from tests.samples import HEADER, message_file

LINE = "amq: 1 new message from alice. Run: amq drain --include-body"


@pytest.fixture
def state(amq: Shell) -> str:
    return str(private_directory(amq.root, "bob"))


def hook(amq: Shell, event: str, **told: Any) -> Any:
    """Return the hook's output; None if there is none."""
    out = amq.ok("hook", "claude", event, me="bob", stdin=json.dumps({"session_id": "s", **told}).encode())
    return json.loads(out) if out else None


def context(printed: Any) -> str:
    return str(printed["hookSpecificOutput"]["additionalContext"])


@pytest.mark.parametrize("event", ["start", "SessionStart"])
def test_a_session_begins_with_who_one_is(amq: Shell, state: str, event: str) -> None:
    text = context(hook(amq, event))
    assert text.startswith("You are `bob` in this project's mail (amq). Others: alice, carol")
    assert read_state(state).session == "s"


@pytest.mark.parametrize("event", ["prompt", "tool", "stop", "UserPromptSubmit", "PostToolUse", "Stop", "ask", "?"])
def test_without_mail_nothing_is_said(amq: Shell, event: str) -> None:
    assert hook(amq, event) is None


def test_urgent_mail_is_handed_over_once_and_recorded(amq: Shell, state: str) -> None:
    watch = HookStateWatcher(state)
    identifier = amq.send("--priority", "urgent")
    assert context(hook(amq, "tool")) == LINE
    assert hook(amq, "tool") is None
    (entry,) = WakeJournal(state).entries()
    assert (entry["ids"], entry["way"], entry["outcome"]) == ([identifier], "hook tool", "handed")
    assert [watch.another(), watch.another()] == [frozenset({identifier}), frozenset()]
    assert not HookStateWatcher(state).another(), "what was handed over before does not count"


def test_other_mail_is_handed_over_when_it_has_waited(amq: Shell) -> None:
    amq.send()
    assert hook(amq, "tool") is None
    out = amq.ok("hook", "claude", "tool", "--normal-after", "0", me="bob", stdin=b"{}")
    assert context(json.loads(out)) == LINE


def test_a_turn_goes_on_once(amq: Shell) -> None:
    amq.send("--priority", "low")
    assert hook(amq, "stop") is None
    amq.send()
    assert context(hook(amq, "Stop")) == "amq: 2 new messages from alice. Run: amq drain --include-body"
    assert hook(amq, "stop", stop_hook_active=True) is None


def test_a_sub_agent_has_no_mail(amq: Shell) -> None:
    amq.send("--priority", "urgent")
    assert hook(amq, "tool", agent_id="a1") is None
    assert hook(amq, "tool") is not None


def test_a_message_that_is_none_is_handed_over_too(amq: Shell) -> None:
    amq.put("bad.md", b"nonsense")
    assert context(hook(amq, "tool")) == "amq: 1 new message. Run: amq drain --include-body"


@pytest.mark.parametrize("event", ["SessionStart", "Stop"])
def test_an_event_reads_the_inbox_once(amq: Shell, monkeypatch: pytest.MonkeyPatch, event: str) -> None:
    """One look, so the decision, the output and the record are about one set of messages."""
    amq.send()
    looks, look = list[InboxView](), InboxView.look

    def noted(view: InboxView) -> list[Unread]:
        looks.append(view)
        return look(view)

    monkeypatch.setattr(InboxView, "look", noted)
    assert hook(amq, event) is not None
    assert len(looks) == 1


@pytest.mark.parametrize("stdin", [b"", b"nonsense", b"[]", b'{"prompt": 7, "session_id": []}', b"\xff" * 100])
def test_an_event_that_cannot_be_parsed_fails_no_agent(amq: Shell, stdin: bytes) -> None:
    amq.send("--priority", "urgent")
    result = amq("hook", "claude", "tool", me="bob", stdin=stdin)
    assert (result.code, result.err) == (0, "")


@pytest.mark.parametrize("words", [("claude", "Unknown"), ("--root", "/nowhere", "claude", "stop")])
def test_a_call_that_leads_nowhere_is_silent(amq: Shell, words: tuple[str, ...]) -> None:
    result = amq("hook", *words, me="bob", stdin=b"{}")
    assert (result.code, result.out, result.err) == (0, "", "")


@pytest.mark.parametrize(
    "words",
    [
        "hook", "hook claude", "hook instal claude", "hook gemini Stop", "hook claude Stop --bogus",
        "--bogus hook claude", "--root hook claude Stop", "--me hook codex Stop", "--root hook",
        "hook claude Stop --root", "hook claude Stop --me a --normal-after soon", "hook claude Stop -- more",
        "hook claude Stop --json=x", "hook claude Stop --normal-after 1 --normal-after 2",
    ],
)  # fmt: skip
def test_a_wrong_call_fails_no_agent_and_says_so(amq: Shell, words: str) -> None:
    result = amq(*words.split(), me="bob", stdin=b"{}")
    assert (result.code, result.out) == (0, "")
    assert result.err.startswith("amq: ")


@pytest.mark.parametrize("error", [ZeroDivisionError, OSError, KeyboardInterrupt])
def test_an_internal_error_fails_no_agent_and_is_said(
    amq: Shell, monkeypatch: pytest.MonkeyPatch, error: type[BaseException]
) -> None:
    def broken(*_: object) -> None:
        raise error

    monkeypatch.setattr("amq.cli.commands.hook.run", broken)
    assert amq("hook", "claude", "Stop", me="bob", stdin=b"{}").code == 0


def test_a_call_of_another_command_that_is_wrong_fails(amq: Shell) -> None:
    assert [amq(*words.split()).code for words in ("hok claude Stop", "--me hook list")] == [2, 3]


def test_without_a_handle_nothing_is_said(amq: Shell) -> None:
    result = amq("hook", "claude", "stop", me=None, stdin=b"{}")
    assert (result.code, result.out, result.err) == (0, "", "")


def test_a_broken_queue_fails_no_agent_and_is_logged(amq: Shell, state: str) -> None:
    Path(state, "hook.lock").mkdir()
    amq.send("--priority", "urgent")
    result = amq("hook", "claude", "tool", me="bob", stdin=b"{}")
    assert (result.code, result.out, result.err) == (0, "", "")
    assert "hook tool: " in Path(state, "run.log").read_text()


def test_what_cannot_be_recorded_is_not_announced(amq: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
    amq.send("--priority", "urgent")
    with monkeypatch.context() as patch:
        patch.setenv("XDG_STATE_HOME", "/tmp/amq")  # where no directory is private enough
        patch.setenv("HOME", "/dev/null")
        assert hook(amq, "tool") is None
    assert hook(amq, "tool") is not None


def test_a_damaged_memory_is_begun_anew(amq: Shell, state: str) -> None:
    Path(state, "hook.json").write_text('{"announced": 7}')
    amq.send("--priority", "urgent")
    assert context(hook(amq, "tool")) == LINE


def test_hooks_at_the_same_instant_hand_over_once(amq: Shell, state: str) -> None:
    amq.send("--priority", "urgent")
    command = [sys.executable, "-m", "amq", "--root", str(amq.root), "--me", "bob", "hook", "claude", "tool"]
    running = [
        subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        for _ in range(4)
    ]
    said = [process.communicate() for process in running]
    assert sorted(bool(out) for out, _ in said) == [False, False, False, True]
    assert {err for _, err in said} == {b""}
    assert len(WakeJournal(state).entries()) == 1


def test_unread_output_counts_as_not_delivered(amq: Shell, state: str) -> None:
    amq.send("--priority", "urgent")
    command = [sys.executable, "-m", "amq", "--root", str(amq.root), "--me", "bob", "hook", "claude", "tool"]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdout
        assert process.stdin
        process.stdout.close()
        process.stdin.close()
    assert process.returncode == 0
    assert read_state(state).count == 0


class TestWithoutAmqRun:
    """An agent without a host: its own settings have the hooks, and AM_ME may be unset."""

    @pytest.fixture
    def claude(self, amq: Shell) -> Shell:
        amq("init", "--agents", "claude,codex")
        return amq

    def test_it_is_the_agent_of_its_program_s_name(self, claude: Shell) -> None:
        claude.send(to="claude")
        printed = json.loads(claude.ok("hook", "claude", "Stop", me=None, stdin=b"{}"))
        assert printed == {"hookSpecificOutput": {"hookEventName": "Stop", "additionalContext": LINE}}
        assert claude.ok("hook", "codex", "Stop", me=None, stdin=b"{}") == ""

    def test_it_must_name_itself_where_its_shell_does_not_know(
        self, claude: Shell, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        hint = "Add `--me "
        assert hint in claude.ok("hook", "claude", "SessionStart", me=None, stdin=b"{}")
        monkeypatch.setenv("CLAUDE_ENV_FILE", str(tmp_path / "env.sh"))
        assert hint not in claude.ok("hook", "claude", "SessionStart", me=None, stdin=b"{}")

    def test_another_cli_writes_nothing_into_the_shell_of_claude_code(
        self, claude: Shell, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """A program that Claude Code's shell starts inherits the variable."""
        monkeypatch.setenv("CLAUDE_ENV_FILE", str(tmp_path / "env.sh"))
        claude("init", "--agents", "codex", me=None)
        assert "Add `--me codex`" in claude.ok("hook", "codex", "SessionStart", me=None, stdin=b"{}")
        assert not (tmp_path / "env.sh").exists()

    def test_it_takes_no_hosted_agent_s_place(self, claude: Shell) -> None:
        claude.send(to="claude")
        claim = notifier_lock.claim(Mailbox(str(claude.root), "claude").state_dir, "run")
        assert claude.ok("hook", "claude", "Stop", me=None, stdin=b"{}") == ""
        assert claude.ok("hook", "claude", "Stop", me="claude", stdin=b"{}") != ""
        claim.release()

    def test_under_amq_run_the_hooks_for_one_process_speak_alone(
        self, amq: Shell, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        amq.send()
        monkeypatch.setenv("AMQ_HOOKED", "1")
        assert hook(amq, "SessionStart") is None
        assert hook(amq, "Stop") is None
        assert hook(amq, "stop") is not None

    def test_the_shell_of_claude_code_gets_queue_and_handle_once(
        self, amq: Shell, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        file = tmp_path / "env.sh"
        file.write_text("export AM_ME=somebody\n")
        monkeypatch.setenv("CLAUDE_ENV_FILE", str(file))
        for _ in range(2):
            assert hook(amq, "SessionStart") is not None
        assert file.read_text() == f"export AM_ME=somebody\nexport AM_ROOT={amq.root}\n"

    def test_an_event_that_never_ends_is_not_waited_for(self, amq: Shell) -> None:
        amq.send("--priority", "urgent")
        words = ["--root", str(amq.root), "--me", "bob", "hook", "claude", "tool"]
        program = "from amq.cli import main; from amq.cli.commands import hook; hook.HANDLED_WITHIN_S = 0.2; "
        program += f"raise SystemExit(main.main({words}))"
        with subprocess.Popen(
            [sys.executable, "-c", program], stdin=subprocess.PIPE, stdout=subprocess.PIPE
        ) as process:
            try:
                assert process.wait(20) == 0
            finally:
                process.kill()


class TestNotify:
    """`amq hook codex notify`: a summary of unread mail for the user after a turn."""

    EVENT = json.dumps({"type": "agent-turn-complete", "thread-id": "t"})

    @pytest.fixture
    def desktop(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
        """Return the notices shown on the desktop."""
        (tmp_path / "bin").mkdir()
        program = tmp_path / "bin" / "notify-send"
        program.write_text(f'#!/bin/sh\nprintf "%s\\n" "$*" >>{tmp_path}/shown\n')
        program.chmod(0o700)
        monkeypatch.setenv("PATH", f"{program.parent}:{os.environ['PATH']}")
        return tmp_path / "shown"

    def test_a_file_lines_and_a_notice(self, amq: Shell, desktop: Path) -> None:
        ids = [amq.send("--subject", f"Nr. {number}") for number in range(3)]
        amq.send("--subject", "$(rm x)", me="carol")
        said = amq.ok("hook", "codex", "notify", self.EVENT, me="bob")
        assert said == "alice: Nr. 0\nalice: Nr. 1\nalice: Nr. 2\n"
        bulletin = json.loads((amq.root / "meta" / "amq-bulletin.json").read_bytes())
        assert (bulletin["count"], len(bulletin["messages"])) == (4, 4)
        assert bulletin["messages"][0] == {"id": ids[0], "from": "alice", "subject": "Nr. 0"}
        assert desktop.read_text() == (
            "--app-name=amq -- amq amq: 4 new messages from alice, carol. Run: amq drain --include-body\n"
        )

    @pytest.mark.usefixtures("desktop")
    def test_the_event_may_come_on_stdin_and_the_file_goes_with_the_mail(self, amq: Shell) -> None:
        file = amq.root / "meta" / "amq-bulletin.json"
        amq.put(f"{HEADER['id']}.md", message_file(subject="x" * 200))
        said = amq.ok("hook", "codex", "notify", me="bob", stdin=self.EVENT.encode())
        assert (said, file.exists()) == (f"alice: {'x' * 93}\n", True)
        amq.ok("drain", me="bob")
        assert amq.ok("hook", "codex", "notify", me="bob", stdin=self.EVENT.encode()) == ""
        assert not file.exists()
        assert amq.ok("hook", "codex", "notify", me="bob", stdin=self.EVENT.encode()) == ""

    @pytest.mark.usefixtures("desktop")
    @pytest.mark.parametrize("event", ["", "{}", "[]", "nonsense", '{"type": "approval-requested"}'])
    def test_another_event_says_nothing(self, amq: Shell, event: str) -> None:
        amq.send()
        assert amq.ok("hook", "codex", "notify", event, me="bob") == ""
        assert not (amq.root / "meta" / "amq-bulletin.json").exists()
