"""`amq run`: host an agent's CLI and notify it of its mail."""

from __future__ import annotations

import os
import time
from argparse import SUPPRESS

from amq import __version__, config
from amq.cli import wake_options
from amq.cli.commands.trust import settled, trust_of
from amq.cli.open_mailbox import accept, check_queue, complain_no_more, private_directory, say_if_above
from amq.errors import AmqError, HostFailed, UsageError
from amq.layout import QueueLayout
from amq.mail.mailbox import Mailbox
from amq.names import AUTO, USER, handle_from, typed_handle
from amq.store import registry
from amq.text import visible_lines

TYPE_CHECKING = False
if TYPE_CHECKING:
    from argparse import ArgumentParser, Namespace
    from collections.abc import Callable, Iterator, Mapping
    from typing import Any

    from amq.cli.output import Output
    from amq.runtime.agents.profile import Profile
    from amq.runtime.launch import Options
    from amq.runtime.notice_settings import NoticeSettings


USAGE = "[--as HANDLE|auto] [--explain|--check] [--no-wake] [--no-ask] [options] -- PROGRAM [ARG…]"
LIKELY_MISSING_OPTION = "--"
EXAMPLES = """\
  amq run -- claude                 run as the agent `claude`
  amq run --as reviewer -- codex -m o3
  amq run --as auto -- claude       another claude: claude-2 while `claude` runs, and so on
  amq run --prompt '>' -- aider     any other program: type only after this prompt
  amq run --profile claude -- npx claude        a known CLI behind another program
  amq run --explain -- codex        show what would run and what amq adds to it
  amq run --no-wake -- bash         a terminal with a mailbox, without notifications
"""
NOTES = """\
amq types the line only where it does no harm: never into a line you are typing, and never into a dialog. It presses
Enter only when the input row shows exactly that line; otherwise it leaves the line unsubmitted.

--as auto takes the program's name, or with a number the next handle that no running agent has: claude, claude-2,
claude-3. A handle with unread mail comes first. One that another program had last is left out. An agent called auto is
started with --me auto.

amq types nothing into a program that it does not know; it notifies you of the mail instead. With --prompt TEXT it types
while the row before the cursor is exactly TEXT, nothing is after or below the cursor but a right prompt, and the
program itself reads the keyboard, not a program it runs. It types nothing after a prompt that changes. It cannot tell a
question that repeats the prompt's words from the prompt (in bash: read -e -p TEXT).

Use --profile NAME for a known CLI behind npx, docker, ssh or a script. amq adds arguments and hooks only to a program
with the CLI's own name.

Claude Code gets hooks for this process only, merged with those in your own --settings; none of your files change. Codex
would ask you whether to trust them. If you allow amq (--allow-amq), amq asks Codex for the hashes of exactly these
hooks, also with --explain, and gives it these for this process. Otherwise it gets hooks only with --hooks.

Codex gets write access to a queue outside its directory (--add-dir) where its sandbox is workspace-write. Its model
reads who it is behind your own developer_instructions, that of Qwen Code and pi by --append-system-prompt, that of
opencode by a file of instructions. --explain shows what is lacking.

With --allow-amq Claude Code runs amq's mail commands without asking you: drain, send, reply, list, read, thread, watch,
why, who. They then read files only in the project, and use no other queue or handle. The default is your answer to amq
coop up (allow_amq in ~/.config/amq/config.toml), else no.

Before an edit the hooks announce another agent's lease on the file to the model (amq lease take). With --deny-leased
they refuse the edit if the lease counts. Where amq fails, the edit goes on.

Claude Code, in the versions that were tested with it, gets a plugin for this process as well, which gives the model
its mail: nothing is typed, your draft and dialogs stay as they are, and the model's answer is the receipt. Where the
plugin is not allowed or does not answer, hooks give the mail, and without them amq types. With --allow-amq the plugin
has tools by which the agent sends and replies without a shell. --plugin gives it to other versions too, --no-plugin to
none.

The program gets a terminal of its own. If stdin is a pipe or a file, the program gets it unchanged, and so for stderr
sent elsewhere than stdout (2>FILE): amq run -- claude -p <prompt.md. It gets your keys when it turns to its terminal.
Without any terminal and with nothing to read (/dev/null, as in a service), its input is the terminal too.

A terminal has limits. Stdout and stderr come out as one, on stdout, unless stderr is a file or a pipe of its own. The
program takes its output for a terminal even where it is piped on, and may colour it or fit it to 80 columns. Once it
reads your keys, ^C is for it alone and not for the rest of a pipeline. It does not see the name of your terminal.

A question to you that stays for 20 s, mail that the agent does not drain, and its mail to you are signalled once: by a
bell, by a notification of your terminal (osc9, osc777, osc99) or on your desktop. Your choice for all agents is
notice = "…" below [notify] in ~/.config/amq/config.toml; amq config show prints it. With --notice-command, or
command = "…" there, amq also runs your program each time. It gets AMQ_NOTICE (question, parked, mail), AMQ_AGENT
(the handle) and AMQ_STATE (as in amq who), and never any text. It has 10 s.

Your own profile of a program is read from ~/.config/amq/profiles/PROGRAM.toml, if that exists."""


def options(parser: ArgumentParser) -> None:
    """Add the command's options; the program and its arguments come after `--`."""
    from amq.runtime.notice_settings import KINDS

    parser.add_argument(
        "--as",
        dest="handle",
        metavar="HANDLE",
        help="the agent's handle (default: the program's name; auto: its next free one)",
    )
    parser.add_argument("--explain", action="store_true", help="show what would run and what is added; start no agent")
    parser.add_argument("--check", action="store_true", help="show what amq knows of the installed version")
    parser.add_argument(
        "--profile", metavar="NAME|FILE", help="treat the program as this CLI: a name, or your own file"
    )
    parser.add_argument("--prompt", metavar="TEXT", help="type only while the program shows this prompt")
    parser.add_argument("--no-wake", action="store_true", help="host the program without notifying it")
    parser.add_argument("--no-ask", action="store_true", help="never ask whether to trust the queue; assume no")
    hooks = parser.add_mutually_exclusive_group()
    hooks.add_argument(
        "--hooks", action="store_true", default=None, help="give it hooks, even if it asks you to trust them"
    )
    hooks.add_argument("--no-hooks", dest="hooks", action="store_false", help="give it no hooks")
    what = "let its hooks refuse edits of what another agent has a lease on (amq lease take); else they only warn it"
    parser.add_argument("--deny-leased", action="store_true", help=what)
    allow = parser.add_mutually_exclusive_group()
    allow.add_argument(
        "--allow-amq", action="store_true", default=None, help="let it run amq's mail commands without asking you"
    )
    allow.add_argument("--no-allow-amq", dest="allow_amq", action="store_false", help="let its CLI ask you, as usual")
    plugin = parser.add_mutually_exclusive_group()
    plugin.add_argument(
        "--plugin", action="store_true", default=None, help="give it amq's plugin, also in a version not tested with it"
    )
    plugin.add_argument("--no-plugin", dest="plugin", action="store_false", help="give it no plugin")
    parser.add_argument("--native", action="store_true", help=SUPPRESS)
    what = "keep @amq_state, @amq_unread and @amq_user_unread of its tmux pane up to date"
    parser.add_argument("--tmux-labels", action="store_true", help=what)
    wake_options.add_when(parser)
    wake_options.add_notices(parser, KINDS, "bell")


def run(args: Namespace, out: Output) -> int:
    """Host the program and return its exit status; 125 to 127 if it could not be hosted."""
    if os.name == "nt":
        raise HostFailed("amq run works only on Linux, macOS or WSL")
    program: list[str] = list(args.program or ())
    if not program:
        raise UsageError("no program to run", hint="name it after two dashes: amq run -- claude")
    environment = config.environment()
    handles = _handles(args, program[0], environment, out)
    from amq.runtime import host

    host.check_program(program[0], environment)
    for handle in handles:
        try:
            return _run_as(handle, args, program, environment, out)
        except host.Taken:
            if args.handle != AUTO:
                raise
    raise HostFailed(f"{program[0]} has no free handle", hint="choose one: amq run --as HANDLE -- …")


def _run_as(handle: str, args: Namespace, program: list[str], environment: dict[str, str], out: Output) -> int:
    """Host the program as the agent HANDLE; raises Taken, before it is started, if that agent has a notifier."""
    from amq.record import replace
    from amq.runtime import host, launch, notice_settings, resource_limits
    from amq.runtime.at_start import at_start
    from amq.runtime.private_state import planned_run

    profile, source = _profile(args, program, environment)
    if args.check:
        from amq.runtime import launch_preview

        known = launch_preview.installed(profile, program[0], environment, private_directory(), __version__)
        return _say(known, launch_preview.verdict, out)
    notices, faults = notice_settings.chosen(environment, args.notice, args.notice_command)
    chosen = _options(args, notices, environment)
    if args.explain:
        from amq.runtime import launch_preview

        queue = QueueLayout(queue_root(args, environment).value)
        private = private_directory(queue.root)
        files, trust = planned_run(private, queue.root, handle), trust_of(args, queue.root)
        start = at_start(profile, program, environment, handle, chosen, files, trust)
        planned = launch.plan(profile, program, environment, queue, handle, chosen, files, "…", start)
        return _say(launch_preview.explained(planned, source, native=args.native), launch_preview.text, out)
    if chosen.allowed.is_fault:
        out.warn(f"{handle} may not use amq without asking: {chosen.allowed.why}")
    for fault in faults:
        if fault not in chosen.allowed.why:  # of a file that does not count at all
            out.warn(fault)
    mailbox = ensure_mailbox(args, handle, environment, out)
    trust = trust_of(args, mailbox.account.queue.root)
    if chosen.wake and mailbox.has_new() and (reason := settled(trust, out, may_ask=not args.no_ask)):
        chosen = replace(chosen, wake=False, untrusted=reason)
    if chosen.wake and (short := resource_limits.shortage()):
        out.warn(f"amq does not notify {handle} of mail: {short}")
        chosen = replace(chosen, wake=False, shortage=short)
    if args.handle == AUTO and not chosen.wake:
        why_not = f"amq cannot keep {handle} for it: {chosen.untrusted or chosen.shortage}"
        raise HostFailed(why_not, hint=f"name the agent: amq run --as {handle} -- …")
    if chosen.wake and not profile.rules.known:
        wake_options.say_unknown(program[0], out)
    return host.run(mailbox, program, environment, profile, chosen, trust, out.warn, out.note)


def _say(told: dict[str, Any], text: Callable[[dict[str, Any]], str], out: Output) -> int:
    if out.json:
        out.value(told)
    else:
        out.data(visible_lines(text(told)) + "\n")
    return 0


def _profile(args: Namespace, program: list[str], environment: Mapping[str, str]) -> tuple[Profile, str]:
    """Return the profile of PROGRAM, and its source."""
    from amq.runtime.agents.profile import with_prompt
    from amq.runtime.agents.profile_choice import BUILT_IN, chosen
    from amq.runtime.launch import behind

    profile, source = chosen(args.profile, program[0], environment)
    if source == BUILT_IN:
        profile = behind(profile, program)
    return (profile if args.prompt is None else with_prompt(profile, args.prompt)), source


def _options(args: Namespace, notices: NoticeSettings, environment: Mapping[str, str]) -> Options:
    from amq.runtime.consent import is_amq_allowed
    from amq.runtime.launch import Options

    return Options(
        amq=__version__,
        wake=not args.no_wake,
        says_handle=args.handle == AUTO,
        denies_leased=args.deny_leased,
        hooks=args.hooks,
        allowed=is_amq_allowed(environment, args.allow_amq),
        labels=args.tmux_labels,
        plugin=args.plugin if args.plugin is not None else args.native or None,
        native=args.native,
        notices=notices,
        policy=wake_options.policy(args),
        preview_chars=wake_options.preview(args),
    )


def _handles(args: Namespace, program: str, environment: Mapping[str, str], out: Output) -> Iterator[str]:
    """Return the handle of the agent to start; with `--as auto` all free ones of PROGRAM, best first."""
    handle = _handle(args, program, environment)
    if args.handle != AUTO:
        return iter([handle])
    if args.no_wake:
        what = f"--as {AUTO} cannot be used with --no-wake: an agent that is not notified looks free"
        raise UsageError(what, hint="name the agent: amq run --as HANDLE --no-wake -- …")
    root = queue_root(args, environment).value  # may be missing: another process may make it now
    if os.path.exists(root):
        accept(args, root, hosting=True)
    from amq.runtime.free_handle import free_handles

    return free_handles(QueueLayout(root), program, private_directory(root), out.warn)


def _handle(args: Namespace, program: str, environment: Mapping[str, str]) -> str:
    """Return the handle of the agent to start. AM_ME is ignored: in an agent's own shell it names that agent."""
    chosen = args.me if args.handle is None else "" if args.handle == AUTO else args.handle
    handle = chosen or handle_from(program)
    if not handle:
        raise UsageError(f"cannot make a handle from {program}", hint="name the agent: amq run --as HANDLE -- …")
    handle = typed_handle(handle, lambda known: _is_known(args, known, environment), "--as")
    if handle == USER:
        raise UsageError(f"{USER} is the user's handle; amq run hosts only agents", hint="choose another: --as HANDLE")
    return handle


def _is_known(args: Namespace, handle: str, environment: Mapping[str, str]) -> bool:
    """Return whether HANDLE is an agent of the queue, if there is one yet."""
    found = config.find_root(args.root, environment, config.cwd_or_empty())
    if found is None:
        return False
    accept(args, found.value, hosting=True)
    return registry.is_known(QueueLayout(found.value), handle)


def queue_root(args: Namespace, environment: Mapping[str, str]) -> config.Setting:
    """Return the existing queue, or where one would be made."""
    directory = config.cwd_or_empty()
    found = config.find_root(args.root, environment, directory)
    return found or config.new_root(args.root, environment, directory)


def ensure_mailbox(args: Namespace, handle: str, environment: Mapping[str, str], out: Output) -> Mailbox:
    """Return the agent's mailbox, made with a note if it is missing.

    It prints no warnings later, because the screen is then the program's.
    """
    found = queue_root(args, environment)
    say_if_above(found, out)
    root, queue = found.value, QueueLayout(found.value)
    check_queue(args, root, out, hosting=True)
    if not registry.has_mailbox(queue.agent(handle)):
        is_new = not os.path.exists(root)
        registry.make_queue(queue, tracked=False)
        registry.register(queue, [handle], time.time_ns())
        out.note(_what_was_made(root, handle, is_new=is_new))
    elif not _is_registered(queue, handle, out):
        registry.register(queue, [handle], time.time_ns())
        out.note(f"registered {handle} in {root}")
    mailbox = Mailbox(root, handle, strict=args.strict)
    complain_no_more()
    return mailbox


def _what_was_made(root: str, handle: str, *, is_new: bool) -> str:
    """Return what was created, where, and how to undo it, on one line."""
    if not is_new:
        return f"created a mailbox for {handle} in {root}; to undo this later: amq agent remove {handle}"
    from amq.quoting import shell

    return f"created a queue with a mailbox for {handle}: {root}; to undo this later: rm -r {shell(root)}"


def _is_registered(queue: QueueLayout, handle: str, out: Output) -> bool:
    """Return whether mail to `@all` reaches it. An unreadable registry is reported, and does not stop the agent."""
    try:
        return handle in (registry.read_registry(queue) or ())
    except AmqError as error:
        out.warn(error.message)
        return True
