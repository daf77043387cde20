"""Mutations of the agents' published states, and of waiting for them."""

from __future__ import annotations

from tests.mutants.mutant import Mutant

FILE, ACTIVITY = "tests/runtime/test_state_file.py", "tests/runtime/test_activity.py"
SESSION = "tests/runtime/test_published_state.py"
ASKED = "tests/runtime/test_notices.py"
TO_USER, RAN = "tests/runtime/test_mail_to_user.py", "tests/runtime/test_notice_command.py"
SETTINGS, TOLD = "tests/runtime/test_notice_settings.py", "tests/runtime/test_user_notices.py"
NOTE = "tests/cli/test_recipient_note.py"
WAIT, WATCH = "tests/cli/test_wait.py", "tests/cli/test_who_watch.py"

STATES = (
    Mutant(
        "another process's state is believed", "runtime/state_file.py", "read_state",
        "wire.get('pid') == notifier.pid", "True", FILE,
    ),
    Mutant(
        "an agent that was notified from outside is not running", "runtime/state_file.py", "read_state",
        "wire.get('how') == HOSTING", "True", FILE,
    ),
    Mutant(
        "a stopped notifier's state is believed", "runtime/state_file.py", "read_state",
        "is_stopped(agent, notifier)", "False", FILE,
    ),
    Mutant("a link to a state is followed", "runtime/state_file.py", "_read", "False", "True", FILE),
    Mutant(
        "a long state is believed", "runtime/state_file.py", "_parse", "len(text) <= _LONGEST_CHARS", "True", FILE,
    ),
    Mutant("a state without a time is believed", "runtime/state_file.py", "_parse", "isinstance(since, float)", "True", FILE),
    Mutant("a state may begin tomorrow", "runtime/state_file.py", "_parse", "0 <= seconds < math.inf", "True", FILE),
    Mutant("a question acts on the terminal", "runtime/state_file.py", "_parse", "map(visible, texts)", "texts", FILE),
    Mutant(
        "a state that cannot be replaced stays", "runtime/state_file.py", "StatePublisher.publish",
        "self.withdraw()", "pass", FILE,
    ),
    Mutant(
        "the state of another's agent is published", "runtime/state_file.py", "StatePublisher.publish",
        "not self._ours()", "False", FILE,
    ),
    Mutant(
        "each look is written", "runtime/state_file.py", "StatePublisher.publish",
        "not self._path or known == self._written", "not self._path", FILE,
    ),
    Mutant(
        "looks stop with what stirs", "runtime/state_file.py", "StatePublisher.is_look_due",
        "not is_settled or at - self._looked_at >= self._rest", "not is_settled", FILE,
    ),
    Mutant(
        "an agent that is left alone is looked at each second", "runtime/state_file.py", "StatePublisher.is_look_due",
        "at - self._looked_at >= self._rest", "True", FILE,
    ),
    Mutant(
        "text on the screen is a question", "runtime/policy/activity.py", "activity_of",
        "look.published is None and in_dialog", "in_dialog", ACTIVITY,
    ),
    Mutant(
        "a stopped program is what it said last", "runtime/policy/activity.py", "activity_of",
        "not look.alive or look.stopped", "False", ACTIVITY,
    ),
    Mutant(
        "a row of a program that may work is idle", "runtime/policy/activity.py", "activity_of",
        "at_prompt and (rules.at_prompt or is_idle(look, rules))", "at_prompt", ACTIVITY,
    ),
    Mutant("a host that is suspended says idle", "pty/host.py", "Host._suspend", "self.on_suspend()", "None", SESSION),
    Mutant(
        "a removed agent has read its mail", "cli/commands/wait.py", "_look",
        "first and not registry.has_mailbox(agent)", "False", WAIT,
    ),
    Mutant(
        "a killed host is waited for", "cli/commands/wait.py", "_look",
        "notifier is None and condition != DRAINED and not (first and condition == ANY)", "False", WAIT,
    ),
    Mutant(
        "a directory in another's place is not watched", "runtime/directory_events.py", "_identity",
        "(found.st_dev, found.st_ino)", "(0, 0)", WAIT,
    ),
    Mutant("a question is signalled at once", "runtime/policy/notices.py", "step", "now - asked.since >= ASKS_AFTER_S", "True", ASKED),
    Mutant("a question is signalled at each look", "runtime/policy/notices.py", "step", "not asked.notified", "True", ASKED),
    Mutant(
        "a resized window is another question", "runtime/policy/notices.py", "step",
        "activity is Activity.UNKNOWN", "False", ASKED,
    ),
    Mutant("the next question is not signalled", "runtime/policy/notices.py", "step", "asked.since is None or is_other", "asked.since is None", ASKED),
    Mutant(
        "a question is not signalled while no mail waits", "runtime/loop.py", "WakeLoop._look_at_agent",
        "self._notify(Notice.QUESTION, self._agent.activity)", "None", "tests/runtime/test_loop.py",
    ),
    Mutant("an option about notices does not win", "runtime/notice_settings.py", "chosen", "in_file | given", "given | in_file", SETTINGS),
    Mutant("any text is a signal", "runtime/notice_settings.py", "_kind", "value not in KINDS", "False", SETTINGS),
    Mutant(
        "a table of notices may be a number", "runtime/notice_settings.py", "checked", "not isinstance(table, dict)",
        "False", SETTINGS,
    ),
    Mutant(
        "a mistyped signal keeps an agent from starting", "runtime/notice_settings.py", "checked", "ValueError",
        "KeyError", SETTINGS,
    ),
    Mutant(
        "a notice that was shown is shown again", "runtime/user_notices.py", "UserNotices.notify",
        "notice not in self._shown", "True", TOLD,
    ),
    Mutant(
        "the desktop is a terminal", "runtime/user_notices.py", "UserNotices._signal", "kind == DESKTOP", "False", TOLD,
    ),
    Mutant("a user who wants no signal gets one", "runtime/user_notices.py", "UserNotices._signal", "kind != OFF", "True", TOLD),
    Mutant(
        "a setting that is not allowed is shown as one", "setup/configuration.py", "overview", "name in valid", "name in in_file", SETTINGS,
    ),
    Mutant("a command for notices is any value", "runtime/notice_settings.py", "_words", "not isinstance(value, str) or '\\0' in value", "False", SETTINGS),
    Mutant("a command that cannot be split is an internal error", "runtime/notice_settings.py", "chosen", "ValueError", "KeyError", SETTINGS),
    Mutant("a command for notices runs for ever", "runtime/notice_command.py", "NoticeCommand._run", "child.wait(self._within_s)", "child.wait()", RAN),
    Mutant("its children outlive a command", "runtime/notice_command.py", "_kill", "os.killpg(child.pid, signal.SIGKILL)", "child.kill()", RAN),
    Mutant("a command outlives its host", "runtime/notice_command.py", "NoticeCommand.close", "_kill(child)", "pass", RAN),
    Mutant("each failure of a command is logged", "runtime/notice_command.py", "NoticeCommand._fail", "self._has_failed = True", "pass", RAN),
    Mutant("a clone's program is run for a notice", "runtime/notice_command.py", "NoticeCommand._run", "find_program(self._words[0], self._environment)", "self._words[0]", RAN),
    Mutant("a command that cannot be run ends a thread", "runtime/notice_command.py", "NoticeCommand._run", "OSError", "KeyError", RAN),
    Mutant("a command prints on the agent's screen", "runtime/notice_command.py", "NoticeCommand._run", "subprocess.DEVNULL", "None", RAN, times=3),
    Mutant("no command is run where there is one", "runtime/user_notices.py", "UserNotices.notify", "self._settings.command", "False", RAN),
    Mutant("each message to the user is signalled", "runtime/mail_to_user.py", "MailToUser.has_begun", "not kept", "True", TO_USER),
    Mutant("a message to the user is signalled by each notifier", "runtime/mail_to_user.py", "MailToUser._look", "each.header.sender == self._sender", "True", TO_USER),
    Mutant("old mail to the user is signalled", "runtime/mail_to_user.py", "MailToUser._look", "set() if self._known is None else there - self._known", "there - (self._known or set())", TO_USER),
    Mutant("the user's own notifier does not count", "runtime/mail_to_user.py", "MailToUser.has_begun", "not self._has_notifier()", "True", TO_USER),
    Mutant("the user's inbox is read each second", "runtime/mail_to_user.py", "MailToUser.is_look_due", "not self._is_settled or self._seen != hint(self._user.inbox_new)", "True", TO_USER),
    Mutant("a broken inbox of the user ends the waking", "runtime/mail_to_user.py", "MailToUser.has_begun", "(AmqError, OSError)", "KeyError", TO_USER),
    Mutant("mail in a clone's queue is signalled", "runtime/loop.py", "WakeLoop._keep_notifying", "not self._trust.why_not()", "True", "tests/runtime/test_loop.py"),
    Mutant("a wrong setting is not said", "cli/commands/run.py", "_run_as", "fault not in chosen.allowed.why", "False", "tests/cli/test_run.py"),
    Mutant("a file that does not count is said twice", "cli/commands/run.py", "_run_as", "fault not in chosen.allowed.why", "True", "tests/cli/test_run.py"),
    Mutant("amq wake shows what the user has switched off", "runtime/sidecar.py", "_user_notices", "settings.kind == OFF", "False", "tests/runtime/test_sidecar.py"),
    Mutant("a notice that fails ends the waking", "runtime/user_notices.py", "UserNotices.notify", "(ImportError, OSError)", "KeyError", TOLD),
    Mutant("a note goes to programs", "cli/recipient_note.py", "note_recipients", "out.json", "False", NOTE),
    Mutant(
        "a note is about the sender and the user", "cli/recipient_note.py", "note_recipients",
        "handle not in (USER, mailbox.account.me)", "True", NOTE,
    ),
    Mutant(
        "a large inbox is read whole after a send", "cli/recipient_note.py", "_has_old_mail",
        "zip(entries, range(MOST_NAMES), strict=False)", "zip(entries, iter(int, 1), strict=False)", NOTE,
    ),
    Mutant(
        "another program's name is a time", "cli/recipient_note.py", "_has_old_mail",
        "name < before and not undated([name.removesuffix(SUFFIX)])", "name < before", NOTE,
    ),
    Mutant(
        "a broken mailbox fails a send that is done", "cli/recipient_note.py", "_hindrance",
        "(AmqError, OSError)", "ValueError", NOTE,
    ),
    Mutant("a stopped recipient is not named", "cli/recipient_note.py", "_hindrance", "('asks', 'stopped')", "('asks',)", NOTE),
    Mutant("a CLI that is stopped behind a script is idle", "pty/child.py", "Child.hangs", "procfs.state(process) == b'T'", "False",
           SESSION),
    Mutant("a stopped tool of a CLI is the CLI", "pty/child.py", "Child.hangs", "len(inside) != 1", "not inside",
           "tests/pty/test_child.py"),
    Mutant("a job of a shell is the CLI", "pty/child.py", "Child.hangs", "procfs.group(each) == self.pid", "True",
           "tests/pty/test_child.py"),
    Mutant("a CLI that hangs is typed into", "runtime/channels/hosted_terminal.py", "PtyChannel.look",
           "(reason is None or activity is Activity.IDLE) and self._host.hangs()", "False", "tests/runtime/test_pty_channel.py"),
    Mutant("a line that no program takes is a draft of the user's", "runtime/policy/activity.py", "activity_of",
           "look.waiting and (not (look.draft or look.inside))", "False", ACTIVITY),
    Mutant("old mail has just arrived", "runtime/why_waiting.py", "why",
           "WaitReason.UNKNOWN if _came_before(unread, now_ns) else WaitReason.NOTIFIED", "WaitReason.NOTIFIED",
           "tests/cli/test_why.py"),
    Mutant("each look warns again", "cli/who_watch.py", "watch", "once(out.warn)", "out.warn", WATCH),
    Mutant(
        "a table may be higher than the terminal", "cli/who_watch.py", "Picture.draw",
        "len(lines) >= height > 2", "False", WATCH,
    ),
)  # fmt: skip
