"""How one line is typed into a program and submitted. Pure: a look at the terminal goes in, actions come out.

    CLEAR --gate--> PASTED --proof--> SUBMITTED --> CLEAR
                       |                  |
                       +------------------+--proof--> ERASING --> CLEAR
                       |                  |              |
                       +------------------+--------------+------> STANDING: our text may stand in the line, unsent

The proof that the text waits for its submit key is what the screen shows: for a program whose input row is known,
that the row holds exactly our text; for any other, that it stands at the cursor, or, where there is no picture of the
screen, that exactly the text came back in the output. Where there is no proof, nothing is pressed.
There is never a second text while the first may stand there: only the submit key, and only with the proof.

A notification that the user's keys have brought back from the history is not a draft, for the user wrote none of it. A
CLI whose row is known gets its submit key; at a prompt it is erased, and the line is empty for the next attempt.

Nothing is pasted where a submit key could not follow at once. A text that stays unsent all the same is taken back, by
as many Backspaces as it has characters, in one write: only with the proof, and if the user has pressed no key since the
paste. Else it stays: other words may stand around it by now.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from enum import Enum

from amq.pty.echo import Echo
from amq.pty.encode import BACKSPACE, ENTER, bracketed, plain, settling
from amq.pty.osc_state import AgentState
from amq.pty.row import PART, PromptRule, Row, RowRule, Standing
from amq.pty.terminal import UNANSWERED_FOR, TerminalSnapshot
from amq.runtime.policy.reasons import Outcome, WaitReason
from amq.runtime.policy.wake_line import Notification, is_notification

MOST_PRESSES = 4  # of a submit key that dialogs ignore, in one attempt, while our text still stands
ERASED_WITHIN = 5.0  # seconds for a text to be seen to go; on a busy machine two were measured
LOOK_EVERY = 0.02  # seconds between looks while something is awaited
LOST_AFTER = 60.0  # seconds that a row is not found, of a program that says that it idles: then it is no dialog
AWAY: dict[AgentState | None, WaitReason] = {
    AgentState.BLOCKED: WaitReason.DIALOG,
    AgentState.CLEAR: WaitReason.UNKNOWN_SCREEN,
    AgentState.OTHER: WaitReason.UNKNOWN_SCREEN,
}
"""The states in which no line is typed. A failed turn is none of them: the row is the usual one, and takes a line."""
IDLE = (AgentState.IDLE, AgentState.DONE)
NOT_SEEN_TO_LEAVE = "amq's text did not leave the line"
NO_EFFECT = "the submit key had no effect: the line is not the program's prompt, or the key has another binding"


class ReadyWhen(Enum):
    """What shows that a program has started up and takes input."""

    QUIET = "quiet"  # it has printed something and fallen silent
    TITLED = "titled"  # it has also set a title
    PUBLISHED = "published"  # it has said so by OSC 7501


@dataclass(frozen=True)
class InjectionRules:
    """What is known of typing into one program. Times are seconds."""

    prompt_row: RowRule | PromptRule | None = None  # how its input row is found
    by_echo: bool = False  # its row is not known, but it is: the proof is that the text comes back, at the cursor
    submit: bytes = ENTER  # empty: only the plain key is there
    dialog_safe: bool = False  # dialogs ignore the submit key
    fallback_submit_key: bytes = b""  # a second key, for versions that lack the first; dialogs may not ignore it
    fallback_versions: tuple[str, ...] = ()  # those versions, where the program tells its own
    idle_title: bytes = b""  # what its title begins with while it waits for a line, if it does not publish its state
    titles: tuple[tuple[bytes, AgentState], ...] = ()  # what its title begins with in each state, if it has one in each
    busy_sign: str = ""  # what stands near its row while it works, and at no other time
    needs_paste_mode: bool = False  # without bracketed paste its screen is not the one we know
    full_screen: bool = False  # it lives on the alternate screen; any other program there is an editor or a pager
    ready_when: ReadyWhen = ReadyWhen.QUIET
    startup_quiet_s: float = 0.5  # of silence after output, to count as started
    startup_grace_s: float = 0.0  # from its first word that it waits, until it surely takes keys
    startup_timeout_s: float = 10.0  # until a program that is never quiet, or never prints, counts as started
    typing_pause_s: float = 1.2  # since the person's last key
    echo_timeout_s: float = 1.5  # the proof must come, after the paste
    submit_delay_s: float = 0.1  # between the proof and the submit key
    submit_timeout_s: float = 0.5  # a reaction must come, after the submit key

    @property
    def known(self) -> bool:
        """Whether it can be seen where the program takes a line, and a key submits it: any other gets nothing."""
        return (self.prompt_row is not None or self.by_echo) and bool(self.submit or self.fallback_submit_key)

    @property
    def at_prompt(self) -> bool:
        """Whether a prompt that the user has named is all that is known of its row."""
        return isinstance(self.prompt_row, PromptRule)


@dataclass(frozen=True)
class End:
    """The attempt is over."""

    outcome: Outcome
    reason: str
    unsent: bool = field(default=False, compare=False)  # our text may stand there, and waits for the user


class Phase(Enum):
    """Where our text is."""

    CLEAR = "clear"
    PASTED = "pasted"
    SUBMITTED = "submitted"
    ERASING = "erasing"
    STANDING = "standing"


@dataclass(frozen=True)
class InjectionState:
    """What the machine remembers: when and in what surroundings it did its last step."""

    phase: Phase = Phase.CLEAR
    text: str = ""  # what we typed last, and were not seen to get rid of
    since: float = 0.0
    proven: float | None = None  # since when the proof has held
    pasted_after: int = 0  # the person's keys when the text went out
    keys: int = 0  # those when the attempt began
    sent: int = 0  # the person's submits then
    output: int = 0  # the program's output then, or when the submit key went out
    presses: int = 0  # of a submit key since then
    plain: bool = False  # the plain key has been pressed
    stuck: str = ""  # why the text gets no further key where it stands
    end: End | None = None  # how the attempt ends, once the text has been taken back

    @property
    def is_under_way(self) -> bool:
        """Whether an attempt has typed something, and has not ended."""
        return self.phase in (Phase.PASTED, Phase.SUBMITTED, Phase.ERASING)


@dataclass(frozen=True)
class Write:
    """Type these bytes; where `expect` is given, watch for it to come back."""

    data: bytes
    expect: str | None = None


@dataclass(frozen=True)
class LookAt:
    """Look again at this time."""

    at: float


Action = Write | LookAt | End
Step = tuple[InjectionState, tuple[Action, ...]]


def gate(state: InjectionState, look: TerminalSnapshot, rules: InjectionRules, now: float) -> WaitReason | None:
    """What forbids typing at this instant, or None."""
    if not look.alive or look.stopped:
        return WaitReason.STOPPED
    if not rules.known:
        return WaitReason.UNKNOWN_PROGRAM
    if look.published in AWAY:
        return AWAY[look.published]
    if rules.titles and look.published is None and look.title_seen:
        return WaitReason.UNKNOWN_SCREEN
    if not _is_ready(look, rules, now):
        return WaitReason.STARTING
    if not _takes_a_line(look, rules):
        return WaitReason.UNKNOWN_SCREEN
    just_typed = look.last_key is not None and now - look.last_key < rules.typing_pause_s
    if look.inside or look.waiting or just_typed:
        return WaitReason.DRAFT
    ours = look.row.text if _is_recalled(look, rules) else state.text
    if rules.prompt_row is not None and (reason := _row_forbids(look, ours, now)):
        return reason
    if not _can_submit(look, rules):
        return WaitReason.BUSY
    return WaitReason.DRAFT if look.draft and not _ours_is_seen(ours, look, rules, now) else None


def titled(title: bytes, rules: InjectionRules) -> AgentState | None:
    """Return the state that TITLE shows; None if it shows none."""
    return next((state for begin, state in rules.titles if title.startswith(begin)), None)


def lost_since(before: float | None, published: AgentState | None, row: Row, now: float) -> float | None:
    """Return since when ROW is not found though the program says, in a way of its own, that it idles; None: it is.

    BEFORE is what was returned for the look before. A screen that is unknown for a moment says neither.
    """
    if published not in IDLE or row.standing not in (Standing.NOT_FOUND, Standing.UNKNOWN):
        return None
    return now if before is None and row.standing is Standing.NOT_FOUND else before


def step(state: InjectionState, look: TerminalSnapshot, line: Notification, rules: InjectionRules, now: float) -> Step:
    """Go on with an attempt, or begin one. After an End the state is CLEAR or STANDING."""
    if state.phase is Phase.PASTED:
        return _interrupted(state, look) or _pasted(state, look, rules, now)
    if state.phase is Phase.SUBMITTED:
        return _submitted(state, look, rules, now)
    if state.phase is Phase.ERASING:
        return _erasing(state, look, now)
    return _begin(state, look, line, rules, now)


def drained(state: InjectionState) -> InjectionState:
    """The mail has left: the agent has read the line, if we had submitted it. A known row tells by itself."""
    return replace(state, phase=Phase.CLEAR) if state.presses else state


def _is_ready(look: TerminalSnapshot, rules: InjectionRules, now: float) -> bool:
    if look.ready_since is not None:
        return now - look.ready_since >= rules.startup_grace_s
    if rules.ready_when is ReadyWhen.PUBLISHED or look.answered:
        return False
    if rules.ready_when is ReadyWhen.TITLED and not look.title_seen:
        return False
    if look.last_output is not None and now - look.last_output >= rules.startup_quiet_s:
        return True
    return now - look.started >= rules.startup_timeout_s


def _takes_a_line(look: TerminalSnapshot, rules: InjectionRules) -> bool:
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


def _row_forbids(look: TerminalSnapshot, ours: str, now: float) -> WaitReason | None:
    """What forbids typing into a row that we know how to find: anything in it but our own earlier text."""
    row = look.row
    if row.standing in (Standing.UNKNOWN, Standing.ELSEWHERE):
        return WaitReason.UNKNOWN_SCREEN
    if row.standing is Standing.NOT_FOUND:
        is_lost = look.lost_since is not None and now - look.lost_since >= LOST_AFTER
        return WaitReason.UNKNOWN_LOOK if is_lost else WaitReason.DIALOG
    if row.standing is Standing.EMPTY or (ours and row.is_exactly(ours)):
        return None
    return WaitReason.DRAFT


def _is_recalled(look: TerminalSnapshot, rules: InjectionRules) -> bool:
    """Return whether the row holds a whole notification, of this host or an earlier one, and nothing else.

    In canonical mode the user may have chosen another key that erases.
    """
    if rules.prompt_row is None or look.row.standing is not Standing.HOLDS:
        return False
    return not (rules.at_prompt and look.canonical) and is_notification(look.row.text.replace("\n", " "))


def _ours_is_seen(ours: str, look: TerminalSnapshot, rules: InjectionRules, now: float) -> bool:
    """Return whether the row holds exactly OURS, and whatever the user's keys did to it has been drawn."""
    if rules.prompt_row is None or not ours or not look.row.is_exactly(ours):
        return False
    if look.last_key is None or now - look.last_key >= UNANSWERED_FOR:
        return True
    return look.last_output is not None and look.last_output > look.last_key


def _begin(
    state: InjectionState, look: TerminalSnapshot, line: Notification, rules: InjectionRules, now: float
) -> Step:
    reason = gate(state, look, rules, now)
    if reason is not None:
        return state, (End(Outcome.REFUSED, reason.value),)
    if state.phase is Phase.CLEAR and _is_recalled(look, rules):
        return _submit_or_erase_recalled(look, rules, now)
    if _may_still_stand(state, look, rules):
        if state.stuck:
            return state, (End(Outcome.TYPED, state.stuck),)
        if _is_proven(state, look, rules):
            fresh = replace(state, keys=look.keys, sent=look.sent, presses=0, plain=False)
            return _press_first(fresh, look, rules, now)
        return state, (End(Outcome.UNCERTAIN, "amq's text may still be in the line"),)
    text = _fitting(line, look)
    if not text:
        return state, (End(Outcome.REFUSED, WaitReason.UNKNOWN_SCREEN.value),)
    data = _settled(text, look) + (bracketed if look.bracketed_paste else plain)(text)
    pasted = InjectionState(
        Phase.PASTED, text, now, pasted_after=look.keys, keys=look.keys, sent=look.sent, output=look.output
    )
    return pasted, (Write(data, expect=text), LookAt(now + LOOK_EVERY))


def _submit_or_erase_recalled(look: TerminalSnapshot, rules: InjectionRules, now: float) -> Step:
    """Submit the notification in the row, or erase it where the cursor is known to be at its end: at a prompt."""
    recalled = InjectionState(
        Phase.PASTED, look.row.text, now, pasted_after=look.keys, keys=look.keys, sent=look.sent, output=look.output
    )
    if rules.at_prompt:
        return _erase(recalled, now, End(Outcome.REFUSED, WaitReason.DRAFT.value), _settled(look.row.text, look))
    return _press_first(recalled, look, rules, now)


def _fitting(line: Notification, look: TerminalSnapshot) -> str:
    """The text of LINE, such that all of it will be seen; empty if there is none."""
    texts = (line.text, line.shorter) if look.bracketed_paste else (line.without_digits,)
    return next((text for text in texts if text and look.row.has_room(text)), "")


def _settled(text: str, look: TerminalSnapshot) -> bytes:
    """Return what ends whatever a key before may wait for, and leaves nothing behind; TEXT is what is typed next."""
    return settling(text[0]) if look.unsettled else b""


def _can_submit(look: TerminalSnapshot, rules: InjectionRules) -> bool:
    """Whether a key that submits a line could be pressed now: a dialog may answer to it where the program works."""
    if look.row.working and not rules.dialog_safe:
        return False
    lacks_the_first = not rules.submit or (bool(rules.fallback_submit_key) and look.version in rules.fallback_versions)
    return not lacks_the_first or _is_idle(look, rules)


def _may_still_stand(state: InjectionState, look: TerminalSnapshot, rules: InjectionRules) -> bool:
    """Whether our earlier text may be in the line, which the gate has let pass."""
    if rules.prompt_row is not None:
        return look.row.standing is Standing.HOLDS
    return state.phase is Phase.STANDING and look.sent == state.sent


def _pasted(state: InjectionState, look: TerminalSnapshot, rules: InjectionRules, now: float) -> Step:
    if look.waiting or not _is_proven(state, look, rules):
        if now >= state.since + rules.echo_timeout_s:
            return _stand(state, Outcome.UNCERTAIN, _what_came(look, rules))
        return replace(state, proven=None), (LookAt(now + LOOK_EVERY),)
    if state.proven is None:
        return replace(state, proven=now), (LookAt(now + rules.submit_delay_s),)
    if now < state.proven + rules.submit_delay_s:
        return state, (LookAt(state.proven + rules.submit_delay_s),)
    return _press_first(state, look, rules, now)


def _submitted(state: InjectionState, look: TerminalSnapshot, rules: InjectionRules, now: float) -> Step:
    if not look.alive:
        return InjectionState(), (End(Outcome.FAILED, "the program has ended"),)
    if _has_left(state, look, rules):
        return InjectionState(), (End(Outcome.SUBMITTED, ""),)
    if look.published in AWAY:
        return _stand(state, Outcome.TYPED, AWAY[look.published].value)
    if now < state.since + rules.submit_timeout_s:
        return state, (LookAt(now + LOOK_EVERY),)
    if look.row.standing is Standing.NOT_FOUND and rules.prompt_row is not None:
        return _stand(state, Outcome.TYPED, WaitReason.DIALOG.value)
    if rules.dialog_safe and _is_untouched(state, look) and _is_proven(state, look, rules):
        return _without_effect(state, look, rules, now)
    return _leave(state, look, rules, now, End(Outcome.UNCERTAIN, NOT_SEEN_TO_LEAVE))


def _without_effect(state: InjectionState, look: TerminalSnapshot, rules: InjectionRules, now: float) -> Step:
    """Press a key that dialogs ignore again. A version that has one gets no other: another place is what takes none."""
    if state.presses < _patience_with_the_first(look, rules):
        return _press(state, look, rules, now)
    if not _lacks_the_first(look, rules):
        return _leave(replace(state, stuck=NO_EFFECT), look, rules, now, End(Outcome.TYPED, NO_EFFECT))
    if not state.plain and _is_idle(look, rules):
        return _press(replace(state, plain=True), look, rules, now)
    return _leave(state, look, rules, now, End(Outcome.UNCERTAIN, NOT_SEEN_TO_LEAVE))


def _interrupted(state: InjectionState, look: TerminalSnapshot) -> Step | None:
    """What ends the attempt between the text and the submit key."""
    if not look.alive:
        return InjectionState(), (End(Outcome.FAILED, "the program has ended"),)
    if look.stopped or look.published in AWAY:
        reason = WaitReason.STOPPED if look.stopped else AWAY[look.published]
        return _stand(state, Outcome.TYPED, reason.value)
    if look.keys != state.keys or look.inside:
        return _stand(state, Outcome.TYPED, WaitReason.DRAFT.value)
    return None


def _is_proven(state: InjectionState, look: TerminalSnapshot, rules: InjectionRules) -> bool:
    """Whether the submit key would submit our line, and do nothing else."""
    if rules.prompt_row is None and look.row.standing is Standing.UNKNOWN:
        return look.echo is Echo.EXACT
    return look.row.is_exactly(state.text)


_NO_ROW = {
    Standing.NOT_FOUND: "the input row disappeared",
    Standing.ELSEWHERE: "something else replaced the input row",
    Standing.UNKNOWN: "the input row was not seen",
}


def _what_came(look: TerminalSnapshot, rules: InjectionRules) -> str:
    """Why the proof was not found."""
    if look.waiting:
        return "the program has not read all that was typed"
    known = rules.prompt_row is not None
    if known and look.row.standing in _NO_ROW:
        return _NO_ROW[look.row.standing]
    other = look.row.standing is Standing.HOLDS if known else look.echo is Echo.OTHER
    return "the program echoed something else" if other else "the program did not echo amq's text"


def _has_left(state: InjectionState, look: TerminalSnapshot, rules: InjectionRules) -> bool:
    """Whether the line is seen to be there without our text."""
    if rules.prompt_row is None:
        return look.output > state.output
    if look.row.standing is Standing.HOLDS:
        return look.row.text != PART and not look.row.contains(state.text)
    if look.row.standing is Standing.ELSEWHERE and rules.at_prompt:
        return look.output > state.output
    return look.row.standing is Standing.EMPTY


def _is_untouched(state: InjectionState, look: TerminalSnapshot) -> bool:
    return look.keys == state.keys and not (look.inside or look.waiting or look.stopped)


def _is_idle(look: TerminalSnapshot, rules: InjectionRules) -> bool:
    """Whether the program waits for a line, so that no dialog is about to open."""
    if look.published is not None:
        return look.published in IDLE
    if isinstance(rules.prompt_row, RowRule) and rules.prompt_row.working:
        return not look.row.working
    return bool(rules.idle_title) and look.title.startswith(rules.idle_title)


def _patience_with_the_first(look: TerminalSnapshot, rules: InjectionRules) -> int:
    """How often the first key is pressed."""
    return 1 if _lacks_the_first(look, rules) else MOST_PRESSES


def _lacks_the_first(look: TerminalSnapshot, rules: InjectionRules) -> bool:
    """Whether this version is known not to have the first key.

    Where it does not tell its version, an old one is known by never having published its state, nor asked about it.
    """
    if not rules.fallback_submit_key:
        return False
    return look.version in rules.fallback_versions if look.version else look.published is None and not look.answered


def _press_first(state: InjectionState, look: TerminalSnapshot, rules: InjectionRules, now: float) -> Step:
    """The plain key breaks off what a program does, and may answer what it asks: it is for one that idles."""
    if rules.submit:
        return _press(state, look, rules, now)
    if not _is_idle(look, rules):
        return _leave(state, look, rules, now, End(Outcome.TYPED, WaitReason.BUSY.value))
    return _press(replace(state, plain=True), look, rules, now)


def _press(state: InjectionState, look: TerminalSnapshot, rules: InjectionRules, now: float) -> Step:
    submitted = replace(state, phase=Phase.SUBMITTED, since=now, output=look.output, presses=state.presses + 1)
    return submitted, (Write(rules.fallback_submit_key if state.plain else rules.submit), LookAt(now + LOOK_EVERY))


def _leave(state: InjectionState, look: TerminalSnapshot, rules: InjectionRules, now: float, end: End) -> Step:
    """END an attempt whose text is still there: it is taken back where that is safe.

    What is not known for certain stays so: a key that was slow may have submitted the text before.
    """
    if not _may_erase(state, look, rules):
        return _stand(state, end.outcome, end.reason, seen=look.row.contains(state.text))
    if end.outcome is Outcome.TYPED:
        end = End(Outcome.ERASED, end.reason)
    return _erase(state, now, end)


def _erase(state: InjectionState, now: float, end: End, first: bytes = b"") -> Step:
    """Take our text back, behind FIRST, and END the attempt once it is seen to have gone."""
    erasing = replace(state, phase=Phase.ERASING, since=now, end=end)
    return erasing, (Write(first + BACKSPACE * len(state.text)), LookAt(now + LOOK_EVERY))


def _may_erase(state: InjectionState, look: TerminalSnapshot, rules: InjectionRules) -> bool:
    """Whether as many Backspaces as our text has characters would erase it, and nothing else.

    Of ASCII every program takes one character back for one Backspace; the kernel does so for a key that the user chose.
    A program at a prompt may have taken the line, and not shown it yet. An announced dialog has ended the attempt.
    """
    if rules.prompt_row is None or look.canonical or not state.text.isascii():
        return False
    if rules.at_prompt and state.presses:
        return False
    is_untouched = look.keys == state.pasted_after and _is_untouched(state, look)
    return is_untouched and look.row.is_exactly(state.text)


def _erasing(state: InjectionState, look: TerminalSnapshot, now: float) -> Step:
    assert state.end is not None
    if not look.alive:
        return InjectionState(), (End(Outcome.FAILED, "the program has ended"),)
    if look.row.standing is Standing.EMPTY:
        return InjectionState(), (state.end,)
    if now < state.since + ERASED_WITHIN:
        return state, (LookAt(now + LOOK_EVERY),)
    outcome = Outcome.TYPED if state.end.outcome is Outcome.ERASED else state.end.outcome
    return _stand(state, outcome, f"amq did not see its text erased: {state.end.reason}")


def _stand(state: InjectionState, outcome: Outcome, reason: str, *, seen: bool = False) -> Step:
    """End an attempt whose text may stay; where it was SEEN to, or no key was pressed, the user is to know."""
    end = End(outcome, reason, unsent=seen or outcome is Outcome.TYPED or not state.presses)
    return replace(state, phase=Phase.STANDING, proven=None, end=None), (end,)
