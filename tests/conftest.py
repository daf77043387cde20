"""Fixtures of many tests: a project with a queue, and `amq` called in it."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import settings

from amq.cli.main import main
from amq.layout import AgentLayout, QueueLayout
from amq.names import SUFFIX
from amq.runtime import caller
from amq.runtime.agents import registry
from amq.runtime.private_state import private_state
from amq.store import durable
from amq.store.durable import Directory, Syscalls
from tests import seeds  # noqa: F401  before other processes are started to run tests, which are to choose the same

if TYPE_CHECKING:
    from tests.runtime.run_session import Desk

pytest_plugins = ["tests.proof_table"]

settings.register_profile("amq", deadline=None)  # a busy machine is not a failure of amq
settings.load_profile("amq")

if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:  # in the background of a script, which all children would inherit
    signal.signal(signal.SIGINT, signal.default_int_handler)
    signal.signal(signal.SIGQUIT, signal.SIG_DFL)
if signal.getsignal(signal.SIGHUP) is signal.SIG_IGN:  # by nohup
    signal.signal(signal.SIGHUP, signal.SIG_DFL)


@pytest.fixture(scope="session", autouse=True)
def empty_home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Keep the user's own files from being read, run or written: `amq run` asks the login shell where amq is.

    Private files have their own place, because amq keeps none below the usual temporary directory.
    """
    with pytest.MonkeyPatch.context() as patch, tempfile.TemporaryDirectory(dir="/var/tmp", prefix="amq-") as state:
        patch.setenv("HOME", str(tmp_path_factory.mktemp("home")))
        patch.setenv("XDG_STATE_HOME", state)
        patch.delenv("XDG_RUNTIME_DIR", raising=False)
        yield


def private_directory(root: str | Path, handle: str) -> Path:
    """Return the directory of amq's memory of an agent, in the tests' own private directory."""
    return Path(private_state(os.environ, ()).of_agent(str(root), handle).directory)


@dataclass(frozen=True)
class Result:
    """The exit code and the output of a call of `amq`."""

    code: int
    out: str
    err: str

    @property
    def value(self) -> Any:
        """Return the output, parsed as JSON."""
        return json.loads(self.out)

    @property
    def error(self) -> Any:
        """Return the one line of JSON on stderr."""
        assert self.err.count("\n") == 1
        return json.loads(self.err)


def without_note(err: str) -> str:
    """Return ERR without the note that nothing notifies the recipients of a message: in few tests anything does."""
    return "".join(line for line in err.splitlines(keepends=True) if not line.startswith("amq: nothing notifies "))


class Shell:
    """A project with a queue, in which `amq` is called within this process, by alice unless another agent is named."""

    def __init__(self, project: Path, capture: Callable[[], tuple[str, str]]) -> None:
        self.project = project
        self.root = project / ".agent-mail"
        self._capture = capture

    def __call__(self, *words: str, me: str | None = "alice", stdin: bytes = b"") -> Result:
        """Call `amq` with WORDS."""
        self._capture()
        code = self._main([*(("--me", me) if me else ()), *words], stdin)
        return Result(code, *self._capture())

    def ok(self, *words: str, me: str | None = "alice", stdin: bytes = b"") -> str:
        """Call `amq` with WORDS; return its output. Fail if it fails, or writes to stderr about more than notifiers."""
        result = self(*words, me=me, stdin=stdin)
        assert (result.code, without_note(result.err)) == (0, "")
        return result.out

    def send(self, *words: str, to: str = "bob", me: str = "alice", body: str = "hello") -> str:
        """Send a message; return its id. Its references may be to nothing, and it may be to oneself."""
        sent = self("send", "--to", to, f"--body={body}", "--json", *words, me=me)
        expected = ("--refs", "is your own handle")
        assert sent.code == 0
        assert [line for line in sent.err.splitlines() if not any(each in line for each in expected)] == []
        return str(sent.value["id"])

    @staticmethod
    def _main(words: list[str], stdin: bytes) -> int:
        kept = os.dup(0)
        with tempfile.TemporaryFile() as file:
            file.write(stdin)
            file.seek(0)
            os.dup2(file.fileno(), 0)
            try:
                return main(words)
            finally:
                os.dup2(kept, 0)
                os.close(kept)

    def agent(self, handle: str) -> AgentLayout:
        """Return the paths of a mailbox."""
        return QueueLayout(str(self.root)).agent(handle)

    def new(self, handle: str = "bob") -> list[str]:
        """Return the names in `new`."""
        return sorted(os.listdir(self.agent(handle).inbox_new))

    def cur(self, handle: str = "bob") -> list[str]:
        """Return the names in `cur`."""
        return sorted(os.listdir(self.agent(handle).inbox_cur))

    def dead_letters(self, handle: str = "bob") -> list[bytes]:
        """Return the bytes of the dead letters that have not been seen."""
        return [path.read_bytes() for path in sorted(Path(self.agent(handle).dlq_new).iterdir())]

    def put(self, name: str, data: bytes, handle: str = "bob") -> Path:
        """Leave a file in `new`, as another program may."""
        path = Path(self.agent(handle).inbox_new, name)
        path.write_bytes(data)
        return path

    def stored(self, identifier: str, handle: str = "bob", box: str = "new") -> Any:
        """Return the header in a message's file."""
        layout = self.agent(handle)
        place = {"new": layout.inbox_new, "cur": layout.inbox_cur, "sent": layout.sent}[box]
        return json.loads(
            Path(place, f"{identifier}.md").read_bytes().partition(b"\n---\n")[0].removeprefix(b"---json\n")
        )


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The top of a git repository without a queue, as the working directory, in a clean environment."""
    for name in ("AM_ROOT", "AM_ME", "AMQ_DEBUG", "AMQ_RUN", *registry.shell_variables()):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(caller, "has_controlling_terminal", lambda: False)  # that of `pytest` is none of the project's
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    project = tmp_path / "project"
    (project / ".git").mkdir(parents=True)
    (project / ".git" / "HEAD").touch()
    monkeypatch.chdir(project)
    return project


@pytest.fixture
def shell(project: Path, capfd: pytest.CaptureFixture[str]) -> Shell:
    """A project without a queue."""
    return Shell(project, capfd.readouterr)


@pytest.fixture
def amq(shell: Shell) -> Shell:
    """A project with a queue, in which alice, bob and carol have mailboxes."""
    shell.ok("init", "--agents", "alice,bob,carol")
    return shell


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    """A user at a terminal, an agent's queue, and sessions that end with the test."""
    from tests.runtime.run_session import Desk  # only here: few tests need its imports

    desk = Desk(tmp_path)
    yield desk
    desk.close()


@pytest.fixture
def opened(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The names of messages that are opened from now on, in order."""
    names: list[str] = []

    class Noting(Syscalls):
        def open(self, directory: Directory, name: str, flags: int) -> int:
            if name.endswith(SUFFIX):
                names.append(name.removesuffix(SUFFIX))
            return super().open(directory, name, flags)

    monkeypatch.setattr(durable, "syscalls", Noting())
    return names


def run_amq(*words: str, cwd: Path, stdin: bytes = b"", **environment: str) -> subprocess.CompletedProcess[bytes]:
    """Call `amq` as a process of its own, in a clean environment without a terminal."""
    return subprocess.run(
        [sys.executable, "-m", "amq", *words],
        cwd=cwd,
        env={"PATH": os.environ["PATH"]} | environment,
        input=stdin,
        capture_output=True,
        timeout=30,
        check=False,
        start_new_session=True,
    )
