"""Name what an agent does, from one look at its terminal. Pure.

An agent counts as idle, working or asking only where its program says so, or where its input row shows it. Everything
else is unknown: a wrong "asks you" is worse than none.
"""

from __future__ import annotations

from amq.pty.input_row import Standing
from amq.pty.osc_state import AgentState
from amq.pty.terminal_model import TerminalSnapshot
from amq.runtime.policy.injection import InjectionRules, is_idle
from amq.runtime.policy.reasons import Activity, WaitReason

_SAID = {
    AgentState.IDLE: Activity.IDLE,
    AgentState.DONE: Activity.IDLE,
    AgentState.ERROR: Activity.IDLE,  # its turn has failed, and it waits for a line
    AgentState.WORKING: Activity.WORKING,
    AgentState.BLOCKED: Activity.ASKS,
}
_FORBIDDEN = {WaitReason.STARTING: Activity.STARTING, WaitReason.DRAFT: Activity.DRAFT}


def activity_of(
    look: TerminalSnapshot, forbids: WaitReason | None, rules: InjectionRules, *, in_dialog: bool = False
) -> Activity:
    """Return what the agent does, from LOOK and from what FORBIDS typing into it now (`injection.gate`).

    IN_DIALOG says that one of its program's dialogs is on the screen. That counts only where the program does not
    publish its state: any text may be there.
    """
    if not look.alive or look.stopped:
        return Activity.STOPPED
    said = _SAID.get(look.published) if look.published else None
    if said in (Activity.ASKS, Activity.WORKING):
        return said
    if look.published is None and in_dialog:
        return Activity.ASKS
    if look.published is None and look.row.working:
        return Activity.WORKING
    if look.waiting and not (look.draft or look.inside):  # it takes no keys, and these are not a draft of the user's
        return Activity.UNKNOWN
    if forbids in _FORBIDDEN:
        return _FORBIDDEN[forbids]
    if look.published is not None:
        return said or Activity.UNKNOWN
    at_prompt = forbids is None and look.row.standing is Standing.EMPTY
    return Activity.IDLE if at_prompt and (rules.at_prompt or is_idle(look, rules)) else Activity.UNKNOWN


def activity_said(published: AgentState | None) -> Activity:
    """Return what the agent does by its program's own word alone, where its terminal is not seen."""
    return (_SAID.get(published) if published else None) or Activity.UNKNOWN
