"""Mutations of what keeps a line from being typed, or sent, where it could do harm."""

from __future__ import annotations

from tests.mutants.mutant import Mutant

TYPED, WAKE = "tests/runtime/test_typed.py", "tests/runtime/test_wake.py"


def _typed(name: str, where: str, old: str, new: str = "False") -> Mutant:
    return Mutant(name, "runtime/typed.py", where, old, new, TYPED)


def _prompt(name: str, module: str, where: str, old: str, new: str = "False") -> Mutant:
    return Mutant(name, f"pty/{module}.py", where, old, new, f"tests/pty/test_{module}.py")


def _row(name: str, where: str, old: str, new: str) -> Mutant:
    return Mutant(name, "pty/row.py", where, old, new, "tests/pty/test_row.py")


GATES = (
    _typed("a draft is typed into", "gate", "look.draft and (not _ours_is_seen(state, look, rules, now))"),
    _typed("whoever types is typed over", "gate", "look.inside or look.waiting or just_typed"),
    _typed("an announced dialog is typed into", "gate", "look.published in AWAY"),
    _typed(
        "a title that says nothing is taken for idle",
        "gate",
        "rules.titles and look.published is None and look.title_seen",
    ),
    _typed("a line goes to whoever works and does not queue it", "gate", "look.row.working and (not rules.inert)"),
    _typed(
        "who will publish its state is ready before it has",
        "_is_ready",
        "rules.ready_when is ReadyWhen.PUBLISHED or look.answered",
        "rules.ready_when is ReadyWhen.PUBLISHED",
    ),
    _typed("a stopped program is typed into", "gate", "not look.alive or look.stopped"),
    _typed("a program that starts is typed into", "gate", "not _is_ready(look, rules, now)"),
    _typed("a program that reads single keys is typed into", "gate", "not _takes_a_line(look, rules)"),
    _typed(
        "the row does not matter",
        "gate",
        "rules.row is not None and (reason := _row_forbids(look.row, state.text))",
    ),
    _typed("a row that is gone is no dialog", "_row_forbids", "row.standing is Standing.NOT_FOUND"),
    _typed(
        "another place is typed into",
        "_row_forbids",
        "row.standing in (Standing.UNKNOWN, Standing.ELSEWHERE)",
        "row.standing is Standing.UNKNOWN",
    ),
    Mutant("a key without effect is pressed again later", "runtime/typed.py", "_begin", "state.stuck", '""', TYPED, 2),
    _typed("Enter follows a key without effect", "_without_effect", "not _lacks_the_first(look, rules)"),
    _typed("a version that tells itself is not asked", "_lacks_the_first", "look.version in rules.plain_for", "True"),
    _typed(
        "who asked about its state is an old version", "_lacks_the_first",
        "look.published is None and (not look.answered)", "look.published is None",
    ),
    _typed("Enter is pressed where there is none", "_press_first", "not rules.plain"),
    _typed("what shows that it works is not looked at before Enter", "_is_idle", "not look.row.working", "True"),
    _row("another placeholder is the row's own", "_at_its_start",
         "own or suggested or (not rule.placeholders)", "True"),
    _row("a suggestion may stand behind any prompt", "_at_its_start",
         "view.rows[number].startswith(rule.suggests_behind)", "True"),
    _row("a place's own words are a suggestion", "_at_its_start",
         "_is_one_of(rule.elsewhere, text, re.fullmatch)", "False"),
    _row("what stands below does not matter", "find_row",
         "any((_is_one_of(rule.elsewhere, text, re.search) for text in below))", "False"),
    _row("a hidden cursor is no sign of a dialog", "_unframed", "view.cursor_visible or rule.hides_cursor", "True"),
    _row("a box needs no lower edge", "_boxed", "edge.startswith(_BOX_EDGE)", "True"),
    _row("a box is looked into while the cursor is hidden", "_boxed", "not view.cursor_visible", "False"),
    _row("a drawn cursor is not looked for", "_framed_above", "cell is not None and cell.inverse", "cell is not None"),
    Mutant("a state that is not known is none", "pty/announced.py", "Announced.take",
           "_STATES.get(match[1], Published.OTHER)", "_STATES.get(match[1])", "tests/pty/test_announced.py"),
    Mutant("a parked session's file is believed", "runtime/witness.py", "Witness._status",
           "'parkedJobId' in session", "False", "tests/runtime/test_witness.py"),
    Mutant("a list of agents is an agent", "runtime/keyboard.py", "Keyboard._known",
           "not set(words[1:]).isdisjoint(profile.no_session)", "False", "tests/runtime/test_keyboard.py"),
    Mutant("a blind way types where the list of agents may stand", "runtime/channels/blind.py",
           "BlindChannel._waits_for", "agent.witness.is_detached()", "False", "tests/runtime/test_waker.py"),
    Mutant("a blind way presses a key that the version lacks", "runtime/channels/blind.py", "BlindChannel._key",
           "agent.witness.version() not in agent.rules.plain_for", "True", "tests/runtime/test_blind.py"),
    Mutant("a blind way presses Tab", "runtime/channels/blind.py", "BlindChannel._key",
           "agent.rules.submit == agent.profile.rules.submit", "True", "tests/runtime/test_blind.py"),
    Mutant("a title that says dialog is not read", "runtime/channels/pty.py", "PtyChannel._heard",
           "look.published or typed.titled(look.title, self._rules)", "look.published",
           "tests/runtime/test_pty_channel.py"),
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
    _typed("a dialog in between stops nothing", "_interrupted", "look.stopped or look.published in AWAY"),
    _typed("there are two texts", "_begin", "_may_still_stand(state, look, rules)"),
    _typed("Enter is for whoever works, too", "_press_first", "not _is_idle(look, rules)"),
    _typed("the key is pressed on", "_without_effect", "state.presses < _patience_with_the_first(look, rules)", "True"),
    _typed("a program that is not known is typed into", "gate", "not rules.known"),
    _typed("a question in the words of the prompt is typed into", "_takes_a_line", "look.takes_pastes"),
    _typed("nobody is at a prompt", "_has_left", "look.row.standing is Standing.ELSEWHERE and rules.at_prompt"),
    _typed("another place has sent the line", "_has_left",
           "look.row.standing is Standing.ELSEWHERE and rules.at_prompt",
           "look.row.standing is Standing.ELSEWHERE"),
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
           "event.agent.waits_for in UP_TO_THE_USER", "False", WAKE),
    Mutant("the user hears of it five times a second", "runtime/wake.py", "_tell_person",
           "state.unread <= state.person_told", "False", WAKE),
    Mutant("a set of messages is told of for ever", "runtime/wake.py", "_decide", "state.tries >= policy.attempts",
           "False", WAKE),
    Mutant("who never drains is told for ever", "runtime/wake.py", "_decide", "state.in_a_row >= ATTEMPTS_IN_A_ROW",
           "False", WAKE),
    Mutant("an agent has two notifiers", "runtime/lock.py", "_take",
           "fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)", "None", "tests/runtime/test_files.py"),
)  # fmt: skip
