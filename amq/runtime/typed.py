"""How one line is typed into a program and submitted. Pure: a look at the terminal goes in, actions come out.

    CLEAR --gate--> PASTED --proof--> SUBMITTED --> CLEAR
                       \\________________\\___________> STANDING: our text may stand in the line, unsent

The proof that the text waits for its submit key is what the screen shows: for a program whose input row is known,
that the row holds exactly our text; for any other, that it stands at the cursor, or, where there is no picture of the
screen, that exactly the text came back in the output. Where there is no proof, nothing is pressed.
There is never a second text while the first may stand there: only the submit key, and only with the proof.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import Enum

from amq.pty.announced import Published
from amq.pty.echo import Echo
from amq.pty.encode import ENTER, bracketed, plain, settling
from amq.pty.row import PromptRule, Row, RowRule, Standing
from amq.pty.terminal import UNANSWERED_FOR, Look
from amq.runtime.words import Outcome, Reason

MOST_PRESSES = 4  # of a submit key that dialogs ignore, in one attempt, while our text still stands
LOOK_EVERY = 0.02  # seconds between looks while something is awaited
AWAY: dict[Published | None, Reason] = {
    Published.BLOCKED: Reason.DIALOG,
    Published.CLEAR: Reason.UNKNOWN_SCREEN,
    Published.OTHER: Reason.UNKNOWN_SCREEN,
}
"""The states in which no line is typed. A failed turn is none of them: the row is the usual one, and takes a line."""
NO_EFFECT = "the submit key had no effect: the line is not the program's prompt, or the key has another binding"
NO_KEY = "left unsubmitted: amq knows no submit key that dialogs ignore"


class ReadyWhen(Enum):
    """What shows that a program has started up and takes input."""

    QUIET = "quiet"  # it has printed something and fallen silent
    TITLED = "titled"  # it has also set a title
    PUBLISHED = "published"  # it has said so by OSC 7501


@dataclass(frozen=True)
class Rules:
    """What is known of typing into one program. Times are seconds."""

    row: RowRule | PromptRule | None = None  # how its input row is found
    by_echo: bool = False  # its row is not known, but it is: the proof is that the text comes back, at the cursor
    submit: bytes = ENTER  # empty: only the plain key is there
    inert: bool = False  # dialogs ignore the submit key
    plain: bytes = b""  # a second key, for versions that lack the first; dialogs may not ignore it
    plain_for: tuple[str, ...] = ()  # those versions, where the program tells its own
    idle_title: bytes = b""  # what its title begins with while it waits for a line, if it does not publish its state
    titles: tuple[tuple[bytes, Published], ...] = ()  # what its title begins with in each state, if it has one in each
    busy_sign: str = ""  # what stands near its row while it works, and at no other time
    needs_paste_mode: bool = False  # without bracketed paste its screen is not the one we know
    full_screen: bool = False  # it lives on the alternate screen; any other program there is an editor or a pager
    ready_when: ReadyWhen = ReadyWhen.QUIET
    quiet: float = 0.5  # of silence after output, to count as started
    rest_at_start: float = 0.0  # from its first word that it waits, until it surely takes keys
    patience: float = 10.0  # until a program that is never quiet, or never prints, counts as started
    key_rest: float = 1.2  # since the person's last key
    echo_within: float = 1.5  # the proof must come, after the paste
    settle: float = 0.1  # between the proof and the submit key
    submitted_within: float = 0.5  # a reaction must come, after the submit key

    @property
    def known(self) -> bool:
        """Whether it can be seen where the program takes a line: into any other nothing is typed."""
        return self.row is not None or self.by_echo

    @property
    def at_prompt(self) -> bool:
        """Whether a prompt that the user has named is all that is known of its row."""
        return isinstance(self.row, PromptRule)


@dataclass(frozen=True)
class Notification:
    """The line to type. A digit can answer a dialog by itself, so unpasted text has none."""

    text: str
    without_digits: str


class Phase(Enum):
    """Where our text is."""

    CLEAR = "clear"
    PASTED = "pasted"
    SUBMITTED = "submitted"
    STANDING = "standing"


@dataclass(frozen=True)
class Typed:
    """What the machine remembers: when and in what surroundings it did its last step."""

    phase: Phase = Phase.CLEAR
    text: str = ""  # what we typed last, and were not seen to get rid of
    since: float = 0.0
    proven: float | None = None  # since when the proof has held
    keys: int = 0  # the person's keys when the text went out
    sent: int = 0  # the person's submits then
    output: int = 0  # the program's output then, or when the submit key went out
    presses: int = 0  # of a submit key since then
    plain: bool = False  # the plain key has been pressed
    stuck: str = ""  # why the text gets no further key where it stands


@dataclass(frozen=True)
class Write:
    """Type these bytes; where `expect` is given, watch for it to come back."""

    data: bytes
    expect: str | None = None


@dataclass(frozen=True)
class Again:
    """Look again at this time."""

    at: float


@dataclass(frozen=True)
class End:
    """The attempt is over."""

    outcome: Outcome
    reason: str


Action = Write | Again | End
Step = tuple[Typed, tuple[Action, ...]]


def gate(state: Typed, look: Look, rules: Rules, now: float) -> Reason | None:
    """What forbids typing at this instant, or None."""
    if not look.alive or look.stopped:
        return Reason.STOPPED
    if not rules.known:
        return Reason.UNKNOWN_PROGRAM
    if look.published in AWAY:
        return AWAY[look.published]
    if rules.titles and look.published is None and look.title_seen:
        return Reason.UNKNOWN_SCREEN
    if not _is_ready(look, rules, now):
        return Reason.STARTING
    if not _takes_a_line(look, rules):
        return Reason.UNKNOWN_SCREEN
    just_typed = look.last_key is not None and now - look.last_key < rules.key_rest
    if look.inside or look.waiting or just_typed:
        return Reason.DRAFT
    if rules.row is not None and (reason := _row_forbids(look.row, state.text)):
        return reason
    if look.row.working and not rules.inert:
        return Reason.BUSY
    return Reason.DRAFT if look.draft and not _ours_is_seen(state, look, rules, now) else None


def titled(title: bytes, rules: Rules) -> Published | None:
    """Return the state that TITLE shows; None if it shows none."""
    return next((state for begin, state in rules.titles if title.startswith(begin)), None)


def step(state: Typed, look: Look, line: Notification, rules: Rules, now: float) -> Step:
    """Go on with an attempt, or begin one. After an End the state is CLEAR or STANDING."""
    if state.phase is Phase.PASTED:
        return _interrupted(state, look) or _pasted(state, look, rules, now)
    if state.phase is Phase.SUBMITTED:
        return _submitted(state, look, rules, now)
    return _begin(state, look, line, rules, now)


def drained(state: Typed) -> Typed:
    """The mail has left: the agent has read the line, if we had submitted it. A known row tells by itself."""
    return replace(state, phase=Phase.CLEAR) if state.presses else state


def _is_ready(look: Look, rules: Rules, now: float) -> bool:
    if look.ready_since is not None:
        return now - look.ready_since >= rules.rest_at_start
    if rules.ready_when is ReadyWhen.PUBLISHED or look.answered:
        return False
    if rules.ready_when is ReadyWhen.TITLED and not look.title_seen:
        return False
    if look.last_output is not None and now - look.last_output >= rules.quiet:
        return True
    return now - look.started >= rules.patience


def _takes_a_line(look: Look, rules: Rules) -> bool:
    """Whether a letter is only a letter there.

    A program that reads single keys without knowing pastes may do anything at any letter of ours, and one that reads
    lines without echo asks for a secret. At its own prompt a letter is one; but a program that takes pastes at its
    prompt is elsewhere when it takes none.
    """
    if look.canonical and not look.echoing:
        return False
    if look.alternate_screen and not rules.full_screen:
        return False
    if look.bracketed_paste or rules.needs_paste_mode or look.takes_pastes:
        return look.bracketed_paste
    return look.canonical or rules.at_prompt


def _row_forbids(row: Row, ours: str) -> Reason | None:
    """What forbids typing into a row that we know how to find: anything in it but our own earlier text."""
    if row.standing in (Standing.UNKNOWN, Standing.ELSEWHERE):
        return Reason.UNKNOWN_SCREEN
    if row.standing is Standing.NOT_FOUND:
        return Reason.DIALOG
    if row.standing is Standing.EMPTY or (ours and row.is_exactly(ours)):
        return None
    return Reason.DRAFT


def _ours_is_seen(state: Typed, look: Look, rules: Rules, now: float) -> bool:
    """Whether the row still holds exactly our earlier text, and whatever the person's keys did to it has been drawn."""
    if rules.row is None or not state.text or not look.row.is_exactly(state.text):
        return False
    if look.last_key is None or now - look.last_key >= UNANSWERED_FOR:
        return True
    return look.last_output is not None and look.last_output > look.last_key


def _begin(state: Typed, look: Look, line: Notification, rules: Rules, now: float) -> Step:
    reason = gate(state, look, rules, now)
    if reason is not None:
        return state, (End(Outcome.REFUSED, reason.value),)
    if _may_still_stand(state, look, rules):
        if state.stuck:
            return state, (End(Outcome.TYPED, state.stuck),)
        if _is_proven(state, look, rules):
            fresh = replace(state, keys=look.keys, sent=look.sent, presses=0, plain=False)
            return _press_first(fresh, look, rules, now)
        return state, (End(Outcome.UNCERTAIN, "amq's text may still be in the line"),)
    text = line.text if look.bracketed_paste else line.without_digits
    data = (settling(text[0]) if look.unsettled else b"") + (bracketed if look.bracketed_paste else plain)(text)
    pasted = Typed(Phase.PASTED, text, now, keys=look.keys, sent=look.sent, output=look.output)
    return pasted, (Write(data, expect=text), Again(now + LOOK_EVERY))


def _may_still_stand(state: Typed, look: Look, rules: Rules) -> bool:
    """Whether our earlier text may be in the line, which the gate has let pass."""
    if rules.row is not None:
        return look.row.standing is Standing.HOLDS
    return state.phase is Phase.STANDING and look.sent == state.sent


def _pasted(state: Typed, look: Look, rules: Rules, now: float) -> Step:
    if look.waiting or not _is_proven(state, look, rules):
        if now >= state.since + rules.echo_within:
            return _stand(state, Outcome.UNCERTAIN, _what_came(look, rules))
        return replace(state, proven=None), (Again(now + LOOK_EVERY),)
    if state.proven is None:
        return replace(state, proven=now), (Again(now + rules.settle),)
    if now < state.proven + rules.settle:
        return state, (Again(state.proven + rules.settle),)
    return _press_first(state, look, rules, now)


def _submitted(state: Typed, look: Look, rules: Rules, now: float) -> Step:
    if not look.alive:
        return Typed(), (End(Outcome.FAILED, "the program has ended"),)
    if _has_left(state, look, rules):
        return Typed(), (End(Outcome.SUBMITTED, ""),)
    if look.published in AWAY:
        return _stand(state, Outcome.TYPED, AWAY[look.published].value)
    if now < state.since + rules.submitted_within:
        return state, (Again(now + LOOK_EVERY),)
    if look.row.standing is Standing.NOT_FOUND and rules.row is not None:
        return _stand(state, Outcome.TYPED, Reason.DIALOG.value)
    if rules.inert and _is_untouched(state, look) and _is_proven(state, look, rules):
        return _without_effect(state, look, rules, now)
    return _stand(state, Outcome.UNCERTAIN, "amq's text did not leave the line")


def _without_effect(state: Typed, look: Look, rules: Rules, now: float) -> Step:
    """Press a key that dialogs ignore again. A version that has one gets no other: another place is what takes none."""
    if state.presses < _patience_with_the_first(look, rules):
        return _press(state, look, rules, now)
    if not _lacks_the_first(look, rules):
        return _stand(replace(state, stuck=NO_EFFECT), Outcome.TYPED, NO_EFFECT)
    if not state.plain and _is_idle(look, rules):
        return _press(replace(state, plain=True), look, rules, now)
    return _stand(state, Outcome.UNCERTAIN, "amq's text did not leave the line")


def _interrupted(state: Typed, look: Look) -> Step | None:
    """What ends the attempt between the text and the submit key."""
    if not look.alive:
        return Typed(), (End(Outcome.FAILED, "the program has ended"),)
    if look.stopped or look.published in AWAY:
        reason = Reason.STOPPED if look.stopped else AWAY[look.published]
        return _stand(state, Outcome.TYPED, reason.value)
    if look.keys != state.keys or look.inside:
        return _stand(state, Outcome.TYPED, Reason.DRAFT.value)
    return None


def _is_proven(state: Typed, look: Look, rules: Rules) -> bool:
    """Whether the submit key would submit our line, and do nothing else."""
    if rules.row is None and look.row.standing is Standing.UNKNOWN:
        return look.echo is Echo.EXACT
    return look.row.is_exactly(state.text)


_NO_ROW = {
    Standing.NOT_FOUND: "the input row disappeared",
    Standing.ELSEWHERE: "something else replaced the input row",
    Standing.UNKNOWN: "the input row was not seen",
}


def _what_came(look: Look, rules: Rules) -> str:
    """Why the proof was not found."""
    known = rules.row is not None
    if known and look.row.standing in _NO_ROW:
        return _NO_ROW[look.row.standing]
    other = look.row.standing is Standing.HOLDS if known else look.echo is Echo.OTHER
    return "the program echoed something else" if other else "the program did not echo amq's text"


def _has_left(state: Typed, look: Look, rules: Rules) -> bool:
    """Whether the line is seen to be there without our text."""
    if rules.row is None:
        return look.output > state.output
    if look.row.standing is Standing.HOLDS:
        return not look.row.contains(state.text)
    if look.row.standing is Standing.ELSEWHERE and rules.at_prompt:
        return look.output > state.output
    return look.row.standing is Standing.EMPTY


def _is_untouched(state: Typed, look: Look) -> bool:
    return look.keys == state.keys and not (look.inside or look.waiting or look.stopped)


def _is_idle(look: Look, rules: Rules) -> bool:
    """Whether the program waits for a line, so that no dialog is about to open."""
    if look.published is not None:
        return look.published in (Published.IDLE, Published.DONE)
    if isinstance(rules.row, RowRule) and rules.row.working:
        return not look.row.working
    return bool(rules.idle_title) and look.title.startswith(rules.idle_title)


def _patience_with_the_first(look: Look, rules: Rules) -> int:
    """How often the first key is pressed."""
    return 1 if _lacks_the_first(look, rules) else MOST_PRESSES


def _lacks_the_first(look: Look, rules: Rules) -> bool:
    """Whether this version is known not to have the first key.

    Where it does not tell its version, an old one is known by never having published its state, nor asked about it.
    """
    if not rules.plain:
        return False
    return look.version in rules.plain_for if look.version else look.published is None and not look.answered


def _press_first(state: Typed, look: Look, rules: Rules, now: float) -> Step:
    """The plain key breaks off what a program does, and may answer what it asks: it is for one that idles."""
    if rules.submit:
        return _press(state, look, rules, now)
    if not rules.plain:
        return _stand(replace(state, stuck=NO_KEY), Outcome.TYPED, NO_KEY)
    if not _is_idle(look, rules):
        return _stand(state, Outcome.TYPED, Reason.BUSY.value)
    return _press(replace(state, plain=True), look, rules, now)


def _press(state: Typed, look: Look, rules: Rules, now: float) -> Step:
    submitted = replace(state, phase=Phase.SUBMITTED, since=now, output=look.output, presses=state.presses + 1)
    return submitted, (Write(rules.plain if state.plain else rules.submit), Again(now + LOOK_EVERY))


def _stand(state: Typed, outcome: Outcome, reason: str) -> Step:
    return replace(state, phase=Phase.STANDING, proven=None), (End(outcome, reason),)
