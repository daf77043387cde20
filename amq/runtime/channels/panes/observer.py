"""Snapshots of an agent's terminal, made from a sequence of pictures of its pane, like those of amq's own terminal.

The user's keys are not seen. In their place counts that the row has been unchanged for a while. What cannot be seen at
all (a draft in a program whose row is not known) is never taken for empty. Pure.
"""

from __future__ import annotations

from dataclasses import dataclass

from amq.pty.input_row import NOT_FOUND, UNKNOWN, Row, Standing, before_cursor, find_row, stands_at_cursor
from amq.pty.line_discipline import LineDiscipline
from amq.pty.osc_state import AgentState
from amq.pty.screen import View
from amq.pty.terminal_model import TerminalSnapshot
from amq.runtime.channels.panes import Picture
from amq.runtime.policy import injection
from amq.runtime.policy.injection import InjectionRules

_ABOVE_CURSOR = 6  # rows above the cursor; in them, or below, a program shows that it works


@dataclass(frozen=True)
class UserAssertions:
    """Facts that the user vouches for where they cannot be seen."""

    takes_text: bool = False  # the program takes text, pasted or typed, in the chosen way
    empty: bool = False  # the line holds no draft where the row is not known


class PaneObserver:
    """Observer of one program's pane, for typing by RULES."""

    def __init__(self, rules: InjectionRules, trust: UserAssertions) -> None:
        self._rules = rules
        self._trust = trust
        self._picture: Picture | None = None
        self._changes = 0  # number of changes of the picture
        self._changed_at = 0.0
        self._row = UNKNOWN
        self._row_since = 0.0
        self._expected: tuple[str, str] | None = None  # the text before the cursor, and the expected text behind it
        self._before = ""  # text before the cursor in the last picture

    def expect(self, text: str) -> None:
        """Look from now on for TEXT, which is about to be typed at the cursor of the last picture."""
        self._expected = self._before, text

    def quiet_for(self, now: float) -> float:
        """Return for how many seconds the picture has not changed."""
        return now - self._changed_at

    def look(self, picture: Picture | None, discipline: LineDiscipline, now: float) -> TerminalSnapshot:
        """Return a snapshot of what PICTURE and DISCIPLINE show at NOW (seconds)."""
        if picture != self._picture:
            self._picture, self._changed_at, self._changes = picture, now, self._changes + 1
        view = picture.view() if picture else None
        row = self._find(view) if self._shows_all(discipline) else UNKNOWN
        if row != self._row:
            self._row, self._row_since = row, now
        known = self._rules.prompt_row is not None
        since = self._row_since if known else self._changed_at
        takes_a_line = view is not None and (known or self._trust.empty)
        self._before = before_cursor(view) if view else ""
        return TerminalSnapshot(
            canonical=takes_a_line and discipline.canonical,
            echoing=discipline.echoing,
            waiting=discipline.waiting,
            bracketed_paste=takes_a_line and not discipline.canonical and self._takes_text(),
            alternate_screen=False,  # not seen everywhere; instead, a row that is found is the proof
            title_seen=bool(picture and picture.title),
            published=self._says(view, row) or injection.titled(picture.title if picture else b"", self._rules),
            ready_since=-float("inf"),  # instead, a row that has been there for a while is the proof
            last_key=since if row.standing in (Standing.EMPTY, Standing.HOLDS) or not known else None,
            sees_keys=False,
            output=self._changes,
            title=picture.title if picture else b"",
            row=row,
        )

    def _shows_all(self, discipline: LineDiscipline) -> bool:
        """Return whether the whole line is seen: in canonical mode keys typed ahead of a prompt are not."""
        return self._trust.empty or not (self._rules.at_prompt and discipline.canonical)

    def _takes_text(self) -> bool:
        return self._rules.needs_paste_mode or self._trust.takes_text

    def _find(self, view: View | None) -> Row:
        if view is None:
            return UNKNOWN
        if self._rules.prompt_row is None:
            if self._expected is None:
                return UNKNOWN
            return Row(Standing.HOLDS, self._expected[1]) if stands_at_cursor(view, *self._expected) else NOT_FOUND
        return find_row(view, self._rules.prompt_row)

    def _says(self, view: View | None, row: Row) -> AgentState | None:
        """Return the program's state, as far as its screen shows it."""
        if view is None or row.standing is Standing.UNKNOWN or not self._rules.busy_sign:
            return injection.shown(row, self._rules)
        near = "\n".join(view.rows[max(0, view.cursor[0] - _ABOVE_CURSOR) :])
        if self._rules.busy_sign in near:
            return AgentState.WORKING
        return None if self._rules.idle_title else AgentState.IDLE
