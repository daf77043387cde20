"""The user's private directory: where it may be, and the files of one run in it."""

from __future__ import annotations

import json
import os
import stat
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from amq.runtime.path_shim import command_path
from amq.runtime.policy.wake_line import notification
from amq.runtime.private_state import PrivateState, planned_run, private_state, run_directory, write_private

OTHER = 12345  # a user


@pytest.fixture
def place() -> Iterator[Path]:
    """Return a directory that is not below the usual temporary one."""
    with tempfile.TemporaryDirectory(dir="/var/tmp", prefix="amq-") as path:
        yield Path(path)


@pytest.fixture
def state(place: Path) -> PrivateState:
    return private_state({"XDG_STATE_HOME": str(place)}, ())


def test_the_first_place_that_is_private_is_taken_and_made(place: Path) -> None:
    environ = {"XDG_STATE_HOME": str(place / "a"), "HOME": str(place / "h"), "XDG_RUNTIME_DIR": str(place / "r")}
    for directory in ("a/amq", "h/.local/state/amq", "r/amq"):
        assert private_state(environ, ()) == PrivateState(str(place / directory))
        assert stat.S_IMODE((place / directory).stat().st_mode) == 0o700
        environ.pop(next(iter(environ)))
    found = private_state(environ, ())
    assert (found.directory, "HOME" in found.why_not) == ("", True)


@pytest.mark.parametrize(
    ("base", "why"),
    [
        ("relative", "not an absolute path"),
        ("{place}/co:lon", "cannot be part of a PATH"),
        ("{place}/line\nfeed", "cannot be part of a PATH"),
        ("{place}/project/state", "where agents can write"),
        ("{place}/link/state", "where agents can write"),
        ("{place}/deep/state", "where agents can write"),
        ("/tmp/state", "where agents can write"),
        ("{place}/tmpdir/state", "where agents can write"),
        ("{place}/open/state", "can be changed by other users"),
        ("{place}/group/state", "can be changed by other users"),
        ("{place}/file", "Not a directory"),
        ("{place}/file/state", "Not a directory"),
        ("{place}/taken", "not a directory that only you can use"),
        ("{place}/linked", "not a directory that only you can use"),
        ("{place}/loose", "not a directory that only you can use"),
        ("/proc/state", "No such file"),
    ],
)
def test_a_place_that_others_can_change_is_not_taken(place: Path, base: str, why: str) -> None:
    for name in ("project", "tmpdir", "open", "group", "taken", "linked", "loose/amq"):
        (place / name).mkdir(parents=True)
    (place / "link").symlink_to("project")
    (place / "project" / "inside").mkdir()
    (place / "deep").symlink_to("project/inside")
    (place / "open").chmod(0o777)
    os.chown(place / "group", -1, OTHER)
    (place / "group").chmod(0o770)
    (place / "file").touch()
    (place / "taken" / "amq").touch()
    (place / "linked" / "amq").symlink_to(place / "taken")
    (place / "loose" / "amq").chmod(0o722)
    before = sorted(map(str, place.rglob("*")))
    environ = {"XDG_STATE_HOME": base.format(place=place), "TMPDIR": str(place / "tmpdir")}
    found = private_state(environ, [str(place / "project"), str(place / "missing")])
    assert found.directory == ""
    assert why in found.why_not
    assert found.why_not.startswith("XDG_STATE_HOME: ")
    assert sorted(map(str, place.rglob("*"))) == before
    assert found.of_agent("/q", "a") == found


@pytest.mark.parametrize("umask", [0o000, 0o022, 0o277, 0o777])
def test_all_that_is_made_is_the_user_s_alone_whatever_the_umask(place: Path, umask: int) -> None:
    before = os.umask(umask)
    try:
        state = private_state({"HOME": str(place)}, ())
        agent = state.of_agent("/q", "a").directory
        write_private(f"{agent}/wakes", "x")
        with run_directory(state, "/q", "a", (), alone=True) as files:
            write_private(f"{files.directory}/hook", "x", 0o700)
            found = {str(path.relative_to(place)): stat.S_IMODE(path.lstat().st_mode) for path in place.rglob("*")}
    finally:
        os.umask(before)
    assert agent
    assert files.directory
    assert found.pop(f"{files.directory[len(str(place)) + 1 :]}/hook") == 0o700
    assert {name for name, mode in found.items() if mode not in (0o600, 0o700)} == set()
    assert private_state({"HOME": str(place)}, ()) == state


def test_what_cannot_be_written_leaves_nothing(place: Path) -> None:
    with pytest.raises(UnicodeEncodeError):
        write_private(str(place / "x"), "\ud800")
    assert list(place.iterdir()) == []


@pytest.mark.skipif(os.geteuid() != 0, reason="needs root")
def test_a_place_of_another_user_s_is_not_taken(place: Path) -> None:
    (place / "theirs").mkdir()
    os.chown(place / "theirs", OTHER, OTHER)
    assert "belongs to another user" in private_state({"HOME": str(place / "theirs")}, ()).why_not
    (place / "amq").mkdir()
    os.chown(place / "amq", OTHER, OTHER)
    assert "only you can use" in private_state({"XDG_STATE_HOME": str(place)}, ()).why_not


def test_a_directory_of_the_user_s_own_group_may_be_writable_for_it(place: Path) -> None:
    """With a group for each user, a umask of 002 is usual."""
    place.chmod(0o770)
    os.chown(place, -1, os.geteuid())
    assert private_state({"XDG_STATE_HOME": str(place)}, ()).directory


def test_each_agent_of_each_queue_has_a_directory_whatever_the_project_is_called(state: PrivateState) -> None:
    roots = [
        "/p/.agent-mail",
        "/q/.agent-mail",
        "/p:q/.agent-mail",
        "/\udcff\x1b[m/.agent-mail",
        "/" + "x" * 300 + "/m",
    ]
    found = {state.of_agent(root, handle).directory for root in roots for handle in ("a", "b")}
    assert len(found) == 10
    for path in found:
        assert path.isprintable()
        assert ":" not in path
        assert stat.S_IMODE(os.stat(path).st_mode) == 0o700


def test_a_directory_that_cannot_be_made_is_reported(state: PrivateState, place: Path) -> None:
    (place / "amq" / "queues").touch()
    assert "Not a directory" in state.of_agent("/q", "a").why_not


class TestTheFilesOfOneRun:
    def test_they_are_gone_at_its_end(self, state: PrivateState) -> None:
        with run_directory(state, "/q", "claude", (), alone=True) as files:
            write_private(f"{files.directory}/settings.json", "secret")
        assert os.listdir(f"{state.directory}/r") == []

    def test_what_a_killed_run_left_is_swept_and_no_other(self, state: PrivateState) -> None:
        script = (
            "import os, signal, sys\n"
            "from amq.runtime.private_state import PrivateState, run_directory, write_private\n"
            "with run_directory(PrivateState(sys.argv[1]), '/q', 'killed', (), alone=True) as files:\n"
            "    write_private(files.directory + '/settings.json', 'secret')\n"
            "    os.kill(os.getpid(), signal.SIGKILL)\n"
        )
        assert subprocess.run([sys.executable, "-c", script, state.directory], check=False).returncode == -9
        runs = Path(state.directory, "r")
        (left,) = runs.iterdir()
        assert (left / "settings.json").exists()
        with run_directory(state, "/q", "first", (), alone=True), run_directory(state, "/q", "second", (), alone=True):
            assert len(list(runs.iterdir())) == 2
            assert left not in runs.iterdir()
        assert list(runs.iterdir()) == []

    def test_what_a_killed_run_of_an_older_version_left_is_swept(self, state: PrivateState) -> None:
        older = Path(state.directory, "runs", "claude-1a2b3c4d")
        older.mkdir(parents=True)
        (older / "settings.json").write_text("secret")
        with run_directory(state, "/q", "claude", (), alone=True):
            assert list(older.parent.iterdir()) == []

    @pytest.mark.parametrize("handle", ["claude", "a" * 64])
    def test_the_path_is_short_enough_to_be_typed(self, handle: str) -> None:
        """A line with a long path wraps on most screens, whatever the agent's handle is."""
        files = planned_run(
            PrivateState("/home/firstname/.local/state/amq"), "/home/firstname/project/.agent-mail", handle
        )
        line = notification(["codex"], {"codex"}, command_path(files.directory))
        assert (len(line.text) <= 110, len(line.shorter) <= 100) == (True, True), line.text

    def test_the_path_is_the_same_each_time_unless_there_may_be_two(self, state: PrivateState) -> None:
        """Codex asks the user to trust a hook again if its path has changed."""
        with run_directory(state, "/q", "codex", (), alone=True) as first:
            for queue, handle, alone in (("/q", "codex", False), ("/r", "codex", True), ("/q", "codex-2", True)):
                with run_directory(state, queue, handle, (), alone=alone) as other:
                    assert other.directory not in ("", first.directory)
        with run_directory(state, "/q", "codex", (), alone=True) as again:
            assert again == first

    def test_below_where_the_agent_works_there_are_none(self, state: PrivateState, place: Path) -> None:
        with run_directory(state, "/q", "claude", [str(place)], alone=True) as files:
            assert files.directory == ""
            assert "where agents can write" in files.why_not

    def test_where_they_cannot_be_made_there_are_none(self, state: PrivateState) -> None:
        Path(state.directory, "r").touch()
        with run_directory(state, "/q", "claude", (), alone=True) as files:
            assert "Not a directory" in files.why_not
        with run_directory(PrivateState("", "it is full"), "/q", "claude", (), alone=True) as files:
            assert files == PrivateState("", "it is full")


def test_a_program_s_settings_and_shim_are_not_in_the_project(tmp_path: Path) -> None:
    """The words of --settings may hold keys; files of the project may be committed, or read by an agent there."""
    project, log = tmp_path / "co:lon", tmp_path / "log"
    project.mkdir()
    program = tmp_path / "claude"
    program.write_text(
        '#!/bin/sh\nwhile [ "$1" != --settings ]; do shift; done\n'
        f'{{ echo "$2"; cat "$2"; echo; ls -ld "$2"; echo "$PATH"; command -v amq; }} >{log}\n'
    )
    program.chmod(0o700)
    secret = json.dumps({"env": {"KEY": "sk-secret"}})
    command = [sys.executable, "-m", "amq", "run", "--", str(program), "--settings", secret]
    done = subprocess.run(command, cwd=project, stdin=subprocess.DEVNULL, capture_output=True, check=False)
    assert done.returncode == 0, done.stderr
    path, settings, mode, search, amq = log.read_text().splitlines()
    private = os.environ["XDG_STATE_HOME"]
    assert path.startswith(f"{private}/amq/r/")
    assert json.loads(settings)["env"] == {"KEY": "sk-secret"}
    assert mode.startswith("-rw-------")
    assert search.startswith(f"{os.path.dirname(path)}/bin:")
    assert amq == f"{os.path.dirname(path)}/bin/amq"
    assert not os.path.exists(os.path.dirname(path))
    held = [each for each in project.rglob("*") if each.is_file() and "sk-secret" in each.read_text("latin-1")]
    assert held == []


def test_without_a_private_place_the_agent_is_hosted_without_files(tmp_path: Path) -> None:
    log = tmp_path / "log"
    program = tmp_path / "claude"
    program.write_text(f'#!/bin/sh\n{{ echo "$@"; echo "$PATH"; }} >{log}\n')
    program.chmod(0o700)
    environ = {"PATH": os.environ["PATH"], "HOME": str(tmp_path / "home")}
    done = subprocess.run(
        [sys.executable, "-m", "amq", "run", "--", str(program), "-c"],
        cwd=tmp_path, env=environ, stdin=subprocess.DEVNULL, capture_output=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert log.read_text().splitlines() == ["-c", os.environ["PATH"]]


def test_where_its_files_cannot_be_written_the_agent_is_hosted_without(tmp_path: Path) -> None:
    """The disk may be full by then."""
    log = tmp_path / "log"
    program = tmp_path / "claude"
    program.write_text(f'#!/bin/sh\n{{ echo "$@"; echo "$PATH"; }} >{log}\n')
    program.chmod(0o700)
    full = (
        "import sys\nfrom amq.cli.main import main\nfrom amq.runtime import path_shim\n"
        "def fail(*_):\n    raise OSError(28, 'No space left on device')\n"
        "path_shim.write_private = fail\n"
        f"sys.exit(main(['run', '--', {str(program)!r}, '-c']))\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", full], cwd=tmp_path, stdin=subprocess.DEVNULL, capture_output=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert log.read_text().splitlines() == ["-c", os.environ["PATH"]]
    assert os.listdir(f"{os.environ['XDG_STATE_HOME']}/amq/r") == []


def test_who_only_asks_makes_no_directories(state: PrivateState) -> None:
    assert not os.path.exists(state.of_agent("/q", "a", make=False).directory)
    assert os.path.exists(state.of_agent("/q", "a").directory)


def test_files_are_written_without_o_nofollow(state: PrivateState) -> None:
    """Windows has no such flags."""
    script = (
        "import os, sys\ndel os.O_NOFOLLOW, os.O_NONBLOCK\n"
        "from amq.runtime.hooks.announcements import read_state, write_state\n"
        "from amq.runtime.policy.hook_decision import HookState\n"
        "from amq.runtime.journal import BoundedFile\n"
        "write_state(sys.argv[1], HookState(session='s'))\nfile = BoundedFile(sys.argv[1], 'log')\n"
        "file.append('x')\nprint(read_state(sys.argv[1]).session, *file.lines())\n"
    )
    words = [sys.executable, "-c", script, state.directory]
    assert subprocess.run(words, capture_output=True, check=True).stdout == b"s x\n"


IN_A_NAMESPACE = """
import ctypes, os, sys
from amq import procfs
from amq.runtime.private_state import private_state

if os.geteuid() == 0:
    os.setresgid(12345, 12345, 12345)
    os.setresuid(12345, 12345, 12345)
    ctypes.CDLL(None).prctl(4, 1)  # PR_SET_DUMPABLE: else its files in /proc stay root's
me, group = os.geteuid(), os.getegid()
if ctypes.CDLL(None).unshare(0x10000000) == 0:
    procfs.map_user(me, group)
    for base in sys.argv[1:]:
        print(private_state({"XDG_STATE_HOME": base}, ()).why_not)
"""


@pytest.mark.skipif(sys.platform != "linux", reason="user namespaces are Linux's")
def test_in_a_user_namespace_the_owner_of_the_root_directory_is_taken_for_root(place: Path) -> None:
    """Root has no number there. A directory that others may write to is refused as ever."""
    me = os.geteuid() or OTHER
    place.chmod(0o755)
    for name, mode in (("mine", 0o755), ("open", 0o777)):
        (place / name).mkdir()
        (place / name).chmod(mode)
        (place / name / "state").mkdir()
        os.chown(place / name / "state", me, me)
    words = [sys.executable, "-c", IN_A_NAMESPACE, str(place / "mine/state"), str(place / "open/state")]
    done = subprocess.run(words, capture_output=True, text=True)
    if not done.stdout:
        pytest.skip("no user namespace")
    good, loose = done.stdout.splitlines()
    assert good == ""
    assert "can be changed by other users" in loose
