"""Mutations of the host's end of Claude Code's mod, and of the look at settings that keep it out.

`tests/runtime/test_mod_js.py` has those of the mod itself.
"""

from __future__ import annotations

from tests.mutants.mutant import Mutant

FEED, SETTINGS = "runtime/agents/claude/mod_feed.py", "runtime/agents/claude/mod_settings.py"
FEED_TESTS, SETTINGS_TESTS = "tests/runtime/test_mod_feed.py", "tests/runtime/test_mod_settings.py"

MODS = (
    *(
        Mutant(name, FEED, where, old, new, FEED_TESTS)
        for name, where, old, new in (
            ("a notice can be a command of the CLI", "deliver_line", "notice.lstrip().startswith('/')", "False"),
            ("an empty notice begins a turn", "deliver_line", "not notice.strip()", "False"),
            ("a turn begins for no texts", "deliver_line", "not texts", "False"),
            ("a true word is a number", "_typed", "type(value) is not kind", "not isinstance(value, kind)"),
            ("a line from the mod can raise", "parse_event", "(ValueError, TypeError, KeyError, RecursionError)",
             "ValueError"),
            ("a line of any length is kept", "Lines.feed", "len(self._begun) > LONGEST_LINE", "False"),
            ("a line of any length is an event", "Lines.feed", "len(whole) <= LONGEST_LINE", "True"),
            ("the rest of a long line is an event", "Lines.feed", "not skipped", "True"),
            ("a mod that says no hello is waited for", "Health.presence", "self._row_at is not None", "False"),
            ("the first row is forgotten", "Health.row_seen", "self._row_at is None", "True"),
            ("a late pong is there", "Health.presence", "now - at > PONG_WITHIN_S", "False"),
            ("a pong answers later pings", "Health.heard", "n > event.n", "False"),
            ("a deaf mod is there", "Health.heard", "event.name == 'deaf'", "False"),
            ("a mod that is loaded again is dead", "Health.heard", "(event, {}, False)", "(event, {}, self._is_dead)"),
            ("another session's mod takes the mail", "Health.is_of_the_run", "event.process == self.hello.process", "True"),
            ("a mod that was loaded before is heard", "Health.is_of_the_run", "event.feed == self.hello.feed", "True"),
            ("another session's mod is not let go", "ModFeed._heard", "self._dismiss(event.feed)", "pass"),
            ("a hello is not answered", "ModFeed._heard", "self.ping(now)", "pass"),
            ("mail for a mod before goes to the next", "ModFeed._let_go", "self._unsent.clear()", "pass"),
            ("any file is written to", "ModFeed._opened", "not stat.S_ISFIFO(os.fstat(end).st_mode)", "False"),
            ("lines for the mod take any memory", "ModFeed._send", "len(self._unsent) + len(line) > MOST_UNSENT", "False"),
            ("a child that is gone is not noticed", "ModFeed.flush", "self.health.lost()", "pass"),
            ("a pipe that cannot be opened is not noticed", "ModFeed._turn_to", "self.health.lost()", "pass"),
        )
    ),
    Mutant("managed settings that cannot be read allow it", SETTINGS, "_managed", "return f'{path} cannot be read'", "return ''",
           SETTINGS_TESTS, times=2),
    *(
        Mutant(name, SETTINGS, where, old, new, SETTINGS_TESTS)
        for name, where, old, new in (
            ("the device's settings are not looked at", "_managed", "os.path.lexists(_OF_DEVICE)", "False"),
            ("any file is managed settings", "_managed", "name.endswith('.json')", "True"),
            ("words behind -- are options", "why_not", "'--' in words", "False"),
            ("a variable that is off keeps the mod out", "why_not", "environment.get(name, '0').lower() not in _FALSE",
             "name in environment"),
            ("the user's settings are not looked at", "why_not", "_own(words, environment, cwd)", "''"),
            ("the message in two rows is not known", "is_refusal", "_TOLD.search(output.replace('\\n', ''))", "None"),
        )
    ),
)  # fmt: skip
