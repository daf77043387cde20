"""Mutations of the code that distinguishes an empty line from a draft in an unknown program."""

from __future__ import annotations

from tests.mutants.mutant import Mutant

EMPTY_ROW, KEYSTROKES = "tests/pty/test_unknown_row.py", "tests/pty/test_keystrokes.py"

EMPTY_ROWS = (
    Mutant(
        "any text behind a prompt is the right one",
        "pty/input_row.py",
        "_behind_prompt",
        "behind and behind != right",
        "False",
        f"{EMPTY_ROW} tests/pty/test_input_row.py",
    ),
    Mutant(
        "a row drawn around another cursor is the empty one",
        "pty/unknown_row.py",
        "EmptyRow.is_back",
        "self._moved",
        "True",
        EMPTY_ROW,
    ),
    Mutant(
        "text that was never shown left the line empty",
        "pty/unknown_row.py",
        "EmptyRow.is_back",
        "last_text is None or last_text < self._since",
        "True",
        EMPTY_ROW,
    ),
    Mutant(
        "a parked cursor shows an empty row",
        "pty/unknown_row.py",
        "EmptyRow.is_back",
        "picture == self._empty",
        "picture.shows_the_place_of(self._empty)",
        EMPTY_ROW,
    ),
    Mutant(
        "the last line of a draft is an empty row",
        "pty/unknown_row.py",
        "_Picture.shows_the_place_of",
        "not self.above.startswith(self.before)",
        "True",
        EMPTY_ROW,
    ),
    Mutant(
        "a row with nothing in it is known again",
        "pty/unknown_row.py",
        "EmptyRow.remember",
        "picture.before and view.cursor_visible",
        "view.cursor_visible",
        EMPTY_ROW,
    ),
    Mutant(
        "a row that is still being drawn is the empty one",
        "pty/terminal_model.py",
        "Terminal._watch_empty_row",
        "self._is_settled(now)",
        "True",
        EMPTY_ROW,
    ),
    Mutant(
        "text behind halted output is not a draft",
        "pty/terminal_model.py",
        "Terminal._compare",
        "self._has_drawn(self.keystrokes.last_shown)",
        "True",
        EMPTY_ROW,
    ),
    Mutant(
        "an accent has a cell of its own",
        "pty/screen.py",
        "Screen._feed",
        "_without_marks(self._decoder.decode(data))",
        "self._decoder.decode(data)",
        "tests/pty/test_screen.py",
    ),
    Mutant(
        "a paste is taken for a part of the ESC before it",
        "runtime/policy/injection.py",
        "_settled",
        "look.unsettled",
        "False",
        "tests/pty/test_line_editor.py",
    ),
    Mutant(
        "Ctrl-U is trusted wherever the cursor is",
        "pty/keystrokes.py",
        "Keystrokes._clears",
        "not self.unsettled",
        "True",
        KEYSTROKES,
    ),
    Mutant(
        "an Enter that is quoted submits",
        "pty/keystrokes.py",
        "Keystrokes._text",
        "run[-1] in _PREFIXES",
        "False",
        KEYSTROKES,
    ),
)
