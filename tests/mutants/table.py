"""The mutations: each takes away or turns round one thing that a promise stands on."""

from __future__ import annotations

from tests.mutants.gates import GATES
from tests.mutants.mutant import Mutant

ORDER, GUARDS, STEPS = "tests/crash/test_order.py", "tests/crash/test_guards.py", "tests/crash/test_every_step.py"
DURABLE, MEANWHILE, WEAK = (
    "tests/store/test_durable.py",
    "tests/store/test_meanwhile.py",
    "tests/crash/test_weak_filesystems.py",
)
SYSCALLS, PIPES, STUCK = "tests/crash/test_syscalls.py", "tests/crash/test_pipes.py", "tests/crash/test_stuck.py"
HOSTILE, WIRE, TEXT = "tests/hostile", "tests/wire", "tests/test_text.py"

ON_DISK = (
    Mutant("fsync does nothing", "store/durable.py", "Steps.fsync", "os.fsync(fd)", "None", f"{SYSCALLS} {DURABLE}"),
    Mutant("a new file is not synced", "store/durable.py", "write_new", "steps.fsync(fd)", "None", f"{ORDER} {WEAK}"),
    Mutant("a new file has no lock", "store/durable.py", "write_new", "steps.lock(fd)", "None", ORDER),
    Mutant(
        "a new file has the umask's mode", "store/durable.py", "write_new", "steps.chmod(fd, FILE_MODE)", "None", WIRE
    ),
    Mutant(
        "a failed write leaves its file", "store/durable.py", "write_new", "discard(directory, name)", "None", STEPS
    ),
    Mutant("a failed write keeps its descriptor", "store/durable.py", "write_new", "close(fd)", "None", STEPS),
    Mutant(
        "a short write is taken for a whole one", "store/durable.py", "fill", "written < len(data)", "False", MEANWHILE
    ),
    Mutant(
        "a directory is never synced",
        "store/durable.py",
        "sync",
        "steps.fsync(directory.fd)",
        "None",
        f"{ORDER} {WEAK}",
    ),
    Mutant(
        "links are followed", "store/durable.py", "", "getattr(os, 'O_NOFOLLOW', 0)", "0", f"{SYSCALLS} tests/hostile"
    ),
    Mutant("an open waits for a FIFO", "store/durable.py", "", "getattr(os, 'O_NONBLOCK', 0)", "0", SYSCALLS),
    Mutant(
        "a new file may be another's",
        "store/durable.py",
        "",
        "os.O_WRONLY | os.O_CREAT | os.O_EXCL",
        "os.O_WRONLY | os.O_CREAT",
        GUARDS,
    ),
    Mutant(
        "what is no file is read",
        "store/durable.py",
        "read_regular",
        "not stat.S_ISREG(found.st_mode)",
        "False",
        "tests/hostile",
    ),
    Mutant(
        "a file of any size is read",
        "store/durable.py",
        "read_regular",
        "found.st_size > largest",
        "False",
        "tests/hostile tests/wire",
    ),
    Mutant(
        "a link replaces",
        "store/durable.py",
        "Steps.link",
        "os.link(source.at(name), target.at(new_name), src_dir_fd=source.fd, dst_dir_fd=target.fd, follow_symlinks=False)",
        "self.replace(source, name, target, new_name)",
        f"{DURABLE} {GUARDS}",
    ),
    Mutant(
        "a rename replaces",
        "store/noreplace.py",
        "rename_noreplace",
        "call(source_fd, os.fsencode(name), target_fd, os.fsencode(new_name), flag)",
        "call(source_fd, os.fsencode(name), target_fd, os.fsencode(new_name), 0)",
        f"{DURABLE} {GUARDS}",
    ),
    Mutant(
        "without such a rename nobody looks first",
        "store/durable.py",
        "move",
        "exists(target, new_name)",
        "False",
        DURABLE,
    ),
    Mutant(
        "a lack of links is an error",
        "store/durable.py",
        "link",
        "error.errno not in _NO_HARD_LINKS",
        "True",
        f"{DURABLE} {STEPS}",
    ),
    Mutant(
        "a scan that missed something is believed",
        "store/durable.py",
        "entries",
        "steps.stat(directory.fd).st_mtime_ns != before",
        "False",
        DURABLE,
    ),
    Mutant(
        "two names of one file are two messages",
        "store/durable.py",
        "take",
        "os.path.samestat(steps.look(source, name), steps.look(target, name))",
        "False",
        f"{DURABLE} {STEPS}",
    ),
    Mutant(
        "what was published half stays",
        "store/durable.py",
        "publish_new",
        "discard(staging, temporary)",
        "None",
        STEPS,
        times=2,
    ),
    Mutant(
        "what a replacement leaves behind stays",
        "store/durable.py",
        "replace_file",
        "discard(beside, temporary)",
        "None",
        STEPS,
    ),
    Mutant(
        "a replacement is not synced", "store/durable.py", "replace_file", "sync(directory)", "None", f"{ORDER} {WEAK}"
    ),
    Mutant(
        "made directories are not synced",
        "store/durable.py",
        "make_directories",
        "sync(directory)",
        "None",
        f"{ORDER} {WEAK}",
    ),
    Mutant(
        "every lock is ours",
        "store/durable.py",
        "Steps.lock",
        "fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)",
        "None",
        f"tests/store {GUARDS} tests/crash/test_interleavings.py",
    ),
)

MAIL = (
    Mutant(
        "delivered is not on the disk",
        "store/maildir.py",
        "_finish",
        "durable.sync(copy.new)",
        "None",
        f"{ORDER} {WEAK}",
    ),
    Mutant(
        "delivered before it is written",
        "store/maildir.py",
        "_publish",
        "copy.published = True",
        "copy.published = False",
        STEPS,
    ),
    Mutant(
        "delivered already is not on the disk", "store/maildir.py", "confirm", "durable.sync(directory)", "None", ORDER
    ),
    Mutant(
        "an error after delivery is a failure",
        "store/maildir.py",
        "_give_up",
        "if reached:\n    what = f\"{identifier} may have been delivered to {', '.join(reached)}\"\n    raise _uncertain(what, identifier, error) from error",
        "pass",
        STEPS,
    ),
    Mutant(
        "what is staged stays", "store/maildir.py", "_give_up", "durable.discard(copy.tmp, temporary)", "None", STEPS
    ),
    Mutant(
        "mail moves from new without cur", "draining.py", "Drain._take", "durable.sync(cur)", "None", f"{ORDER} {WEAK}"
    ),
    Mutant("mail is in new again after a crash", "draining.py", "Drain._take", "durable.sync(new)", "None", ORDER),
    Mutant(
        "mail moves without the lock",
        "draining.py",
        "Drain._take",
        "mailbox_lock(agent)",
        "Directory(agent.state)",
        ORDER,
    ),
    Mutant(
        "mail is taken before it is acknowledged",
        "draining.py",
        "Drain._settle",
        "self._acknowledge([item.header for item in shown if item.acked and item.header is not None])",
        "None",
        STEPS,
    ),
    Mutant(
        "one sender who can not be told stops the others",
        "draining.py",
        "Drain._acknowledge",
        "len(headers) > 1",
        "False",
        GUARDS,
    ),
    Mutant(
        "the record of a drain is not synced",
        "store/drain.py",
        "Hold.keep",
        "durable.sync(drains)",
        "None",
        f"{ORDER} {WEAK}",
    ),
    Mutant(
        "a failed drain holds on",
        "store/drain.py",
        "Hold.keep",
        "durable.discard(drains, name)",
        "None",
        "tests/cli/test_failing_disk.py",
    ),
    Mutant(
        "mail of a dead drain is not marked",
        "store/drain.py",
        "Hold.__init__",
        "suspects.intersection(ids)",
        "set()",
        STEPS,
    ),
    Mutant(
        "a drain that raises leaves nothing marked",
        "store/drain.py",
        "Hold.release",
        "self._record and not self.unsettled",
        "self._record",
        GUARDS,
    ),
    Mutant(
        "a stuck drain keeps its mail",
        "store/drain.py",
        "_Other.holds",
        "now - self._touched < STUCK_AFTER",
        "True",
        STUCK,
    ),
    Mutant("a live drain loses its mail", "store/drain.py", "_Other.holds", "not self.dead", "False", STUCK),
    Mutant(
        "records of the dead stay",
        "store/drain.py",
        "_forget_dead",
        "durable.discard(drains, other.name)",
        "None",
        MEANWHILE,
    ),
    Mutant(
        "records are forgotten too early",
        "store/drain.py",
        "_forget_dead",
        "other.dead and not unsettled.intersection(other.ids)",
        "other.dead",
        GUARDS,
    ),
    Mutant("mail is held without the lock", "store/drain.py", "hold", "mailbox_lock(agent)", "ExitStack()", ORDER),
    Mutant(
        "a drain that is slow counts as stuck",
        "draining.py",
        "Drain._read_batches",
        "self._hold.touch()",
        "None",
        f"{STUCK} {STEPS} {SYSCALLS}",
    ),
    Mutant(
        "an acknowledgement is told before it is given",
        "store/acks.py",
        "acknowledge",
        "durable.sync(sent)",
        "None",
        WEAK,
    ),
    Mutant(
        "an acknowledgement that is told is not synced",
        "store/acks.py",
        "acknowledge",
        "durable.sync(directory)",
        "None",
        ORDER,
    ),
    Mutant(
        "a dead letter is not synced",
        "store/deadletter.py",
        "_keep",
        "durable.sync(there or new)",
        "None",
        f"{ORDER} {WEAK}",
    ),
    Mutant(
        "a dead letter is another each time",
        "store/deadletter.py",
        "_keep",
        "there is None",
        "True",
        GUARDS,
    ),
    Mutant(
        "another's dead letter will do",
        "store/deadletter.py",
        "_keep",
        "not _holds(there, letter, copy)",
        "False",
        GUARDS,
    ),
    Mutant(
        "what is moved aside is not synced",
        "store/deadletter.py",
        "_move_aside",
        "durable.sync(refused)",
        "None",
        f"{ORDER} {WEAK}",
    ),
    Mutant(
        "bad mail moves without the lock",
        "store/deadletter.py",
        "put_away",
        "mailbox_lock(agent)",
        "Directory(agent.state)",
        ORDER,
    ),
    Mutant(
        "a dead letter goes before its message is there",
        "store/letters.py",
        "forget",
        "durable.sync(inbox)",
        "None",
        f"{ORDER} {WEAK}",
    ),
    Mutant(
        "a retry replaces a message", "deadletters.py", "_heal", "there != original", "False", "tests/cli/test_dlq.py"
    ),
    Mutant(
        "a sweep takes what is in use",
        "store/sweep.py",
        "_if_stale",
        "durable.steps.stat(fd).st_mtime_ns >= before or not durable.steps.lock(fd)",
        "durable.steps.stat(fd).st_mtime_ns >= before",
        "tests/cli/test_cleanup.py",
    ),
    Mutant(
        "a sweep takes what is new",
        "store/sweep.py",
        "_if_stale",
        "durable.steps.stat(fd).st_mtime_ns >= before or not durable.steps.lock(fd)",
        "not durable.steps.lock(fd)",
        "tests/cli/test_cleanup.py",
    ),
    Mutant(
        "a mailbox is there before its parts",
        "store/registry.py",
        "make_mailbox",
        "made = durable.make_directories(others)",
        "made = False",
        f"{WEAK} {STEPS}",
    ),
    Mutant(
        "another id is the same message",
        "sending.py",
        "_same",
        "ours == theirs and parse(render(message), identifier).body == earlier.body",
        "True",
        "tests/cli/test_send.py",
    ),
    Mutant(
        "a message that nobody would take is sent",
        "sending.py",
        "_checked",
        "parse(data, message.header.id)",
        "None",
        "tests/cli/test_send.py tests/test_mailbox.py",
    ),
    Mutant(
        "a pipe that is not empty was read",
        "cli/reader.py",
        "was_read",
        "(unread := _unread(fd, request)) > 0",
        "False",
        PIPES,
    ),
    Mutant(
        "a socket whose reader leaves was read",
        "cli/reader.py",
        "was_read",
        "not (stat.S_ISSOCK(mode) and _events(fd) & select.POLLERR)",
        "True",
        PIPES,
    ),
)

WORDS = (
    Mutant(
        "a message of another name is taken",
        "message.py",
        "_check",
        "header.id != identifier",
        "False",
        f"{WIRE} tests/test_message.py",
    ),
    Mutant(
        "a handle is not checked",
        "message.py",
        "_check",
        "not is_handle(handle)",
        "False",
        WIRE,
    ),
    Mutant(
        "an id may be a path",
        "message.py",
        "_check",
        "not is_safe_name(header.id)",
        "False",
        f"{WIRE} tests/test_message.py tests/test_schema_header.py",
    ),
    Mutant("a repeated key counts", "jsontext.py", "_object", "len(members) != len(pairs)", "False", WIRE),
    Mutant(
        "NaN is JSON", "jsontext.py", "_constant", "raise ValueError(f'{word} is not JSON')", "return float(word)", WIRE
    ),
    Mutant(
        "deep JSON is a defect",
        "jsontext.py",
        "parse",
        "raise ValueError('nested too deeply') from None",
        "raise",
        WIRE,
    ),
    Mutant(
        "controls are shown raw",
        "text.py",
        "",
        "frozenset({'Cc', 'Cf', 'Cs', 'Co', 'Zl', 'Zp'})",
        "frozenset({'Cf', 'Cs', 'Co', 'Zl', 'Zp'})",
        TEXT,
    ),
    Mutant(
        "what reorders is shown raw",
        "text.py",
        "",
        "frozenset({'Cc', 'Cf', 'Cs', 'Co', 'Zl', 'Zp'})",
        "frozenset({'Cc', 'Cs', 'Co', 'Zl', 'Zp'})",
        f"{TEXT} tests/hostile",
    ),
    Mutant(
        "line separators are shown raw",
        "text.py",
        "",
        "frozenset({'Cc', 'Cf', 'Cs', 'Co', 'Zl', 'Zp'})",
        "frozenset({'Cc', 'Cf', 'Cs', 'Co'})",
        f"{TEXT} tests/hostile",
    ),
    Mutant(
        "talk is raw", "cli/output.py", "Output.note", "visible_lines(text)", "text", "tests/hostile/test_arguments.py"
    ),
)

TERMINAL = (
    Mutant(
        "the guard stays in the session",
        "pty/guard.py",
        "_stand_by",
        "os.setsid()",
        "None",
        "tests/pty/test_guard.py tests/terminal/test_guard.py tests/terminal/test_ways_to_die.py",
    ),
    Mutant(
        "the guard keeps descriptors",
        "pty/guard.py",
        "_stand_by",
        "_close_all_but({pipe, tty.source, tty.sink})",
        "None",
        "tests/terminal/test_guard.py",  # looks for this first; whoever dismisses such a guard waits for ever
    ),
    Mutant(
        "the guard works though it is at ease",
        "pty/guard.py",
        "_listen",
        "on_duty = False",
        "on_duty = on_duty",
        "tests/pty/test_guard.py tests/terminal/test_guard.py tests/terminal/test_jobs.py",
        times=2,
    ),
    Mutant(
        "the program is in the group of its session's leader",
        "pty/monitor.py",
        "divide",
        "_take_foreground()",
        "None",
        "tests/terminal/test_jobs.py",
    ),
    Mutant(
        "an attempt is never the last",
        "runtime/wake.py",
        "_decide",
        "state.tries >= policy.attempts or state.in_a_row >= ATTEMPTS_IN_A_ROW",
        "False",
        "tests/runtime/test_wake.py",
    ),
    Mutant(
        "a dialog is no reason to wait",
        "runtime/wake.py",
        "_decide",
        "event.agent.waits_for is not None",
        "False",
        "tests/runtime/test_wake.py",
    ),
    Mutant(
        "who works is interrupted",
        "runtime/wake.py",
        "_decide",
        "event.agent.busy and (not _breaks_in(state, event, now, policy))",
        "False",
        "tests/runtime/test_wake.py",
    ),
    Mutant(
        "low priority breaks in",
        "runtime/wake.py",
        "_decide",
        "event.unread <= event.low and event.agent.quiet_for < policy.low_after",
        "False",
        "tests/runtime/test_wake.py",
    ),
)

CHANGES, INBOX, WAKING, THREADS = (
    f"tests/{name}.py"
    for name in ("runtime/test_changes", "runtime/test_inbox", "runtime/test_waking", "pty/test_threads")
)

WATCHING = (
    Mutant(
        "the directories' own times are not looked at",
        "runtime/changes.py",
        "Watch.changed",
        "self._times() != self._before",
        "False",
        CHANGES,
    ),
    Mutant(
        "another directory is taken for the one before",
        "runtime/changes.py",
        "_times",
        "(found.st_dev, found.st_ino, found.st_mtime_ns, found.st_ctime_ns)",
        "(0,)",
        CHANGES,
    ),
    Mutant(
        "what comes within the tick of a change is waited for",
        "runtime/changes.py",
        "until",
        "TICK if changed else POLL if poll else SWEEP",
        "POLL if poll else SWEEP",
        CHANGES,
    ),
    Mutant("a wait has no end", "runtime/changes.py", "Watch.wait", "self._clock() < end", "True", CHANGES),
    Mutant("a wait is not stopped", "runtime/changes.py", "Watch.wait", "not stopped()", "True", CHANGES),
    Mutant(
        "the system is not asked for events",
        "runtime/inbox.py",
        "EventWatch.__init__",
        "self._begin(directory)",
        "None",
        INBOX,
    ),
    Mutant(
        "a wait with events has no end",
        "runtime/inbox.py",
        "EventWatch.is_set",
        "self._clock() >= self._end",
        "False",
        INBOX,
    ),
    Mutant(
        "a wait with events is not stopped", "runtime/inbox.py", "EventWatch.is_set", "self._stopped()", "False", INBOX
    ),
    Mutant(
        "what cannot be watched is an error",
        "runtime/inbox.py",
        "EventWatch._begin",
        "(OSError, RuntimeError)",
        "ZeroDivisionError",
        f"{INBOX} tests/crash/test_watcher.py",
    ),
    Mutant(
        "an inbox without events is looked at seldom",
        "runtime/inbox.py",
        "",
        "POLL if watch.failure else SWEEP",
        "100.0",
        INBOX,
    ),
    Mutant(
        "an inbox that cannot be read is noted at every look",
        "runtime/waking.py",
        "Waker._unreadable",
        "why != self._failure",
        "True",
        WAKING,
    ),
    Mutant(
        "an event is compared with the wall clock at every look",
        "runtime/witness.py",
        "Witness._when",
        "written != self._written",
        "True",
        "tests/runtime/test_witness.py",
    ),
    Mutant(
        "a look comes between bytes and what they change",
        "pty/pump.py",
        "Pump._read_child",
        "self._terminal.lock",
        "contextlib.nullcontext()",
        THREADS,
    ),
    Mutant("a notice is shown after the end", "pty/host.py", "Host.tell", "self._child.fd >= 0", "True", THREADS),
)

HOOKS = (
    Mutant(
        "a wrong call of a hook fails the agent",
        "cli/main.py",
        "main",
        "_may_be_a_hook(ours)",
        "False",
        "tests/cli/test_hook.py",
    ),
    Mutant(
        "a hook behind an option without its value fails the agent",
        "cli/main.py",
        "_may_be_a_hook",
        "FAILS_NOBODY in before",
        "False",
        "tests/cli/test_hook.py",
    ),
    Mutant(
        "a wrong call of another command passes for a hook",
        "cli/main.py",
        "_may_be_a_hook",
        "command not in COMMANDS",
        "True",
        "tests/cli/test_hook.py",
    ),
    Mutant(
        "who is stopped is taken for awake",
        "runtime/why.py",
        "why",
        "is_stopped(notifier)",
        "False",
        "tests/cli/test_why.py",
    ),
    Mutant(
        "hooks are missed where nobody needs them",
        "setup/checks_machine.py",
        "hooks",
        "root and (not _is_notified(root, handle))",
        "True",
        "tests/setup/test_doctor.py",
    ),
)

MUTANTS = (*ON_DISK, *MAIL, *WORDS, *TERMINAL, *GATES, *WATCHING, *HOOKS)
