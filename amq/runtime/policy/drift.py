"""Count the signs that a program no longer looks or acts as the tested versions of it do. Pure.

    sign           counted                                                                   as
    -------------  ------------------------------------------------------------------------  --------------
    lost row       each time that it idles, as it says, and for a minute its row is not seen  row
    no effect      each attempt in which the submit key that dialogs ignore did nothing      key
    silent hooks   the turns that ended while it had hooks and has never called one          hooks
    unknown state  each word for its state that is not known                                 state:WORD

A sign may have another cause, such as a list that the user left open. It never changes what amq does: the gate is
closed in each of these cases anyway. It says where to look.

`amq who` imports this, so it is kept as light as a short command.
"""

from __future__ import annotations

from amq.record import record, replace

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

ROW, KEY, HOOKS, STATE = "row", "key", "hooks", "state:"
MOST_STATES = 5
_IN_WORDS = {
    ROW: "its input row was not found while it said that it was idle",
    KEY: "the submit key had no effect",
    HOOKS: "it ended a turn without having called a hook",
}


@record
class Signs:
    """One look: whether the row is lost, the turns without a call of a hook, and the last unknown word for a state."""

    is_lost: bool = False
    silent_turns: int = 0
    unknown_state: str = ""


NO_SIGNS = Signs()


@record
class Drift:
    """The counts of one run, by the names in the table above, and the last look."""

    counts: Mapping[str, int]
    last: Signs


NO_DRIFT = Drift({}, NO_SIGNS)


def looked(before: Drift, signs: Signs) -> Drift:
    """Return the counts after a look with these SIGNS; the very same ones if nothing was counted."""
    if signs == before.last:
        return before
    counts = dict(before.counts)
    if signs.is_lost and not before.last.is_lost:
        counts[ROW] = counts.get(ROW, 0) + 1
    counts.pop(HOOKS, None)  # hooks that are called late are not silent
    if signs.silent_turns:
        counts[HOOKS] = signs.silent_turns
    word = STATE + signs.unknown_state
    if signs.unknown_state and (word in counts or sum(name.startswith(STATE) for name in counts) < MOST_STATES):
        counts[word] = 1
    return Drift(counts, signs)


def key_without_effect(before: Drift) -> Drift:
    """Return the counts after an attempt in which the submit key had no effect."""
    return replace(before, counts={**before.counts, KEY: before.counts.get(KEY, 0) + 1})


def sentence(counts: Mapping[str, int]) -> str:
    """Return COUNTS as a clause about the program; "" if there are none."""
    words = [f"it said that its state is `{name.removeprefix(STATE)}`" for name in counts if name.startswith(STATE)]
    words = [f"{text} ({_times(counts[name])})" for name, text in _IN_WORDS.items() if name in counts] + words
    return f"its program no longer looks as known: {'; '.join(words)}" if words else ""


def _times(count: int) -> str:
    return "once" if count == 1 else f"{count} times"
