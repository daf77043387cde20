"""All models of a hosted program's terminal, fed with every byte that passes."""

from __future__ import annotations

import threading
import time

from amq.pty.echo_fallback import Echo, EchoWatch
from amq.pty.input_row import (
    ELSEWHERE,
    EMPTY,
    NOT_FOUND,
    UNKNOWN,
    PromptRule,
    Row,
    RowRule,
    Standing,
    before_cursor,
    find_row,
    stands_at_cursor,
)
from amq.pty.interruption import Interruption
from amq.pty.keystrokes import Keystrokes, Line
from amq.pty.mode_ledger import ABANDON, FRAME_END, Ledger
from amq.pty.osc_state import (
    BEGUN_STATE_QUESTION,
    LONGEST_BEGUN_BYTES,
    STATE_ANSWER,
    STATE_QUESTION,
    AgentState,
    TitleAndState,
)
from amq.pty.screen import Screen, Size, View, load_emulator
from amq.pty.sequences import Kind, Splitter
from amq.pty.unknown_row import EmptyRow
from amq.record import record

FRAME_S = 0.01  # seconds of silence after which a program that marks no frames counts as done with drawing
GATHER_S = 0.02  # seconds between output and its first slice fed to the emulator: more will come
REST = 9  # pause of the emulator after a slice, in multiples of the slice's time
AT_A_LOOK_BYTES = 1 << 16  # bytes fed at most by a look
EMPTY_FOR_S = 0.15  # seconds for which the row is seen empty before the draft known from keys is forgotten
SEEN_EMPTY_FOR_S = (
    1.5  # the same for a row that no rule describes, where only the keys know a draft; this is longer than
)
# a network takes at first to send again what was lost (1 s)
UNANSWERED_FOR_S = 5.0  # seconds, where nothing was printed since the last key
DRAWN_WITHIN_S = 5.0  # seconds for typed text to be drawn: on a busy machine a program prints other things before it

_READY = (
    AgentState.IDLE,
    AgentState.WORKING,
    AgentState.DONE,
)  # a quick user has it work before it has published "idle"


@record
class TerminalSnapshot:
    """One look at the terminal. Times are in seconds of the caller's clock; None means "never yet"."""

    alive: bool = True
    stopped: bool = False
    canonical: bool = False  # the kernel, not the program, edits the line
    echoing: bool = False  # the kernel sends back what is typed
    waiting: bool = False  # the program has not taken all bytes for it, or the user's are on the way
    bracketed_paste: bool = False
    takes_pastes: bool = False  # bracketed paste was on when the row was seen empty
    alternate_screen: bool = False
    title_seen: bool = False
    published: AgentState | None = None
    unknown_state: str = ""  # the last word that it published for a state that is not known
    turns: int = 0  # number of its turns that have ended, as it published
    answered: bool = False  # its query whether its state is wanted was answered: it will publish it
    interrupted: bool = False  # the user has interrupted its work, and submitted nothing since
    version: str = ""  # the program's, where it is known
    ready_since: float | None = None  # when it first published that it waits for a line, or works on one
    started: float = 0.0
    first_output: float | None = None
    last_output: float | None = None
    output: int = 0  # bytes that the program has printed
    last_key: float | None = None
    keys: int = 0
    sees_keys: bool = True  # each key of the user's is counted
    sent: int = 0  # number of times that the user submitted or cleared the line
    draft: bool = False
    unsettled: bool = False  # the next key may have another meaning: one before may wait for it
    inside: bool = False  # the user's last bytes begin a sequence, a character or a paste
    echo: Echo = Echo.NOTHING
    title: bytes = b""
    row: Row = UNKNOWN  # where there is no rule for it: the text at the cursor, if it is the expected one
    lost_since: float | None = None  # since when the program has published "idle" and its row is not found


class Terminal:
    """All models of one terminal. `lock`, which is reentrant, is held while they are fed or looked at."""

    def __init__(
        self,
        started: float,
        line: Line | None = None,
        *,
        answers_state: bool = False,
        screen: Screen | None = None,
        row: RowRule | PromptRule | None = None,
    ) -> None:
        """Answer the program's query for OSC 7501 in place of the user's terminal, if ANSWERS_STATE.

        Without a SCREEN no row is known; with one, a thread has to `follow` it.
        """
        self.lock = threading.RLock()
        self.keystrokes = Keystrokes(line)
        self.announced = TitleAndState()
        self.ledger = Ledger()
        self._splitter = Splitter()
        self._echo: EchoWatch | None = None
        self._answers_state = answers_state
        self._answered = False
        self._withheld = b""
        self._started = started
        self._first_output: float | None = None
        self._last_output: float | None = None
        self._output = 0
        self._ready_since: float | None = None
        self._screen = screen
        self._row_rule = row
        self._takes_pastes = False
        self._printed = threading.Event()
        self._expected: tuple[str, str] | None = None  # the text before the cursor, and the expected text behind it
        self._empty_since: float | None = None
        self._empty_row = EmptyRow()
        self._interruption = Interruption()

    def from_user(self, data: bytes, now: float) -> None:
        """Feed the user's bytes. Keys that answer a dialog of the program change nothing in its input line."""
        with self.lock:
            if self._screen is not None and not isinstance(self._row_rule, RowRule):
                self._screen.feed()
                self._watch_empty_row(self._screen.view(), now)
            self._interruption.typed(data, self.announced.published, now)
            self.keystrokes.feed(data, now, answering=self.announced.published is AgentState.BLOCKED)

    def from_program(self, data: bytes, now: float) -> tuple[bytes, bytes]:
        """Feed the program's output; return what to show of it to the user, and what to answer the program at once."""
        with self.lock:
            questions = self.announced.state_questions
            self._output += len(data)
            self._last_output = now
            if self._screen is not None:
                self._screen.enqueue(data)
                if not self._printed.is_set():
                    self._printed.set()
            if self._first_output is None:
                self._first_output = now
            for kind, token in self._splitter.skim(data) if self._echo is None else self._splitter.feed(data):
                self._take(kind, token, now)
            if not self._answers_state:
                return data, b""
            shown = self._without_begun_question(data)
            if self.announced.state_questions == questions or self.keystrokes.inside(now):
                return shown, b""
            self._answered = True
            return STATE_QUESTION.sub(b"", shown), STATE_ANSWER

    def activity(self) -> tuple[int, int]:
        """Return the bytes of output and the user's keys so far: while these stay, little else can have changed."""
        with self.lock:
            return self._output, self.keystrokes.keys

    def withheld(self) -> bytes:
        """Return bytes withheld that turned out not to be a query: show them when nothing follows for now."""
        with self.lock:
            withheld, self._withheld = self._withheld, b""
            return withheld

    def _without_begun_question(self, data: bytes) -> bytes:
        """Return the withheld bytes and DATA; withhold a possible beginning of a query at the end.

        A beginning shows nothing yet at the user's terminal.
        """
        data = self._withheld + data
        begun = BEGUN_STATE_QUESTION.search(data, max(0, len(data) - LONGEST_BEGUN_BYTES))
        self._withheld = begun[0] if begun else b""
        return data[: len(data) - len(self._withheld)]

    def _settle(self) -> None:
        """Feed the ledger with transient tokens, too. Its undo superset needs none: it undoes all that is transient."""
        for kind, token in self._splitter.transient():
            self.ledger.take(kind, token)

    def _take(self, kind: Kind, token: bytes, now: float) -> None:
        self.ledger.take(kind, token)
        if kind is Kind.STRING:
            before = self.announced.published
            self.announced.take(token)
            self._interruption.changed(before, self.announced.published, self.keystrokes.sent, now)
            if self._ready_since is None and self.announced.published in _READY:
                self._ready_since = now
        if self._echo is not None:
            self._echo.take(kind, token)

    @property
    def printing(self) -> bool:
        """Return whether the program's output is in the middle of a sequence or of a character."""
        with self.lock:
            return self._splitter.inside

    def undo(self, *, all_shown: bool = True) -> bytes:
        """Return the bytes that restore the user's terminal to its state before the program.

        ALL_SHOWN says that it was given all of the output; else the bytes undo whatever a part of it may have switched
        on.
        """
        with self.lock:
            self._settle()
            if not all_shown:
                return ABANDON + self.ledger.undo_superset()
            return (ABANDON if self._splitter.inside else b"") + self.ledger.undo()

    def redo(self) -> bytes:
        """Return the bytes that switch the program's modes on again after `undo`."""
        with self.lock:
            self._settle()
            return self.ledger.redo()

    def resize(self, size: Size) -> None:
        """Set the screen's SIZE (rows, columns), before the program learns of it."""
        with self.lock:
            if self._screen is not None:
                self._screen.resize(size)

    def follow(self, stop: threading.Event) -> None:
        """Keep the picture of the screen up to date until STOP is set, in its own thread.

        It pauses longer than it works, so that a flood of output gets through; while nothing is printed it does
        nothing.
        """
        load_emulator()
        while self._screen is not None and not stop.is_set():
            self._printed.wait()
            self._printed.clear()
            pause = GATHER_S
            while not stop.wait(pause) and self._screen.waiting:
                begun = time.monotonic()
                with self.lock:
                    self._screen.feed()
                pause = REST * (time.monotonic() - begun)

    def stop_following(self) -> None:
        """Wake `follow`, so that it sees STOP."""
        self._printed.set()

    def expect(self, text: str | None) -> None:
        """Look for TEXT in the output and at the cursor from here on; None ends it.

        Where the input row is known, that is looked at instead.
        """
        if self._row_rule is not None:
            return
        with self.lock:
            view = self._view()
            self._echo = None if text is None else EchoWatch(text)
            self._expected = None if text is None or view is None else (before_cursor(view), text)

    def look(self, now: float, *, foreground: bool = True, canonical: bool = False) -> TerminalSnapshot:
        """Return a snapshot at NOW (seconds) by the models; the host adds what only it can see.

        A prompt is only one while the program itself is in the FOREGROUND: another that it runs may print the same. In
        CANONICAL mode an empty row does not show that the line is empty: what was typed ahead is elsewhere.
        """
        with self.lock:
            self._settle()
            view = None if self._may_be_drawing(now) else self._view()
            if not isinstance(self._row_rule, RowRule):
                self._watch_empty_row(view, now)
            row = self._row(view) if foreground or not isinstance(self._row_rule, PromptRule) else ELSEWHERE
            self._compare(NOT_FOUND if canonical else self._as_when_empty(row, view), now)
            self._takes_pastes |= row.standing is Standing.EMPTY and self.ledger.bracketed_paste
            return TerminalSnapshot(
                bracketed_paste=self.ledger.bracketed_paste,
                takes_pastes=self._takes_pastes,
                alternate_screen=self.ledger.alternate_screen,
                title_seen=self.announced.title is not None,
                published=self.announced.published,
                unknown_state=self.announced.unknown_state,
                turns=self.announced.turns,
                answered=self._answered,
                interrupted=self._interruption.lasts(self.keystrokes.sent),
                ready_since=self._ready_since,
                started=self._started,
                first_output=self._first_output,
                last_output=self._last_output,
                output=self._output,
                last_key=self.keystrokes.last_key(now),
                keys=self.keystrokes.keys,
                sent=self.keystrokes.sent,
                draft=self.keystrokes.draft(now),
                unsettled=self.keystrokes.unsettled,
                inside=self.keystrokes.inside(now),
                echo=self._echo.status if self._echo else Echo.NOTHING,
                title=self.announced.title or b"",
                row=row,
            )

    def shown(self) -> str:
        """Return the rows of the screen, without blanks at their ends; "" if it is not known."""
        with self.lock:
            view = self._view()
            return "\n".join(row.rstrip() for row in view.rows) if view else ""

    def _view(self) -> View | None:
        if self._screen is None:
            return None
        self._screen.feed(AT_A_LOOK_BYTES)
        return self._screen.view()

    def _row(self, view: View | None) -> Row:
        if self._row_rule is not None:
            return find_row(view, self._row_rule, self._empty_row.behind)
        if view is None or self._expected is None:
            return UNKNOWN
        before, text = self._expected
        return Row(Standing.HOLDS, text) if stands_at_cursor(view, before, text) else NOT_FOUND

    def _may_be_drawing(self, now: float) -> bool:
        """Return whether the screen may be incomplete: only a frame's end is sure; other output has to be FRAME old."""
        if self.ledger.synchronised or self._last_output is None:
            return self.ledger.synchronised
        return not self._splitter.tail.endswith(FRAME_END) and now - self._last_output < FRAME_S

    def _compare(self, row: Row, now: float) -> None:
        """Forget the draft that the keys left, once ROW has been empty for a while after the last of them."""
        if row.standing is not Standing.EMPTY:
            self._empty_since = self._empty_since if row.standing is Standing.UNKNOWN else None
            return
        if self._empty_since is None:
            self._empty_since = now
        last_key = self.keystrokes.last_key(now)
        since = self._empty_since if last_key is None else max(self._empty_since, last_key)
        if not (isinstance(self._row_rule, RowRule) or self._has_drawn(self.keystrokes.last_shown)):
            return  # the text may be there and not be shown: output may be halted
        typed = self.keystrokes.last_shown
        if self._row_rule is not None and typed is not None and now - typed < DRAWN_WITHIN_S:
            return  # the row may be the one from before the text
        empty_for_s = SEEN_EMPTY_FOR_S if self._row_rule is None else EMPTY_FOR_S
        if now - since >= (empty_for_s if self._has_drawn(last_key) else UNANSWERED_FOR_S):
            self.keystrokes.emptied()

    def _has_drawn(self, key: float | None) -> bool:
        """Return whether anything has been printed since KEY, the time of a key (None: no key)."""
        return key is None or (self._last_output is not None and self._last_output > key)

    def _watch_empty_row(self, view: View | None, now: float) -> None:
        """Learn from VIEW the picture of the empty line, and whether typing moves the cursor."""
        if view is None:
            return
        keys = self.keystrokes.keys
        if self.keystrokes.draft(now):
            self._empty_row.note(view, keys)
        elif self._row_rule is None and self._empty_row.is_draft_back(view, keys):
            if self._expected is None:  # else this may be amq's own text
                self.keystrokes.returned()
        elif self._is_settled(now) and self._shows_prompt(view):
            self._empty_row.remember(view, now)

    def _is_settled(self, now: float) -> bool:
        """Return whether the program has drawn the effect of the last key, and is silent."""
        last_key = self.keystrokes.last_key(now)
        if self._last_output is None or not self._has_drawn(last_key) or self.keystrokes.inside(now):
            return False
        return now - self._last_output >= EMPTY_FOR_S

    def _shows_prompt(self, view: View) -> bool:
        return not isinstance(self._row_rule, PromptRule) or self._row_rule.stands_alone(view)

    def _as_when_empty(self, row: Row, view: View | None) -> Row:
        """Return ROW; without a row rule, EMPTY or NOT_FOUND: whether VIEW shows what the empty line did."""
        if self._row_rule is not None or view is None:
            return row
        return EMPTY if self._empty_row.is_back(view, self.keystrokes.last_shown) else NOT_FOUND
