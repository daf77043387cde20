"""Hooks that Codex runs without a question: amq vouches for its own, and only if Codex lists exactly them."""

from __future__ import annotations

import os
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from amq.runtime.agents.codex import hook_vetting
from amq.runtime.agents.codex.hook_vetting import RECORD_NAME, vetting_arguments
from amq.runtime.agents.codex.hooks import settings_arguments
from amq.runtime.agents.registry import NotVettedError
from tests.crash.tools import require

PROGRAM = r"""#!{python} -IS
import json, os, re, sys, tomllib
way = os.environ["WAY"]
with open(os.environ["LOG"], "a") as log:
    log.write("asked\n")
if way == "ends":
    sys.exit(1)
given = [tomllib.loads(word)["hooks"] for word in sys.argv[1:] if word.startswith("hooks.")]
state = next((each["state"] for each in given if "state" in each), {{}})
hooks = []
for event, entries in ((event, entries) for each in given if "state" not in each for event, entries in each.items()):
    key = "/<session-flags>/config.toml:" + re.sub("(?<!^)([A-Z])", r"_\1", event).lower() + ":0:0"
    command = entries[0]["hooks"][0]["command"]
    is_trusted = state.get(key) == {{"trusted_hash": "sha256:" + "0" * 64}} and way != "asks"
    hooks.append({{
        "key": key, "command": command, "source": "sessionFlags", "enabled": True,
        "currentHash": "sha256:" + "0" * 64, "trustStatus": "trusted" if is_trusted else "untrusted",
    }})
theirs = dict(hooks[0], key="/home/x/hooks.json:stop:0:0", source="user", command="theirs")
first = hooks[0]
if way == "another command": first["command"] += " x"
if way == "switched off": first["enabled"] = False
if way == "another key": first["key"] = theirs["key"]
if way == "another hash": first["currentHash"] = 'x" }}, "y'
if way == "no hash": first["currentHash"] = None
if way == "one less": hooks.pop()
if way in ("another key", "another hash"): first["trustStatus"] = "trusted"
if way == "one more": hooks.append(dict(first, command="x", enabled=False, trustStatus="trusted",
    key="/<session-flags>/config.toml:pre_compact:0:0"))
for line in sys.stdin:
    asked = json.loads(line)
    if asked.get("method") == "initialize":
        print("[]", json.dumps({{"id": 1, "result": {{}}}}), sep="\n", flush=True)
    elif asked.get("method") == "hooks/list" and way != "silent":
        assert asked["id"] == 2 and os.getcwd() == "/"
        answer = {{"result": {{"data": [{{"cwd": "/", "hooks": [*hooks, theirs]}}]}}}}
        if way == "refuses": answer = {{"error": {{"code": 1}}}}
        if way == "two answers": answer["result"]["data"] *= 2
        print("no JSON" if way == "no JSON" else json.dumps(dict(answer, id=2)), flush=True)
"""


class Codex:
    """A program that answers as Codex does, with what it is asked from: its settings and two private directories."""

    def __init__(self, place: Path) -> None:
        self.place = place
        self.program = place / "bin" / "codex"
        self.program.parent.mkdir()
        self.program.write_text(PROGRAM.format(python=sys.executable))
        self.program.chmod(0o755)
        self.settings = place / "config.toml"
        self.private = place / "private"
        self.private.mkdir()

    def vetting(self, *own: str, way: str = "", files: str = "/run", private: str | None = None) -> list[str]:
        environment = {"WAY": way, "LOG": str(self.place / "log")}
        kept = str(self.private) if private is None else private
        return vetting_arguments(str(self.program), own, environment, str(self.settings), files, kept)

    def times_asked(self) -> int:
        log = self.place / "log"
        return len(log.read_text().splitlines()) if log.exists() else 0

    def comes_from_npm(self) -> Path:
        """Put the program where npm does, behind a link; return the file that has its version."""
        package = self.place / "node_modules" / "codex"
        (package / "bin").mkdir(parents=True)
        self.program.rename(package / "bin" / "codex.js")
        self.program.symlink_to(package / "bin" / "codex.js")
        (package / "package.json").write_text('{"version": "1"}')
        return package / "package.json"


@pytest.fixture
def codex(tmp_path: Path) -> Codex:
    return Codex(tmp_path)


def test_its_own_hooks_are_vouched_for(codex: Codex) -> None:
    option, value = codex.vetting("-m", "x")
    assert option == "-c"
    state = tomllib.loads(value)["hooks"]["state"]
    assert "/<session-flags>/config.toml:user_prompt_submit:0:0" in state
    assert len(state) == len(settings_arguments("x")) // 2
    assert all(each == {"trusted_hash": "sha256:" + "0" * 64} for each in state.values())


@pytest.mark.parametrize(
    "way",
    [
        *("another command", "switched off", "another key", "another hash", "no hash", "one less", "one more"),
        *("asks", "ends", "no JSON", "refuses", "two answers"),
    ],
)
def test_with_any_other_answer_none_are(codex: Codex, way: str) -> None:
    with pytest.raises(NotVettedError):
        codex.vetting(way=way)
    assert not (codex.private / RECORD_NAME).exists()


def test_an_answer_is_not_waited_for_long(codex: Codex, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hook_vetting, "ANSWER_WITHIN_S", 0.2)
    with pytest.raises(NotVettedError, match="timed out"):
        codex.vetting(way="silent")


@pytest.mark.parametrize(
    "own",
    [
        *(["-c", "hooks.Stop=[]"], ["-chooks.state={}"], ["--config=features.hooks=false"], ["--disable", "hooks"]),
        *(["-c", "features={hooks=false}"], ["-c", "hooks={}"]),
    ],
)
def test_the_users_own_arguments_about_hooks_win(codex: Codex, own: list[str]) -> None:
    with pytest.raises(NotVettedError, match="your own arguments"):
        codex.vetting(*own)
    assert codex.times_asked() == 0


@pytest.mark.parametrize("name", ["./codex", "codex", "/usr/bin/codex-in-a-box"])
def test_only_codex_is_asked(name: str) -> None:
    with pytest.raises(NotVettedError, match="only a program named codex"):
        vetting_arguments(name, (), {}, "", "/run", "")


def test_an_answer_is_kept_for_the_program_the_settings_and_the_hooks(codex: Codex) -> None:
    version = codex.comes_from_npm()
    first = codex.vetting()
    assert codex.times_asked() == 2
    assert codex.vetting() == first
    assert codex.times_asked() == 2
    codex.vetting(private="")
    codex.vetting(files="/another")
    assert codex.times_asked() == 6
    codex.settings.write_text("")
    codex.vetting(files="/another")
    assert codex.times_asked() == 8
    version.write_text('{"version": "1.1"}')
    codex.vetting(files="/another")
    assert codex.times_asked() == 10
    (codex.private / RECORD_NAME).write_text("{}")
    codex.vetting(files="/another")
    assert codex.times_asked() == 12


def test_a_native_codex_is_known_by_its_file(codex: Codex) -> None:
    require("cc")
    behind = codex.program.rename(codex.place / "behind")
    source = codex.place / "starter.c"
    source.write_text(f'#include <unistd.h>\nint main(int c, char **v) {{ return execv("{behind}", v); }}\n')
    subprocess.run(["cc", "-o", codex.program, source], check=True)
    codex.vetting()
    codex.vetting()
    assert codex.times_asked() == 2
    os.utime(codex.program, ns=(1, 1))
    codex.vetting()
    assert codex.times_asked() == 4


def test_nothing_is_kept_of_a_program_that_may_start_another(codex: Codex) -> None:
    codex.vetting()
    codex.vetting()
    assert codex.times_asked() == 4


def test_hooks_say_how_much_the_model_may_be_given() -> None:
    hooks = [tomllib.loads(word)["hooks"] for word in settings_arguments("/h/hook") if word != "-c"]
    entries = {event: each[event][0]["hooks"][0] for each in hooks for event in each}
    assert {event for event, entry in entries.items() if "additionalContextLimit" in entry} == {
        *("SessionStart", "UserPromptSubmit", "PostToolUse"),
    }
    assert entries["UserPromptSubmit"] == {
        "type": "command", "command": "/h/hook prompt", "timeout": 20, "additionalContextLimit": 20_000,
    }  # fmt: skip
    assert entries["SessionEnd"]["timeout"] == 3
