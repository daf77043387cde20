"""Imports of a short command: few, and on the mailbox side nothing that only POSIX has."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

HEAVY = [
    "anyio", "asyncio", "dataclasses", "datetime", "importlib.metadata", "inspect", "locale", "pathlib", "pydantic",
    "shtab", "typing", "watchfiles",
]  # fmt: skip
NOT_FOR_MAIL = ["contextlib", "ctypes", "amq.store.acks", "amq.store.dlq_write"]
POSIX_ONLY = ["fcntl", "grp", "pwd", "readline", "resource", "syslog", "termios", "tty"]

COMMANDS = {
    "send": ["--me", "alice", "--to", "bob", "--body", "x", "--new-id", "x"],
    "list": ["--me", "bob"],
    "drain": ["--me", "bob", "--include-body"],
    "reply": ["--me", "bob", "--id", "x", "--body", "y"],
}

MOST_MODULES = {"send": 32, "list": 30, "drain": 38, "reply": 35}
"""The most modules of amq that each of these commands may import: each costs about 0.015 of `python -c pass`."""

TYPING = ["amq.pty", "amq.runtime.loop", "amq.runtime.policy.injection"]
ANNOUNCING = ["amq.runtime.journal", "amq.runtime.policy.wake_line", "amq.runtime.trust"]
WATCHING = ["amq.cli.who_watch", "amq.runtime.file_events"]
HOOK = ["hook", "claude", "Stop", "--me", "bob"]
ABOUT_AGENTS = {
    "hook without mail": (HOOK, "", [*TYPING, *ANNOUNCING], "amq.runtime.hooks.handler"),
    "hook": (HOOK, "--to bob", TYPING, "amq.runtime.policy.wake_line"),
    "who without mail": (["who"], "", [*TYPING, *ANNOUNCING, *WATCHING], "amq.runtime.state_file"),
    "who": (["who"], "--to bob", [*TYPING, *WATCHING, "amq.runtime.trust"], "amq.runtime.why_waiting"),
    "why": (
        ["why", "bob"],
        "--to bob",
        [*TYPING, "amq.runtime.trust", "amq.runtime.launch_preview"],
        "amq.runtime.why_waiting",
    ),
}
"""Commands of the runtime that agents call often.

Each has its words, mail sent before, modules not imported, and modules imported.
"""

COLLECTIONS = """
import gc, os
from amq.entry import entry_point
found = []
gc.callbacks.append(lambda phase, _: found.append(phase))
os._exit = lambda code: print(code, *found)
entry_point()
"""

LOADED_AFTER = """
import sys
before = set(sys.modules)
from amq.cli.main import main
assert main(sys.argv[1:]) == 0
print(*sorted(set(sys.modules) - before), file=sys.stderr)
"""

UNTIL_IT_STARTS = """
import gc, sys
from amq.pty import child
def start(*_):
    print(*sys.modules, f"frozen:{gc.get_freeze_count()}", file=sys.stderr)
    raise OSError(8, "not started")
child.start = start
from amq.cli.main import main
assert main(sys.argv[1:])
"""

ONE_MODULE = """
import sys
from amq.runtime.rust_notify import RustNotify
print(*sys.modules, file=sys.stderr)
import watchfiles
assert watchfiles.main.RustNotify is RustNotify
"""

MAILBOX_SIDE = """
import importlib, sys
for name in sys.argv[1:]:
    sys.modules[name] = None
for name in (
    "config errors instants jsontext layout message names record text "
    "mail.account mail.draining mail.mailbox mail.sending "
    "store.acks store.dlq_write store.drain_claim store.durable store.locks store.maildir store.rename_noreplace "
    "store.registry store.windows_open "
    "cli.main cli.message_body cli.message_options cli.open_mailbox cli.options cli.output cli.pipe_ack "
    "cli.commands.ack cli.commands.drain cli.commands.init cli.commands.list cli.commands.read cli.commands.reply "
    "cli.commands.send"
).split():
    importlib.import_module(f"amq.{name}")
"""


def python(*words: str, cwd: Path) -> subprocess.CompletedProcess[str]:
    """Run the interpreter without the site directory's start-up files, which import other modules."""
    environ = {"PYTHONPATH": str(Path(__file__).parent.parent), "XDG_STATE_HOME": os.environ["XDG_STATE_HOME"]}
    return subprocess.run(
        [sys.executable, "-S", *words], cwd=cwd, env=environ, input="", capture_output=True, text=True, check=False
    )


def test_short_commands_import_nothing_heavy(tmp_path: Path) -> None:
    assert python("-m", "amq", "init", "--here", "--agents", "alice,bob", cwd=tmp_path).returncode == 0
    for command, words in COMMANDS.items():
        done = python("-c", LOADED_AFTER, command, *words, cwd=tmp_path)
        assert done.returncode == 0, done.stderr
        loaded = set(done.stderr.split())
        assert "amq.mail.mailbox" in loaded
        assert loaded.isdisjoint([*HEAVY, *NOT_FOR_MAIL]), command
        assert sum(name.startswith("amq.") for name in loaded) <= MOST_MODULES[command], command


def test_a_short_command_does_not_look_for_garbage(tmp_path: Path) -> None:
    """Its imports make enough objects for some collections, and next to no garbage."""
    assert python("-m", "amq", "init", "--here", "--agents", "bob", cwd=tmp_path).returncode == 0
    done = python("-c", COLLECTIONS, "list", "--me", "bob", cwd=tmp_path)
    assert done.stdout == "0\n", done.stderr


@pytest.mark.parametrize("name", ABOUT_AGENTS)
def test_commands_about_agents_import_nothing_heavy(tmp_path: Path, name: str) -> None:
    words, mail, not_imported, imported = ABOUT_AGENTS[name]
    assert python("-m", "amq", "init", "--here", "--agents", "alice,bob", cwd=tmp_path).returncode == 0
    if mail:
        sent = python("-m", "amq", "send", "--me", "alice", *mail.split(), "--body", "x", cwd=tmp_path)
        assert sent.returncode == 0, sent.stderr
    done = python("-c", LOADED_AFTER, *words, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert bool(mail) == ("1" in done.stdout), "it has seen the mail"
    loaded = set(done.stderr.split())
    assert imported in loaded
    assert loaded.isdisjoint([*HEAVY, *not_imported])


def test_a_program_is_started_before_what_only_waking_needs_is_imported(tmp_path: Path) -> None:
    """No collection touches the objects from before: it would give `amq run` a copy of what its forks have."""
    done = python("-c", UNTIL_IT_STARTS, "run", "--as", "bob", "--", "sh", "-c", "", cwd=tmp_path)
    loaded = set(done.stderr.split())
    assert {"amq.runtime.host", "amq.pty.pump"} <= loaded, done.stderr
    later = {
        "anyio",
        "asyncio",
        "avt",
        "dataclasses",
        "inspect",
        "logging",
        "pathlib",
        "pydantic",
        "shutil",
        "subprocess",
        "textwrap",
        "tomllib",
        "traceback",
        "typing",
        "watchfiles",
    }
    assert loaded.isdisjoint({*later, "amq.runtime.loop", "amq.runtime.launch_preview"})
    assert "frozen:0" not in loaded


def test_the_watcher_comes_without_the_rest_of_its_package(tmp_path: Path) -> None:
    done = subprocess.run([sys.executable, "-c", ONE_MODULE], cwd=tmp_path, capture_output=True, text=True, check=True)
    assert set(done.stderr.split()).isdisjoint({"watchfiles", "watchfiles.main", "multiprocessing", "anyio"})


def test_knowing_the_user_imports_nothing_heavy(tmp_path: Path) -> None:
    """Each command of a user without AM_ME asks this."""
    code = "import amq.runtime.caller as c; print(c.why_not_user(QueueLayout('q'), {}, at_terminal=True), end='')"
    done = python("-c", f"import sys; from amq.layout import QueueLayout; {code}; print(*sys.modules)", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert set(done.stdout.split()).isdisjoint({*HEAVY, "subprocess", "amq.runtime.agents.profile"})


def test_completing_a_handle_imports_nothing_heavy(tmp_path: Path) -> None:
    """This runs each time TAB is pressed."""
    done = python("-c", LOADED_AFTER, "completion", "handles", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert set(done.stderr.split()).isdisjoint({*HEAVY, "amq.mail.mailbox"})


def test_a_command_imports_no_other(tmp_path: Path) -> None:
    assert python("-m", "amq", "init", "--here", "--agents", "bob", cwd=tmp_path).returncode == 0
    loaded = python("-c", LOADED_AFTER, "list", "--me", "bob", cwd=tmp_path).stderr.split()
    assert {"amq.cli.commands.send", "amq.cli.commands.drain", "amq.mail.sending", "amq.mail.draining"}.isdisjoint(
        loaded
    )


def test_the_mailbox_side_imports_where_posix_modules_are_missing(tmp_path: Path) -> None:
    done = python("-c", MAILBOX_SIDE, *POSIX_ONLY, cwd=tmp_path)
    assert done.returncode == 0, done.stderr


def test_hiding_a_module_would_be_noticed(tmp_path: Path) -> None:
    done = python("-c", MAILBOX_SIDE, "errno", cwd=tmp_path)
    assert "ModuleNotFoundError" in done.stderr


@pytest.mark.parametrize("handle", ["alice", "bob"])
def test_init_and_list_agree_without_site_packages(tmp_path: Path, handle: str) -> None:
    """The queue needs nothing but the standard library."""
    assert python("-m", "amq", "init", "--here", "--agents", "alice,bob", cwd=tmp_path).returncode == 0
    listed = python("-m", "amq", "list", "--json", "--me", handle, cwd=tmp_path)
    assert json.loads(listed.stdout) == []
