"""`amq wake`: notify an agent that runs in its own terminal."""

from __future__ import annotations

import os
from functools import partial

from amq import __version__, config
from amq.cli import wake_options
from amq.cli.commands.trust import settled, trust_of
from amq.cli.open_mailbox import open_mailbox
from amq.errors import HostFailed, UsageError
from amq.names import USER

TYPE_CHECKING = False
if TYPE_CHECKING:
    from argparse import ArgumentParser, Namespace

    from amq.cli.output import Output
    from amq.runtime.agents.profile import Profile
    from amq.runtime.channels.registry import ChannelSpec, LaunchContext
    from amq.runtime.trust import Trust

VIA = ("auto", "tmux", "kitty", "screen", "tiocsti", "command", "notice", "native")
NOTICES = ("desktop", "off")
MODES = ("auto", "raw", "paste")

USAGE = "[--check] [--session claude|codex[:PID]] [--via WAY] [options]"
EXAMPLES = """\
  export AM_ME=claude
  amq wake &                        then start the agent in this terminal
  amq wake --check                  show which ways work here, and why others do not
  amq wake --session claude &       notify a Claude Code that you have started without amq
  amq wake --session codex --check  show your open sessions of Codex, and how each can be reached
  amq wake --me user --via notice &                      notify you of your own mail on the desktop
  amq wake --command 'curl -d "$1" localhost:9000' &     pass the line to your own command
"""
NOTES = """\
Prefer `amq run`: it sees the screen and every key you press. From outside, tmux and kitty show the input line of a CLI
that amq knows: amq types only into an empty line, and submits only when the line is exactly its own. GNU screen and
tiocsti show nothing: a line that you have half typed there is submitted together with amq's.

Enter may answer a dialog. So where amq cannot see that none is open, it submits the line only with a key that the
program's dialogs ignore (Claude Code from 2.1.330: Ctrl-X Enter), or leaves the line for you to submit. With --submit
it presses Enter anyway, even in a program whose input line it does not know: that approves a dialog that is open.

amq types the line while the agent's program reads the keyboard: the program that --program names (default: the agent's
handle), or any CLI that amq knows. It types nothing into a program that it does not know, and notifies you instead.
--session notifies a session that is open already, in another terminal. It gets the handle in --me, or the next free one
(claude, claude-2), and the line names it: amq drain --me claude-2. Without a PID it is the only session of that CLI in
this project, or else your only one. In tmux the line is typed as above; elsewhere, or with --via native, it goes by the
CLI's own way: Claude Code's socket, or codex queue. It ends with the session. amq does not see your keys, and by the
CLI's own way not even the screen.

--prompt and --profile describe the program that --program names, and work where amq sees its screen (tmux, kitty).
With --prompt TEXT it types while the row before the cursor is exactly TEXT and nothing is after or below the cursor. It
types nothing where the kernel edits the input line, because it cannot see what you typed ahead. Use --profile for a CLI
behind another program: --program docker --profile claude."""


def options(parser: ArgumentParser) -> None:
    """Add the command's options."""
    parser.add_argument("--check", action="store_true", help="show what each way sees here, or why it does not work")
    parser.add_argument("--via", choices=VIA, default="auto", help="way to reach the agent (auto: the best that works)")
    what = "notify a session that is open in another terminal (only one: no PID needed)"
    parser.add_argument("--session", metavar="CLI[:PID]", help=what)
    own = "the agent's program (default: the name in --me)"
    parser.add_argument("--program", dest="agent_program", default="", metavar="NAME", help=own)
    what = "treat that program as this CLI: a name, or your own file"
    parser.add_argument("--profile", metavar="NAME|FILE", help=what)
    parser.add_argument("--prompt", metavar="TEXT", help="type only while that program shows this prompt")
    parser.add_argument(
        "--submit", action="store_true", help="press Enter without seeing the screen; may answer a dialog"
    )
    parser.add_argument("--no-ask", action="store_true", help="never ask whether to trust the queue; assume no")
    parser.add_argument("--bell", action="store_true", help="ring the bell after notifying the agent")
    parser.add_argument(
        "--command", default="", metavar="LINE", help="for --via command: a line for sh; the notification is $1"
    )
    parser.add_argument("--inject-cmd", default="", metavar="TEXT", help="type this instead of the notification")
    parser.add_argument("--inject-mode", choices=MODES, default="auto", help="type raw or as a bracketed paste")
    wake_options.add_when(parser)
    wake_options.add_notices(parser, NOTICES, "desktop")


def run(args: Namespace, out: Output) -> int:
    """Notify the agent until the terminal is gone or a signal comes, then return 0."""
    if os.name == "nt":
        raise HostFailed("amq wake works only on Linux, macOS or WSL")
    if not args.inject_cmd.isprintable():
        raise UsageError("--inject-cmd takes one line without control characters")
    if args.session is not None:
        from amq.cli import wake_session

        return wake_session.run(args, out)
    if args.via == "native":
        raise UsageError("--via native is for a session that is open elsewhere: add --session")
    from amq.runtime.channels.registry import CHANNELS

    mailbox = open_mailbox(args, out, hosting=True)
    place = _place(args, mailbox.account.me)
    if args.check:
        return _check(out, [(way.name, way.sees, way.why_not(place)) for way in CHANNELS])
    from amq.runtime import sidecar
    from amq.runtime.policy.wake_line import Wording

    notices = wake_options.notices(args, place.environment, mailbox.account.me, out)
    trust = trust_of(args, mailbox.account.queue.root)
    if mailbox.has_new():
        settled(trust, out, may_ask=not args.no_ask)
    way = sidecar.choose("command" if args.command and args.via == "auto" else args.via, place)
    if way.automatic and not args.submit and not _is_known(place):
        wake_options.say_unknown(place.program, out)
    sidecar.run(
        mailbox,
        way,
        place,
        wake_options.policy(args),
        Wording(sidecar.amq_command(place), wake_options.preview(args), args.inject_cmd),
        trust,
        bell=args.bell,
        notices=notices,
        started=partial(_started, way, place, trust, out),
    )
    return 0


def _started(way: ChannelSpec, place: LaunchContext, trust: Trust, out: Output) -> None:
    """Say how the agent is notified, and once for each version that it was neither tested nor certified."""
    from amq.runtime.version_limits import first_warning

    if way.automatic:
        for warning in first_warning(place, trust.private):
            out.note(warning)
    out.note(f"notifying {place.me} of its mail by {way.name}{_left_to_the_user(way, place)}")


def _left_to_the_user(way: ChannelSpec, place: LaunchContext) -> str:
    """Return what the user has to do for each line, as a clause; "" if nothing."""
    from amq.runtime.agents.profile_choice import chosen

    profile = place.profile or chosen(None, place.program or place.me, place.environment)[0]
    has_key = profile.rules.dialog_safe and not profile.submit_needs
    if not way.is_blind or place.submit or has_key:
        return ""
    return (
        ": the line will wait in its input until you press Enter, because amq does not see there whether a dialog is "
        "open; amq run does"
    )


def _place(args: Namespace, me: str) -> LaunchContext:
    from amq.runtime.channels.input_mode import InputMode
    from amq.runtime.channels.registry import LaunchContext

    types = not (args.check or args.command or args.via in ("command", "notice"))
    if me == USER and types:
        raise UsageError(
            f"{USER} is the user's handle; amq types only for agents",
            hint="name the agent: --me HANDLE; or be notified of your own mail: --via notice",
        )
    return LaunchContext(
        me=me,
        environment=config.environment(),
        program=args.agent_program,
        profile=_profile(args, args.agent_program or me),
        command=args.command,
        mode=InputMode(args.inject_mode),
        submit=args.submit,
        amq=__version__,
    )


def _profile(args: Namespace, program: str) -> Profile | None:
    """Return the user's profile of PROGRAM; None if no option gives one."""
    if args.profile is None and args.prompt is None:
        return None
    from amq.runtime.agents.profile import with_prompt
    from amq.runtime.agents.profile_choice import chosen

    profile, _ = chosen(args.profile, program, config.environment())
    return profile if args.prompt is None else with_prompt(profile, args.prompt)


def _is_known(place: LaunchContext) -> bool:
    """Return whether amq knows the input line of the program that the user named."""
    from amq.runtime.agents.profile_choice import chosen

    profile = place.profile or chosen(None, place.program, place.environment)[0]
    return not place.program or profile.rules.known


def _check(out: Output, found: list[tuple[str, str, str]]) -> int:
    if out.json:
        reasons = [{"why_not": why} if why else {} for _, _, why in found]
        named = [{"way": name, "sees": sees, "works": not why} for name, sees, why in found]
        out.value([way | reason for way, reason in zip(named, reasons, strict=True)])
    else:
        for name, sees, why in found:
            out.line(f"{name:8} no: {why}" if why else f"{name:8} works; sees {sees}")
    return 0
