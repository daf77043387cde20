"""A program's title (OSC 0 and 2) and the state it publishes (OSC 7501), read from its output."""

from __future__ import annotations

import re
from enum import Enum

_PUBLISHED_STATE = re.compile(rb"\]7501;(?:.*:)?state=([a-z]+)")
STATE_QUESTION = re.compile(rb"\x1b\]7501;\?(?:\x07|\x1b\\)")  # some publish only to a terminal that answers
BEGUN_STATE_QUESTION = re.compile(rb"\x1b(?:\](?:7(?:5(?:0(?:1(?:;(?:\?\x1b?)?)?)?)?)?)?)?\Z")
LONGEST_BEGUN_BYTES = 9
LONGEST_STATE_CHARS = 20  # of a state that is not known
STATE_ANSWER = b"\x1b]7501;?\x1b\\"


class AgentState(Enum):
    """State that a program publishes of itself by OSC 7501 (`ESC ] 7501 ; state=idle:app=… ST`)."""

    IDLE = "idle"
    WORKING = "working"
    DONE = "done"
    BLOCKED = "blocked"
    ERROR = "error"  # its last turn has failed
    CLEAR = "clear"  # it does not show a session but, in Claude Code, the list of agents
    OTHER = "other"  # a state of a later version


_AT_REST = (AgentState.IDLE, AgentState.DONE)
_STATES = {state.value.encode(): state for state in AgentState}


class TitleAndState:
    """Title and published state; feed it each string of the output (OSC and the like), without its terminator."""

    def __init__(self) -> None:
        self.title: bytes | None = None  # None until the program has set one
        self.published: AgentState | None = None
        self.unknown_state = ""  # the last word for a state that is not known, as a later version may have
        self.turns = 0  # number of turns that have ended: it worked, and then said that it idles
        self.state_questions = 0  # number of times that the program has asked whether its state is wanted

    def take(self, data: bytes) -> None:
        """Note the title, the state or the query in DATA, one string without its terminator."""
        if data.startswith((b"]0;", b"]2;")):
            self.title = data[3:]
        elif data == b"]7501;?":
            self.state_questions += 1
        elif match := _PUBLISHED_STATE.match(data):
            before, self.published = self.published, _STATES.get(match[1], AgentState.OTHER)
            if self.published is AgentState.OTHER:
                self.unknown_state = match[1][:LONGEST_STATE_CHARS].decode()
            elif before is AgentState.WORKING and self.published in _AT_REST:
                self.turns += 1
