"""The scenarios of a certification: each is played in a `Session`, and raises `Failed` if it does not go as it should.

They leave the CLI idle with an empty input row, so that the next one can follow.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from functools import partial
from pathlib import Path

from amq.certify.mock_model import reads_given, use_amq
from amq.certify.plan import LOST
from amq.certify.processes import name_of
from amq.certify.protocols import Answer, Ask, Call, Fail, Say, Script, Turn
from amq.certify.session import (
    ENDS_WITHIN_S,
    LONG_ENOUGH_S,
    NOTICE,
    SHOWN_WITHIN_S,
    START_WITHIN_S,
    Failed,
    Session,
)
from amq.runtime.agents.offline import WrongPlace
from amq.text import visible

TASK = "begin the errand"
QUESTION = "Say: which colour"
BODY = "The text of the mail, in one piece."
_NARROW, _USUAL = (12, 40), (30, 100)  # rows, columns
_HELD_NARROW_S = 8.0
_EFFECT_WITHIN_S = 3.0
_DRAWN_WITHIN_S = 8.0
_ATTEMPTS_TO_LEAVE = 2  # a busy machine may be too late with the second key


def begin(session: Session) -> None:
    """Wait until it shows an input row, as it does before each scenario."""
    has_row = partial(session.terminal.shows, session.offline.row)
    try:
        session.wait(has_row, "start", "it does not show its input row", START_WITHIN_S)
    except Failed as failed:
        shown = next((line.strip() for line in session.terminal.screen().splitlines() if line.strip()), "nothing")
        raise Failed(failed.kind, f"{failed}; its screen begins with {visible(shown[:60])!r}") from None


def ready(session: Session) -> None:
    """Check that it is notified of mail that came before the start as soon as it is ready."""
    session.told(0)


def idle(session: Session) -> None:
    """Check that an idle agent is notified, and runs the command that the line names."""
    since = _give(session, use_amq)
    session.send()
    session.told(since)
    session.wait(lambda: _last_said(session).startswith("Done"), LOST, "the command in the line did not work")


def streams(session: Session) -> None:
    """Check that a working agent hears of urgent mail, at once or after its answer, and that this is not aborted."""
    go = threading.Event()
    since = _give(session, _working(session, lambda: Say("It begins", until=go.is_set)))
    aborted = session.model.aborted
    try:
        session.submit(_task(session))
        session.wait(lambda: len(session.model.turns) > since, "look", "the typed line did not reach its model")
        session.send(priority="urgent")
        session.terminal.wait(lambda: session.waits_for() == "busy", LONG_ENOUGH_S)
        session.stays(lambda: session.model.aborted == aborted, "aborted", "its answer was aborted")
    finally:
        go.set()
    session.told(since, apart_from=TASK)
    if session.model.aborted != aborted:
        raise Failed("aborted", "its answer was aborted")


def tool(session: Session) -> None:
    """Check that an agent that runs a tool is notified when its turn ends, and that the tool runs to its end."""
    begun, go, done = (Path(session.plan.directory, "p", name) for name in ("begun", "go", "done"))
    wait = f"touch {begun}; until [ -e {go} ]; do sleep 0.05; done; touch {done}"
    since = _give(session, _working(session, lambda: Call(wait)))
    try:
        session.submit(_task(session))
        session.wait(begun.exists, "look", "its tool did not run")
        session.send()
        session.wait_held("busy")
    finally:
        go.touch()
    session.told(since, apart_from=TASK)
    if not done.exists():
        raise Failed("aborted", "its tool was ended")
    for path in (begun, go, done):
        path.unlink()


def dialog(session: Session) -> None:
    """Check that a permission dialog stays open while mail waits, and gets no answer but the user's."""
    done = Path(session.plan.directory, "p", "done")
    since = _give(session, _working(session, lambda: Call(f"touch {done.name}", escalated=True)))
    session.submit(_task(session))
    session.wait_for(session.offline.dialog, "its permission dialog")
    session.send()
    session.wait_held("dialog")
    session.stays(lambda: not done.exists(), "approved", "its dialog was answered")
    session.stays(lambda: session.terminal.shows(session.offline.dialog), "answered", "its dialog was closed", 0.0)
    session.terminal.press("\r")
    session.wait(done.exists, "look", "the user's Enter did not allow the command")
    session.told(since, apart_from=TASK)
    done.unlink()


def question(session: Session) -> None:
    """Check that a question to the user stays open while mail waits, and gets no answer but the user's."""
    session.settle()
    session.follow(session.offline.question or ())
    since = _give(session, _working(session, lambda: Ask(f"{QUESTION} is best?", ("Red", "Blue"))))
    session.submit(_task(session))
    session.wait_for(QUESTION, "its question")
    session.send()
    session.wait_held("dialog")

    def answered() -> bool:
        return any(turn.results for turn, _ in session.model.turns[since:])

    session.stays(lambda: not answered(), "approved", "its question was answered")
    session.stays(lambda: session.terminal.shows(QUESTION), "answered", "its question was closed", 0.0)
    session.terminal.press("\r")
    session.wait(answered, "look", "the user's Enter did not answer the question")
    session.told(since, apart_from=TASK)


def draft(session: Session) -> None:
    """Check that a half-typed line stays as it is while mail waits, and is sent by the user alone."""
    since = _give(session, session.reads)
    session.settle()
    session.terminal.press("half")
    session.send()  # at once: a CLI that works may draw it late
    session.wait_for(session.in_row("half"), "half in the input row")
    session.wait_held("draft")
    session.stays(lambda: session.terminal.shows(session.in_row("half")), "merged", "the half-typed line was changed")
    session.terminal.press(" of it")
    session.wait_for(session.in_row("half of it"), "the rest of the line")
    session.settle()
    session.terminal.press("\r")
    session.told(since, apart_from="half")
    if not any("half of it" in text for text in session.begun(since)):
        raise Failed("merged", "the user's line did not reach its model as it was typed")


def draft_lines(session: Session) -> None:
    """Check that a half-typed text of two lines stays as it is while mail waits."""
    since = _give(session, session.reads)
    session.type("first")
    session.terminal.press(session.offline.line_break)
    session.settle()
    session.terminal.press("second")
    session.wait_for(r"^\W*second\b", "the second line")
    session.send()
    session.wait_held("draft")
    session.stays(lambda: session.terminal.shows(r"^\W*second$"), "merged", "the half-typed text was changed")
    for key in (session.offline.clears, "\x7f", session.offline.clears):
        session.terminal.press(key)
    session.told(since, apart_from="first")


def named(session: Session) -> None:
    """Check that an idle agent whose session has a name is notified."""
    since = _give(session, session.reads)
    session.send()
    session.told(since)


def narrow(session: Session) -> None:
    """Check that in a small terminal an agent is notified, or its mail is held until the terminal is large again."""
    session.terminal.resize(_NARROW)
    session.settle()
    since = _give(session, session.reads)
    session.send()
    told = session.terminal.wait(lambda: not session.has_unread(), _HELD_NARROW_S)
    if not told and session.begun(since):
        raise Failed("merged", f"something else was sent: {session.begun(since)[0][:80]}")
    session.terminal.resize(_USUAL)
    session.told(since)


def places(session: Session) -> None:
    """Check that nothing is typed where it would do something else, and that the agent is notified after that."""
    for place in session.offline.places:
        _place(session, place)


def body(session: Session) -> None:
    """Check that the text of the mail reaches the model, once; where the CLI has hooks, without a command."""
    since = _give(session, reads_given)
    session.send(BODY)
    session.wait(
        lambda: session.model.times_of(BODY), LOST, "the text of the mail did not reach its model", START_WITHIN_S
    )
    session.wait(lambda: not session.has_unread(), LOST, "the mail was not filed as read", START_WITHIN_S)
    session.settle()
    if len(session.model.turns) - since > 2 + any(turn.results for turn, _ in session.model.turns[since:]):
        raise Failed("doubled", "its model was asked more than once")


def leave(session: Session) -> None:
    """Check that the CLI ends by its own keys, with nothing left on at the terminal and no process behind it."""
    patience = session.plan.patience
    session.settle()
    session.processes.look()
    for _ in range(_ATTEMPTS_TO_LEAVE):
        for key in session.offline.quits:
            before = session.terminal.screen()
            session.terminal.press(key)
            session.terminal.wait(partial(_differs, session, before), _EFFECT_WITHIN_S)
        if session.terminal.wait(lambda: session.terminal.status is not None, SHOWN_WITHIN_S * patience):
            break
    else:
        raise Failed("exit", "it did not end by its own keys")
    if session.terminal.status != 0:
        raise Failed("exit", f"it ended with status {session.terminal.status}")
    if not session.terminal.wait(session.terminal.is_restored, _EFFECT_WITHIN_S):
        raise Failed("exit", "modes of the terminal were left on")
    if not session.terminal.wait(lambda: not session.processes.look(), ENDS_WITHIN_S * patience):
        left = ", ".join(filter(None, map(name_of, session.processes.look())))
        raise Failed("exit", f"it left processes behind: {left}")


SCENARIOS: dict[str, Callable[[Session], None]] = {
    "ready": ready, "idle": idle, "streams": streams, "tool": tool, "dialog": dialog, "question": question,
    "draft": draft, "draft-lines": draft_lines, "named": named, "narrow": narrow, "places": places, "body": body,
    "exit": leave,
}  # fmt: skip
"""The functions that play the scenarios of `amq.runtime.verdicts`, by name."""


def _task(session: Session) -> str:
    """Return a line that gives the model its task; no line before it reads like that."""
    return f"{TASK} {len(session.model.turns)}"


def _give(session: Session, script: Script) -> int:
    """Have the model answer by SCRIPT; return the number of the next turn."""
    session.model.script = script
    return len(session.model.turns)


def _working(session: Session, work: Callable[[], Answer]) -> Script:
    """Return a model that does WORK when it gets the task, and reads mail otherwise."""

    def script(turn: Turn) -> Answer | Fail:
        if TASK not in turn.text or NOTICE.search(turn.text):
            return session.reads(turn)
        return Say("Finished.") if turn.results else work()

    return script


def _differs(session: Session, before: str) -> bool:
    return session.terminal.screen() != before


def _last_said(session: Session) -> str:
    last = session.model.turns[-1][1] if session.model.turns else None
    return last.text if isinstance(last, Say) else ""


def _place(session: Session, place: WrongPlace) -> None:
    since = _give(session, session.reads)
    session.settle()
    session.follow(place.opens)
    shown = place.opens[-1].shows
    session.send()
    session.wait_held("unknown-screen")

    def is_open() -> bool:
        return session.terminal.shows(shown) and not session.begun(since)

    session.stays(is_open, "wrong place", f"something was typed into {place.name}")
    for _ in range(_ATTEMPTS_TO_LEAVE):  # a CLI may not hear a key while it opens a place
        for key in place.closes if session.terminal.shows(shown) else ():
            session.terminal.press(key)
            session.settle()
        session.terminal.wait(lambda: not session.terminal.shows(shown), _EFFECT_WITHIN_S * session.plan.patience)
    if not session.terminal.wait(lambda: session.begun(since), _DRAWN_WITHIN_S):
        # on a busy machine Claude Code clears the screen as it comes back, and draws a part of it only
        session.terminal.resize((_USUAL[0], _USUAL[1] + 1))
        session.settle()
        session.terminal.resize(_USUAL)
    session.told(since)
