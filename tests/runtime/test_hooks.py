"""The script that hooks call, and the settings by which a CLI calls it."""

from __future__ import annotations

import json
import os
import re
import shlex
import stat
import subprocess
import tempfile
import tomllib
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as options

from amq.runtime.agents.claude.hooks import merged_settings
from amq.runtime.agents.codex.hooks import CALLED_AT, settings_arguments
from amq.runtime.hooks.script import BadSettingsError, write_script
from amq.runtime.policy.hook_decision import EVENTS, RECEIPTS, TO_MODEL
from tests.awkward import names

OURS = {
    "SessionStart": ["/s/hook start", "/s/hook wait"],
    "UserPromptSubmit": ["/s/hook prompt", "/s/hook wait"],
    "PreToolUse": ["/s/hook edit"],
    "PostToolUse": ["/s/hook tool"],
    "PostToolUseFailure": ["/s/hook failure"],
    "PostToolBatch": ["/s/hook batch"],
    "PermissionRequest": ["/s/hook ask"],
    "Stop": ["/s/hook stop", "/s/hook wait"],
    "StopFailure": ["/s/hook failed"],
    "SessionEnd": ["/s/hook end"],
}


class Mailroom:
    """An agent's private directory and inbox, with an `amq` that records how it is called."""

    def __init__(self, place: Path) -> None:
        self.state, self.new, self.calls = place / "it's state", place / "new", place / "calls"
        self.root, self.leases = place, place / "meta" / "leases"
        self.state.mkdir()
        self.new.mkdir()
        amq = place / "amq"
        calls = shlex.quote(str(self.calls))
        text = f'#!/bin/sh\necho "$AM_ROOT $AM_ME $*" >>{calls}\necho said\necho lost >&2\nexit 7\n'
        amq.write_bytes(os.fsencode(text))
        amq.chmod(0o700)
        self.script = write_script(
            str(self.state), str(self.new), root="/q", me="claude", kind="claude", command=str(amq), normal_after_s=90.0
        )

    def call(self, event: str) -> tuple[str, list[str]]:
        """Return a hook's output, and how it called amq. It finds no other program: it can start only that one."""
        done = subprocess.run(
            [self.script, event], env={"PATH": "/nowhere"}, stdin=subprocess.DEVNULL, capture_output=True, text=True,
            umask=0o022, check=False,
        )  # fmt: skip
        assert (done.returncode, done.stderr) == (0, "")
        return done.stdout, self.calls.read_text().splitlines() if self.calls.exists() else []


@pytest.fixture
def room(tmp_path: Path) -> Mailroom:
    return Mailroom(tmp_path)


@pytest.mark.parametrize("event", [word for word in EVENTS.values() if word != "start"])
def test_a_hook_with_nothing_to_say_starts_nothing(room: Mailroom, event: str) -> None:
    (room.new / ".hidden.md").touch()
    assert room.call(event) == ("", [])
    assert (room.state / "hook.event").read_text() == f"{event}\n"
    assert stat.S_IMODE((room.state / "hook.event").stat().st_mode) == 0o600


@pytest.mark.parametrize("event", [*TO_MODEL[1:], *RECEIPTS])
def test_a_hook_starts_amq_when_mail_waits_and_hides_its_trouble(room: Mailroom, event: str) -> None:
    (room.new / "a b.md").touch()
    (room.new / "c.md").touch()
    assert room.call(event) == ("said\n", [f"/q claude hook claude {event} --normal-after 90"])


def test_a_name_that_leads_nowhere_hides_no_mail(room: Mailroom) -> None:
    for name in ("a", "z"):
        (room.new / f"{name}.md").symlink_to("/nowhere")
    assert room.call("tool") == ("", [])
    (room.new / "m.md").touch()
    assert room.call("tool")[0] == "said\n"


@pytest.mark.parametrize("event", ["ask", "end", "nonsense"])
def test_other_events_are_only_recorded(room: Mailroom, event: str) -> None:
    (room.new / "m.md").touch()
    assert room.call(event) == ("", [])
    assert (room.state / "hook.event").read_text() == f"{event}\n"


def test_the_budget_of_the_cli_is_passed_on(room: Mailroom) -> None:
    (room.new / "m.md").touch()
    room.script = write_script(
        str(room.state), str(room.new), root="/q", me="claude", kind="claude", command=str(room.calls.parent / "amq"),
        normal_after_s=90.0, budget="9500b",
    )  # fmt: skip
    assert room.call("stop")[1] == ["/q claude hook claude stop --normal-after 90 --max-chars 9500b"]


def test_the_beginning_of_a_session_always_starts_amq(room: Mailroom) -> None:
    assert room.call("start") == ("said\n", ["/q claude hook claude start --normal-after 90"])


def test_before_an_edit_amq_is_started_where_another_agent_has_leases(room: Mailroom) -> None:
    (room.new / "m.md").touch()
    command = str(room.calls.parent / "amq")
    for denies, option in ((False, ""), (True, " --deny-leased")):
        room.script = write_script(
            str(room.state), str(room.new), root=str(room.root), me="claude", kind="claude", command=command,
            normal_after_s=90.0, denies=denies,
        )  # fmt: skip
        room.leases.mkdir(parents=True, exist_ok=True)
        for name in (".lock", "claude.json", "notes.txt"):
            (room.leases / name).touch()
        assert room.call("edit")[0] == ""
        (room.leases / "bob.json").touch()
        assert room.call("edit")[1][-1] == f"{room.root} claude hook claude edit --normal-after 90{option}"
        (room.leases / "bob.json").unlink()


def test_a_hook_of_a_mailbox_that_has_gone_is_silent(room: Mailroom) -> None:
    (room.state / "hook").rename(room.state.parent / "hook")
    room.script = str(room.state.parent / "hook")
    for path in (room.state, room.new):
        path.rmdir()
    assert room.call("stop") == ("", [])


def test_the_script_is_private(room: Mailroom) -> None:
    assert stat.S_IMODE(Path(room.script).stat().st_mode) == 0o700


@options(max_examples=30, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(name=names)
def test_a_cli_finds_the_script_and_the_script_its_files_whatever_directories_are_called(
    tmp_path: Path, name: str
) -> None:
    place = Path(tempfile.mkdtemp(dir=tmp_path), name)
    place.mkdir()
    room = Mailroom(place)
    (room.new / "m.md").touch()
    held = json.loads(json.dumps(merged_settings([], room.script)[0]))
    of_claude, _ = commands(held, "Stop")
    option = next(word for word in settings_arguments(room.script) if word.startswith("hooks.Stop="))
    (of_codex,) = commands({"hooks": tomllib.loads(option)["hooks"]}, "Stop")
    for count, command in enumerate((of_claude, of_codex), 1):
        words = ["/bin/sh", "-c", command]
        done = subprocess.run(words, capture_output=True, text=True, check=True, env={"PATH": os.environ["PATH"]})
        assert (done.stdout, done.stderr) == ("said\n", "")
        assert room.calls.read_text() == "/q claude hook claude stop --normal-after 90\n" * count
    assert (room.state / "hook.event").read_text() == "stop\n" * 2


def commands(settings: dict[str, object], event: str) -> list[str]:
    hooks = settings["hooks"]
    assert isinstance(hooks, dict)
    return [hook["command"] for entry in hooks[event] for hook in entry["hooks"]]


def test_only_tools_that_change_files_have_a_hook_before_them() -> None:
    (entry,) = merged_settings([], "/s/hook")[0]["hooks"]["PreToolUse"]
    assert [each for each in ("Edit", "MultiEdit", "Write", "NotebookEdit", "Read", "Bash", "TodoWrite")
            if re.fullmatch(entry["matcher"], each)] == ["Edit", "MultiEdit", "Write", "NotebookEdit"]  # fmt: skip
    option = next(word for word in settings_arguments("/s/hook") if word.startswith("hooks.PreToolUse="))
    (entry,) = tomllib.loads(option)["hooks"]["PreToolUse"]
    assert [each for each in ("apply_patch", "Bash", "apply_patch_x") if re.search(entry["matcher"], each)] == [
        "apply_patch"
    ]


def test_claude_gets_a_hook_for_each_event() -> None:
    settings, words = merged_settings(["--continue"], "/s/hook")
    assert {event: commands(settings, event) for event in settings["hooks"]} == OURS
    assert words == ["--continue"]


OWN = {"model": "opus", "hooks": {"Stop": [{"hooks": [{"type": "command", "command": "own"}]}], "PreCompact": []}}


@pytest.mark.parametrize("form", ["--settings {json}", "--settings={json}", "--settings {file}", "--settings={file}"])
def test_the_users_own_settings_are_merged(tmp_path: Path, form: str) -> None:
    (tmp_path / "own.json").write_text(json.dumps(OWN))
    values = {"{json}": json.dumps(OWN), "{file}": str(tmp_path / "own.json")}
    own = [values.get(word, word) for word in form.replace("={", " = {").split(" ")]
    if "=" in own:
        own = ["".join(own)]
    settings, words = merged_settings(
        ["-c", "--settings", '{"model": "lost"}', *own, "--", "--settings", "x"], "/s/hook"
    )
    assert words == ["-c", "--", "--settings", "x"]
    assert settings["model"] == "opus"
    assert commands(settings, "Stop") == ["own", *OURS["Stop"]]
    assert settings["hooks"]["PreCompact"] == []


@pytest.mark.parametrize("own", ["/nowhere/x.json", "{", "[]", '{"hooks": 1}', '{"hooks": {"Stop": 1}}', "/"])
def test_settings_that_cannot_be_read_are_not_replaced(own: str) -> None:
    with pytest.raises(BadSettingsError):
        merged_settings(["--settings", own], "/s/hook")


def test_codex_gets_the_same_as_configuration() -> None:
    arguments = settings_arguments('/it\'s "s"/hook')
    assert arguments[::2] == ["-c"] * len(CALLED_AT)
    for argument, (event, word) in zip(arguments[1::2], ((each, EVENTS[each]) for each in CALLED_AT), strict=True):
        hooks = tomllib.loads(argument)["hooks"][event]
        command = hooks[0]["hooks"][0]["command"]
        assert subprocess.run(["sh", "-c", f'printf "%s\\n" {command}'], capture_output=True, text=True).stdout == (
            f'/it\'s "s"/hook\n{word}\n'
        )
