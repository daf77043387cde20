"""Permissions for amq's mail commands, given to one process of a CLI that can take them."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from amq import config
from amq.layout import QueueLayout
from amq.mail.mailbox import Mailbox
from amq.record import replace
from amq.runtime.agents.profiles import profile_for
from amq.runtime.consent import Allowed
from amq.runtime.launch import Launch, Options, behind, plan, prepare
from amq.runtime.private_state import PrivateState
from amq.runtime.session_info import SessionInfo, read_session, write_session
from amq.store import registry
from amq.store.notifier_info import Notifier

STATE = "/s/amq/r/0a"
YES, NO = Allowed(True, "--allow-amq"), Allowed(False, "you have not allowed it")
SHIM = f"{STATE}/bin/amq"
RULES = [f"Bash({name} {command}:*)" for name in ("amq", SHIM) for command in config.MAIL_COMMANDS]


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The working directory, a repository; and its `claude` on the PATH."""
    (tmp_path / ".git").mkdir()
    (tmp_path / ".git" / "HEAD").touch()
    monkeypatch.chdir(tmp_path)
    program(tmp_path, "2.1.330 (Claude Code)")
    return tmp_path


def program(place: Path, says: str, name: str = "claude") -> None:
    path = place / name
    path.write_text(f"#!/bin/sh\necho '{says}'\n")
    path.chmod(0o700)


def planned(
    *words: str, allowed: Allowed = YES, hooks: bool | None = None, files: str = STATE, **environment: str
) -> Launch:
    given = {"PATH": f"{os.getcwd()}:/bin", "HOME": "/h", **environment}
    profile = behind(profile_for(words[-1] if words[0] == "npx" else words[0]), words)
    options = Options(allowed=allowed, hooks=hooks)
    return plan(profile, words, given, QueueLayout("/q"), "me", options, PrivateState(files, "" if files else "full"))


def test_the_rules_are_for_these_commands_and_no_more() -> None:
    assert config.MAIL_COMMANDS == ("drain", "send", "reply", "list", "read", "thread", "watch", "why", "who")


@pytest.mark.parametrize("hooks", [None, False])
def test_claude_gets_them_with_hooks_and_without(project: Path, hooks: bool | None) -> None:
    launch = planned("claude", "-c", hooks=hooks)
    assert launch.program == ["claude", "--settings", f"{STATE}/settings.json", "-c"]
    settings = json.loads(launch.settings)
    assert settings["permissions"] == {"allow": RULES}
    assert ("hooks" in settings) is launch.has_hooks is (hooks is None)
    assert launch.is_allowed
    assert launch.allowed == "amq drain, send, reply, list, read, thread, watch, why, who (--allow-amq)"
    assert launch.environment[config.ALLOWED_IN] == str(project)
    assert launch.environment[config.ALLOWED_ROOT] == "/q"


@pytest.mark.parametrize("hooks", [None, False])
def test_the_user_s_own_settings_are_kept(project: Path, hooks: bool | None) -> None:
    allowed = ["Bash(ls)", RULES[0]]
    permissions = {"allow": allowed, "deny": ["Bash(amq send:*)"], "ask": ["x"]}
    launch = planned("claude", "--settings", json.dumps({"model": "opus", "permissions": permissions}), hooks=hooks)
    settings = json.loads(launch.settings)
    settings.pop("hooks", None)
    assert settings == {"model": "opus", "permissions": {**permissions, "allow": [*allowed, *RULES[1:]]}}
    assert launch.program == ["claude", "--settings", f"{STATE}/settings.json"]


@pytest.mark.parametrize("own", ['{"permissions": []}', '{"permissions": {"allow": {}}}', "/nowhere", "{"])
@pytest.mark.parametrize("hooks", [None, False])
def test_settings_that_cannot_be_read_are_left_to_claude(project: Path, own: str, hooks: bool | None) -> None:
    launch = planned("claude", "--settings", own, hooks=hooks)
    assert launch.allowed.startswith("none: your --settings cannot be read")
    assert not launch.is_allowed
    assert config.ALLOWED_IN not in launch.environment
    assert "Bash(" not in launch.settings
    if not launch.has_hooks:
        assert launch.program == ["claude", "--settings", own]


@pytest.mark.parametrize("allowed", [YES, NO])
@pytest.mark.parametrize("words", [["codex"], ["gemini"], ["bash"], ["npx", "claude"]])
def test_other_programs_get_none(project: Path, words: list[str], allowed: Allowed) -> None:
    program(project, "9.9.9", "npx")
    launch = planned(*words, allowed=allowed)
    assert launch.allowed.startswith("none: amq knows no way to allow commands in")
    assert (launch.is_allowed, launch.settings, config.ALLOWED_IN in launch.environment) == (False, "", False)


def test_without_consent_there_are_none(project: Path) -> None:
    launch = planned("claude", allowed=NO, hooks=False)
    assert (launch.program, launch.settings, launch.allowed) == (["claude"], "", "none: you have not allowed it")
    assert config.ALLOWED_IN not in launch.environment


def test_in_a_queue_that_is_not_trusted_there_are_none(project: Path) -> None:
    options = Options(wake=False, untrusted="a repository tracks it", allowed=YES)
    given = {"PATH": f"{project}:/bin", "HOME": "/h"}
    launch = plan(profile_for("claude"), ["claude"], given, QueueLayout("/q"), "me", options, PrivateState(STATE))
    assert launch.allowed == "none: you do not trust the queue (a repository tracks it)"
    assert config.ALLOWED_IN not in launch.environment


def test_without_a_private_directory_there_are_none(project: Path) -> None:
    launch = planned("claude", files="")
    assert launch.allowed == "none: amq has no private directory for them (full)"
    assert config.ALLOWED_IN not in launch.environment


@pytest.mark.parametrize("says", ["2.1.197 (Claude Code)", "2.1.329", "what?", ""])
def test_a_version_that_asks_about_too_little_gets_none(project: Path, says: str) -> None:
    program(project, says)
    launch = planned("claude")
    assert launch.allowed.startswith("none: claude ")
    assert "2.1.330" in launch.allowed
    assert "Bash(" not in launch.settings
    assert launch.has_hooks
    assert launch.program == ["claude", "--settings", f"{STATE}/settings.json"]


@pytest.mark.parametrize("says", ["2.1.330", "2.1.1000 (Claude Code)", "3.0.0"])
def test_a_newer_version_gets_them(project: Path, says: str) -> None:
    program(project, says)
    assert planned("claude").is_allowed


@pytest.mark.parametrize("place", ["home", "/", "gone"])
def test_where_there_is_no_project_there_are_none(
    project: Path, tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch, place: str
) -> None:
    home = tmp_path_factory.mktemp("home")
    monkeypatch.setenv("HOME", str(home))
    directory = Path(place) if place == "/" else home / place if place == "gone" else home
    directory.mkdir(exist_ok=True)
    monkeypatch.chdir(directory)
    if place == "gone":
        directory.rmdir()
    given = {"PATH": str(project), "HOME": str(home)}
    launch = plan(
        profile_for("claude"), ["claude"], given, QueueLayout("/q"), "me", Options(allowed=YES), PrivateState(STATE)
    )
    assert "not a project" in launch.allowed
    assert not launch.is_allowed


def test_the_project_is_the_repository_without_links(
    project: Path, tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    (project / "sub").mkdir()
    link = tmp_path_factory.mktemp("links") / "link"
    link.symlink_to(project)
    monkeypatch.chdir(link / "sub")
    assert config.own_project() == str(project)
    monkeypatch.chdir(link.parent)
    assert config.own_project() == str(link.parent)


def test_only_names_that_surely_mean_this_amq_are_allowed(project: Path) -> None:
    profile = replace(profile_for("claude"), keeps_path=False)
    given = {"PATH": f"{project}:/bin", "HOME": "/h"}
    launch = plan(profile, ["claude"], given, QueueLayout("/q"), "me", Options(allowed=YES), PrivateState(STATE))
    assert json.loads(launch.settings)["permissions"]["allow"] == [rule for rule in RULES if SHIM in rule]
    odd = planned("claude", files="/s/o(d*d").settings
    assert "Bash(amq drain:*)" in odd
    assert "o(d*d/bin" not in odd.replace("o(d*d/hook", "")


def test_what_an_agent_around_this_one_may_do_is_not_handed_on(project: Path) -> None:
    outer = {config.ALLOWED_IN: "/outer", config.ALLOWED_ROOT: "/outer/q"}
    given = {"PATH": f"{project}:/bin", "HOME": "/h", **outer}
    inside = [
        plan(
            profile_for("claude"),
            ["claude"],
            given,
            QueueLayout("/q"),
            "me",
            Options(allowed=word),
            PrivateState(STATE),
        )
        for word in (NO, YES)
    ]
    assert outer.keys().isdisjoint(inside[0].environment)
    assert inside[1].environment[config.ALLOWED_IN] == str(project)


def test_the_settings_are_written_without_hooks_too(project: Path) -> None:
    queue, state = QueueLayout(str(project / ".agent-mail")), project / "run"
    registry.make_queue(queue, tracked=False)
    registry.make_mailbox(queue, "me")
    state.mkdir()
    launch = planned("claude", hooks=False, files=str(state))
    prepare(launch, Mailbox(queue.root, "me"), Options(allowed=YES, hooks=False))
    assert {path.name for path in state.iterdir()} == {"bin", "settings.json"}


def test_a_session_is_known_while_its_host_runs(tmp_path: Path) -> None:
    session, own = SessionInfo("amq drain", True, (), True, "settings", "/run"), Notifier(os.getpid(), "run")
    write_session(str(tmp_path), session)
    assert read_session(str(tmp_path), own) == session
    assert read_session(str(tmp_path), Notifier(1, "run")) is None
    assert read_session(str(tmp_path), None) is None
    assert read_session(str(tmp_path / "none"), own) is None


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"pid": %d, "allowed": 1, "is_allowed": true}'])
def test_a_damaged_session_is_not_known(tmp_path: Path, text: str) -> None:
    (tmp_path / "session.json").write_text(text.replace("%d", str(os.getpid())))
    assert read_session(str(tmp_path), Notifier(os.getpid(), "run")) is None
