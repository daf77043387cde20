"""`amq wake --session` beside a small agent that a user has started at a shell in another terminal, without amq."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from amq.layout import QueueLayout
from amq.mail.mailbox import Mailbox
from amq.store import registry
from tests.pty.user import wait_until
from tests.runtime.outside import Outside, Tmux, plain_terminal, tmux
from tests.runtime.test_sidecar import needs

ONE = "amq: 1 new message from codex. Run: amq drain --me claude --include-body"


class Elsewhere(Outside):
    """A user with an agent in one terminal, who starts `amq wake --session` in another one."""

    def __init__(self, place: Path) -> None:
        super().__init__(place)
        os.rename(self.root, place / ".agent-mail")
        self.root = str(place / ".agent-mail")
        registry.register(QueueLayout(self.root), ["claude", "codex"], time.time_ns())
        self.running: list[subprocess.Popen[str]] = []

    def starts_agent(self) -> int:
        """Start the agent without a handle; return its process id."""
        self.press(f"cd {self.place}; claude {self.log}\r")
        wait_until(lambda: self.noted() == ["started"])
        return int(Path(f"{self.log}.pid").read_text())

    def notifies(self) -> str:
        """Return what notifies the agent, as it calls itself."""
        (claude,) = [each for each in Mailbox(self.root, "codex").who() if each.handle == "claude"]
        return claude.notifier.how if claude.notifier else ""

    def wakes(self, *options: str, cwd: Path | None = None) -> subprocess.Popen[str]:
        """Start `amq wake --session` with OPTIONS, and wait until it notifies or has ended."""
        with (self.place / "said").open("w") as said:
            words = [sys.executable, "-P", "-m", "amq", "wake", "--session", *options]
            place = cwd or self.place
            started = subprocess.Popen(
                words, cwd=place, env=self.environment, stdin=subprocess.DEVNULL, stderr=said, text=True,
                start_new_session=True,
            )  # fmt: skip
        self.running.append(started)
        wait_until(lambda: "amq sees" in self.said() or started.poll() is not None, self.said)
        return started


@pytest.fixture
def elsewhere(tmp_path: Path) -> Iterator[Elsewhere]:
    found = Elsewhere(tmp_path)
    yield found
    for process in found.running:
        process.terminate()
        process.wait()


@pytest.fixture
def pane(elsewhere: Elsewhere) -> Iterator[Tmux]:
    needs("tmux")
    with tmux(elsewhere) as server:
        yield server


def test_a_session_is_notified_until_it_ends(elsewhere: Elsewhere, pane: Tmux) -> None:
    """Not while the queue is not trusted, nor while another program reads the keyboard."""
    link = Path(elsewhere.root, "link")
    link.symlink_to(elsewhere.place)
    pid = elsewhere.starts_agent()
    wake = elsewhere.wakes("claude")
    assert elsewhere.said() == (
        f"amq: notifying claude of its mail by tmux, until claude:{pid} ends\n"
        "amq: amq sees the screen, and which program reads the keyboard; not your keys\n"
    )
    assert elsewhere.notifies() == f"wake --session claude:{pid} --via tmux"

    elsewhere.send()
    wait_until(lambda: elsewhere.waited_for()[-1:] == ["untrusted-queue"])
    os.kill(pid, signal.SIGSTOP)
    wait_until(lambda: "Stopped" in pane.screen())
    link.unlink()
    wait_until(lambda: elsewhere.waited_for()[-1:] == ["no-channel"])
    assert elsewhere.noted() == ["started"]
    pane.press("clear; stty raw -echo; fg\r")  # as a program that draws a screen does by itself

    def is_back() -> bool:
        pane.press("\x15")  # a key, after which the agent draws its row
        return "? for help" in pane.screen()

    wait_until(is_back)
    elsewhere.comes_to("started", f"submitted {ONE}")  # the shell has switched pastes off
    wait_until(lambda: elsewhere.unread() == 0)
    wait_until(lambda: elsewhere.waited_for()[-1:] == ["submitted"])

    for options, holder in (
        (("--me", "codex"), f"amq wake --session claude:{pid} --via tmux as claude (process {wake.pid})"),
        (("--me", "codex", "--root", f"{elsewhere.place}/other"), "an amq wake for another queue"),
    ):
        assert elsewhere.wakes(f"claude:{pid}", *options).wait(30) == 125
        assert f"claude:{pid} is already notified by {holder}" in elsewhere.said()

    pane.press("quit\r")
    assert wake.wait(30) == 0
    assert "amq: " not in pane.screen()


def test_it_ends_with_the_pane(elsewhere: Elsewhere, pane: Tmux) -> None:
    elsewhere.starts_agent()
    wake = elsewhere.wakes("claude", "--me", "codex")
    pane.tmux("kill-server")
    assert wake.wait(30) == 0


def test_outside_of_tmux_the_agents_own_way_is_taken(elsewhere: Elsewhere) -> None:
    with plain_terminal(elsewhere), socket.socket(socket.AF_UNIX) as server:
        pid = elsewhere.starts_agent()
        assert elsewhere.wakes("claude").wait(30) == 125
        assert "(tmux: it is in no pane of tmux; native: it has published no socket" in elsewhere.said()
        server.bind(f"{elsewhere.place}/s")
        server.listen()
        elsewhere.says_in_its_file("waiting", messagingSocketPath=f"{elsewhere.place}/s")
        wake = elsewhere.wakes("claude")
        unseen = "amq sees only the state that its CLI publishes, if any; neither its screen nor your keys\n"
        assert elsewhere.said().endswith(f"by native, until claude:{pid} ends\namq: {unseen}")
        elsewhere.send()
        wait_until(lambda: elsewhere.waited_for()[-1:] == ["dialog"])
        elsewhere.says_in_its_file("idle", messagingSocketPath=f"{elsewhere.place}/s")
        server.settimeout(30)
        with server.accept()[0] as end, end.makefile("rb") as lines:
            assert ONE in json.loads(lines.readline())["message"]["content"]
        elsewhere.says_in_its_file("busy", messagingSocketPath=f"{elsewhere.place}/s", statusUpdatedAt="2")
        wait_until(lambda: elsewhere.waited_for()[-1:] == ["sent"])
        assert elsewhere.noted() == ["started"]
        os.kill(pid, signal.SIGKILL)
        assert wake.wait(30) == 0
