"""A user at a terminal in which `amq run` hosts an agent."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from typing import TypeAlias

import pexpect

from amq.layout import QueueLayout
from amq.mail.mailbox import Mailbox
from amq.store import registry
from tests.conftest import private_directory
from tests.pty.user import PATIENCE, hang_up, wait_until

TUI = Path(__file__).parents[1] / "agents" / "tui.py"
AT_PROMPT = ("--prompt", "> ")  # the prompt of TUI
ONE_MESSAGE = "amq: 1 new message from codex. Run: amq drain --include-body"

Session: TypeAlias = "pexpect.spawn[bytes]"


class Desk:
    """One agent's queue, its program's log, and the session in which it runs."""

    def __init__(self, place: Path) -> None:
        self.root = str(place / "queue")
        self.log = place / "log"
        self.go = place / "go"
        self._sessions: list[Session] = []
        queue = QueueLayout(self.root)
        registry.make_queue(queue, tracked=False)
        registry.register(queue, ["tui", "codex"], 0)

    def run(self, *program: str, options: tuple[str, ...] = (), **variables: str) -> Session:
        return self.spawn(self.command(*program, options=options), **variables)

    def command(self, *program: str, options: tuple[str, ...] = ()) -> list[str]:
        return [sys.executable, "-m", "amq", "--root", self.root, "run", "--as", "tui", *options, "--", *program]

    def spawn(self, command: list[str], **variables: str) -> Session:
        session: Session = pexpect.spawn(
            command[0], command[1:], timeout=PATIENCE, dimensions=(24, 60), env=self.environment() | variables
        )
        self._sessions.append(session)
        return session

    def host_pid(self) -> int:
        lock = Path(Mailbox(self.root, "tui").state_dir, "notifier.lock")
        return int(json.loads(lock.read_text())["pid"])

    def run_tui(self, *words: str, options: tuple[str, ...] = AT_PROMPT) -> Session:
        return self.run(sys.executable, str(TUI), str(self.log), *words, options=options)

    def environment(self) -> dict[str, str]:
        """Return the user's environment, in which `bash -l` is quiet, quick and keeps the PATH."""
        shells = Path(self.root).parent / "shells"
        shells.mkdir(exist_ok=True)
        for name in ("bash",):
            (shells / name).write_text("#!/bin/sh\ncommand -v amq\n")
            (shells / name).chmod(0o700)
        return {**os.environ, "PATH": f"{shells}:{os.environ['PATH']}", "SHELL": str(shells / "bash")}

    def send(self, body: bytes = b"hello") -> None:
        Mailbox(self.root, "codex").send(["tui"], body)

    def unread(self) -> int:
        return len(Mailbox(self.root, "tui").unread())

    def noted(self) -> list[str]:
        return self.log.read_text().splitlines() if self.log.exists() else []

    def recorded(self) -> list[str]:
        """Return the wait reasons and the outcomes of attempts, in their order."""
        path = private_directory(self.root, "tui") / "wakes.jsonl"
        entries = [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []
        return [entry.get("waits_for") or entry["outcome"] for entry in entries if entry["ids"]]

    def comes_to(self, *notes: str) -> None:
        wait_until(lambda: self.noted() == list(notes))

    def close(self) -> None:
        for session in self._sessions:
            hang_up(session)
