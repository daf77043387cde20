"""An agent in a terminal that amq does not own, and `amq wake` beside it, both started by a user at a shell."""

from __future__ import annotations

import contextlib
import json
import os
import select
import shlex
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pexpect

from amq.layout import QueueLayout
from amq.mail.mailbox import Mailbox
from amq.mail.sending import Draft
from amq.runtime.journal import WakeJournal
from amq.store import registry
from tests.conftest import private_directory
from tests.pty.user import PATIENCE, wait_until

AGENT = Path(__file__).parents[1] / "agents" / "boxed.py"
SHELL = ("/bin/bash", "--noprofile", "--norc", "-i")
ONE_MESSAGE = "amq: 1 new message from codex. Run: amq drain --include-body"
TOLD = ["pasted", f"submitted {ONE_MESSAGE}"]
SIZE = (24, 90)


class Outside:
    """A user at a shell, whose keys `press` types there. The agent is called `claude`, so that amq knows it."""

    def __init__(self, place: Path) -> None:
        self.place = place
        self.log = place / "log"
        self.root = str(place / "queue")
        self.press: Callable[[str], None]
        queue = QueueLayout(self.root)
        registry.make_queue(queue, tracked=False)
        for handle in ("claude", "codex"):
            registry.make_mailbox(queue, handle)
        commands = place / "bin"
        commands.mkdir()
        self._command(commands / "amq", f'#!/bin/sh\nexec {shlex.quote(sys.executable)} -P -m amq "$@"\n')
        self._command(commands / "claude", f"#!{sys.executable}\n{AGENT.read_text()}")
        self._command(commands / "bash", "#!/bin/sh\ncommand -v amq\n")  # the answer of `bash -lc`
        kept = {name: os.environ[name] for name in ("LANG", "PYTHONPATH", "XDG_STATE_HOME") if name in os.environ}
        self.environment = {
            **kept,
            "PATH": f"{commands}:{os.environ['PATH']}",
            "SHELL": str(commands / "bash"),
            "HOME": str(place),
            "TERM": "xterm-256color",
            "PS1": "READY ",
            "HISTFILE": "",
            "LC_ALL": "C.UTF-8",
        }

    def starts(self, *options: str, wake: str = "amq wake", agent: bool = True) -> None:
        """Start `amq wake` in the background and then the agent, as a quick start has it."""
        self.press(f"export AM_ME=claude AM_ROOT={self.root}\r")
        self.press(f"{wake} 2>{self.place}/said &\r")
        wait_until(lambda: "notifying" in self.said())
        if agent:
            self.press(shlex.join(["claude", str(self.log), *options]) + "\r")
            wait_until(lambda: self.noted() == ["started"])

    def said(self) -> str:
        """Return the output of `amq wake` at its start."""
        path = self.place / "said"
        return path.read_text() if path.exists() else ""

    def noted(self) -> list[str]:
        return self.log.read_text().splitlines() if self.log.exists() else []

    def comes_to(self, *notes: str) -> None:
        wait_until(lambda: self.noted() == list(notes))

    def says_in_its_file(self, status: str, **other: str) -> None:
        """Write the agent's session file, as Claude Code does; the fake agent notes its process id."""
        pid = Path(f"{self.log}.pid").read_text()
        sessions = self.place / ".claude" / "sessions"
        sessions.mkdir(parents=True, exist_ok=True)
        wire = {"pid": int(pid), "startedAt": time.time() * 1000, "status": status, **other}
        (sessions / f"{pid}.json").write_text(json.dumps(wire))

    def send(self, subject: str = "") -> None:
        Mailbox(self.root, "codex").send(["claude"], b"hello", Draft(subject=subject))

    def unread(self) -> int:
        return len(Mailbox(self.root, "claude").unread())

    def waited_for(self) -> list[str]:
        """Return the wait reasons and the outcomes of attempts, in their order."""
        entries: list[dict[str, Any]] = WakeJournal(str(private_directory(self.root, "claude"))).entries()
        return [entry.get("waits_for") or entry["outcome"] for entry in entries if entry["ids"]]

    def notifier(self) -> int | None:
        """Return the id of the process that notifies the agent; None if there is none."""
        (claude,) = [agent for agent in Mailbox(self.root, "codex").who() if agent.handle == "claude"]
        return claude.notifier.pid if claude.notifier else None

    @staticmethod
    def _command(path: Path, text: str) -> None:
        path.write_text(text)
        path.chmod(0o700)


class Tmux:
    """The test's own tmux server, with one pane."""

    def __init__(self, outside: Outside) -> None:
        self._socket = outside.place / "tmux"
        self._environment = outside.environment
        rows, columns = SIZE
        self.tmux("-f", "/dev/null", "new-session", "-d", "-x", str(columns), "-y", str(rows), *SHELL)
        outside.press = self.press

    def press(self, keys: str) -> None:
        self.tmux("send-keys", "-l", keys)

    def tmux(self, *words: str) -> str:
        command = ["tmux", "-S", str(self._socket), *words]
        return subprocess.run(command, env=self._environment, check=True, capture_output=True, text=True).stdout

    def screen(self) -> str:
        return self.tmux("capture-pane", "-p")


@contextmanager
def tmux(outside: Outside) -> Iterator[Tmux]:
    """Run the user's shell inside tmux."""
    server = Tmux(outside)
    try:
        yield server
    finally:
        subprocess.run(["tmux", "-S", str(outside.place / "tmux"), "kill-server"], capture_output=True, check=False)


class Shown:
    """A program's output at a terminal, which takes it at once."""

    def __init__(self, *command: str, environment: dict[str, str]) -> None:
        self.output = b""
        self._program: pexpect.spawn[bytes] = pexpect.spawn(
            command[0], list(command[1:]), env=environment, dimensions=SIZE, timeout=PATIENCE
        )
        self._closed = threading.Event()
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def press(self, keys: str) -> None:
        self._program.send(keys)

    def sees(self, text: bytes) -> None:
        wait_until(lambda: text in self.output)

    def close(self) -> None:
        """Kill the program and close the terminal."""
        self._program.kill(signal.SIGKILL)
        self._closed.set()
        self._reader.join()
        self._program.close()

    def _read(self) -> None:
        with contextlib.suppress(OSError):
            while not self._closed.is_set():
                if select.select([self._program.child_fd], [], [], 0.05)[0]:
                    self.output += os.read(self._program.child_fd, 1 << 16)


@contextmanager
def plain_terminal(outside: Outside) -> Iterator[Shown]:
    """Run the user's shell at a terminal whose screen cannot be seen."""
    shell = Shown(*SHELL, environment=outside.environment)
    outside.press = shell.press
    try:
        yield shell
    finally:
        shell.close()


@contextmanager
def gnu_screen(outside: Outside) -> Iterator[Shown]:
    """Run the user's shell inside GNU screen."""
    sessions = outside.place / "screens"
    sessions.mkdir(mode=0o700)
    (outside.place / "screenrc").write_text("startup_message off\n")
    environment = outside.environment | {"SCREENDIR": str(sessions)}
    shown = Shown("screen", "-c", str(outside.place / "screenrc"), "-S", "amq", *SHELL, environment=environment)
    outside.press = shown.press
    try:
        shown.sees(b"READY ")
        yield shown
    finally:
        quit_it = ["screen", "-S", "amq", "-X", "quit"]
        subprocess.run(quit_it, env=environment, capture_output=True, check=False)
        shown.close()


@contextmanager
def kitty(outside: Outside) -> Iterator[None]:
    """Run the user's shell in a window of kitty, on its own display."""
    socket = f"unix:{outside.place}/kitty"
    options = ["-o", "allow_remote_control=yes", "-o", "confirm_os_window_close=0", "--config", "NONE"]
    command = ["xvfb-run", "-a", "kitty", *options, "--listen-on", socket, *SHELL]
    environment = outside.environment | {"LIBGL_ALWAYS_SOFTWARE": "1", "XDG_RUNTIME_DIR": str(outside.place)}
    with (outside.place / "kitty.log").open("wb") as log:
        running = subprocess.Popen(command, env=environment, stdout=log, stderr=log, start_new_session=True)

    def ask(*words: str, given: str = "") -> subprocess.CompletedProcess[bytes]:
        asked = ["kitty", "@", "--to", socket, *words]
        return subprocess.run(asked, env=environment, input=given.encode(), capture_output=True, check=False)

    def press(keys: str) -> None:
        ask("send-text", "--stdin", given=keys)

    outside.press = press
    try:
        wait_until(lambda: b"READY" in ask("get-text").stdout)
        yield
    finally:
        os.killpg(running.pid, signal.SIGTERM)
        running.wait()
