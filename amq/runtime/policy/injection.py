"""Decide how one line is typed into a program and submitted. Pure: looks at the terminal go in, actions come out.

Purpose
    A line must never merge with what the user types, answer a dialog, or be there twice. So every step needs a proof
    from a look that is taken in the same instant, and where there is none, nothing is typed. When to type is for
    `schedule`; who looks, and holds the terminal's lock from the look to the write, is a channel (`channels/`).

    CLEAR --gate--> PASTED --proof--> SUBMITTED --the text is gone--> CLEAR
                       |                  |
                       +------------------+--proof--> ERASING --the row is empty--> CLEAR
                       |                  |              |
                       +------------------+--------------+------> STANDING: amq's text may be in the line, unsent

States (`Phase`)
    CLEAR      nothing of amq's is in the line
    PASTED     the text was written, and has to be seen
    SUBMITTED  the submit key was pressed, and the text has to be seen to leave
    ERASING    Backspaces were written, and the text has to be seen to go
    STANDING   the attempt is over, and the text may be in the line

Events
    look     `step` with a TerminalSnapshot: when an attempt begins, and at each LookAt until its End
    drained  `drained`: mail has left the inbox

Actions
    paste   Write the text, as a bracketed paste where the program takes one; `expect` says what has to come back
    key     Write a submit key
    erase   Write a Backspace for each character of the text, and for an Enter that may have become a line break
    LookAt  look again at this time; always last
    End     the attempt is over: with an Outcome, a reason, and whether the user has to know of an unsent text

    state      event    next       actions        when
    ---------  -------  ---------  -------------  -----------------------------------------------------------------
    CLEAR      look     CLEAR      End REFUSED    the gate is closed, or no text fits into the row
    CLEAR      look     PASTED     paste LookAt   the gate is open, and the row is empty
    CLEAR      look     SUBMITTED  key LookAt     the row holds a notification: recalled by the user, or drained
    CLEAR      look     ERASING    erase LookAt   the user has recalled one at a named prompt; a rest of it is there
    CLEAR      look     CLEAR      End TYPED      the row holds a drained text, and the key had no effect before
    PASTED     look     PASTED     LookAt         no proof yet, or not for submit_delay_s
    PASTED     look     SUBMITTED  key LookAt     the proof has held for submit_delay_s
    PASTED     look     ERASING    erase LookAt   it has, but only a plain key is there and the program is not idle
    PASTED     look     STANDING   End TYPED      that, and erasing is not safe; a key of the user's, a dialog, a stop
    PASTED     look     STANDING   End UNCERTAIN  no proof within echo_timeout_s
    PASTED     look     CLEAR      End FAILED     the program has ended
    SUBMITTED  look     SUBMITTED  LookAt         the text is still there, for less than submit_timeout_s
    SUBMITTED  look     SUBMITTED  key LookAt     longer, with the proof, and dialogs ignore the key: MOST_PRESSES times
    SUBMITTED  look     CLEAR      End SUBMITTED  the line is seen without the text
    SUBMITTED  look     ERASING    erase LookAt   no key is left to press, and erasing is safe
    SUBMITTED  look     STANDING   End TYPED      a dialog; or the key had no effect, and erasing is not safe
    SUBMITTED  look     STANDING   End UNCERTAIN  the text was not seen to leave, and erasing is not safe
    SUBMITTED  look     CLEAR      End FAILED     the program has ended
    ERASING    look     ERASING    LookAt         the row is not empty yet
    ERASING    look     ERASING    erase LookAt   for ERASE_AGAIN_S the row has held the same rest of the text
    ERASING    look     CLEAR      End ERASED     the row is empty, after a text that no key submitted
    ERASING    look     CLEAR      End UNCERTAIN  the row is empty, after a key that may have submitted the text
    ERASING    look     CLEAR      End REFUSED    the row is empty, after a text that the user recalled
    ERASING    look     STANDING   End TYPED      not empty within ERASED_WITHIN_S, after a text that no key submitted
    ERASING    look     STANDING   End UNCERTAIN  not empty within ERASED_WITHIN_S, after a key that may have done so
    ERASING    look     STANDING   End REFUSED    not empty within ERASED_WITHIN_S, after a text that the user recalled
    ERASING    look     CLEAR      End FAILED     the program has ended
    STANDING   look     STANDING   End REFUSED    the gate is closed, or no text fits into the row
    STANDING   look     PASTED     paste LookAt   the text is gone: the row is empty, or the user has submitted a line
    STANDING   look     SUBMITTED  key LookAt     a reminder: the proof holds
    STANDING   look     ERASING    erase LookAt   a rest of the text is there, and nothing else
    STANDING   look     STANDING   End TYPED      the text is there, and the key had no effect before
    STANDING   look     STANDING   End UNCERTAIN  no proof: the row is not known, or holds a recalled notification
    STANDING   drained  CLEAR                     a submit key was pressed: the agent has read the line
    STANDING   drained  STANDING                  none was

Invariants
    - A submit key is pressed only with the proof that exactly amq's text waits for it. Of a program whose input row is
      known, the row holds exactly that; of any other, the text is at the cursor, or, where there is no picture of the
      screen, exactly the text came back in the output.
    - There is no second text while the first may be there: only the key, and only with the proof.
    - Nothing is pasted where a submit key could not follow at once.
    - A notification that the user's keys have brought back from the history is amq's text, not a draft: the user wrote
      none of it. A CLI whose row is known gets its submit key; at a prompt the user named it is erased.
    - A pasted text is erased only with the proof, and if the user has pressed no key since: other words may be around
      it by now. It is ASCII, of which one Backspace takes one character everywhere.
    - A rest of it (a key was lost, or became a line break) is amq's text as well, where each key of the user's is seen.
    - A plain key, which answers dialogs, is pressed once at most, and only while the program idles.
    - After the user has interrupted the program's work, nothing is typed until they submit a line.
    - A state that is not known, a row that is not found and a screen that lags behind never count as empty.

Sources and limits
    docs/decisions/submit-by-rule.md has the measurements; docs/decisions/programs-that-are-not-known.md says who gets
    nothing. The proof is only as good as the look: a pane shows no key of the user's, and a program may have taken a
    line that it still shows. Then the outcome is UNCERTAIN, and the next attempt waits for the proof.
"""

from __future__ import annotations

from enum import Enum

from amq.pty.echo_fallback import Echo
from amq.pty.encode import BACKSPACE, ENTER, SETTLING_LETTERS, bracketed, plain, settling
from amq.pty.input_row import PART, PromptRule, Row, RowRule, Standing, squeeze
from amq.pty.osc_state import AgentState
from amq.pty.terminal_model import UNANSWERED_FOR_S, TerminalSnapshot
from amq.record import record, replace
from amq.runtime.policy.reasons import Outcome, WaitReason
from amq.runtime.policy.wake_line import Notification, is_notification

MOST_PRESSES = 4  # of a submit key that dialogs ignore, in one attempt, while the text is still there
ERASED_WITHIN_S = 5.0  # seconds for an erased text to disappear; on a busy machine two were measured
ERASE_AGAIN_S = 1.0  # seconds for which the row holds the same rest of it before more Backspaces follow
LOOK_EVERY_S = 0.02  # seconds between looks while something is awaited
LOST_AFTER_S = 60.0  # seconds that a program says it idles while its row is not found: then this is not a dialog
AWAY: dict[AgentState | None, WaitReason] = {
    AgentState.BLOCKED: WaitReason.DIALOG,
    AgentState.CLEAR: WaitReason.UNKNOWN_SCREEN,
    AgentState.OTHER: WaitReason.UNKNOWN_SCREEN,
    AgentState.ERROR: WaitReason.API_ERROR,
}
"""States in which no line is typed. After a failed turn the row takes one, but the next turn would fail as well."""
IDLE = (AgentState.IDLE, AgentState.DONE)
NOT_SEEN_TO_LEAVE = "amq's text did not leave the line"
NO_EFFECT = "the submit key had no effect: the line is not the program's prompt, or the key has another binding"


class ReadyWhen(Enum):
    """Say what shows that a program has started up and takes input."""

    QUIET = "quiet"  # it has printed something and fallen silent
    TITLED = "titled"  # it has also set a title
    PUBLISHED = "published"  # it has said so by OSC 7501


@record
class InjectionRules:
    """Describe how to type into one program. Times are seconds."""

    prompt_row: RowRule | PromptRule | None = None  # how its input row is found
    by_echo: bool = False  # the program is known, its row is not: the proof is that the text comes back at the cursor
    submit: bytes = ENTER  # the submit key; empty: only the fallback key is there
    dialog_safe: bool = False  # dialogs ignore the submit key
    fallback_submit_key: bytes = b""  # a second key, for versions that lack the first; dialogs may not ignore it
    fallback_versions: tuple[str, ...] = ()  # these versions, if the program says which one it is
    idle_title: bytes = b""  # what its title begins with while it waits for a line, if it does not publish its state
    titles: tuple[tuple[bytes, AgentState], ...] = ()  # beginnings of its title, each with the state it shows
    busy_sign: str = ""  # what is shown near its row while it works, and at no other time
    needs_paste_mode: bool = False  # without bracketed paste its screen is not the known one
    full_screen: bool = False  # it lives on the alternate screen; any other program there is an editor or a pager
    ready_when: ReadyWhen = ReadyWhen.QUIET
    startup_quiet_s: float = 0.5  # of silence after output, to count as started
    startup_grace_s: float = 0.0  # from its first word that it waits, until it surely takes keys
    startup_timeout_s: float = 10.0  # until a program that is never quiet, or never prints, counts as started
    typing_pause_s: float = 1.2  # since the user's last key
    echo_timeout_s: float = 1.5  # the proof must come, after the paste
    submit_delay_s: float = 0.1  # between the proof and the submit key
    submit_timeout_s: float = 0.5  # a reaction must come, after the submit key
    off: str = ""  # why nothing is typed into this version; "" if it may be
    only_idle: bool = False  # nothing is typed into this version while it works
    must_agree: bool = False  # this version was not tested: it must say itself that it idles or works

    @property
    def known(self) -> bool:
        """Return whether it is known where the program takes a line and what submits it: any other gets nothing."""
        return (self.prompt_row is not None or self.by_echo) and bool(self.submit or self.fallback_submit_key)

    @property
    def at_prompt(self) -> bool:
        """Return whether a prompt that the user named is all that is known of its row."""
        return isinstance(self.prompt_row, PromptRule)


@record
class End:
    """Action: end the attempt. The next `step` begins another."""

    NOT_COMPARED = ("unsent",)

    outcome: Outcome
    reason: str
    unsent: bool = False  # amq's text may be there, and waits for the user


class Phase(Enum):
    """Name the states: where amq's text is."""

    CLEAR = "clear"
    PASTED = "pasted"
    SUBMITTED = "submitted"
    ERASING = "erasing"
    STANDING = "standing"


@record
class InjectionState:
    """Remember when, and in what surroundings, the last step was taken. Times are the clock's, in seconds."""

    phase: Phase = Phase.CLEAR
    text: str = ""  # typed last, and not seen to leave
    since: float = 0.0
    proven: float | None = None  # since when the proof has held
    pasted_after: int = 0  # the user's keys when the text was written
    keys: int = 0  # the user's keys when the attempt began
    sent: int = 0  # the user's submits then
    output: int = 0  # bytes of the program's output then, or when the submit key was pressed
    presses: int = 0  # of a submit key since then
    plain: bool = False  # the plain key has been pressed
    stuck: str = ""  # why the text gets no further key where it is
    end: End | None = None  # how the attempt ends, once the text has been taken back
    rest: Row | None = None  # what the row has held of the text since `proven`, while it is erased

    @property
    def is_under_way(self) -> bool:
        """Return whether an attempt has typed something and has not ended."""
        return self.phase in (Phase.PASTED, Phase.SUBMITTED, Phase.ERASING)


@record
class Write:
    """Action: type these bytes; if `expect` is given, watch for it to come back."""

    data: bytes
    expect: str | None = None


@record
class LookAt:
    """Action: look again at this time."""

    at: float


Action = Write | LookAt | End
Step = tuple[InjectionState, tuple[Action, ...]]


def gate(state: InjectionState, look: TerminalSnapshot, rules: InjectionRules, now: float) -> WaitReason | None:
    """Return what forbids typing at this instant, or None. NOW is in seconds."""
    if not look.alive or look.stopped:
        return WaitReason.STOPPED
    if not rules.known:
        return WaitReason.UNKNOWN_PROGRAM
    if look.published in AWAY:
        return AWAY[look.published]
    # a CLI with a title for each state that shows none of these is in a place that is not known
    if rules.titles and look.published is None and look.title_seen:
        return WaitReason.UNKNOWN_SCREEN
    if look.interrupted:
        return WaitReason.STOPPED
    if not _is_ready(look, rules, now):
        return WaitReason.STARTING
    if rules.off or not _takes_a_line(look, rules):
        return WaitReason.NOT_CERTIFIED if rules.off else WaitReason.UNKNOWN_SCREEN
    just_typed = look.last_key is not None and now - look.last_key < rules.typing_pause_s
    if look.inside or look.waiting or just_typed:
        return WaitReason.DRAFT
    ours = look.row.text if _is_recalled(look, rules) else state.text
    if rules.prompt_row is not None and (reason := _row_forbids(look, ours, now)) and not _is_rest(state, look, rules):
        return reason
    if reason := _version_forbids(look, rules):
        return reason
    if not _can_submit(look, rules):
        return WaitReason.BUSY
    return WaitReason.DRAFT if look.draft and not _ours_is_seen(ours, look, rules, now) else None


def titled(title: bytes, rules: InjectionRules) -> AgentState | None:
    """Return the state that TITLE shows; None if it shows none."""
    return next((state for begin, state in rules.titles if title.startswith(begin)), None)


def shown(row: Row, rules: InjectionRules) -> AgentState | None:
    """Return the state that the screen shows beside ROW, of a program that publishes none; None if it shows none."""
    if row.working:
        return AgentState.WORKING
    is_told = isinstance(rules.prompt_row, RowRule) and bool(rules.prompt_row.working)
    return AgentState.IDLE if is_told and row.standing in (Standing.EMPTY, Standing.HOLDS) else None


def lost_since(before: float | None, published: AgentState | None, row: Row, now: float) -> float | None:
    """Return since when ROW has not been found although the program itself says that it idles; None if that is not so.

    BEFORE is what was returned for the look before. An unknown screen, such as half a frame, changes nothing.
    """
    if published not in IDLE or row.standing not in (Standing.NOT_FOUND, Standing.UNKNOWN):
        return None
    return now if before is None and row.standing is Standing.NOT_FOUND else before


def step(state: InjectionState, look: TerminalSnapshot, line: Notification, rules: InjectionRules, now: float) -> Step:
    """Go on with an attempt, or begin one to type LINE; return the next state and what to do, in this order.

    NOW is in seconds. After an End the state is CLEAR or STANDING.
    """
    if state.phase is Phase.PASTED:
        return _interrupted(state, look) or _pasted(state, look, rules, now)
    if state.phase is Phase.SUBMITTED:
        return _submitted(state, look, rules, now)
    if state.phase is Phase.ERASING:
        return _erasing(state, look, rules, now)
    return _begin(state, look, line, rules, now)


def drained(state: InjectionState) -> InjectionState:
    """Return STATE after mail has left: the agent has read the line, if a submit key was pressed."""
    return replace(state, phase=Phase.CLEAR) if state.presses else state


def _is_ready(look: TerminalSnapshot, rules: InjectionRules, now: float) -> bool:
    if look.ready_since is not None:
        return now - look.ready_since >= rules.startup_grace_s
    # one that asked about its state will publish it: text before that is lost to its start-up (TCSAFLUSH), or read by a
    # dialog about trust
    if rules.ready_when is ReadyWhen.PUBLISHED or look.answered:
        return False
    if rules.ready_when is ReadyWhen.TITLED and not look.title_seen:
        return False
    if look.last_output is not None and now - look.last_output >= rules.startup_quiet_s:
        return True
    return now - look.started >= rules.startup_timeout_s


def _version_forbids(look: TerminalSnapshot, rules: InjectionRules) -> WaitReason | None:
    """Return what forbids typing into a version that was not tested, or that failed while it worked."""
    if rules.only_idle and (look.row.working or not is_idle(look, rules)):
        return WaitReason.BUSY
    if not rules.must_agree:
        return None
    says_idle = look.published in IDLE or (look.published is None and _has_idle_title(look, rules))
    if not says_idle and look.published is not AgentState.WORKING:
        return WaitReason.NOT_CERTIFIED
    return WaitReason.BUSY if says_idle and look.row.working else None


def _takes_a_line(look: TerminalSnapshot, rules: InjectionRules) -> bool:
    """Return whether a letter is only a letter there.

    A program that reads single keys and knows no pastes may take any letter for a command, and one that reads lines
    without echo asks for a secret. At a named prompt a letter is safe; but a program that takes pastes at its prompt
    is elsewhere when it takes none.
    """
    if look.canonical and not look.echoing:
        return False
    if look.alternate_screen and not rules.full_screen:
        return False
    if look.bracketed_paste or rules.needs_paste_mode or look.takes_pastes:
        return look.bracketed_paste
    return look.canonical or rules.at_prompt


def _row_forbids(look: TerminalSnapshot, ours: str, now: float) -> WaitReason | None:
    """Return what forbids typing into a row that is known: anything in it but amq's own earlier text OURS."""
    row = look.row
    if row.standing in (Standing.UNKNOWN, Standing.ELSEWHERE):
        return WaitReason.UNKNOWN_SCREEN
    if row.standing is Standing.NOT_FOUND:
        is_lost = look.lost_since is not None and now - look.lost_since >= LOST_AFTER_S
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
    # a key need not draw anything: without this, one stray key beside the text silenced an agent for ever
    if look.last_key is None or now - look.last_key >= UNANSWERED_FOR_S:
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
        if _is_rest(state, look, rules):
            return _erase(state, look.row.text, now, End(Outcome.REFUSED, WaitReason.DRAFT.value))
        return state, (End(Outcome.UNCERTAIN, "amq's text may still be in the line"),)
    text = _fitting(line, look)
    if not text:
        return state, (End(Outcome.REFUSED, WaitReason.UNKNOWN_SCREEN.value),)
    data = _settled(text, look) + (bracketed if look.bracketed_paste else plain)(text)
    return _in_row(text, look, now), (Write(data, expect=text), LookAt(now + LOOK_EVERY_S))


def _in_row(text: str, look: TerminalSnapshot, now: float) -> InjectionState:
    """Return the state of an attempt whose TEXT is in the row from NOW on."""
    return InjectionState(
        Phase.PASTED, text, now, pasted_after=look.keys, keys=look.keys, sent=look.sent, output=look.output
    )


def _submit_or_erase_recalled(look: TerminalSnapshot, rules: InjectionRules, now: float) -> Step:
    """Submit the notification in the row, or erase it where the cursor is known to be at its end: at a prompt."""
    recalled = _in_row(look.row.text, look, now)
    if rules.at_prompt:
        settled = _settled(recalled.text, look)
        return _erase(recalled, recalled.text, now, End(Outcome.REFUSED, WaitReason.DRAFT.value), settled)
    return _press_first(recalled, look, rules, now)


def _fitting(line: Notification, look: TerminalSnapshot) -> str:
    """Return a text of LINE that the row will show whole; empty if there is none."""
    texts = (line.text, line.shorter) if look.bracketed_paste else (line.without_digits,)
    return next((text for text in texts if text and look.row.has_room(text)), "")


def _settled(text: str, look: TerminalSnapshot) -> bytes:
    """Return what ends whatever a key before may wait for, and leaves nothing behind; TEXT is what is typed next."""
    # a key of the user's may wait for the next one (ESC, a vi command): the paste's first byte would be taken for that
    return settling(text[0]) if look.unsettled else b""


def _can_submit(look: TerminalSnapshot, rules: InjectionRules) -> bool:
    """Return whether a submit key could follow now: of a program that works a plain one may answer a dialog."""
    if look.row.working and not rules.dialog_safe:
        return False
    lacks_the_first = not rules.submit or (bool(rules.fallback_submit_key) and look.version in rules.fallback_versions)
    return not lacks_the_first or is_idle(look, rules)


def _may_still_stand(state: InjectionState, look: TerminalSnapshot, rules: InjectionRules) -> bool:
    """Return whether amq's earlier text may be in the line that the gate let pass."""
    if rules.prompt_row is not None:
        return look.row.standing is Standing.HOLDS
    return state.phase is Phase.STANDING and look.sent == state.sent


def _pasted(state: InjectionState, look: TerminalSnapshot, rules: InjectionRules, now: float) -> Step:
    if look.waiting or not _is_proven(state, look, rules):
        if now >= state.since + rules.echo_timeout_s:
            return _stand(state, Outcome.UNCERTAIN, _what_came(look, rules))
        return replace(state, proven=None), (LookAt(now + LOOK_EVERY_S),)
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
        return state, (LookAt(now + LOOK_EVERY_S),)
    # a row that is gone is a dialog: another key would answer it
    if look.row.standing is Standing.NOT_FOUND and rules.prompt_row is not None:
        return _stand(state, Outcome.TYPED, WaitReason.DIALOG.value)
    if rules.dialog_safe and _is_untouched(state, look) and _is_proven(state, look, rules):
        return _without_effect(state, look, rules, now)
    return _leave(state, look, rules, now, End(Outcome.UNCERTAIN, NOT_SEEN_TO_LEAVE))


def _without_effect(state: InjectionState, look: TerminalSnapshot, rules: InjectionRules, now: float) -> Step:
    """Press a key that dialogs ignore again; a version that has one gets no other."""
    if state.presses < _patience_with_the_first(look, rules):
        return _press(state, look, rules, now)
    # a dialog-safe key without effect means another place (a list, a rename field), where Enter would do something else
    if not _lacks_the_first(look, rules):
        return _leave(replace(state, stuck=NO_EFFECT), look, rules, now, End(Outcome.TYPED, NO_EFFECT))
    if not state.plain and is_idle(look, rules):
        return _press(replace(state, plain=True), look, rules, now)
    return _leave(state, look, rules, now, End(Outcome.UNCERTAIN, NOT_SEEN_TO_LEAVE))


def _interrupted(state: InjectionState, look: TerminalSnapshot) -> Step | None:
    """Return the end of an attempt that must not go on to the submit key; None if it may."""
    if not look.alive:
        return InjectionState(), (End(Outcome.FAILED, "the program has ended"),)
    if look.stopped or look.published in AWAY:
        reason = WaitReason.STOPPED if look.stopped else AWAY[look.published]
        return _stand(state, Outcome.TYPED, reason.value)
    if look.keys != state.keys or look.inside:
        return _stand(state, Outcome.TYPED, WaitReason.DRAFT.value)
    return None


def _is_proven(state: InjectionState, look: TerminalSnapshot, rules: InjectionRules) -> bool:
    """Return the proof: whether the submit key would submit amq's line and do nothing else."""
    if rules.prompt_row is None and look.row.standing is Standing.UNKNOWN:
        return look.echo is Echo.EXACT
    return look.row.is_exactly(state.text)


_NO_ROW = {
    Standing.NOT_FOUND: "the input row disappeared",
    Standing.ELSEWHERE: "something else replaced the input row",
    Standing.UNKNOWN: "the input row was not seen",
}


def _what_came(look: TerminalSnapshot, rules: InjectionRules) -> str:
    """Return why there was no proof."""
    if look.waiting:
        return "the program has not read all that was typed"
    known = rules.prompt_row is not None
    if known and look.row.standing in _NO_ROW:
        return _NO_ROW[look.row.standing]
    other = look.row.standing is Standing.HOLDS if known else look.echo is Echo.OTHER
    return "the program echoed something else" if other else "the program did not echo amq's text"


def _has_left(state: InjectionState, look: TerminalSnapshot, rules: InjectionRules) -> bool:
    """Return whether the line is seen to be there without amq's text."""
    if rules.prompt_row is None:
        return look.output > state.output
    if look.row.standing is Standing.HOLDS:
        # a row that scrolls shows a part only: amq's text may be in the rest
        return look.row.text != PART and not look.row.contains(state.text)
    if look.row.standing is Standing.ELSEWHERE and rules.at_prompt:
        return look.output > state.output
    return look.row.standing is Standing.EMPTY


def _is_untouched(state: InjectionState, look: TerminalSnapshot) -> bool:
    return look.keys == state.keys and not (look.inside or look.waiting or look.stopped)


def is_idle(look: TerminalSnapshot, rules: InjectionRules) -> bool:
    """Return whether the program waits for a line, so that no dialog is about to open."""
    state = look.published or shown(look.row, rules)
    if state is not None:
        return state in IDLE
    return _has_idle_title(look, rules)


def _has_idle_title(look: TerminalSnapshot, rules: InjectionRules) -> bool:
    return bool(rules.idle_title) and look.title.startswith(rules.idle_title)


def _patience_with_the_first(look: TerminalSnapshot, rules: InjectionRules) -> int:
    """Return how often the first key is pressed."""
    return 1 if _lacks_the_first(look, rules) else MOST_PRESSES


def _lacks_the_first(look: TerminalSnapshot, rules: InjectionRules) -> bool:
    """Return whether this version is known to lack the first key.

    A version that is not known is an old one if it has never published its state, nor asked about it.
    """
    if not rules.fallback_submit_key:
        return False
    return look.version in rules.fallback_versions if look.version else look.published is None and not look.answered


def _press_first(state: InjectionState, look: TerminalSnapshot, rules: InjectionRules, now: float) -> Step:
    """Press the first key, or the plain one where there is no other: that one only while the program idles."""
    if rules.submit:
        return _press(state, look, rules, now)
    # Enter breaks off the turn of some programs, and answers a dialog that opens between the look and the key
    if not is_idle(look, rules):
        return _leave(state, look, rules, now, End(Outcome.TYPED, WaitReason.BUSY.value))
    return _press(replace(state, plain=True), look, rules, now)


def _press(state: InjectionState, look: TerminalSnapshot, rules: InjectionRules, now: float) -> Step:
    submitted = replace(state, phase=Phase.SUBMITTED, since=now, output=look.output, presses=state.presses + 1)
    return submitted, (Write(rules.fallback_submit_key if state.plain else rules.submit), LookAt(now + LOOK_EVERY_S))


def _leave(state: InjectionState, look: TerminalSnapshot, rules: InjectionRules, now: float, end: End) -> Step:
    """END an attempt whose text is still there: erase it where that is safe.

    An uncertain outcome stays uncertain: a slow key may have submitted the text before.
    """
    if not _may_erase(state, look, rules):
        return _stand(state, end.outcome, end.reason, seen=look.row.contains(state.text))
    if end.outcome is Outcome.TYPED:
        end = End(Outcome.ERASED, end.reason)
    return _erase(state, state.text, now, end)


def _erase(state: InjectionState, text: str, now: float, end: End, first: bytes = b"") -> Step:
    """Write FIRST and erase TEXT, and END the attempt once it is seen to be gone."""
    erasing = replace(state, phase=Phase.ERASING, since=now, end=end, rest=None)
    return erasing, (Write(first + _backspaces(text, state)), LookAt(now + LOOK_EVERY_S))


def _backspaces(text: str, state: InjectionState) -> bytes:
    """Return one for each character of TEXT, and one for an Enter that the program may have taken for a line break."""
    return BACKSPACE * (len(text) + state.plain)


def _may_erase(state: InjectionState, look: TerminalSnapshot, rules: InjectionRules) -> bool:
    """Return whether Backspaces would erase the text, which is all there, and nothing else."""
    return _may_backspace(state, look, rules) and look.row.is_exactly(state.text)


def _is_rest(state: InjectionState, look: TerminalSnapshot, rules: InjectionRules) -> bool:
    """Return whether the row holds what is left of amq's keys and nothing else, and Backspaces would erase it.

    Where the user's keys are not seen, the same letters may be theirs.
    """
    if not (state.text and look.sees_keys and look.row.standing is Standing.HOLDS):
        return False
    written = iter(squeeze(SETTLING_LETTERS * state.text[0] + state.text))
    return _may_backspace(state, look, rules) and all(letter in written for letter in squeeze(look.row.text))


def _may_backspace(state: InjectionState, look: TerminalSnapshot, rules: InjectionRules) -> bool:
    """Return whether a Backspace would erase a character before the cursor, which the user has not moved."""
    # in line mode the kernel erases, by a key that the user may have chosen; beyond ASCII programs disagree on what one
    # Backspace takes
    if rules.prompt_row is None or look.canonical or not state.text.isascii():
        return False
    # behind Enter the program may have taken the line, and not shown it yet: Backspaces would go into what comes next
    if rules.at_prompt and state.presses:
        return False
    return look.keys == state.pasted_after and _is_untouched(state, look)


def _erasing(state: InjectionState, look: TerminalSnapshot, rules: InjectionRules, now: float) -> Step:
    assert state.end is not None
    if not look.alive:
        return InjectionState(), (End(Outcome.FAILED, "the program has ended"),)
    if look.row.standing is Standing.EMPTY:
        return InjectionState(), (state.end,)
    if now < state.since + ERASED_WITHIN_S:
        return _erasing_rest(state, look, rules, now)
    outcome = Outcome.TYPED if state.end.outcome is Outcome.ERASED else state.end.outcome
    return _stand(state, outcome, f"amq did not see its text erased: {state.end.reason}")


def _erasing_rest(state: InjectionState, look: TerminalSnapshot, rules: InjectionRules, now: float) -> Step:
    """Erase again once the row has held the same rest of the text for a while: a program may have lost a key."""
    rest = look.row if look.published not in AWAY and _is_rest(state, look, rules) else None
    since = now if state.proven is None or rest != state.rest else state.proven
    if rest is None or now < since + ERASE_AGAIN_S:
        return replace(state, rest=rest, proven=since), (LookAt(now + LOOK_EVERY_S),)
    return replace(state, rest=None), (Write(_backspaces(rest.text, state)), LookAt(now + LOOK_EVERY_S))


def _stand(state: InjectionState, outcome: Outcome, reason: str, *, seen: bool = False) -> Step:
    """End an attempt whose text may stay. The user has to know if it was SEEN to stay, or no key was pressed."""
    end = End(outcome, reason, unsent=seen or outcome is Outcome.TYPED or not state.presses)
    return replace(state, phase=Phase.STANDING, proven=None, end=None), (end,)
