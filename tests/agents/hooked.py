"""A world with simulated time whose agent has a queue of files, and a CLI that calls amq's hooks.

Beside what `world` runs, the hooks' handler, offers and receipts are the real ones here, and so are the files of the
queue and of the private state. The CLI keeps a history of its session as the real ones do. The wall clock is apart from
the loop's: it may be set. What the model was shown is known, so a text that it gets twice without a mark is a fault.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path

from amq.layout import QueueLayout
from amq.mail.mailbox import Mailbox
from amq.mail.rendering import id_lines
from amq.mail.sending import Draft
from amq.runtime.agents import registry as agent_clis
from amq.runtime.agents.status_sources import AgentStatus
from amq.runtime.channels.hosted_terminal import PtyChannel
from amq.runtime.hooks.announcements import read_state
from amq.runtime.hooks.event import parse_event
from amq.runtime.hooks.handler import Handler
from amq.runtime.hooks.script import EVENT_NAME
from amq.runtime.journal import WakeJournal
from amq.runtime.loop import WakeLoop
from amq.runtime.policy.hook_decision import MOST_LAPSES, NORMAL_AFTER_S
from amq.runtime.policy.schedule import SchedulePolicy
from amq.runtime.policy.wake_line import Wording
from amq.runtime.state_file import StatePublisher
from amq.runtime.trust import Trust
from amq.store import registry
from tests.agents.cli import Note, Plan
from tests.agents.cli_styles import Style
from tests.agents.world import World
from tests.samples import claude_attachment, claude_prompt, codex_history, codex_reason

EPOCH_S = 1_790_000_000.0  # the wall clock when the loop's is 0
SENDERS = ("codex", "gemini")
MARK = "it may have been shown before"
MOST_TURNS = 40  # of a session, until the user begins another one
NEXT_AFTER_S = 25.0  # a reminder comes later than this


class HookedWorld(World):
    """The simulation. FAULTS are sentences about what broke a promise."""

    def __init__(self, style: Style, seed: str, place: Path) -> None:
        super().__init__(style, seed, place / "state")
        self.faults: list[str] = []
        self.hooks = 0  # events
        self.flooded_bytes = 0
        self.set_s = 0.0  # how far the wall clock was set
        self.next_turn: tuple[float, int] | None = None  # its seconds and tools; None: by chance
        self._queue = QueueLayout(str(place / "queue"))
        registry.make_queue(self._queue, tracked=False)
        registry.register(self._queue, ["agent", *SENDERS], self._wall_ns())
        self._mailbox = self._opened("agent")
        self._senders = {name: self._opened(name) for name in SENDERS}
        self._agent_files = self.private.of_agent(self._queue.root, "agent").directory
        self.record = WakeJournal(self._agent_files)
        self._run_files = place / "run"
        self._run_files.mkdir()
        self._history = place / "history"
        self._facts = agent_clis.cli(style.name.partition("-")[0])
        self._is_claude = style.name.startswith("claude")
        self._shown: dict[str, bool] = {}  # the mail that the model has in this session
        self._session = self._turns = self._lines = 0
        self._is_aborted = self._goes_on = False
        self._announced: tuple[frozenset[str], float] = frozenset(), 0.0
        self.plan = self._turn

    @property
    def wall_s(self) -> float:
        """Return the wall clock's time, in seconds since the epoch."""
        return EPOCH_S + self.now + self.set_s

    def start(self, takes: float = 1.0) -> None:
        """Start a new process of the agent, and a new host with files of its own."""
        (self._run_files / EVENT_NAME).unlink(missing_ok=True)
        self._announced = frozenset(), 0.0
        super().start(takes)

    def suspend(self, seconds: float) -> None:
        """Let the machine sleep for SECONDS: the clocks go on, and nothing else."""
        self.now += seconds
        self._arrived += seconds
        self._events = [(at + seconds, number, action) for at, number, action in self._events]
        self.cli.postpone(seconds)

    def flood(self, size: int) -> None:
        """Let the CLI print SIZE bytes at once."""
        self.flooded_bytes += size
        self.cli.flood(size, self.now)

    def mail(self, priority: str = "normal") -> str:
        """Deliver a message; sometimes the event for it is lost."""
        sender = self._senders[self.chance.choice(SENDERS)]
        sent = sender.send(["agent"], b"The body.\n", Draft(subject="A message", priority=priority))
        self._refresh()
        if self.chance.random() < 0.97:
            self.at(self.chance.uniform(0.01, 0.05), self._ring)
        return sent.id

    def new_status(self) -> AgentStatus:
        """Return the status of a new process, whose hooks note their events."""
        return AgentStatus(str(self._run_files))

    def new_loop(self, channel: PtyChannel, status: AgentStatus) -> WakeLoop:
        """Return the loop of a new host."""
        return WakeLoop(
            self._opened("agent"),
            channel,
            SchedulePolicy(),
            Wording(),
            self._log,
            Trust(self._queue.root, self.private, given=True),
            clock=self._clock,
            attaches=lambda: status.hooks_active and read_state(self._agent_files).lapses < MOST_LAPSES,
            publisher=StatePublisher(self._agent_files, "run", clock=self._clock),
        )

    def looked(self) -> None:
        """Take what the loop has filed out of the unread mail."""
        if self.unread:
            self._refresh()

    def _log(self, text: str) -> None:
        self.faults.append(f"logged: {text}")

    def _clock(self) -> float:
        return self.now

    def _wall_ns(self) -> int:
        return round(self.wall_s * 1e9)

    def _opened(self, handle: str) -> Mailbox:
        return Mailbox(self._queue.root, handle, clock=self._wall_ns)

    def _refresh(self) -> None:
        self.unread = self._mailbox.unread(self.unread)

    # -- the CLI ------------------------------------------------------------------------------------------------------

    def _noted(self, note: Note) -> None:
        self.notes.append((self.now, note))
        if note.what == "started":
            self._begin_session()
        elif note.what == "submitted" and note.ours:
            self._check_line()
        elif note.what == "aborted":
            self._is_aborted = True
        elif note.what == "finished":
            self._end_turn()
        elif note.what == "drained":
            self._drain()

    def _turn(self, text: str) -> Plan:
        """Plan a turn, whose prompt and tools call hooks that may give mail; else the prompt may ask for a drain."""
        if self._turns >= MOST_TURNS:
            self._begin_session()
        self._turns += 1
        turn, given = self._turns, self._hook("prompt", prompt=text)
        by_chance = self.chance.choice((0.3, 0.3, 0.3, 1.0, 3.0)), self.chance.choice((0, 0, 0, 1))
        (lasts, tools), self.next_turn = self.next_turn or by_chance, None
        self._write_prompt()
        self._give(given, "UserPromptSubmit")
        for number in range(tools):
            self.at(lasts * (number + 1) / (tools + 1), lambda: self._end_tool(turn))
        return Plan(lasts, drains_at=lasts / 2 if "amq drain" in text and not given else None)

    def _end_tool(self, turn: int) -> None:
        if not (self.cli.alive and self.cli.working) or self.cli.dialog or turn != self._turns:
            return
        self._give(self._hook("tool"), "PostToolUse")
        if self._is_claude:
            self._hook("batch")

    def _end_turn(self) -> None:
        """Call the hook at the end of a turn, unless that was interrupted; go on with the turn if it says so."""
        is_aborted, self._is_aborted = self._is_aborted, False
        if is_aborted:
            return
        given = self._hook("stop", goes_on=self._goes_on)
        self._goes_on = bool(given)
        if given:
            self._give(given, "Stop")
            self.cli.work(self.now, Plan(self.chance.choice((0.3, 1.0))))

    def _begin_session(self) -> None:
        """Begin another session, whose model knows nothing; the user archives what was read."""
        self._session += 1
        self._turns = self._lines = 0
        self._goes_on = False
        self._history.unlink(missing_ok=True)
        self._shown = {}
        for layout in map(self._queue.agent, ("agent", *SENDERS)):
            for directory in (layout.inbox_cur, layout.sent):
                for entry in os.scandir(directory):
                    os.unlink(entry)
        self._hook("start")

    def _drain(self) -> None:
        with self._mailbox.drain(0) as mail:
            for item in mail:
                self._show(item.id, marked=item.redelivered or item.on_its_way)
        self._refresh()
        self._ring()

    def _hook(self, name: str, prompt: str = "", *, goes_on: bool = False) -> str:
        """Call the hook NAME as its script does, in a process of its own; return the text for the model."""
        with open(self._run_files / EVENT_NAME, "a") as file:
            file.write(f"{name}\n")
        os.utime(self._run_files / EVENT_NAME, (self.wall_s, self.wall_s))
        self.hooks += 1
        if name != "start" and not self._mailbox.has_new():
            return ""
        wire = {
            "session_id": f"s{self._session}", "prompt_id": f"t{self._turns}", "prompt": prompt,
            "transcript_path": str(self._history), "stop_hook_active": goes_on,
        }  # fmt: skip
        event, said = parse_event(name, json.dumps(wire)), list[str]()
        assert event
        facts = self._facts
        Handler(
            self._opened("agent"), self.private, {"AM_ME": "agent"}, said.append, lambda: 0.0, trusted=True,
            normal_after_s=NORMAL_AFTER_S, budget=facts.hook_text, stop_blocks=facts.stop_blocks,
            shell_file=lambda: "",
        ).handle(event)  # fmt: skip
        self._refresh()
        return _for_model(said) if name != "start" else ""

    def _write_prompt(self) -> None:
        if self._is_claude:
            self._write(claude_prompt)

    def _give(self, text: str, event: str) -> None:
        """Let the model have the TEXT of a hook: it gets into the history, as each CLI writes it."""
        if not text:
            return
        if self._is_claude:
            self._write(lambda uuid, parent: claude_attachment(text, uuid, parent, event))
        else:
            self._write(lambda *_: codex_reason(text) if event == "Stop" else codex_history(text))
        self._announced = frozenset(), 0.0
        for message in self._mailbox.list("new"):
            line, _ = id_lines(message.id)
            _, found, rest = text.partition(line)
            if found:
                self._show(message.id, marked=MARK in rest.partition("\n---\n")[0])

    def _write(self, line: Callable[[str, str], bytes]) -> None:
        before, self._lines = self._lines, self._lines + 1
        with open(self._history, "ab") as file:
            file.write(line(f"u{self._lines}", f"u{before}" if before else ""))

    # -- the promises -------------------------------------------------------------------------------------------------

    def _show(self, identifier: str, *, marked: bool) -> None:
        if identifier in self._shown and not marked:
            self.faults.append(f"{identifier} was shown twice in one session without a mark")
        self._shown[identifier] = True

    def _check_line(self) -> None:
        """Check that the line of amq that was sent says more than the one before, or comes as a reminder."""
        ids = frozenset(message.id for message in self.unread)
        before, at = self._announced
        if ids and ids <= before and self.now - at < NEXT_AFTER_S:
            self.faults.append(f"announced twice in a row, after {self.now - at:.1f} s")
        self._announced = ids, self.now


def _for_model(said: list[str]) -> str:
    """Return the text for the model in what a hook SAID; "" if there is none."""
    found = json.loads(said[0]) if said else {}
    return str(found.get("reason") or found.get("hookSpecificOutput", {}).get("additionalContext", ""))
