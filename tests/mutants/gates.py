"""Mutations of what keeps a line from being typed, or sent, where it could do harm."""

from __future__ import annotations

from tests.mutants.mutant import Mutant

TYPED, WAKE = "tests/runtime/test_typed.py", "tests/runtime/test_wake.py"


def _typed(name: str, where: str, old: str, new: str = "False") -> Mutant:
    return Mutant(name, "runtime/typed.py", where, old, new, TYPED)


GATES = (
    _typed("a draft is typed into", "gate", "look.draft and (not _ours_is_seen(state, look, rules, now))"),
    _typed("whoever types is typed over", "gate", "look.inside or look.waiting or just_typed"),
    _typed("an announced dialog is typed into", "gate", "look.published is Published.BLOCKED"),
    _typed("a stopped program is typed into", "gate", "not look.alive or look.stopped"),
    _typed("a program that starts is typed into", "gate", "not _is_ready(look, rules, now)"),
    _typed("a program that reads single keys is typed into", "gate", "not _takes_a_line(look, rules)"),
    _typed(
        "the row does not matter",
        "gate",
        "rules.row is not None and (reason := _row_forbids(look.row, state.text))",
    ),
    _typed("a row that is gone is no dialog", "_row_forbids", "row.standing is Standing.NOT_FOUND"),
    _typed("no proof is waited for", "_pasted", "look.waiting or not _is_proven(state, look, rules)"),
    _typed("any row is a proof", "_is_proven", "look.row.is_exactly(state.text)", "True"),
    _typed("any echo is a proof", "_is_proven", "look.echo is Echo.EXACT", "True"),
    Mutant(
        "our text among other text is a proof",
        "pty/row.py",
        "Row.is_exactly",
        "squeeze(self.text) == squeeze(text)",
        "squeeze(text) in squeeze(self.text)",
        "tests/pty/test_row.py",
    ),
    _typed("a key of the person's stops nothing", "_interrupted", "look.keys != state.keys or look.inside"),
    _typed("a dialog in between stops nothing", "_interrupted", "look.stopped or look.published is Published.BLOCKED"),
    _typed("there are two texts", "_begin", "_may_still_stand(state, look, rules)"),
    _typed("Enter is for whoever works, too", "_press_first", "not _is_idle(look, rules)"),
    _typed("the key is pressed on", "_submitted", "state.presses < _patience_with_the_first(look, rules)", "True"),
    Mutant("a set of messages is told of for ever", "runtime/wake.py", "_decide", "state.tries >= policy.attempts",
           "False", WAKE),
    Mutant("who never drains is told for ever", "runtime/wake.py", "_decide", "state.in_a_row >= ATTEMPTS_IN_A_ROW",
           "False", WAKE),
    Mutant("an agent has two notifiers", "runtime/lock.py", "_take",
           "fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)", "None", "tests/runtime/test_files.py"),
)  # fmt: skip
