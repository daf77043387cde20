"""`amq run` as a command: its agent and its queue."""

from __future__ import annotations

import argparse
import json
import os
import tempfile
from argparse import Namespace
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from amq import __version__
from amq.cli.commands import run as command
from amq.cli.output import Output
from amq.errors import HostFailed, UsageError
from amq.layout import ROOT_NAME, QueueLayout
from amq.mail.mailbox import Mailbox
from amq.runtime import host as session
from amq.runtime.agents.profile import Profile
from amq.runtime.launch import Options
from amq.runtime.notice_settings import NoticeSettings
from amq.runtime.policy.schedule import SchedulePolicy
from amq.runtime.private_state import private_state
from amq.runtime.trust import Trust
from amq.runtime.verdicts import Verdict, write_verdict
from amq.store import registry


class Notes(Output):
    """A writer that keeps the warnings."""

    def __init__(self, *, json: bool = False) -> None:
        super().__init__(json=json)
        self.notes: list[str] = []
        self.warnings: list[str] = []

    def note(self, text: str) -> None:
        self.notes.append(text)

    def warn(self, text: str) -> None:
        super().warn(text)
        self.warnings.append(text)


Call = tuple[str, str, list[str], bool]


@pytest.fixture
def calls(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> list[Call]:
    """The arguments of each hosted call: root, handle, program, whether to wake.

    The working directory is a repository.
    """
    calls: list[Call] = []

    def host(
        mailbox: Mailbox,
        program: list[str],
        environment: Mapping[str, str],
        profile: Profile,
        options: Options,
        trust: Trust,
        warn: Callable[[str], None],
        note: Callable[[str], None],
    ) -> int:
        assert environment
        calls.append((mailbox.account.queue.root, mailbox.account.me, program, options.wake))
        return 7

    monkeypatch.setattr(session, "run", host)
    monkeypatch.setattr(session, "check_program", lambda *_: None)
    monkeypatch.delenv("AM_ROOT", raising=False)
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.setenv("AM_ME", "somebody-else")
    (tmp_path / ".git").mkdir()
    (tmp_path / ".git" / "HEAD").touch()
    monkeypatch.chdir(tmp_path)
    return calls


def run(*words: str, out: Notes | None = None, me: str | None = None) -> int:
    parser = argparse.ArgumentParser()
    command.options(parser)
    at = words.index("--") if "--" in words else len(words)
    args = Namespace(root=None, me=me, strict=False, trust_root=False, program=list(words[at + 1 :]))
    return command.run(parser.parse_args(words[:at], args), out or Notes())


def test_the_programs_name_is_the_handle_and_a_missing_queue_is_made(calls: list[Call], tmp_path: Path) -> None:
    out = Notes()
    assert run("--", "/opt/bin/Claude", "-c", out=out) == 7
    root = str(tmp_path / ROOT_NAME)
    assert calls == [(root, "claude", ["/opt/bin/Claude", "-c"], True)]
    made, unknown, remedy = out.notes
    assert made == f"created a queue with a mailbox for claude: {root}; to undo this later: rm -r {root}"
    assert "types nothing into it" in unknown
    assert "--prompt TEXT" in remedy
    assert run("--", "claude", out=out) == 7
    assert out.notes == [made, unknown, remedy]


def test_the_handle_and_the_waking_can_be_chosen(calls: list[Call]) -> None:
    run("--as", "claude-2", "--no-wake", "--", "claude")
    run("--", "claude", me="claude-3")
    assert [(handle, wake) for _, handle, _, wake in calls] == [("claude-2", False), ("claude-3", True)]


@pytest.mark.parametrize(
    ("words", "what"),
    [
        ((), "no program"),
        (("--as", "claude"), "no program"),
        (("--as", "user", "--", "claude"), "the user"),
        (("--as", "A B", "--", "claude"), "not a handle"),
        (("--", "…"), "cannot make a handle"),
        (("--as", "auto", "--", "…"), "cannot make a handle"),
        (("--as", "auto", "--", "user"), "the user"),
        (("--as", "auto", "--no-wake", "--", "claude"), "cannot be used with --no-wake"),
    ],
)
def test_what_cannot_be_hosted_is_refused_before_anything_is_made(
    calls: list[Call], tmp_path: Path, words: tuple[str, ...], what: str
) -> None:
    with pytest.raises(UsageError, match=what):
        run(*words)
    assert not (tmp_path / ROOT_NAME).exists()
    assert calls == []


def test_the_next_handle_is_taken_if_another_process_was_faster(
    calls: list[Call], monkeypatch: pytest.MonkeyPatch
) -> None:
    host, taken = session.run, ["claude"]

    def host_later(mailbox: Mailbox, *rest: Any) -> int:
        if mailbox.account.me in taken:
            raise session.Taken("taken")
        return host(mailbox, *rest)

    monkeypatch.setattr(session, "run", host_later)
    assert run("--as", "auto", "--", "claude") == 7
    taken.append("claude-2")
    assert run("--as", "auto", "--", "/opt/claude") == 7
    assert [handle for _, handle, *_ in calls] == ["claude-2", "claude-3"]
    with pytest.raises(session.Taken):
        run("--as", "claude", "--", "claude")
    taken.append(name := "x" * 64)
    with pytest.raises(HostFailed, match=f"{name} has no free handle"):
        run("--as", "auto", "--", name)


def test_an_agent_that_would_not_be_notified_keeps_no_handle(
    calls: list[Call], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run("--as", "claude-2", "--", "claude")
    Mailbox(str(tmp_path / ROOT_NAME), "claude-2").send(["claude-2"], b"from a clone")
    monkeypatch.setattr(command, "settled", lambda *_, **__: "you do not trust it")
    with pytest.raises(HostFailed, match="cannot keep claude-2 for it: you do not trust it") as failed:
        run("--as", "auto", "--", "claude")
    assert failed.value.hint == "name the agent: amq run --as claude-2 -- …"
    assert len(calls) == 1


def test_an_agent_may_be_called_auto(calls: list[Call]) -> None:
    run("--", "claude", me="auto")
    run("--as", "auto", "--", "claude", me="auto")
    assert [handle for _, handle, *_ in calls] == ["auto", "claude"]


def test_an_empty_directory_becomes_the_queue(calls: list[Call], tmp_path: Path) -> None:
    (tmp_path / ROOT_NAME).mkdir()
    assert run("--as", "claude", "--", "true") == 7
    assert (tmp_path / ROOT_NAME / "meta").is_dir()
    assert (tmp_path / ROOT_NAME / ".gitignore").read_text() == "*\n"


def test_an_agent_that_has_only_a_mailbox_is_registered(calls: list[Call], tmp_path: Path) -> None:
    """Otherwise mail to all agents would not reach it."""
    run("--", "claude")
    queue = QueueLayout(str(tmp_path / ROOT_NAME))
    registry.register(queue, ["codex"], 0, replace=True)
    out = Notes()
    assert run("--", "claude", out=out) == 7
    assert registry.read_registry(queue) == ["claude", "codex"]
    assert out.notes == [f"registered claude in {queue.root}"]


def test_a_broken_registry_keeps_no_agent_from_work(calls: list[Call], tmp_path: Path) -> None:
    run("--", "claude")
    path = Path(QueueLayout(str(tmp_path / ROOT_NAME)).registry)
    path.write_text("{")
    out = Notes()
    assert run("--", "claude", out=out) == 7
    assert [note.partition(":")[0] for note in out.notes] == ["warning"]
    assert path.read_text() == "{"


def test_explaining_makes_nothing(calls: list[Call], tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    assert run("--explain", "--", "codex", "-m", "o3") == 0
    said = capfd.readouterr().out
    assert said.startswith("profile  codex (comes with amq)\nruns     codex --no-daemon -c ")
    assert f"adds     AM_ROOT={tmp_path / ROOT_NAME}\n" in said
    assert "hooks    off: codex would ask you" in said
    assert "wakes    typed and submitted with a key that its dialogs ignore; the agent runs amq drain" in said
    assert not (tmp_path / ROOT_NAME).exists()
    assert calls == []


def test_explaining_in_json(calls: list[Call], capfd: pytest.CaptureFixture[str]) -> None:
    run("--explain", "--", "claude", out=Notes(json=True))
    told = json.loads(capfd.readouterr().out)
    assert (told["profile"], told["hooks"]) == ("claude", "on")
    assert told["command"][:2] == ["claude", "--settings"]
    assert told["wake"][0].startswith("while it works: its hooks give the model the text")


@pytest.mark.parametrize(
    ("prints", "json_mode", "said"),
    [
        ("2.1.330 (Claude Code)", False, "claude 2.1.330: tested\n"),
        ("9.9.9", False, "claude 9.9.9: not tested (tested: 2.1.332, 2.1.330, 2.1.197); amq trusts only"),
        ("?", False, "claude: does not report its version; tested with 2.1.332, 2.1.330, 2.1.197\n"),
        ("2.1.197 (Claude Code)", True, '"tested": true'),
    ],
)
def test_what_is_known_of_the_installed_version(
    calls: list[Call], tmp_path: Path, capfd: pytest.CaptureFixture[str], prints: str, json_mode: bool, said: str
) -> None:
    program = tmp_path / "claude"
    program.write_text(f"#!/bin/sh\necho '{prints}'\n")
    program.chmod(0o700)
    assert run("--check", "--", str(program), out=Notes(json=json_mode)) == 0
    assert said in capfd.readouterr().out
    assert calls == []


@pytest.mark.parametrize(
    ("version", "said"),
    [
        ("9.9.9", "not tested (tested: 2.1.332, 2.1.330, 2.1.197); amq certify has tried it on this machine"),
        ("2.1.330", "tested; amq certify has tried it on this machine"),
    ],
)
def test_a_check_shows_the_verdict(tmp_path: Path, capfd: pytest.CaptureFixture[str], version: str, said: str) -> None:
    program = tmp_path / "claude"
    program.write_text(f"#!/bin/sh\necho '{version}'\n")
    program.chmod(0o700)
    results = dict.fromkeys(("idle", "dialog", "draft"), "") | {"ready": "it was not"}
    write_verdict(private_state(os.environ, ()), Verdict("claude", version, "", __version__, "2026", results))
    run("--check", "--", str(program))
    lacks = "claude lacks typed lines: amq certify has found a failure: ready: it was not"
    assert capfd.readouterr().out == f"claude {version}: {said}\n{lacks}\n"


def test_of_an_unknown_program_no_version_is_asked(calls: list[Call], capfd: pytest.CaptureFixture[str]) -> None:
    run("--check", "--", "no-such-program")
    assert capfd.readouterr().out.startswith("amq does not know this program")


def test_a_program_that_gets_nothing_typed_is_reported_once(calls: list[Call], tmp_path: Path) -> None:
    own = tmp_path / "own.toml"
    own.write_text("name = 'x'\n[rules]\nprompt = '$'\n")
    (tmp_path / ROOT_NAME).mkdir()
    told = []
    for options in ((), ("--no-wake",), ("--prompt", "$ "), ("--profile", "claude"), ("--profile", str(own))):
        out = Notes()
        assert run("--as", "x", *options, "--", "bash", out=out) == 7
        told.append(any("amq does not know bash" in note for note in out.notes))
    assert told == [True, False, False, False, False]


@pytest.mark.parametrize(
    ("words", "what"),
    [
        (("--prompt", "", "--", "bash"), "--prompt takes one line of printable text"),
        (("--prompt", "a\nb", "--", "bash"), "--prompt takes one line of printable text"),
        (("--profile", "clade", "--", "bash"), "unknown profile 'clade'; did you mean claude"),
        (("--profile", "./x.toml", "--", "bash"), "cannot be read"),
    ],
)
def test_a_mistake_in_a_prompt_or_a_profile_is_said_before_anything_is_made(
    calls: list[Call], tmp_path: Path, words: tuple[str, ...], what: str
) -> None:
    with pytest.raises(UsageError, match=what):
        run(*words)
    assert not (tmp_path / ROOT_NAME).exists()
    assert calls == []


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("--", "bash"), "wakes    amq types nothing: it does not know this program"),
        (("--prompt", "$ ", "--", "bash"), "wakes    typed and submitted only directly after its prompt '$ '"),
        (("--profile", "claude", "--", "npx", "claude"), "runs     npx claude\n"),
        (("--profile", "claude", "--", "npx", "claude"), "profile  claude (comes with amq)\n"),
    ],
)
def test_what_becomes_of_a_program_that_is_not_known_is_explained(
    calls: list[Call], capfd: pytest.CaptureFixture[str], words: tuple[str, ...], says: str
) -> None:
    run("--explain", *words)
    assert says in capfd.readouterr().out


def test_ones_own_profile(calls: list[Call], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    own = tmp_path / "amq" / "profiles" / "claude.toml"
    own.parent.mkdir(parents=True)
    own.write_text("extends = 'claude'\nname = 'mine'\n")
    given = tmp_path / "given.toml"
    given.write_text("name = 'given'\n")
    profiles: list[str] = []
    monkeypatch.setattr(session, "run", lambda *words: profiles.append(words[3].name))
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    run("--", "claude")
    run("--as", "x", "--", "codex")
    run("--profile", str(given), "--", "claude")
    assert profiles == ["mine", "codex", "given"]


def test_the_options_of_the_policy(calls: list[Call], monkeypatch: pytest.MonkeyPatch) -> None:
    chosen: list[Options] = []
    monkeypatch.setattr(session, "run", lambda *words: chosen.append(words[4]))
    run("--", "claude")
    times = ("--debounce=5s", "--urgent-after=1m", "--normal-after=0", "--low-after=1s")
    run(*times, "--notice=osc9", "--", "claude")
    run("--hooks", "--", "claude")
    run("--no-hooks", "--notice=off", "--deny-leased", "--", "claude")
    no = chosen[0].allowed
    assert chosen[0] == Options(allowed=no, amq=__version__)
    policy = SchedulePolicy(debounce_s=5.0, urgent_after_s=60.0, normal_after_s=0.0, low_after_s=1.0)
    expected = Options(allowed=no, policy=policy, notices=NoticeSettings("osc9"), amq=__version__)
    assert chosen[1] == expected
    assert [options.hooks for options in chosen[2:]] == [True, False]
    assert [options.denies_leased for options in chosen[2:]] == [False, True]
    assert chosen[3].notices.kind == "off"


@pytest.fixture
def config() -> Iterator[Path]:
    """Return the path of a configuration file that counts: not below /tmp, where sandboxed agents write."""
    with tempfile.TemporaryDirectory(dir="/var/tmp", prefix="amq-") as directory:
        path = Path(directory, "amq", "config.toml")
        path.parent.mkdir()
        yield path


def test_the_user_s_notices_are_those_of_the_file_unless_an_option_says_else(
    calls: list[Call], monkeypatch: pytest.MonkeyPatch, config: Path
) -> None:
    config.write_text('[notify]\nnotice = "desktop"\ncommand = "ping-me -q"\n')
    monkeypatch.setenv("XDG_CONFIG_HOME", str(config.parent.parent))
    chosen: list[Options] = []
    monkeypatch.setattr(session, "run", lambda *words: chosen.append(words[4]))
    out = Notes()
    run("--", "claude", out=out)
    run("--notice", "off", "--notice-command", "", "--", "claude", out=out)
    assert [each.notices for each in chosen] == [NoticeSettings("desktop", ("ping-me", "-q")), NoticeSettings("off")]
    assert not out.warnings
    config.write_text('[notify]\nnotice = "beep"\n')
    run("--", "claude", out=out)
    assert chosen[2].notices == NoticeSettings()
    assert out.warnings == [f"{config}: notify.notice is 'beep'; allowed: bell, osc9, osc777, osc99, desktop, off"]


def test_the_user_s_consent(calls: list[Call], monkeypatch: pytest.MonkeyPatch) -> None:
    chosen: list[Options] = []
    monkeypatch.setattr(session, "run", lambda *words: chosen.append(words[4]))
    out = Notes()
    run("--", "claude", out=out)
    run("--allow-amq", "--", "claude", out=out)
    run("--no-allow-amq", "--", "claude", out=out)
    assert [bool(options.allowed) for options in chosen] == [False, True, False]
    assert not out.warnings


def test_a_consent_that_cannot_be_read_is_said(
    calls: list[Call], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """No file below /tmp counts, where sandboxed agents write."""
    (tmp_path / "amq").mkdir()
    (tmp_path / "amq" / "config.toml").write_text("allow_amq = true\n")
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    out = Notes()
    run("--", "claude", out=out)
    assert [f"{tmp_path}/amq/config.toml" in text for text in out.warnings] == [True]
