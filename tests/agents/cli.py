"""A fake agent's CLI that behaves like the real ones where it hurts. Bytes and times go in, bytes and notes come out.

It knows pastes, placeholders and ghost text, lines queued during a turn, dialogs that take the keyboard, surveys, a
screen that is drawn late and in pieces, and keys that are lost during startup. Its notes are the facts a checker judges
by: every line that was submitted and by whose key, every dialog that was approved.
"""

from __future__ import annotations

import heapq
import itertools
import re
from collections.abc import Callable
from dataclasses import dataclass
from random import Random

from tests.agents.cli_styles import CTRL_X_ENTER, Style

PASTE_START, PASTE_END = b"\x1b[200~", b"\x1b[201~"
LONG_PASTE = 800  # characters, or three lines: shown as a placeholder such as "[Pasted text]"
SIZE = 24, 90  # rows, columns
READ_BYTES = 1 << 16  # of output, that a host reads at once
_KEYS = re.compile(
    rb"\x1b\[200~.*?\x1b\[201~"  # a paste
    rb"|\x18\r|\x1b\[[0-9;?]*[ -/]*[@-~]|\x1b|[\x00-\x1f\x7f]"  # one key
    rb"|[^\x00-\x1f\x7f]+",  # letters
    re.DOTALL,
)


@dataclass(frozen=True)
class Plan:
    """Parameters of a turn. Times are seconds since it began."""

    lasts: float = 0.2
    asks_at: float | None = None  # it asks for permission
    drains_at: float | None = None


@dataclass(frozen=True)
class Note:
    """An event of the CLI. `ours`: caused by a key that amq pressed."""

    what: str  # started, submitted, approved, denied, chosen, rated, aborted, drained, finished
    text: str = ""
    ours: bool = False


class Cli:
    """The CLI as a state machine.

    WRITE takes its output, NOTED its notes; PLAN is asked at each turn. `due` is when to call `tick` next.
    """

    def __init__(
        self,
        style: Style,
        chance: Random,
        write: Callable[[bytes], None],
        noted: Callable[[Note], None],
        plan: Callable[[str], Plan],
        size: tuple[int, int] = SIZE,
    ) -> None:
        self.style = style
        self.lag = 0.012  # at most this many seconds between a key and its effect, and again until it is drawn
        self.alive = True
        self.box = ""
        self.dialog = False
        self.overlay = False
        self.survey = False
        self.working = False
        self.ghost = ""  # dim text that the CLI suggests
        self.field: str | None = None  # contents of a field that looks like the box, while it is open
        self.hint = ""  # its placeholder
        self.restores = ""  # the line that Escape brings back into the box, once
        self.queue: list[tuple[str, bool]] = []
        self._chance = chance
        self._write = write
        self._note = noted
        self._plan = plan
        self._rows, self._columns = size
        self._later: list[tuple[float, int, Callable[[float], None]]] = []
        self._count = itertools.count()
        self._input_at = 0.0
        self._printed_until = 0.0
        self._to_draw = False
        self._shown: tuple[list[str], tuple[int, int]] = ([], (0, 0))
        self._said: list[str] = ["Welcome."]
        self._last_key = 0.0
        self._last_letter = -1.0
        self._raw = False
        self._started = float("inf")
        self._turn = 0
        self._published = True  # whether the terminal asked for the published state

    @property
    def due(self) -> float:
        return self._later[0][0] if self._later and self.alive else float("inf")

    @property
    def has_started(self) -> bool:
        return self._raw

    def tick(self, now: float) -> None:
        """Do what is due."""
        while self.due <= now:
            at, _, action = heapq.heappop(self._later)
            action(at)

    def at(self, when: float, action: Callable[[float], None]) -> None:
        """Do ACTION at the time WHEN."""
        heapq.heappush(self._later, (when, next(self._count), action))

    def start(self, now: float, takes: float = 0.0) -> None:
        """Start. Input typed before the end of startup is thrown away."""
        self._out(b"\x1b]7501;?\x1b\\" if self.style.asks_first else b"starting\r\n")
        self._published = self.style.publishes and not self.style.asks_first
        self.at(now + takes, self._raw_mode)

    def crash(self) -> None:
        """Exit in the middle of the current activity."""
        self.alive = False

    def feed(self, data: bytes, now: float, *, ours: bool = False) -> None:
        """Take the input of one read."""
        if data.startswith(b"\x1b]7501;?"):
            self._published = self.style.publishes
            return
        self._input_at = max(self._input_at, now + self._chance.random() * self.lag)
        self.at(self._input_at, lambda at: self._take(data, at, ours))

    def postpone(self, seconds: float) -> None:
        """Do all that is to be done SECONDS later: the machine has slept."""
        self._later = [(at + seconds, number, action) for at, number, action in self._later]
        self._input_at += seconds
        self._printed_until += seconds

    def work(self, now: float, plan: Plan) -> None:
        """Begin a turn."""
        self.working, self.survey = True, False
        self._turn += 1
        turn = self._turn
        self._say("working", now)
        if plan.drains_at is not None:
            self.at(now + plan.drains_at, lambda _: self._note(Note("drained")) if turn == self._turn else None)
        if plan.asks_at is not None:
            self.at(now + plan.asks_at, lambda at: self._ask(turn, at))
        self.at(now + plan.lasts, lambda at: self._finish(turn, at))
        self._stream(turn, now)

    def restore(self, text: str, now: float) -> None:
        """Put TEXT into the box, as the CLI does after an interrupted turn."""
        self.box = text
        self._draw(now)

    def show_survey(self, now: float) -> None:
        """Show a question above the box; a digit typed into the empty box answers it."""
        self.survey = True
        self._draw(now)

    def suggest(self, text: str, now: float) -> None:
        """Show ghost text in the empty box."""
        self.ghost = text
        self._draw(now)

    def flood(self, size: int, now: float) -> None:
        """Print SIZE bytes of a coloured log at once, then clear the screen and draw it again."""
        line = b"\x1b[32mcompiled\x1b[0m a line of a log of a build\r\n"
        data = line * (size // len(line)) + b"\x1b[2J"
        for at in range(0, len(data), READ_BYTES):
            self._out(data[at : at + READ_BYTES])
        self.draw_all(now)

    def open_dialog(self, now: float) -> None:
        """Open a dialog at once, whatever has been typed."""
        self.dialog = True
        self._say("blocked", now)
        self._draw(now)

    def _raw_mode(self, now: float) -> None:
        self._raw, self._started, self._shown = True, now, ([], (0, 0))
        self._out(self.style.modes + b"\x1b]0;" + self._title() + b"\x07")
        self._say("idle", now)
        self._draw(now)
        self._note(Note("started"))

    def _take(self, data: bytes, now: float, ours: bool) -> None:
        if not self._raw:
            return
        keys = _KEYS.findall(data)
        for number, key in enumerate(keys):
            glued = number > 0 and keys[number - 1][:1] >= b" "
            self._last_key = now
            self._key(key, now, ours, glued)
            if key[:1] >= b" " and key != b"\x7f":
                self._last_letter = now
        self._draw(now)

    def _key(self, key: bytes, now: float, ours: bool, glued: bool) -> None:
        if key.startswith(PASTE_START):
            self._paste(key.removeprefix(PASTE_START).removesuffix(PASTE_END).decode(), now)
        elif self.dialog or self.overlay or self.field is not None:
            self._key_elsewhere(key, now, ours)
        elif key in self.style.submit:
            self._submit(now, ours)
        elif key == b"\r":
            self._enter(now, ours, glued)
        elif key == b"\x1b[D" and self.hint and not self.box:
            self._open_field(now)
        elif key == b"\n":
            self.box += "\n"
        elif key == b"\x7f":
            self.box = self.box[:-1]
        elif key == b"\x15":
            self.box = self.box[: self.box.rfind("\n") + 1]
        elif key == b"\x0f":
            self.overlay = True
        elif key == b"\x1b" and self.restores:
            text, self.restores = self.restores, ""
            self.at(now + self._chance.uniform(0.0, 0.1), lambda at: self.restore(text, at))
        elif key[:1] >= b" ":
            self._letters(key.decode(), ours)

    def _key_elsewhere(self, key: bytes, now: float, ours: bool) -> None:
        if self.dialog:
            self._answer(key, now, ours)
        elif self.field is not None:
            self._in_field(key, now, ours)
        else:
            self._in_overlay(key, ours)

    def _paste(self, text: str, now: float) -> None:
        if self.field is not None:
            self.field += text
            return
        if now - self._started < 2 and self._chance.random() < 0.05:
            return  # the first paste is sometimes swallowed
        lines = text.replace("\r", "\n").count("\n")
        self.box += f"[Pasted text +{lines} lines]" if lines > 1 or len(text) > LONG_PASTE else text

    def _open_field(self, now: float) -> None:
        """Open a field for a name, or a list of agents.

        It is drawn like the box, but a line there has another effect.
        """
        self.field = ""
        if self.style.field_publishes:
            self._say(self.style.field_publishes, now)

    def _in_field(self, key: bytes, now: float, ours: bool) -> None:
        assert self.field is not None
        if key == b"\r" or key == CTRL_X_ENTER:
            self._note(Note("named" if key == b"\r" else "removed", self.field, ours))
        elif key == b"\x7f":
            self.field = self.field[:-1]
        elif key[:1] >= b" ":
            self.field += key.decode()
        if key in (b"\r", b"\x1b"):
            self.field, self.hint = None, ""
            self._say("working" if self.working else "idle", now)

    def _letters(self, text: str, ours: bool) -> None:
        if self.survey and not self.box and text[0] in "0123":
            self.survey = False
            self._note(Note("rated", text, ours))
            text = text[1:]
        self.box += text

    def _enter(self, now: float, ours: bool, glued: bool) -> None:
        swallowed = self.style.swallows and now - self._started < 1 and self._chance.random() < 0.5
        breaks = (glued and self.style.glued_enter_breaks) or now - self._last_letter < self.style.burst
        if swallowed:
            return
        if breaks:
            self.box += "\n"
        elif self.working and self.style.enter_aborts and self.box:
            self._note(Note("aborted", self.box, ours))
            self._finish(self._turn, now)
            self._submit(now, ours)
        else:
            self._submit(now, ours)

    def _submit(self, now: float, ours: bool) -> None:
        text, self.box, self.ghost = self.box, "", ""
        if not text.strip():
            return
        self._note(Note("submitted", text, ours))
        if self.working:
            self.queue.append((text, ours))
        else:
            self._begin(text, now)

    def _begin(self, text: str, now: float) -> None:
        self._said.append(f"{self.style.prompt} {text.splitlines()[0]}")
        self.work(now, self._plan(text))

    def _answer(self, key: bytes, now: float, ours: bool) -> None:
        """Answer the dialog by letters; of several letters the first one counts.

        The submit keys that amq uses mean nothing here.
        """
        if key in (CTRL_X_ENTER, *self.style.submit):
            return
        if key == b"\r" or key[:1] in b"y1p2":
            self._close(now, Note("approved", key.decode(), ours))
        elif key == b"\x1b" or key[:1] in b"n3d":
            self._close(now, Note("denied", key.decode(), ours))

    def _close(self, now: float, note: Note) -> None:
        self.dialog = False
        self._note(note)
        self._say("working" if self.working else "idle", now)

    def _in_overlay(self, key: bytes, ours: bool) -> None:
        if key in (b"\r", b"\x0f", b"\x1b"):
            self.overlay = False
            if key == b"\r":
                self._note(Note("chosen", "", ours))

    def _ask(self, turn: int, now: float) -> None:
        """Ask for permission. The dialog opens when no one types, and is published before."""
        if turn != self._turn or self.dialog:
            return
        opens = max(now, self._last_key + self.style.hold)
        if opens > now + self.style.warns:
            self.at(opens - self.style.warns, lambda at: self._ask(turn, at))
        elif self.style.warns:
            self._say("blocked", now)
            self.at(now + self.style.warns, lambda at: self._open(turn, at))
        else:
            self._open(turn, now)

    def _open(self, turn: int, now: float) -> None:
        if turn == self._turn and not self.overlay:
            self.open_dialog(now)

    def _finish(self, turn: int, now: float) -> None:
        if turn != self._turn:
            return
        if self.dialog:  # it waits for the answer
            self.at(now + 0.2, lambda at: self._finish(turn, at))
            return
        self.working = False
        self._turn += 1
        self._said = [*self._said[-self._rows :], "Done."]
        if self.queue:
            texts, self.queue = self.queue, []
            self._begin("\n".join(text for text, _ in texts), now)
        else:
            self._say("idle", now)
            self._note(Note("finished"))
        self._draw(now)

    def _stream(self, turn: int, now: float) -> None:
        if turn != self._turn:
            return
        if not self.dialog:  # an answer has ended before a tool asks for anything
            self._said.append("word " * self._chance.randrange(1, 12))
            self._draw(now)
        self.at(now + self._chance.choice((0.02, 0.08, 0.15, 0.3, 0.6)), lambda at: self._stream(turn, at))

    def _say(self, state: str, now: float) -> None:
        if self._published:
            kind = ":kind=permission" if state == "blocked" else ""
            said = f"\x1b]7501;state={state}:app={self.style.name}{kind}\x1b\\".encode()
            self.at(max(now, self._printed_until), lambda _: self._out(said))
        if self.style.title_spins:
            title = b"\x1b]0;" + self._title() + b"\x07"
            self.at(max(now, self._printed_until), lambda _: self._out(title))

    def _title(self) -> bytes:
        """Return the title, which does not show an open dialog."""
        return ("⠂ Task" if self.working and self.style.title_spins else "✳ Task").encode()

    def _draw(self, now: float) -> None:
        """Draw soon; the screen then shows the state at that time."""
        if not self._to_draw:
            self._to_draw = True
            self.at(max(now + self._chance.random() * self.lag, self._printed_until), self._redraw)

    def draw_all(self, now: float) -> None:
        """Draw the whole screen soon, as after a resize."""
        self._shown = [], self._shown[1]
        self._draw(now)

    def _redraw(self, now: float) -> None:
        self._to_draw = False
        rows, cursor = self._picture()
        before = self._shown[0]
        changed = [number for number in range(self._rows) if before[number : number + 1] != [rows[number]]]
        if self._shown == (rows, cursor):
            return
        self._shown = rows, cursor
        frame = "".join(f"\x1b[{number + 1};1H{rows[number]}\x1b[0m\x1b[K" for number in changed)
        shown = "" if self.style.framed else "\x1b[?25l" if self.dialog or self.overlay else "\x1b[?25h"
        data = f"{frame}\x1b[{cursor[0] + 1};{cursor[1] + 1}H{shown}".encode()
        cuts = sorted(self._chance.randrange(len(data)) for _ in range(self._chance.choice((0, 0, 0, 1, 3))))
        for begin, end in itertools.pairwise([0, *cuts, len(data)]):
            now += self._chance.choice((0.0, 0.0, 0.001, 0.004, 0.015)) if begin else 0.0
            piece = data[begin:end]
            self.at(now, lambda _, piece=piece: self._out(piece))  # type: ignore[misc]
        self._printed_until = now

    def _picture(self) -> tuple[list[str], tuple[int, int]]:
        below = self._box_rows()
        typed = self.box if self.field is None else self.field
        cursor_row, column = len(below) - 1, len(below[-1]) if typed else 2
        if self.dialog or self.overlay:
            below = ["", "Do you want to proceed?" if self.dialog else "Select a model", f"{self.style.prompt} 1. Yes",
                     "  2. Yes, always", "  3. No", ""]  # fmt: skip
            cursor_row, column = len(below) - 1, 0
        elif self.style.framed:
            line = "─" * self._columns
            footer = "  ? for shortcuts" if self.field is None else "  enter to create · esc×2 to clear"
            below, cursor_row = [line, *below, line, footer], cursor_row + 1
        else:
            below = ["", *below, "", "  mock default" if self.field is None else "  enter submit · esc back"]
            cursor_row += 1
        above = self._said[-(self._rows - len(below) - 3) :]
        if self.survey:
            above.append("How is it doing?  1: Bad  2: Fine  3: Good  0: Dismiss")
        above += [f"  {text.splitlines()[0]}" for text, _ in self.queue[-1:]]
        above += ["* Working… esc to interrupt"] if self.working else []
        above = [*[""] * (self._rows - len(below) - len(above)), *above][-(self._rows - len(below)) :]
        cursor = (len(above) + cursor_row, column)
        return [*above, *below], cursor

    def _box_rows(self) -> list[str]:
        if self.field is not None:
            hint = f"\x1b[2m{self.hint}\x1b[22m"
            return [f"{self.style.prompt} {self.field or hint}"]
        dim = "" if self.box else self.ghost or self.style.placeholder
        if dim:
            return [f"{self.style.prompt}{self.style.blank}\x1b[2m{dim}\x1b[22m"]
        width = self._columns - 4
        wrapped = [line[at : at + width] for line in self.box.split("\n") for at in range(0, max(1, len(line)), width)][
            -8:
        ]
        first = f"{self.style.prompt}{self.style.blank}"
        return [f"{first if number == 0 else '  '}{line}" for number, line in enumerate(wrapped)]

    def _out(self, data: bytes) -> None:
        if self.alive:
            self._write(data)
