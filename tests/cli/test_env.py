"""`amq env`: the queue and the agent in use."""

from __future__ import annotations

import shlex
import subprocess
from pathlib import Path

import pytest

from tests.conftest import Shell


def test_exports_are_shell_words(shell: Shell, project: Path) -> None:
    root = project / "it's $(a) queue"
    shell.ok("init", "--root", str(root), "--agents", "alice")
    text = shell.ok("env", "--root", str(root))
    assert text == f"export AM_ROOT={shlex.quote(str(root))}\nexport AM_ME=alice\n"
    evaluated = subprocess.run(["sh", "-c", f'{text}printf %s "$AM_ROOT"'], capture_output=True, check=True)
    assert evaluated.stdout.decode() == str(root)


def test_json_says_where_each_value_came_from(amq: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
    found = {"value": str(amq.root), "source": "found"}
    assert amq("env", "--json").value == {"root": found, "me": {"value": "alice", "source": "--me"}}
    monkeypatch.setenv("AM_ME", "bob")
    monkeypatch.setenv("AM_ROOT", str(amq.root))
    assert amq("env", "--json", me=None).value == {
        "root": {"value": str(amq.root), "source": "AM_ROOT"},
        "me": {"value": "bob", "source": "AM_ME"},
    }


def test_an_agent_that_is_not_known_is_left_out(amq: Shell) -> None:
    assert amq.ok("env", me=None) == f"export AM_ROOT={amq.root}\n"
    assert list(amq("env", "--json", me=None).value) == ["root"]


def test_the_user_is_shown_and_never_exported(amq: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("amq.cli.open_mailbox.stdin_is_terminal", lambda: True)
    assert "AM_ME" not in amq.ok("env", me=None)
    assert amq("env", "--json", me=None).value["me"] == {"value": "user", "source": "terminal"}


def test_no_queue_is_not_found(shell: Shell) -> None:
    result = shell("env", "--json")
    assert (result.code, result.out, result.error["code"]) == (3, "", "not_found")


def test_what_is_not_a_handle_is_refused(amq: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AM_ME", "$(reboot)")
    result = amq("env", me=None)
    assert (result.code, result.out) == (2, "")
