"""`amq hook install`, `uninstall`: the user's settings are edited in place, and restored as they were."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pexpect
import pytest
from hypothesis import example, given
from hypothesis import settings as configure
from hypothesis import strategies as st

from amq.errors import AmqError, Conflict
from amq.setup import hooks
from amq.setup.hooks import EVENTS, add, command, entry, remove
from amq.setup.jsonc import parse
from amq.store import durable
from tests.awkward import AWKWARD_DIRECTORIES
from tests.conftest import Shell
from tests.setup.test_jsonc import VALUES, value

BLANKS = st.text("\n\t ", max_size=4)
COMMENTS = st.sampled_from(["", "", "", "// a { comment\n", '/* an, "other" ] */', "/**/ // both\r\n"])
GAPS = st.tuples(BLANKS, COMMENTS, BLANKS).map("".join)
THEIRS = st.fixed_dictionaries({"hooks": st.just([{"type": "command", "command": "make lint"}])})
LISTS = st.lists(THEIRS | VALUES, max_size=2)
NAMES = st.sampled_from([*EVENTS, "PreToolUse"])
SETTINGS = st.dictionaries(st.text().filter(lambda name: name != "hooks"), VALUES, max_size=3)


@st.composite
def written(draw: st.DrawFn, content: Any) -> str:
    """Return CONTENT in an odd form: any space, any comments, commas at the end."""

    def gap() -> str:
        return draw(GAPS)

    def write(content: Any) -> str:
        if isinstance(content, dict):
            parts = [f"{json.dumps(name)}{gap()}:{gap()}{write(each)}" for name, each in content.items()]
        elif isinstance(content, list):
            parts = [write(each) for each in content]
        else:
            return json.dumps(content)
        comma = "," if bool(parts) and draw(st.booleans()) else ""
        inside = ",".join(f"{gap()}{part}{gap()}" for part in parts) + comma + gap()
        return f"{{{inside}}}" if isinstance(content, dict) else f"[{inside}]"

    return gap() + write(content) + gap()


@st.composite
def settings(draw: st.DrawFn) -> str:
    """Return settings as users have them, with hooks of their own or without."""
    content = draw(SETTINGS)
    if draw(st.booleans()):
        content["hooks"] = draw(st.dictionaries(NAMES, LISTS, max_size=4))
    if draw(st.booleans()):
        return json.dumps(
            content, indent=draw(st.sampled_from([None, 1, 2, 4, "\t"])), ensure_ascii=draw(st.booleans())
        )
    return draw(written(content))


def plain(text: str) -> Any:
    return value(parse(text))


@given(settings(), st.sampled_from(["claude", "codex"]))
@example("{}", "claude")
@example('{"hooks": {}}', "claude")
@example('{\n  "hooks": {\n  }\n}', "claude")
@example('{"hooks": {"Stop": []}}', "claude")
@example('{"hooks": {"Stop": [\n]}}', "claude")
@example('{\r\n\t"a": 1 // one\r\n}', "claude")
def test_installing_adds_just_our_hooks_and_uninstalling_gives_the_same_bytes(text: str, program: str) -> None:
    installed = add(text, program)
    before, after = plain(text), plain(installed)
    for event in EVENTS:
        assert after["hooks"][event].pop(0) == entry(program, event)
        if event not in before.get("hooks", {}):
            assert after["hooks"].pop(event) == []
    if "hooks" not in before:
        assert after.pop("hooks") == {}
    assert after == before
    assert add(installed, program) == installed
    assert remove(installed, program) == text


@configure(max_examples=40)
@given(settings())
def test_refusing_edits_is_chosen_by_each_installation(text: str) -> None:
    denies = add(text, "claude", denies=True)
    assert denies.count("amq hook claude PreToolUse --deny-leased") == denies.count("--deny-leased") == 1
    allows = add(text, "claude")
    assert (plain(add(denies, "claude")), plain(add(allows, "claude", denies=True))) == (plain(allows), plain(denies))
    assert add(denies, "claude", denies=True) == denies
    assert remove(denies, "claude") == text


@configure(max_examples=40)
@given(settings())
def test_both_programs_in_one_file_do_not_meet(text: str) -> None:
    assert remove(remove(add(add(text, "claude"), "codex"), "codex"), "claude") == text


@configure(max_examples=40)
@given(settings(), st.sampled_from([2, 4]))
def test_what_the_agent_has_written_anew_is_still_found(text: str, indent: int) -> None:
    """Claude Code rewrites its settings when a user changes one in it; that loses comments, not amq."""
    rewritten = json.dumps(plain(add(text, "claude")), indent=indent)
    before, left = plain(text), plain(remove(rewritten, "claude"))
    for content in (before, left):  # the empty remainder does no harm
        content["hooks"] = {event: entries for event, entries in content.get("hooks", {}).items() if entries}
    assert left == before


def test_our_hook_among_others_in_one_entry_is_taken_out() -> None:
    theirs = {"type": "command", "command": "make lint"}
    mixed = {"hooks": {"Stop": [{"hooks": [theirs, entry("claude", "Stop")["hooks"][0], theirs]}]}}
    assert plain(remove(json.dumps(mixed), "claude")) == {"hooks": {"Stop": [{"hooks": [theirs, theirs]}]}}


def test_an_older_form_of_amqs_is_replaced() -> None:
    old = add("{}", "claude").replace("$PWD", "$OLD")
    assert add(old, "claude") == add("{}", "claude")


class TestCommand:
    """`amq hook install` at the shell."""

    @pytest.fixture
    def file(self, project: Path) -> Path:
        path = project.with_name("home") / ".claude" / "settings.json"
        path.parent.mkdir(parents=True)
        path.write_bytes(b'{\n  // mine\n  "model": "x" }')
        return path

    def test_a_dry_run_shows_the_change_and_makes_none(self, shell: Shell, file: Path) -> None:
        before = file.read_bytes()
        shown = shell.ok("hook", "install", "claude", "--dry-run", me=None)
        assert f"+++ {file}" in shown
        assert '+    "SessionStart": [' in shown
        assert file.read_bytes() == before

    def test_there_and_back(self, shell: Shell, file: Path) -> None:
        before = file.read_bytes()
        file.chmod(0o640)
        assert shell.ok("hook", "install", "claude", "--yes", me=None).endswith(f"{file}: changed\n")
        assert b"// mine" in file.read_bytes()
        assert file.stat().st_mode & 0o777 == 0o640
        assert shell.ok("hook", "install", "claude", "--yes", me=None) == f"{file}: nothing to do\n"
        shell.ok("hook", "uninstall", "claude", "--yes", me=None)
        assert file.read_bytes() == before
        assert file.stat().st_mode & 0o777 == 0o640
        assert [path.name for path in file.parent.iterdir()] == ["settings.json"]

    def test_a_link_stays_one(self, shell: Shell, file: Path, tmp_path: Path) -> None:
        elsewhere = tmp_path / "dotfiles.json"
        file.rename(elsewhere)
        file.symlink_to(elsewhere)
        shell.ok("hook", "install", "claude", "--yes", me=None)
        assert file.is_symlink()
        assert "amq hook claude Stop" in elsewhere.read_text()

    @pytest.mark.parametrize("text", [b"{", b"[]", b'{"hooks": []}', b'{"hooks": {"Stop": {}}}', b'{"a": "\xff"}'])
    @pytest.mark.parametrize("word", ["install", "uninstall"])
    def test_broken_settings_are_left_alone(self, shell: Shell, file: Path, text: bytes, word: str) -> None:
        file.write_bytes(text)
        result = shell("hook", word, "claude", "--yes", me=None)
        assert (result.code, result.out) == (1, "")
        assert f"{file} cannot be parsed, so amq left it unchanged: " in result.err
        assert file.read_bytes() == text

    def test_where_no_one_can_be_asked_it_refuses(self, shell: Shell, file: Path) -> None:
        before = file.read_bytes()
        result = shell("hook", "install", "claude", me=None)
        assert (result.code, file.read_bytes()) == (2, before)
        assert "--yes" in result.err

    @pytest.mark.usefixtures("shell")
    @pytest.mark.parametrize(("answer", "code"), [("y", 0), ("n", 1), ("", 1)])
    def test_a_user_sees_the_change_and_is_asked(self, file: Path, answer: str, code: int) -> None:
        before = file.read_bytes()
        words = ["-m", "amq", "hook", "install", "claude"]
        user = pexpect.spawn(sys.executable, words, env=dict(os.environ), encoding="utf-8", timeout=30)
        user.expect_exact('"SessionStart": [')
        user.expect_exact("[y/N]")
        user.sendline(answer)
        user.expect(pexpect.EOF)
        user.close()
        assert user.exitstatus == code
        assert (file.read_bytes() == before) == (answer != "y")

    def test_settings_are_made_where_there_are_none(self, shell: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("CODEX_HOME", str(shell.project / "codex"))
        shell.ok("hook", "install", "codex", "--yes", me=None)
        path = shell.project / "codex" / "hooks.json"
        assert set(json.loads(path.read_bytes())["hooks"]) == set(EVENTS)
        assert path.stat().st_mode & 0o777 == 0o600
        assert shell.ok("hook", "uninstall", "codex", "--yes", me=None).endswith("hooks.json: removed\n")
        assert [*path.parent.iterdir()] == []

    @pytest.mark.parametrize("text", ["{\n}\n", "{}", "{\n}"])
    def test_an_empty_file_of_the_user_that_has_no_hooks_stays(self, shell: Shell, file: Path, text: str) -> None:
        file.write_text(text)
        shell.ok("hook", "uninstall", "claude", "--yes", me=None)
        assert file.read_text() == text

    def test_a_file_behind_a_link_stays(self, shell: Shell, file: Path, tmp_path: Path) -> None:
        file.unlink()
        file.symlink_to(tmp_path / "dotfiles.json")
        shell.ok("hook", "install", "claude", "--yes", me=None)
        shell.ok("hook", "uninstall", "claude", "--yes", me=None)
        assert json.loads(file.read_bytes()) == {}

    @pytest.mark.parametrize(("program", "name"), [("claude", "settings.json"), ("codex", "hooks.json")])
    def test_a_project_has_settings_too(self, shell: Shell, program: str, name: str) -> None:
        shell.ok("hook", "install", program, "--project", "--yes", me=None)
        assert "amq hook" in (shell.project / f".{program}" / name).read_text()

    def test_json(self, shell: Shell, file: Path) -> None:
        done = json.loads(shell.ok("hook", "install", "claude", "--yes", "--json", me=None))
        assert (done["file"], done["written"], "amq hook" in done["diff"]) == (str(file), True, True)

    def test_uninstalling_what_is_not_there_is_nothing(self, shell: Shell) -> None:
        assert "nothing to do" in shell.ok("hook", "uninstall", "claude", "--yes", me=None)
        assert not Path(os.environ["HOME"], ".claude").exists()

    def test_it_is_not_an_agents_event(self, shell: Shell) -> None:
        assert shell("hook", "install", "gemini", "--yes", me=None).code == 2


def test_a_file_that_was_changed_meanwhile_is_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "settings.json"
    path.write_text("{}")
    change = hooks.installing(str(path), "claude")
    path.write_text('{"a": 1}')
    with pytest.raises(Conflict):
        change.write()
    assert path.read_text() == '{"a": 1}'


def test_a_failure_leaves_nothing_behind(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "settings.json"
    path.write_text("{}")

    def fails(*_: object) -> None:
        raise OSError(28, "full")

    monkeypatch.setattr(durable.syscalls, "replace", fails, raising=True)
    with pytest.raises(OSError, match="full"):
        hooks.installing(str(path), "claude").write()
    assert [each.name for each in tmp_path.iterdir()] == ["settings.json"]


def test_an_error_names_the_file_and_the_line(tmp_path: Path) -> None:
    path = tmp_path / "settings.json"
    path.write_text('{\n  "a": 1\n  "b": 2\n}')
    with pytest.raises(AmqError, match=r"settings\.json cannot be parsed.*line 3"):
        hooks.installing(str(path), "claude")


class TestWhatAHookRuns:
    """The lines of shell start `amq` only where there may be mail."""

    @pytest.fixture
    def programs(self, tmp_path: Path) -> Path:
        (tmp_path / "bin").mkdir()
        program = tmp_path / "bin" / "amq"
        program.write_text('#!/bin/sh\necho "$*"\n')
        program.chmod(0o700)
        return program.parent

    @pytest.mark.parametrize("other", ["sh", "bash", "zsh", "fish"])
    def test_in_whatever_shell_the_agent_has(self, amq: Shell, programs: Path, other: str) -> None:
        amq.send()
        assert run("claude", "Stop", amq.project, programs, shell=other, AM_ME="bob") == "hook claude Stop\n"
        assert run("claude", "Stop", amq.project, programs, shell=other, AM_ME="alice") == ""

    def test_for_an_agent_in_capitals_amq_looks_for_its_mail(self, amq: Shell, programs: Path) -> None:
        assert run("claude", "Stop", amq.project, programs, AM_ME="Bob") == "hook claude Stop\n"

    def test_mail_is_found_from_below_and_by_am_root(self, amq: Shell, programs: Path, tmp_path: Path) -> None:
        amq("init", "--agents", "codex", me=None)
        below = amq.project / "a b" / "c"
        below.mkdir(parents=True)
        assert run("codex", "Stop", below, programs) == ""
        amq.send(to="codex")
        assert run("codex", "Stop", below, programs) == "hook codex Stop\n"
        assert run("codex", "Stop", tmp_path, programs) == ""
        assert run("codex", "Stop", tmp_path, programs, AM_ROOT=str(amq.root)) == "hook codex Stop\n"
        assert run("codex", "Stop", below, programs, AM_ROOT=".agent-mail") == "hook codex Stop\n"
        assert run("codex", "Stop", Path("/"), programs) == ""

    @pytest.mark.parametrize("name", AWKWARD_DIRECTORIES)
    def test_mail_is_found_in_directories_called_anything(self, tmp_path: Path, programs: Path, name: str) -> None:
        new = tmp_path / name / ".agent-mail" / "agents" / "claude" / "inbox" / "new"
        new.mkdir(parents=True)
        for more in ({}, {"AM_ROOT": str(tmp_path / name / ".agent-mail")}):
            assert run("claude", "Stop", tmp_path / name, programs, **more) == ""
            (new / "m.md").touch()
            assert run("claude", "Stop", tmp_path / name, programs, **more) == "hook claude Stop\n"
            (new / "m.md").unlink()

    def test_a_session_always_begins_with_it(self, tmp_path: Path, programs: Path) -> None:
        assert run("claude", "SessionStart", tmp_path, programs) == "hook claude SessionStart\n"

    def test_in_a_linked_worktree_amq_looks_for_the_queue(self, tmp_path: Path, programs: Path) -> None:
        (tmp_path / ".git").write_text("gitdir: elsewhere")
        assert run("claude", "Stop", tmp_path, programs) == "hook claude Stop\n"

    def test_before_an_edit_amq_is_called_for_leases_of_others(self, amq: Shell, programs: Path) -> None:
        def says(event: str = "PreToolUse", cwd: Path = amq.project) -> str:
            return run("claude", event, cwd, programs, AM_ME="bob")

        amq.send()
        assert says() == ""
        (amq.root / "meta" / "leases").mkdir()
        leases = [amq.root / "meta" / "leases" / f"{name}.json" for name in ("bob", "alice", "carol")]
        leases[0].touch()
        assert says() == ""
        for lease in leases[1:]:
            lease.touch()
            assert says() == "hook claude PreToolUse\n"
            lease.unlink()
        assert says("Stop") == "hook claude Stop\n"

    def test_without_amq_it_fails_no_agent(self, amq: Shell, programs: Path) -> None:
        amq.send()
        (programs / "amq").unlink()
        assert run("claude", "Stop", amq.project, programs, AM_ME="bob") == ""


def run(program: str, event: str, cwd: Path, programs: Path, *, shell: str = "sh", **environ: str) -> str:
    """Return the output of the hook of EVENT; it must succeed and print nothing on stderr."""
    from tests.setup.conftest import require

    require(shell)
    done = subprocess.run(
        [shell, "-c", command(program, event)], cwd=cwd, env={"PATH": f"{programs}:/usr/bin:/bin", **environ},
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert (done.returncode, done.stderr) == (0, "")
    return done.stdout
