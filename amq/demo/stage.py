"""Run the demo: two terminals with an agent in each, shown line by line, and a verdict on every hop of the mail."""

from __future__ import annotations

import os
import select
import signal
import sys
import time
from collections.abc import Callable, Mapping, Sequence

from amq.layout import QueueLayout
from amq.mail.mailbox import Mailbox
from amq.pty.child import Child
from amq.pty.screen import has_emulator
from amq.pty.sequences import Kind, Splitter
from amq.store import registry

SIZE = (24, 100)  # rows, columns of each agent's terminal
AGENT = (sys.executable, "-P", "-m", "amq.demo.agent")
PROMPT = "> "  # of each agent
END_WITHIN_S = 2.0  # seconds for an agent that was asked to end


class Actor:
    """An agent in `amq run`, in a terminal that is read here. SAY is called with every line that it shows."""

    def __init__(self, name: str, root: str, program: Sequence[str], environ: Mapping[str, str], say: Say) -> None:
        self.name = name
        self._say = say
        self._splitter = Splitter()
        self._line = ""
        host = [sys.executable, "-P", "-m", "amq", "run", "--root", root, "--as", name, "--prompt", PROMPT]
        argv = [*host, "--", *program, name]
        self.child = Child.spawn(argv, environ, SIZE)

    def read(self) -> None:
        """Say the lines that have come since the last call."""
        try:
            data = os.read(self.child.fd, 65536)
        except BlockingIOError:
            return
        except OSError:  # the end, on Linux
            data = b""
        text = b"".join(token for kind, token in self._splitter.feed(data) if kind is Kind.TEXT)
        *lines, self._line = (self._line + text.decode("utf-8", "replace")).replace("\r", "").split("\n")
        for line in lines:
            self._say(f"{self.name:>5} │ {line}\n")

    def leave(self) -> None:
        """End the agent, if it still runs."""
        deadline = time.monotonic() + END_WITHIN_S
        self.child.poll()
        self.child.signal(signal.SIGTERM)
        while self.child.status is None and time.monotonic() < deadline:
            select.select([], [], [], 0.01)
            self.child.poll()
        self.child.signal(signal.SIGKILL)
        self.child.close()


Say = Callable[[str], None]


def play(place: str, environ: Mapping[str, str], say: Say, within_s: float, program: Sequence[str] = AGENT) -> str:
    """Run the two agents in the directory PLACE, for at most WITHIN_S seconds; return why they failed, or "".

    PROGRAM, with a name added, is the command of an agent.
    """
    if not has_emulator():
        return "pyavt, which reads the screen, is not available for this machine, so nothing can be typed"
    root = os.path.join(place, ".agent-mail")
    queue = QueueLayout(root)
    registry.make_queue(queue, tracked=False)
    registry.register(queue, ["alice", "bob"], time.time_ns())
    outside = {name: value for name, value in environ.items() if name not in ("AM_ROOT", "AM_ME")}
    actors: list[Actor] = []  # filled one by one: the first must be ended even if the second cannot start
    try:
        for name in ("bob", "alice"):
            actors.append(Actor(name, root, program, outside, say))  # noqa: PERF401
        _watch(actors, time.monotonic() + within_s)
        failed = next((actor for actor in actors if actor.child.status), None)
        if failed is not None:
            return f"{failed.name} ended with status {failed.child.status}"
        late = next((f"{actor.name} did not end" for actor in actors if actor.child.status is None), "")
        return _what_is_missing(root) or late
    finally:
        for actor in actors:
            actor.leave()


def _watch(actors: list[Actor], deadline: float) -> None:
    """Show the actors' output until all have ended, one has failed, or the deadline has passed."""
    while time.monotonic() < deadline:
        playing = [actor for actor in actors if actor.child.status is None]
        if not playing or any(actor.child.status for actor in actors):
            break
        select.select([actor.child.fd for actor in playing], [], [], 0.05)
        for actor in playing:
            actor.read()
            actor.child.poll()
    for actor in actors:
        actor.read()


def _what_is_missing(root: str) -> str:
    """Return the first hop that did not happen, as the mailboxes show it; "" if all did."""
    alice, bob = (Mailbox(root, name) for name in ("alice", "bob"))
    if not bob.list():
        return "alice sent nothing"
    if bob.list("new"):
        return "bob was not woken: alice's request is still unread"
    if not alice.list():
        return "bob did not answer"
    if alice.list("new"):
        return "alice was not woken: bob's answer is still unread"
    return ""
