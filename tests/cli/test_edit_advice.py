"""`amq hook claude PreToolUse`: before an edit the model reads of another agent's lease on the file."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.cli.test_lease import Bob, file_of, rests, takes
from tests.conftest import Shell, private_directory

COUNTS = "src/: bob has a lease on it, 30m left, to the lexer. Edit something else meanwhile, or ask: amq send --to bob"


@pytest.fixture
def bob(amq: Shell) -> Iterator[Bob]:
    """Bob, who runs in the project, and has a lease on `src/`."""
    (amq.project / "src").mkdir()
    bob = Bob(amq)
    bob.starts()
    takes(amq, "src/", "--why=the lexer")
    yield bob
    bob.ends()


def said(amq: Shell, path: object, *words: str, me: str = "alice", cwd: str = "") -> str:
    """Return what the hook prints before an edit of PATH; it never fails."""
    event = {"tool_name": "Edit", "tool_input": {"file_path": path}, "cwd": cwd or str(amq.project)}
    return amq.ok("hook", "claude", "PreToolUse", *words, me=me, stdin=json.dumps(event, default=str).encode())


def told(amq: Shell, path: object, *words: str, **more: str) -> Any:
    """Return what is for the model in that, by its name; nothing if there is none."""
    printed = said(amq, path, *words, **more)
    return json.loads(printed)["hookSpecificOutput"] if printed else {}


@pytest.mark.usefixtures("bob")
def test_the_model_learns_of_the_holder_and_how_to_ask(amq: Shell) -> None:
    found = told(amq, amq.project / "src" / "a.py")
    assert (found.pop("hookEventName"), list(found)) == ("PreToolUse", ["additionalContext"])
    assert found["additionalContext"].startswith(COUNTS)


@pytest.mark.usefixtures("bob")
def test_an_edit_is_refused_on_request_alone(amq: Shell) -> None:
    refused = told(amq, "src/a.py", "--deny-leased")
    assert (refused["permissionDecision"], refused["permissionDecisionReason"][: len(COUNTS)]) == ("deny", COUNTS)
    assert "additionalContext" not in refused
    rests(amq, "bob", 1801)
    assert "permissionDecision" not in told(amq, "src/a.py", "--deny-leased")


def test_what_only_warns_is_said_too(amq: Shell, bob: Bob) -> None:
    rests(amq, "bob", 1801)
    assert told(amq, "src/a.py")["additionalContext"] == (
        "bob had a lease on src/, and was not seen at work for its time"
    )
    bob.ends()
    assert told(amq, "src/a.py")["additionalContext"] == "bob had a lease on src/, and does not run"


@pytest.mark.usefixtures("bob")
def test_the_tree_of_the_file_matters_and_not_that_of_the_agent(amq: Shell, tmp_path: Path) -> None:
    git = amq.project / ".git" / "worktrees" / "linked"
    git.mkdir(parents=True)
    (git / "HEAD").touch()
    (git / "commondir").write_text("../..")
    linked = tmp_path / "linked"
    linked.mkdir()
    (linked / ".git").write_text(f"gitdir: {git}")
    (linked / "link").symlink_to(amq.project / "src")
    assert told(amq, linked / "src" / "a.py")["additionalContext"] == (
        f"bob has a lease on src/ in {amq.project}: expect a merge"
    )
    for path in (amq.project / "src" / "a.py", "link/new/a.py"):
        assert told(amq, path, cwd=str(linked))["additionalContext"].startswith(COUNTS), path
    rests(amq, "bob", 1801)
    assert said(amq, linked / "src" / "a.py") == ""


@pytest.mark.usefixtures("bob")
def test_of_many_leases_a_few_are_named(amq: Shell) -> None:
    takes(amq, *(f"src/{each}.py" for each in "abcd"))
    rests(amq, "bob", 1801)
    text = told(amq, "src/*.py")["additionalContext"]
    assert (text.count("bob had"), text.endswith("; 2 more")) == (3, True)


@pytest.mark.usefixtures("bob")
@pytest.mark.parametrize("path", ["docs/a.md", "/etc/passwd", "", 7, None, "src/\0", "~", "../x"])
def test_of_other_paths_nothing_is_said(amq: Shell, path: object) -> None:
    assert said(amq, path) == ""


@pytest.mark.usefixtures("bob")
def test_ones_own_lease_is_not_in_the_way(amq: Shell) -> None:
    assert said(amq, "src/a.py", me="bob") == ""


@pytest.mark.usefixtures("bob")
def test_a_patch_of_codex_names_several_files(amq: Shell) -> None:
    for files, is_said in ((["/etc/x", "a", "src/a"], True), ([*(f"f{n}" for n in range(100)), "src/a"], False)):
        patch = "".join(f"*** Update File: {file}\n@@\n-x\n" for file in files)
        event = {"tool_name": "apply_patch", "tool_input": {"command": patch}, "cwd": str(amq.project)}
        printed = amq.ok("hook", "codex", "edit", stdin=json.dumps(event).encode())
        assert (COUNTS in printed) is is_said


@pytest.mark.usefixtures("bob")
@pytest.mark.parametrize("event", [b"", b"{", b"[]", b"7", b'{"tool_input": []}', b'{"cwd": 7}', b"\xff", b"[" * 10**5])
def test_an_event_that_cannot_be_parsed_lets_the_edit_pass(amq: Shell, event: bytes) -> None:
    for words in ((), ("--deny-leased",)):
        assert amq.ok("hook", "claude", "PreToolUse", *words, stdin=event) == ""


@pytest.mark.usefixtures("bob")
def test_a_broken_file_of_leases_lets_the_edit_pass(amq: Shell) -> None:
    file_of(amq, "bob").write_text("{")
    event = json.dumps({"tool_input": {"file_path": "src/a.py"}, "cwd": str(amq.project)}).encode()
    answered = amq("hook", "claude", "PreToolUse", "--deny-leased", stdin=event)
    assert (answered.code, answered.out, answered.err) == (0, "", "")
    assert amq("lease", "take", "src/", me="user").code == 0
    answered = amq("hook", "claude", "PreToolUse", "--deny-leased", stdin=event)
    assert "user has a lease on it" in answered.out


@pytest.mark.usefixtures("bob")
def test_a_sub_agent_reads_it_as_well(amq: Shell) -> None:
    event = {"agent_id": "a1", "tool_input": {"notebook_path": "src/a.ipynb"}, "cwd": str(amq.project)}
    assert amq.ok("hook", "claude", "PreToolUse", stdin=json.dumps(event).encode()) != ""


@pytest.mark.usefixtures("bob")
def test_a_queue_that_came_with_a_repository_says_nothing(amq: Shell) -> None:
    (amq.project / ".git" / "HEAD").unlink()
    for words in (("init", "-q", "--template="), ("add", "-f", ".agent-mail/meta/leases/bob.json")):
        subprocess.run(["git", *words], cwd=amq.project, check=True)
    assert said(amq, "src/a.py", "--deny-leased") == ""
    assert "leases in the queue" in (private_directory(amq.root, "alice") / "run.log").read_text()
    event = json.dumps({"tool_input": {"file_path": "src/a.py"}, "cwd": str(amq.project)}).encode()
    assert amq.ok("--trust-root", "hook", "claude", "PreToolUse", stdin=event) != ""


@pytest.mark.usefixtures("bob")
def test_a_reason_of_another_agent_stays_on_one_line(amq: Shell) -> None:
    wire = json.loads(file_of(amq, "bob").read_text())
    wire["leases"][0]["why"] = "x\n\x1b[2J"
    file_of(amq, "bob").write_text(json.dumps(wire))
    text = told(amq, "src/a.py")["additionalContext"]
    assert ("\n" in text, "\x1b" in text) == (False, False)


@pytest.mark.usefixtures("bob")
def test_under_amq_run_the_hooks_for_one_process_speak_alone(amq: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AMQ_HOOKED", "1")
    assert said(amq, "src/a.py") == ""
    event = json.dumps({"tool_input": {"file_path": "src/a.py"}, "cwd": os.getcwd()}).encode()
    assert amq.ok("hook", "claude", "edit", stdin=event) != ""
