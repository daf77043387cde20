"""A world with simulated time: a fake CLI in an amq terminal, its user, its mail, and the wake loop.

All of amq's code here is the real one: the models of the terminal, the emulator, the injection, the wake loop and its
journal, with the constants of the CLI's profile. The kernel's terminal, the clock, and the inbox are simulated.
"""

from __future__ import annotations

import heapq
import itertools
import re
from collections.abc import Awaitable, Callable, Coroutine, Generator
from pathlib import Path
from random import Random
from types import SimpleNamespace
from typing import Any, cast

from amq.layout import QueueLayout
from amq.mail.inbox_view import Unread
from amq.mail.mailbox import Mailbox
from amq.pty.host import Host
from amq.pty.screen import Screen
from amq.pty.terminal_model import Terminal, TerminalSnapshot
from amq.record import replace
from amq.runtime.agents.profile import Profile
from amq.runtime.agents.profiles import built_in
from amq.runtime.agents.status_sources import AgentStatus
from amq.runtime.channels.hosted_terminal import PtyChannel
from amq.runtime.journal import WakeJournal
from amq.runtime.loop import WakeLoop
from amq.runtime.policy.schedule import SchedulePolicy
from amq.runtime.policy.wake_line import Wording
from amq.runtime.private_state import PrivateState
from amq.runtime.trust import Trust
from tests.agents.cli import SIZE, Cli, Note, Plan
from tests.agents.cli_styles import Style

OURS = re.compile(
    r"amq: \d+ new messages? from [a-z, ]+(?:\. Run|, attached\. If it is missing, run): amq drain --include-body"
)
SWEEP = 5.0  # seconds between looks at the inbox without any event


class Sleep(Awaitable[None]):
    """An awaitable that passes the time to continue at to the driver of the coroutine."""

    def __init__(self, until: float) -> None:
        self._until = until

    def __await__(self) -> Generator[float, None, None]:
        yield self._until


class World:
    """The simulation. Everything happens in `run`; the results are in `notes`, `pastes`, and the agent's journal."""

    def __init__(self, style: Style, seed: str, place: Path) -> None:
        self.now = 1000.0
        self.chance = Random(seed)
        self.notes: list[tuple[float, Note]] = []
        self.unread: list[Unread] = []
        self.pastes = 0  # texts that were typed
        self.plan: Callable[[str], Plan] = self._usual
        self.private = PrivateState(str(place))
        self.record = WakeJournal(self.private.of_agent("/queue", "agent").directory)
        self.cli: Cli
        self._style = style
        self._profile: Profile = built_in()[style.name.partition("-")[0]]
        self._events: list[tuple[float, int, Callable[[], None]]] = []
        self._count = itertools.count(1)
        self._arrived = 0.0  # when the last bytes written to the CLI arrive
        self._rung = False
        self._idle = False
        self._waking: Coroutine[float, None, None]
        self._looks_at = 0.0

    def at(self, seconds: float, action: Callable[[], None]) -> None:
        """Do ACTION in SECONDS from now."""
        heapq.heappush(self._events, (self.now + seconds, next(self._count), action))

    def start(self, takes: float = 1.0) -> None:
        """Start a new process of the agent, and a new host."""
        self._terminal = Terminal(
            self.now, self._profile.line, answers_state=self._profile.answers_state, screen=Screen(SIZE),
            row=self._profile.rules.prompt_row,
        )  # fmt: skip
        self.cli = Cli(self._style, self.chance, self._from_cli, self._noted, lambda text: self.plan(text))
        status = self.new_status()
        channel = PtyChannel(
            cast(Host, _Line(self, self._terminal)), self._profile.rules, status,
            clock=lambda: self.now, sleep=lambda seconds: Sleep(self.now + seconds),
        )  # fmt: skip
        self._waking = self._keep_waking(self.new_loop(channel, status))
        self._looks_at = self.now
        self.cli.start(self.now, takes)

    def new_status(self) -> AgentStatus:
        """Return the status of a new process of the agent, which has no hooks here."""
        return AgentStatus("")

    def new_loop(self, channel: PtyChannel, status: AgentStatus) -> WakeLoop:  # noqa: ARG002  of an agent with hooks
        """Return the loop of a new host, which types by CHANNEL."""
        return WakeLoop(
            cast(Mailbox, _Inbox(self)),
            channel,
            SchedulePolicy(),
            Wording(),
            _no_log,
            Trust("/queue", self.private, given=True),
            clock=lambda: self.now,
        )

    def looked(self) -> None:
        """Do what follows a look of the loop; nothing here."""

    def run(self, seconds: float, until: Callable[[], bool] = lambda: False) -> bool:
        """Let time pass, at most until UNTIL holds; return whether it does."""
        end = self.now + seconds
        while not until():
            at = min(self._events[0][0] if self._events else end, self.cli.due, self._looks_at)
            if at >= end:
                self.now = end
                return until()
            self.now = max(self.now, at)
            if self.cli.due <= self.now:
                self.cli.tick(self.now)
            elif self._events and self._events[0][0] <= self.now:
                heapq.heappop(self._events)[2]()
            else:
                self._looks_at = self._waking.send(None)
        return True

    @property
    def interrupted(self) -> bool:
        """Return whether amq takes the agent's work for interrupted, and waits for the user to speak."""
        return self._terminal.look(self.now).interrupted

    def press(self, data: bytes) -> None:
        """Press keys as the user."""
        self._terminal.from_user(data, self.now)
        self._to_cli(data, self.chance.choice((0.0, 0.0002, 0.003)), ours=False)

    def mail(self, priority: str = "normal") -> str:
        """Deliver a message; sometimes the event for it is lost."""
        message = Unread(f"m{next(self._count)}", self.chance.choice(("codex", "gemini")), priority, "")
        self.unread = [*self.unread, message]
        if self.chance.random() < 0.97:
            self.at(self.chance.uniform(0.01, 0.05), self._ring)
        return message.id

    def type_ours(self, data: bytes) -> None:
        """Type DATA as amq does."""
        self.pastes += data.startswith(b"\x1b[200~")
        self._to_cli(data, self.chance.choice((0.0, 0.0002, 0.003)), ours=True)

    def _to_cli(self, data: bytes, seconds: float, *, ours: bool) -> None:
        """Deliver DATA to the CLI, in the order in which it was written."""
        cli = self.cli
        self._arrived = max(self._arrived, self.now + seconds)

        def arrive() -> None:
            if cli.alive:
                cli.feed(data, self.now, ours=ours)

        heapq.heappush(self._events, (self._arrived, next(self._count), arrive))

    def _from_cli(self, data: bytes) -> None:
        _, answer = self._terminal.from_program(data, self.now)
        if answer:
            self._to_cli(answer, 0.0, ours=False)

    def _noted(self, note: Note) -> None:
        self.notes.append((self.now, note))
        if note.what == "drained":
            self.unread = []
            self._ring()

    def _ring(self) -> None:
        self._rung = True
        self._looks_at = min(self._looks_at, self.now) if self._idle else self._looks_at

    async def _keep_waking(self, waker: WakeLoop) -> None:
        swept = self.now
        while True:
            rung, self._rung, self._idle = self._rung or self.now >= swept + SWEEP, False, False
            swept = self.now if rung else swept
            again = await waker.turn(rung=rung)
            self.looked()
            self._idle = True
            if not self._rung:
                await Sleep(min(max(again, self.now), swept + SWEEP))

    def _usual(self, text: str) -> Plan:
        """Plan a turn: drain if notified of mail, otherwise work for a while."""
        lasts = self.chance.choice((0.3, 1.0, 3.0))
        return Plan(lasts, drains_at=lasts / 2 if "amq drain" in text else None)


class _Line:
    """A double of the host: the methods that `PtyChannel` calls."""

    def __init__(self, world: World, terminal: Terminal) -> None:
        self._world = world
        self.terminal = terminal

    def look(self, now: float) -> TerminalSnapshot:
        return replace(self.terminal.look(now), alive=self._world.cli.alive)

    def hangs(self) -> bool:
        return False

    def type(self, data: bytes) -> None:
        self._world.type_ours(data)

    def tell(self, notice: bytes) -> None:
        """Ignore the notice."""


class _Inbox:
    """A double of the mailbox."""

    def __init__(self, world: World) -> None:
        self._world = world
        queue = QueueLayout("/queue")
        self.account = SimpleNamespace(
            me="agent",
            queue=queue,
            agent=queue.agent("agent"),
            known_agents=lambda: frozenset({"codex", "gemini"}),
            clock=lambda: 0,
        )

    def inbox_view(self) -> _Inbox:
        return self

    def look(self) -> list[Unread]:
        return self._world.unread


def _no_log(text: str) -> Any:
    raise AssertionError(text)
