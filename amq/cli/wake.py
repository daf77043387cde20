"""`amq wake`: tell an agent of its mail that runs in a terminal of its own."""

from __future__ import annotations

import os

from amq import config
from amq.cli.options import duration
from amq.cli.session import open_mailbox
from amq.errors import HostFailed, UsageError
from amq.names import PERSON

TYPE_CHECKING = False
if TYPE_CHECKING:
    from argparse import ArgumentParser, Namespace

    from amq.cli.output import Output
    from amq.runtime.channels.ways import Place

VIA = ("auto", "tmux", "kitty", "screen", "tiocsti", "command", "notice")
MODES = ("auto", "raw", "paste")

SUMMARY = "tell an agent of its mail that runs in a terminal of its own, not under `amq run`"
USAGE = "[--via WAY] [--submit] [--debounce 250ms] [--inject-cmd TEXT] [--command LINE]  or  --check"
EXAMPLES = """\
  export AM_ME=claude
  amq wake &                        then start the agent, in the same terminal
  amq wake --check                  which ways work here, and why the others do not
  amq wake --via command --command 'curl -d "$1" localhost:9000'   the line, to a command of yours"""
NOTES = """\
`amq run` is the better way: it sees the screen and every key. From outside, tmux, kitty and screen show what stands in
the input line; by tiocsti nothing is seen. So Enter is pressed only where the screen shows exactly our line, or where
the program has a key that its dialogs ignore (Claude Code from 2.1.330: Ctrl-X Enter). Elsewhere the line is left for
you to send. With --submit Enter is pressed all the same: should a dialog be open at that moment, Enter approves it."""


def options(parser: ArgumentParser) -> None:
    """The options of its own."""
    parser.add_argument("--via", choices=VIA, default="auto", help="how to reach the agent (auto: the best that works)")
    parser.add_argument("--check", action="store_true", help="say what each way sees here, or why it does not work")
    parser.add_argument("--submit", action="store_true", help="press Enter even unseen; it may answer a dialog")
    parser.add_argument("--command", default="", metavar="LINE", help="for --via command: run by sh, the line is $1")
    parser.add_argument("--inject-cmd", metavar="TEXT", help="type this instead of the notification")
    parser.add_argument("--inject-mode", choices=MODES, default="auto", help="type it raw or as a bracketed paste")
    parser.add_argument("--debounce", type=duration, default=0.0, metavar="250ms", help="wait for more mail before")


def run(args: Namespace, out: Output) -> int:
    """0 when the terminal is gone or a signal came."""
    if os.name == "nt":
        raise HostFailed("amq wake needs Linux, macOS or WSL")
    from amq.pty import borrowed
    from amq.runtime import waker
    from amq.runtime.channels.blind import Mode
    from amq.runtime.channels.ways import WAYS, Place

    mailbox = open_mailbox(args, out)
    if mailbox.account.me == PERSON:
        raise UsageError(f"{PERSON} is the person; nothing is typed for it", hint="name the agent: --me HANDLE")
    place = Place(
        me=mailbox.account.me,
        environment=config.environment(),
        terminal=borrowed.open_own(),
        command=args.command,
        mode=Mode(args.inject_mode),
        submit=args.submit,
    )
    if args.check:
        return _check(out, [(way.name, way.sees, way.why_not(place)) for way in WAYS])
    way = waker.choose(args.via, place)
    return waker.run(mailbox, way, place, lambda: out.note(f"telling {place.me} of its mail by {way.name}"))
