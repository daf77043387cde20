"""Record the screens of the real CLIs: `python -m tests.real.record_screens [NAME[/SESSION] ...]`, into tests/screens.

Each recording is the output of one session, with marks: the position in the output when the program had settled after
a step, the size of the screen, and the text a user sees in the input row then. The steps below give that text, so a
recording is only as good as a human look at it: every screen is printed for that.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import re
import select
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import pexpect

from amq.certify.protocols import Answer, Ask, Call, Say, Script, Turn
from amq.pty.screen import Screen
from amq.record import replace
from tests.real.agents import Agent, pinned_agents
from tests.real.rig import Rig, offline_rig
from tests.screens.recordings import ELSEWHERE, PART, Mark, Recording

OURS = "amq: 3 new messages from codex, gemini. Run: amq drain --include-body"
LONG = "word " * 40 + "end"
PASTED_OURS = f"\x1b[200~{OURS}\x1b[201~"
MANY_LINES = "\x1b[200~" + "\n".join(f"line {number}" for number in range(30)) + "\x1b[201~"
BACKSPACE, CTRL_C, CTRL_O, CTRL_S, CTRL_U = "\x7f", "\x03", "\x0f", "\x13", "\x15"
ESCAPE, LEFT, DOWN = "\x1b", "\x1b[D", "\x1b[B"
SUBMIT = "submit"
GONE = None
WORKS_FOR = 7.0  # seconds


@dataclass(frozen=True)
class Step:
    """KEYS that lead to a screen whose input row holds ROW; GONE: there is none."""

    name: str
    keys: str
    row: str | None
    seconds: float = 0.8  # at least, before the screen is looked at
    only: str = ""  # for this program


STEPS = [
    Step("idle", "", "", 4),
    Step("draft", "half", "half"),
    Step("cursor at its start", "\x1b[D" * 4, "half"),
    Step("draft of blanks", "\x1b[C" * 4 + BACKSPACE * 4 + "  ", " "),
    Step("draft of two lines", BACKSPACE * 2 + "half\nsecond", "half\nsecond"),
    Step("first line only", CTRL_U, "half\n", only="claude"),
    Step("draft gone", CTRL_C, "", 3),
    Step("draft of an empty line", "\n", "\n"),
    Step("its newline gone", BACKSPACE, ""),
    Step("ours", PASTED_OURS, OURS),
    Step("ours and more", "x", f"{OURS}x"),
    Step("ours gone", CTRL_C, "", 3),
    Step("a long draft", LONG, LONG),
    Step("long draft gone", CTRL_C, "", 3),
    Step("a large paste", MANY_LINES, "[Pasted text #1 +29 lines]", only="claude"),
    Step("large paste gone", BACKSPACE, "", 2, only="claude"),
    Step("commands", "/", "/"),
    Step("commands gone", BACKSPACE, ""),
    Step("shell mode", "!", GONE, only="claude"),
    Step("shell mode gone", BACKSPACE, "", only="claude"),
    Step("shortcuts", "?", ""),
    Step("shortcuts gone", BACKSPACE, ""),
    Step("wait", "wait", "wait"),
    Step("working", SUBMIT, "", 1.5),
    Step("draft while it works", "more", "more"),
    Step("draft gone while it works", BACKSPACE * 4, ""),
    Step("ours while it works", PASTED_OURS, OURS),
    Step("ours queued", SUBMIT, ""),
    Step("turn at its end", "", "", WORKS_FOR),
    Step("run", "run", "run"),
    Step("permission", SUBMIT, GONE, 3),
    Step("pasted into the dialog", PASTED_OURS, GONE),
    Step("dialog gone", "\x1b", "", 3),
    Step("ask", "ask", "ask", only="claude"),
    Step("question", SUBMIT, GONE, 3, only="claude"),
    Step("pasted into the question", PASTED_OURS, GONE, only="claude"),
    Step("question gone", "\x1b", "", 3, only="claude"),
    Step("transcript", CTRL_O, GONE, 1, only="claude"),
    Step("transcript gone", CTRL_O, "", 1, only="claude"),
    Step("to stash", "draft", "draft", only="claude"),
    Step("stashed", CTRL_S, "", only="claude"),
    Step("from the stash", CTRL_S, "draft", only="claude"),
    Step("stash gone", BACKSPACE * 5, "", only="claude"),
]
PLACES = [
    Step("idle", "", "", 4),
    Step("list of agents", LEFT, ELSEWHERE, 2.5, only="claude"),
    Step("a task in it", "task", "task", only="claude"),
    Step("task gone", BACKSPACE * 4, ELSEWHERE, only="claude"),
    Step("its help", "?", ELSEWHERE, only="claude"),
    Step("help gone", "?", ELSEWHERE, only="claude"),
    Step("a reply in it", " ", GONE, 1.5, only="claude"),
    Step("reply gone", ESCAPE, ELSEWHERE, 1.5, only="claude"),
    Step("list gone", ESCAPE, "", 2.5, only="claude"),
    Step("rename", "/rename", "/rename", only="codex"),
    Step("a name", "\r", ELSEWHERE, 1.5, only="codex"),
    Step("a name begun", "name", ELSEWHERE, only="codex"),
    Step("name gone", BACKSPACE * 4, ELSEWHERE, only="codex"),
    Step("ours in it", PASTED_OURS, ELSEWHERE, only="codex"),
    Step("rename gone", ESCAPE, "", 1.5, only="codex"),
    Step("review", "/review", "/review", only="codex"),
    Step("kinds of review", "\r", GONE, 1.5, only="codex"),
    Step("instructions", DOWN * 3 + "\r", ELSEWHERE, 1.5, only="codex"),
    Step("back at the kinds", ESCAPE, GONE, only="codex"),
    Step("review gone", ESCAPE, "", 1.5, only="codex"),
    Step("export", "/export", "/export", only="codex"),
    Step("ways of export", "\r", GONE, 1.5, only="codex"),
    Step("a file name", DOWN + "\r", ELSEWHERE, 1.5, only="codex"),
    Step("export gone", ESCAPE, "", 1.5, only="codex"),
]
"""Fields that look like the input row, on a terminal with 16 colours: grey texts are faint there."""
PLAIN = [
    Step("idle", "", "", 4),
    Step("draft", "half", "half"),
    Step("draft gone", BACKSPACE * 4, ""),
    Step("ours", PASTED_OURS, OURS),
    Step("ours gone", BACKSPACE * len(OURS), "", 1.5),
    Step("run", "run", "run"),
    Step("permission", SUBMIT, GONE, 3),
    Step("pasted into the dialog", PASTED_OURS, GONE),
    Step("dialog gone", "\x1b", "", 3),
    Step("ask", "ask", "ask", only="claude"),
    Step("question", SUBMIT, GONE, 3, only="claude"),
    Step("question gone", "\x1b", "", 3, only="claude"),
]
"""Steps on a terminal with few characters, or not much room."""
READER = [
    Step("idle", "", "", 4),
    Step("draft", "half", "half"),
    Step("cursor at its start", LEFT * 4, "\0half"),
    Step("draft of blanks", "\x1b[C" * 4 + BACKSPACE * 4 + "  ", " "),
    Step("draft of two lines", BACKSPACE * 2 + "half\nsecond", "half\nsecond"),
    Step("draft gone", CTRL_C, "", 3),
    Step("ours", PASTED_OURS, OURS),
    Step("ours and more", "x", f"{OURS}x"),
    Step("ours gone", BACKSPACE * (len(OURS) + 1), "", 1.5),
    Step("a long draft", LONG, LONG),
    Step("long draft gone", CTRL_C, "", 3),
    Step("shell mode", "!", GONE),
    Step("shell mode gone", BACKSPACE, ""),
    Step("shortcuts", "?", ""),
    Step("shortcuts gone", BACKSPACE, ""),
    Step("wait", "wait", "wait"),
    Step("working", SUBMIT, "", 1.5),
    Step("ours while it works", PASTED_OURS, OURS),
    Step("ours queued", SUBMIT, ""),
    Step("turn at its end", "", "", WORKS_FOR),
    Step("run", "run", "run"),
    Step("permission", SUBMIT, GONE, 3),
    Step("pasted into the dialog", PASTED_OURS, GONE),
    Step("dialog gone", ESCAPE, "", 3),
    Step("ask", "ask", "ask"),
    Step("question", SUBMIT, GONE, 3),
    Step("an answer of one's own", "3\r", GONE),
    Step("pasted into the answer", PASTED_OURS, GONE),
    Step("answer gone", ESCAPE, GONE, 1.5),
    Step("question gone", ESCAPE, "", 3),
    Step("transcript", CTRL_O, GONE, 1),
    Step("transcript gone", CTRL_O, "", 1),
    Step("list of agents", LEFT, GONE, 2.5),
    Step("list gone", ESCAPE, "", 2.5),
]
"""Steps for a screen reader: plain text."""
SMALL = [
    *PLAIN[:4],
    Step("ours and more", "x", f"{OURS}x"),
    Step("much more", "\x1b[200~" + LONG + "\x1b[201~", PART, only="claude"),
    Step("its middle", "\x1b[A" * 2, PART, only="claude"),
    Step("its beginning", "\x1b[A" * 6, PART, only="claude"),
    Step("all gone", CTRL_C, "", 3),
    *PLAIN[5:],
]
OTHERS = [
    Step("idle", "", "", 30),
    Step("draft", "half", "half"),
    Step("cursor at its start", LEFT * 4, "half"),
    Step("draft gone", "\x1b[C" * 4 + BACKSPACE * 4, ""),
    Step("ours", PASTED_OURS, OURS),
    Step("ours gone", BACKSPACE * len(OURS), "", 20),  # Copilot takes a tenth of a second for each
    Step("shell mode", "!", ELSEWHERE, only="opencode"),
    Step("shell mode", "!", GONE, only="copilot"),
    Step("shell mode", "!", GONE, only="gemini"),
    Step("shell mode", "!", GONE, only="qwen"),
    Step("shell mode gone", ESCAPE, "", 1.5),
    Step("run", "run", "run"),
    Step("permission", SUBMIT, GONE, 12),
    Step("pasted into the dialog", PASTED_OURS, GONE),
    Step("dialog gone", ESCAPE, "", 3),
    Step("wait", "wait", "wait"),
    Step("working", SUBMIT, "", 1),
    Step("draft behind it", "more", "more"),
    Step("turn at its end", "", "more", WORKS_FOR),
]
"""Steps for the CLIs that are not part of every test."""
COPILOT = [
    *OTHERS,
    Step("draft behind it gone", BACKSPACE * 4, ""),
    Step("shortcuts", "?", ELSEWHERE),
    Step("shortcuts gone", ESCAPE, "", 1.5),
    Step("sessions", "\t", GONE, 1.5),
    Step("sessions gone", "\x1b[Z", "", 1.5),
    Step("ask", "ask", "ask"),
    Step("question", SUBMIT, GONE, 5),
    Step("pasted into the question", PASTED_OURS, GONE),
    Step("question gone", ESCAPE, "", 3),
]
PI = [
    *OTHERS[:6],
    Step("shell mode", "!", "!"),
    Step("shell mode gone", ESCAPE, "", 1.5),
    Step("name", "/name", "/name"),
    Step("name gone", ESCAPE + BACKSPACE * 5, "", 1.5),
    Step("settings", "/settings", "/settings"),
    Step("in the settings", "\r", GONE, 1.5),
    Step("pasted into the settings", PASTED_OURS, GONE),
    Step("settings gone", ESCAPE, "", 1.5),
    *OTHERS[-4:],
]
"""Steps for one that asks for no permission."""
OTHER_SIZES = [(24, 40), (30, 200), (12, 60), (30, 100)]
SCROLLED = (12, 60)  # there Claude 2.1.330 shows the end of a long draft without its prompt


_KEY = re.compile(r"\x1b\[[A-D]|.", re.DOTALL)


@dataclass
class Session:
    """A CLI in a pseudo-terminal that answers as a terminal would."""

    agent: Agent
    rig: Rig
    size: tuple[int, int]
    trusted: bool = True
    term: str = "xterm-256color"
    arguments: tuple[str, ...] = ()
    screen: Screen = field(init=False)
    recording: Recording = field(init=False)

    def __post_init__(self) -> None:
        environment = self.rig.home(self.agent, asks=True, trusted=self.trusted) | {"TERM": self.term}
        command = self.rig.network.inside([self.agent.program, *self.agent.arguments, *self.arguments])
        self._child = pexpect.spawn(
            command[0], command[1:], cwd=str(self.rig.project), env=environment, dimensions=self.size
        )
        self.screen = Screen(self.size)
        self.recording = Recording(self.size)

    def play(self, steps: Sequence[Step]) -> None:
        for step in steps:
            if step.only in ("", self.agent.program):
                self._type(self.agent.submit if step.keys == SUBMIT else step.keys)
                self._settle(step.seconds)
                self.mark(step.name, step.row)

    def resize(self, size: tuple[int, int], row: str | None) -> None:
        self.recording.marks[-1] = replace(self.recording.marks[-1], resized_to=size)
        self.screen.resize(size)
        self._child.setwinsize(*size)
        self._settle(1)
        self.mark(f"at {size}", row)

    def mark(self, name: str, row: str | None) -> None:
        self.recording.marks.append(Mark(name, len(self.recording.output), row))
        view = self.screen.view()
        print(f"== {self.agent.name}: {name}, in the row {row!r}, cursor {view.cursor if view else '?'}")
        print("\n".join(text.rstrip() for text in view.rows if text.strip()) if view else "unknown")

    def close(self) -> None:
        self._child.close(force=True)

    def _type(self, keys: str) -> None:
        """Type KEYS one at a time unless they are a paste, because some programs take a burst for a paste."""
        whole = "\x1b[200~" in keys or keys == self.agent.submit
        for key in [keys] if whole else _KEY.findall(keys):
            os.write(self._child.child_fd, key.encode())
            self._read(0.0 if whole else 0.04)

    def _settle(self, seconds: float) -> None:
        """Read for SECONDS, and on until the program has been silent for half of one; but not for ever."""
        end = time.monotonic() + seconds
        last = time.monotonic() + seconds + 3
        while time.monotonic() < min(end, last):
            if self._read(0.05) and time.monotonic() > end - 0.5:
                end = time.monotonic() + 0.5

    def _read(self, timeout: float) -> bool:
        if not select.select([self._child.child_fd], [], [], timeout)[0]:
            return False
        data = b""
        with contextlib.suppress(OSError):
            data = os.read(self._child.child_fd, 1 << 16)
        self.recording.output += data
        self.screen.enqueue(data)
        while self.screen.waiting:
            self.screen.feed()
        self._answer(data)
        return bool(data)

    def _answer(self, data: bytes) -> None:
        view = self.screen.view()
        row, column = view.cursor if view else (0, 0)
        answers = {
            b"\x1b]7501;?": b"\x1b]7501;?\x1b\\",
            b"\x1b[c": b"\x1b[?62;22c",
            b"\x1b[6n": b"\x1b[%d;%dR" % (row + 1, column + 1),
        }
        for question, answer in answers.items():
            if question in data:
                os.write(self._child.child_fd, answer)


@dataclass(frozen=True)
class Take:
    """One recorded session."""

    name: str
    steps: Sequence[Step]
    size: tuple[int, int] = (30, 100)
    term: str = "xterm-256color"
    arguments: tuple[str, ...] = ()
    trusted: bool = True


def takes(agent: Agent) -> Iterator[Take]:
    """Yield the sessions to record of AGENT.

    They are a long one, and for the CLIs of every test other places, sizes and terminals.
    """
    if agent.program not in ("claude", "codex"):
        yield Take("session", {"copilot": COPILOT, "pi": PI}.get(agent.program, OTHERS))
        return
    yield Take("session", STEPS)
    yield Take("sizes", [Step("idle", "", "", 4), Step("draft", LONG, LONG)])
    if agent.name != "claude-old":
        yield Take("small", SMALL, size=(10, 30))
        yield Take("places", PLACES, term="screen")
        yield Take("plain", [*PLAIN, *PLACES[1:]], term="linux")
    if agent.program == "claude":
        yield Take("trust", [Step("trust", "", GONE, 4)], trusted=False)
    if agent.name == "claude":
        yield Take("reader", READER, arguments=("--ax-screen-reader",))


def record(agent: Agent, wanted: str = "") -> None:
    """Record AGENT's sessions, or the WANTED one."""
    for take in takes(agent):
        if wanted not in ("", take.name):
            continue
        with tempfile.TemporaryDirectory(prefix="rec-", ignore_cleanup_errors=True) as place:
            with offline_rig(Path(place)) as rig:
                rig.model.script = _script()
                session = Session(agent, rig, take.size, take.trusted, take.term, take.arguments)
                session.play(take.steps)
                for size in OTHER_SIZES if take.name == "sizes" else ():
                    session.resize(size, PART if (agent.name, size) == ("claude", SCROLLED) else LONG)
                session.close()
            session.recording.save(f"{agent.name}-{take.name}")


def _script() -> Script:
    """Return a model that takes its time, asks for a permission, asks a question, or says hello."""

    def script(turn: Turn) -> Answer:
        said = turn.text.rpartition("</system-reminder>")[2]  # Qwen Code sends some of its own before it
        if said == "wait":
            time.sleep(WORKS_FOR)
            return Say("It is over.")
        if said == "run" and not turn.results:
            return Call("touch done", escalated=True)
        if said == "ask" and not turn.results:
            return Ask("Which colour?", ("Red", "Blue"))
        return Say("Hello there.")

    return script


def main() -> None:
    agents = pinned_agents()
    parser = argparse.ArgumentParser(prog="python -m tests.real.record_screens", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME[/SESSION]", help=f"only these of: {', '.join(agents)}")
    for name in parser.parse_args().names or agents:
        agent, _, wanted = name.partition("/")
        record(agents[agent], wanted)


if __name__ == "__main__":
    main()
