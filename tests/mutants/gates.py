"""Mutations of what keeps a line from being typed, or sent, where it could do harm."""

from __future__ import annotations

from tests.mutants.mutant import Mutant

TYPED, WAKE = "tests/runtime/test_typed.py", "tests/runtime/test_wake.py"


def _typed(name: str, where: str, old: str, new: str = "False") -> Mutant:
    return Mutant(name, "runtime/typed.py", where, old, new, TYPED)


def _prompt(name: str, module: str, where: str, old: str, new: str = "False") -> Mutant:
    return Mutant(name, f"pty/{module}.py", where, old, new, f"tests/pty/test_{module}.py")


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
    _typed("a program that is not known is typed into", "gate", "not rules.known"),
    _typed("a question in the words of the prompt is typed into", "_takes_a_line", "look.takes_pastes"),
    _typed("nobody is at a prompt", "_has_left", "look.row.standing is Standing.ELSEWHERE"),
    _prompt("what stands behind the cursor does not matter", "row", "_behind_prompt",
            "''.join([_text(cells[column:]), *view.rows[row + 1:]])", "''.join(view.rows[row + 1:])"),
    _prompt("what stands below the cursor does not matter", "row", "_behind_prompt",
            "''.join([_text(cells[column:]), *view.rows[row + 1:]])", "_text(cells[column:])"),
    _prompt("a hidden cursor stands at a prompt", "row", "_behind_prompt", "not view.cursor_visible"),
    _prompt("a line has one row", "row", "_line_of", "_is_full(view, first - 1)"),
    _prompt("a prompt that another program prints is one", "terminal", "Terminal.look",
            "foreground or not isinstance(self._row_rule, PromptRule)", "True"),
    _prompt("a prompt ends the draft that the kernel keeps", "terminal", "Terminal.look", "canonical", "False"),
    _prompt("whoever switches pastes on takes them", "terminal", "Terminal.look", "row.standing is Standing.EMPTY",
            "True"),
    Mutant("every program is the hosted one", "pty/child.py", "Child.in_foreground",
           "os.tcgetpgrp(self.fd) == self.pid", "True", "tests/pty/test_child.py"),
    Mutant("what is typed ahead is seen", "runtime/channels/sight.py", "Sight._shows_all",
           "self._rules.at_prompt and discipline.canonical", "False", "tests/runtime/test_sight.py"),
    Mutant("what is not seen is as the user says", "runtime/channels/blind.py", "BlindChannel._waits_for",
           "not self._submit and (unseen := _must_be_seen(agent))", "False",
           "tests/runtime/test_blind.py"),
    Mutant("a profile is given to every program", "runtime/keyboard.py", "Keyboard._profile",
           "program == self._program or program in self._given.programs", "True", "tests/runtime/test_keyboard.py"),
    Mutant("any text is a prompt", "runtime/profiles/__init__.py", "with_prompt",
           "isinstance(prompt, str) and prompt.strip() and prompt.isprintable()", "True",
           "tests/runtime/test_profiles.py"),
    Mutant("options are added to npx", "runtime/launch.py", "behind",
           "not profile.programs or PurePath(program[0]).name in profile.programs", "True",
           "tests/runtime/test_launch.py"),
    Mutant("the user does not hear of mail that nobody is told of", "runtime/wake.py", "_decide",
           "event.agent.waits_for is Reason.UNKNOWN_PROGRAM", "False", WAKE),
    Mutant("the user hears of it five times a second", "runtime/wake.py", "_tell_person",
           "state.unread <= state.person_told", "False", WAKE),
    Mutant("a set of messages is told of for ever", "runtime/wake.py", "_decide", "state.tries >= policy.attempts",
           "False", WAKE),
    Mutant("who never drains is told for ever", "runtime/wake.py", "_decide", "state.in_a_row >= ATTEMPTS_IN_A_ROW",
           "False", WAKE),
    Mutant("an agent has two notifiers", "runtime/lock.py", "_take",
           "fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)", "None", "tests/runtime/test_files.py"),
)  # fmt: skip
