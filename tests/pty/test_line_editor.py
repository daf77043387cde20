"""Random editing in GNU readline: only an empty line is taken for one, and the text that amq types arrives whole."""

from __future__ import annotations

import random
import unicodedata
from dataclasses import dataclass, field

import pytest

from amq.pty.input_row import EMPTY, PromptRule, find_row
from amq.pty.screen import Screen
from amq.pty.terminal_model import UNANSWERED_FOR_S, Terminal, TerminalSnapshot
from amq.runtime.policy import injection
from amq.runtime.policy.injection import InjectionRules, InjectionState, Write
from amq.runtime.policy.wake_line import Notification
from tests.proof_table import Proof
from tests.pty.line_editor import LIBRARY, PROMPT, LineEditor, line_editor
from tests.seeds import SEED, SOAK

pytestmark = pytest.mark.skipif(LIBRARY is None, reason="GNU readline is not installed")

LINE = Notification("amq: 1 new message", "amq: new message")
ROW = PromptRule(PROMPT)
SIZE = 24, 80
SEQUENCES = 5_000 if SOAK else 80

TEXT = [*"ab 1'~", "é", "e\u0301", "你", "好", "😀", "👩‍👧", "ก็", "\u05d0", "ﷺ"]
KEYS = {
    "arrows": [b"\x1b[A", b"\x1b[B", b"\x1b[C", b"\x1b[D", b"\x1bOA", b"\x1b[1;5C"],
    "moves": [b"\x1b[H", b"\x1b[F", b"\x1b[1~", b"\x1b[4~", b"\x1b[5~", b"\x1b[6~", b"\x1b[3~", b"\x1b[2~"],
    "function keys": [b"\x1bOP", b"\x1bOQ", b"\x1b[15~", b"\x1b[24~"],
    "controls": [
        b"%c" % code for code in b"\x01\x02\x05\x06\x07\x08\t\x0b\x0c\x0e\x10\x12\x14\x15\x16\x17\x18\x19\x1f"
    ],
    "alt": [b"\x1b" + key for key in (b"b", b"f", b"d", b"t", b"u", b".", b"\x7f", b"#")],
    "escape": [b"\x1b"],
    "pastes": [
        b"\x1b[200~abc\x1b[201~",
        b"\x1b[200~a\nb\x1b[201~",
        b"\x1b[200~\xe4\xbd\xa0\x1b[201~",
        b"\x1b[200~\x1b[201~",
    ],
    "encoded": [b"\x1b[97u", b"\x1b[127u"],
}
WHOLE = [*KEYS["arrows"], *KEYS["moves"], *KEYS["pastes"]]  # known to every readline
SWALLOWING = b"\x12\x16\x17\x18\x1d"  # a search, quoting, commands of two keys


@dataclass
class Desk:
    """A readline, the model of its terminal, and a clock that the test sets."""

    terminal: Terminal
    row: PromptRule | None
    editor: LineEditor = field(init=False)
    now: float = 1.0
    keys: list[bytes] = field(default_factory=list)
    screen: Screen = field(default_factory=lambda: Screen(SIZE))  # the test's own

    @property
    def rules(self) -> InjectionRules:
        return InjectionRules(prompt_row=self.row, by_echo=True)

    def hears(self, data: bytes) -> None:
        self.terminal.from_program(data, self.now)
        self.screen.enqueue(data)

    def press(self, key: bytes) -> None:
        self.now += 1.0
        self.keys.append(key)
        self.terminal.from_user(key, self.now)
        self.now += 0.1
        self.editor.send(key)

    def look(self) -> TerminalSnapshot:
        """Return a snapshot taken after a while without a key."""
        self.terminal.look(self.now + 1.0)
        self.now += 2 * UNANSWERED_FOR_S
        return self.terminal.look(self.now)

    def shows_it(self) -> bool:
        """Return whether the screen shows the prompt alone, drawn since text was last typed."""
        self.screen.feed(1 << 20)
        text, last_output = self.terminal.keystrokes.last_shown, self.terminal.look(self.now).last_output
        drawn = text is None or (last_output is not None and last_output > text)
        return drawn and find_row(self.screen.view(), ROW) == EMPTY

    def may_hide_text(self, mode: str) -> bool:
        """Return whether a key may have taken text for itself, so that none was drawn."""
        return mode == "vi" or any(
            key in SWALLOWING or (key.startswith(b"\x1b") and key not in WHOLE) for key in self.keys
        )

    def begin(self) -> None:
        """Begin with an empty line."""
        for key in (b"\x07", b"\r", b"\r"):  # behind ESC, Enter would change to the vi mode, and Ctrl-G changes nothing
            self.press(key)
        self.keys.clear()
        assert (self.look().draft, self.editor.line) == (False, b"")


def edit(chance: random.Random) -> list[bytes]:
    """Return a few random keys, most of them deleted again."""
    keys: list[bytes] = []
    for _ in range(chance.randrange(1, 4)):
        if chance.random() < 0.5:
            text = "".join(chance.choice(TEXT) for _ in range(chance.randrange(1, 4)))
            keys += [text.encode(), *[b"\x7f"] * chance.randrange(len(text.encode()) + 1)]
        else:
            keys += [chance.choice(KEYS[chance.choice([*KEYS])])]
    return keys


@pytest.mark.parametrize("row", [ROW, None], ids=["prompt", "echo"])
@pytest.mark.parametrize("mode", ["emacs", "vi"])
def test_an_empty_line_is_known_after_any_editing(mode: str, row: PromptRule | None, proof: Proof) -> None:
    chance, drafts, empty, missed = random.Random(f"{SEED} {mode} {row}"), 0, 0, 0
    desk = Desk(Terminal(0.0, screen=Screen(SIZE), row=row), row)
    with line_editor(desk.hears, "keyseq-timeout 30", f"editing-mode {mode}") as desk.editor:
        for _ in range(SEQUENCES):
            desk.begin()
            for key in edit(chance):
                desk.press(key)
            look = desk.look()
            if is_visible(desk.editor.line):
                assert injection.gate(InjectionState(), look, desk.rules, desk.now) is not None, (
                    desk.keys,
                    desk.editor.line,
                )
                drafts += 1
            elif (
                not desk.editor.line
                and desk.shows_it()
                and not (look.draft and row is None and desk.may_hide_text(mode))
            ):
                assert not look.draft, (mode, desk.keys)
                arrived = notify(desk, look)
                assert arrived or mode == "vi", desk.keys
                missed += not arrived
                empty += 1
    proof.add(points=SEQUENCES, met=drafts + empty, violations=0)
    assert drafts > SEQUENCES // 10 < empty
    assert missed <= 1 + empty // 1000  # where a command of vi had begun that takes three keys or more


def is_visible(line: bytes) -> bool:
    """Return whether LINE holds more than blanks and accents without a letter."""
    return any(
        not (character.isspace() or unicodedata.combining(character)) for character in line.decode("utf-8", "replace")
    )


def notify(desk: Desk, look: TerminalSnapshot) -> bool:
    """Return whether a line typed now arrives whole and alone; check that amq sees it if not, and so sends no Enter."""
    desk.terminal.expect(LINE.text)
    state, actions = injection.step(InjectionState(), look, LINE, desk.rules, desk.now)
    for action in actions:
        if isinstance(action, Write):
            desk.editor.send(action.data)
    arrived = desk.editor.line.decode() == state.text
    assert desk.terminal.look(desk.now + 1).row.is_exactly(state.text) is arrived, (desk.keys, desk.editor.line)
    desk.terminal.expect(None)
    return arrived
