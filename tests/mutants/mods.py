"""Mutations of the host's end of Claude Code's mod, of the mail that it is given, and of the look at settings that keep it out.

`tests/runtime/test_mod_js.py` has those of the mod itself.
"""

from __future__ import annotations

from tests.mutants.mutant import Mutant

FEED, SETTINGS = "runtime/agents/claude/mod_feed.py", "runtime/agents/claude/mod_settings.py"
LAUNCH_TESTS, START_TESTS = "tests/runtime/test_launch.py", "tests/runtime/test_at_start.py"
RUN_TESTS, HOOK_TESTS, WHO_TESTS = (
    "tests/runtime/test_plugin_run.py",
    "tests/cli/test_hook_mail.py",
    "tests/cli/test_who.py",
)
CHANNEL, CHANNEL_TESTS = "runtime/agents/claude/mod_channel.py", "tests/runtime/test_mod_channel.py"
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
            ("a pipe that is closed is read", "ModFeed.receive", "self._is_open", "True"),
            ("a mod is there after the end", "ModFeed.close", "self.health.lost()", "pass"),
            ("a pipe that cannot be opened is not noticed", "ModFeed._turn_to", "self.health.lost()", "pass"),
        )
    ),
    *(
        Mutant(name, CHANNEL, f"ModChannel.{where}", old, new, CHANNEL_TESTS)
        for name, where, old, new in (
            ("a moved session's mod is there", "is_there", "not self._agent_status.is_detached()", "True"),
            ("the mod is given mail after an interruption", "reaches", "_IN_ITS_WAY", "(*_IN_ITS_WAY, WaitReason.STOPPED)"),
            ("a draft keeps the mod from giving mail", "reaches", "_IN_ITS_WAY", "_IN_ITS_WAY[1:]"),
            ("a hello is not waited for", "look", "self._was is Presence.UNKNOWN", "False"),
            ("a mod that answers is refused", "tell", "now > deadline and self._was is Presence.THERE", "False"),
            ("a mod that does not answer has the mail", "tell", "now > deadline and self._was is Presence.THERE", "now > deadline"),
            ("what is refused is waited for", "tell", "bool(self._said) or self._was is not Presence.THERE", "self._was is not Presence.THERE"),
            ("a dead mod is waited for", "tell", "bool(self._said) or self._was is not Presence.THERE", "bool(self._said)"),
            ("what was given in part keeps other mail out", "_to_skip", "state.announced if free - state.announced else frozenset()",
             "frozenset()"),
            ("what was given in part is not given again", "_to_skip", "state.announced if free - state.announced else frozenset()",
             "state.announced"),
            ("a part is an offer", "_give_batch", "len(good) == 1 and (not is_whole(good[0], me, remaining, BUDGET, command))", "False"),
            ("a part is not marked again", "_give_batch", "good[0].id in state.announced", "False"),
            ("a delivery that fails is on its way", "_give_batch",
             "self._hear(Event('refused', offer=name, reason='its pipe takes nothing'))", "pass"),
            ("a mod that was just given mail is not asked", "_give_batch", "self._ping(self._clock())", "pass"),
            ("offers to a silent mod stay open", "_receive", "self._reports.append(Report('unheard'))", "pass"),
            ("offers to a mod that was loaded before stay open", "_hear", "self._reports.append(Report('unheard'))", "pass"),
            ("the end of a session leaves its offers open", "_hear", "self._reports.append(Report('ended'))", "pass"),
            ("a session that has ended goes on", "_hear", "self._session = ''", "pass"),
            ("another's report is that of what was given", "_hear", "event.offer == self._awaited", "True"),
            ("a turn with an answer has failed", "_hear", "event.outcome != 'answer'", "True"),
            ("a failed turn is not reported", "_hear", "event.outcome != 'answer'", "False"),
            ("a report that fails is forgotten", "_carry_out", "return", "self._reports = []"),
            ("the same failure is logged at each look", "_carry_out", "str(error) != self._failure", "True"),
            ("what has ended is asked about", "_carry_out", "report.name in ENDS", "False"),
            ("the mod is never asked", "_ask", "now - self._pinged_at < PING_EVERY_S", "True"),
            ("the mod is asked at each look", "_ask", "now - self._pinged_at < PING_EVERY_S", "False"),
            ("a draft holds the mail", "_ask", "readiness.blocked_by in _ROW_SHOWN", "False"),
            ("what the mail waits for is not recorded", "_ask", "reason is not None", "False"),
            ("the end of the host leaves offers open", "close", "self._reports.append(Report('unheard'))", "pass"),
            ("a draft is typed beside", "forbids", "_forbidden(pong)", "None"),
            ("an answer to an earlier question counts", "forbids", "pong.n >= number", "True"),
            ("a silent mod is waited for before anything is typed", "forbids", "self.is_there()", "True"),
            ("a mod that cannot be asked is waited for", "forbids", "number and self.is_there()", "self.is_there()"),
            ("the last reports are not read", "close", "self._receive(self._clock())", "pass"),
        )
    ),
    Mutant("amq's own line in the row is a draft", CHANNEL, "_forbidden", "not is_notification(pong.draft.replace('\\n', ' '))", "True",
           CHANNEL_TESTS),
    Mutant("a turn that only the mod knows of forbids nothing", CHANNEL, "_forbidden", "pong.busy", "False", CHANNEL_TESTS),
    Mutant("what the program says forbids nothing", "runtime/channels/hosted_terminal.py", "PtyChannel.attempt",
           "reason and (not (reason is WaitReason.BUSY and seen.busy))", "False", "tests/runtime/test_pty_channel.py"),
    Mutant("a busy program gets no urgent line", "runtime/channels/hosted_terminal.py", "PtyChannel.attempt",
           "not (reason is WaitReason.BUSY and seen.busy)", "True", "tests/runtime/test_pty_channel.py"),
    Mutant("a program is asked where nothing is typed", "runtime/channels/hosted_terminal.py", "PtyChannel.attempt",
           "not (seen := self.look()).blocked_by", "(seen := self.look())", "tests/runtime/test_pty_channel.py"),
    Mutant("the plugin is not asked", "runtime/hosted_agent.py", "HostedAgent.channel", "plugin.forbids if plugin else None", "None",
           "tests/runtime/test_hosted_agent.py"),
    Mutant("a row is not seen", CHANNEL, "ModChannel.look", "readiness.blocked_by in _ROW_SHOWN", "False", CHANNEL_TESTS, times=2),
    *(
        Mutant(name, file, where, old, new, tests)
        for name, file, where, old, new, tests in (
            ("the plugin has tools without consent", "runtime/launch.py", "prepare", "command if launch.is_allowed else ''", "command",
             LAUNCH_TESTS),
            ("a plugin is named without a directory", "runtime/launch.py", "plan", "start.has_plugin and (not no_plugin)",
             "start.has_plugin", LAUNCH_TESTS),
            ("an untested version gets the plugin", "runtime/at_start.py", "_why_version_has_none",
             "version in profile.plugin_versions or found.limits.has_body", "True", START_TESTS),
            ("the option does not matter", "runtime/at_start.py", "_with_plugin", "not reason and (not options.plugin)", "not reason",
             START_TESTS),
            ("the user's no does not matter", "runtime/at_start.py", "_why_no_plugin", "not options.wake or options.plugin is False",
             "not options.wake", START_TESTS),
            ("settings that keep the plugin out are not looked at", "runtime/at_start.py", "_why_no_plugin",
             "registry.why_no_plugin(program[1:], environment, found.cwd)", "''", START_TESTS),
            ("why there is no plugin is not logged", "runtime/host.py", "run", "planned.no_plugin and profile.plugin_versions", "False",
             RUN_TESTS),
            ("a refusal is not logged", "runtime/host.py", "run", "log.append(f'no plugin: {error}')", "pass", RUN_TESTS),
            ("any program that leaves is started again", "runtime/agents/registry.py", "is_plugin_refused",
             "lived_s < LEFT_WITHIN_S and is_refusal(output)", "True", RUN_TESTS),
            ("a program that may not load a plugin is not started again", "runtime/agents/registry.py", "is_plugin_refused",
             "lived_s < LEFT_WITHIN_S and is_refusal(output)", "False", RUN_TESTS),
            ("the user sees nothing of a plugin's mail", "runtime/hooks/handler.py", "Handler._pass_on", "is_own_line(event)", "False",
             HOOK_TESTS),
            ("the user sees a plugin's mail at each prompt", "runtime/hooks/handler.py", "Handler._pass_on", "is_own_line(event)", "True",
             HOOK_TESTS),
            ("a silent plugin gives mail", "runtime/mail_way.py", "mail_way", "plugin == THERE", "plugin is not None", WHO_TESTS),
            ("two texts to the socket are the same", "runtime/agents/claude/session_socket.py", "SessionSocket.tell",
             "os.urandom(_NAME_BYTES).hex()", "'00000000'", "tests/runtime/test_agent_api.py"),
        )
    ),
    Mutant("without its pipes the program is not started", "runtime/host.py", "_plugin_feed", "OSError", "ZeroDivisionError", RUN_TESTS),
    Mutant("managed settings that cannot be read allow it", SETTINGS, "_managed", "return f'{path} cannot be read'", "return ''",
           SETTINGS_TESTS, times=2),
    *(
        Mutant(name, SETTINGS, where, old, new, SETTINGS_TESTS)
        for name, where, old, new in (
            ("the device's settings are not looked at", "_managed", "is_there(_OF_DEVICE)", "False"),
            ("the device's settings that cannot be seen allow it", "_managed",
             "return f'{_OF_DEVICE} cannot be read'", "pass"),
            ("any file is managed settings", "_managed", "name.endswith('.json')", "True"),
            ("words behind -- are options", "why_not", "'--' in words", "False"),
            ("a variable that is off keeps the mod out", "why_not", "environment.get(name, '0').lower() not in _FALSE",
             "name in environment"),
            ("the user's settings are not looked at", "why_not", "_own(words, environment, cwd)", "''"),
            ("the message in two rows is not known", "is_refusal", "_TOLD.search(output.replace('\\n', ''))", "None"),
        )
    ),
)  # fmt: skip
