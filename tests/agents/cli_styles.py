"""Differences between the agents' CLIs that the fakes play, as measured on the real ones."""

from __future__ import annotations

from dataclasses import dataclass

CTRL_X_ENTER = b"\x18\r"
F21 = b"\x1b[57384u"


@dataclass(frozen=True)
class Style:
    """One CLI's behaviour. Times are seconds."""

    name: str
    prompt: str
    framed: bool  # its input row is between two lines, and the cursor is hidden
    submit: frozenset[bytes]  # keys besides Enter that send the line, and that dialogs ignore
    publishes: bool  # by OSC 7501
    asks_first: bool = False  # whether the terminal asks for that
    title_spins: bool = False  # during a turn; otherwise the title says nothing
    enter_aborts: bool = False  # Enter during a turn interrupts it
    burst: float = 0.0  # an Enter sooner than this after a letter is a line break
    glued_enter_breaks: bool = False  # so is an Enter in one read with the text before it
    hold: float = 1.0  # a dialog does not open sooner than this after the last key
    warns: float = 0.0  # it publishes a dialog this long before it draws it
    placeholder: str = ""
    blank: str = " "  # behind the prompt
    suggests: bool = False  # lines of arbitrary words in its empty row
    field_publishes: str = ""  # shown while a field that looks like its row is open
    swallows: bool = False  # an Enter in the first second may be lost
    modes: bytes = b"\x1b[?2004h\x1b[?1004h"


CLAUDE = Style(
    name="claude", prompt="❯", framed=True, submit=frozenset({CTRL_X_ENTER}), publishes=True, asks_first=True,
    hold=1.58, warns=0.5, swallows=True, blank="\xa0", suggests=True, field_publishes="clear",
    modes=b"\x1b[?1049h\x1b[?25l\x1b[?2004h\x1b[?1004h",
)  # fmt: skip
CLAUDE_OLD = Style(
    name="claude-old", prompt="❯", framed=True, submit=frozenset(), publishes=False, title_spins=True,
    glued_enter_breaks=True, hold=1.58, swallows=True, blank="\xa0", suggests=True,
    modes=b"\x1b[?25l\x1b[?2004h\x1b[?1004h",
)  # fmt: skip
CODEX = Style(
    name="codex", prompt="›", framed=False, submit=frozenset({F21, b"\t"}), publishes=True, enter_aborts=True,
    burst=0.12, glued_enter_breaks=True, hold=1.05, placeholder="Ask Codex to do anything",
    modes=b"\x1b[?1049h\x1b[?2004h\x1b[?1004h",
)  # fmt: skip
STYLES = {style.name: style for style in (CLAUDE, CLAUDE_OLD, CODEX)}
