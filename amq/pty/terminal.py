"""What is known of a hosted program's terminal: all the models together, told every byte that passes."""

from __future__ import annotations

import threading
from dataclasses import dataclass

from amq.pty.announced import STATE_ANSWER, STATE_QUESTION, Announced, Published
from amq.pty.echo import Echo, EchoWatch
from amq.pty.keystrokes import Keystrokes, Line
from amq.pty.ledger import ABANDON, Ledger
from amq.pty.sequences import Kind, Splitter


@dataclass(frozen=True)
class Look:
    """One look at the terminal. Times are seconds of the clock that the looker uses; None means "never yet"."""

    alive: bool = True
    stopped: bool = False
    canonical: bool = False  # the kernel, not the program, edits the line
    echoing: bool = False  # the kernel sends back what is typed
    waiting: bool = False  # bytes for the program lie where it has not taken them, or the person's are on the way
    bracketed_paste: bool = False
    alternate_screen: bool = False
    title_seen: bool = False
    published: Published | None = None
    idle_seen: bool = False
    started: float = 0.0
    first_output: float | None = None
    last_output: float | None = None
    output: int = 0  # bytes that the program has printed
    last_key: float | None = None
    keys: int = 0
    sent: int = 0  # how often the person submitted or cleared the line
    draft: bool = False
    inside: bool = False  # the person's last bytes are the beginning of a sequence, a character or a paste
    echo: Echo = Echo.NOTHING


class Terminal:
    """The models of one terminal. `lock` is held while they are fed or looked at; its holder may take it again."""

    def __init__(self, started: float, line: Line | None = None, *, answers_state: bool = False) -> None:
        """With `answers_state` we answer the program's question for OSC 7501 in the person's terminal's place."""
        self.lock = threading.RLock()
        self.keystrokes = Keystrokes(line)
        self.announced = Announced()
        self.ledger = Ledger()
        self._splitter = Splitter()
        self._echo: EchoWatch | None = None
        self._answers_state = answers_state
        self._started = started
        self._first_output: float | None = None
        self._last_output: float | None = None
        self._output = 0
        self._idle_seen = False

    def from_person(self, data: bytes, now: float) -> None:
        """Keys that answer a dialog of the program's change nothing in its input line."""
        with self.lock:
            self.keystrokes.feed(data, now, answering=self.announced.published is Published.BLOCKED)

    def from_program(self, data: bytes, now: float) -> tuple[bytes, bytes]:
        """What of DATA is to be shown to the person, and what is to be answered to the program at once."""
        with self.lock:
            questions = self.announced.state_questions
            self._output += len(data)
            self._last_output = now
            if self._first_output is None:
                self._first_output = now
            for kind, token in self._splitter.skim(data) if self._echo is None else self._splitter.feed(data):
                self._take(kind, token)
            if self.announced.state_questions == questions or not self._answers_state or self.keystrokes.inside(now):
                return data, b""
            return STATE_QUESTION.sub(b"", data), STATE_ANSWER

    def _take(self, kind: Kind, token: bytes) -> None:
        self.ledger.take(kind, token)
        if kind is Kind.STRING:
            self.announced.take(token)
            self._idle_seen = self._idle_seen or self.announced.published in (Published.IDLE, Published.DONE)
        if self._echo is not None:
            self._echo.take(kind, token)

    def undo(self) -> bytes:
        """What a terminal that has shown all of the output needs to be as it was before the program."""
        with self.lock:
            return (ABANDON if self._splitter.inside else b"") + self.ledger.undo()

    def redo(self) -> bytes:
        """What brings the program's modes back after `undo`."""
        with self.lock:
            return self.ledger.redo()

    @property
    def printing(self) -> bool:
        """Whether the program's output stands in the middle of a sequence or of a character."""
        with self.lock:
            return self._splitter.inside

    def expect_echo(self, text: str | None) -> None:
        """From here on compare the output with TEXT; None ends it."""
        with self.lock:
            self._echo = None if text is None else EchoWatch(text)

    def look(self, now: float) -> Look:
        """The models' part of a look; who hosts the program adds what only it can see."""
        with self.lock:
            return Look(
                bracketed_paste=self.ledger.bracketed_paste,
                alternate_screen=self.ledger.alternate_screen,
                title_seen=self.announced.title is not None,
                published=self.announced.published,
                idle_seen=self._idle_seen,
                started=self._started,
                first_output=self._first_output,
                last_output=self._last_output,
                output=self._output,
                last_key=self.keystrokes.last_key(now),
                keys=self.keystrokes.keys,
                sent=self.keystrokes.sent,
                draft=self.keystrokes.draft(now),
                inside=self.keystrokes.inside(now),
                echo=self._echo.status if self._echo else Echo.NOTHING,
            )
