"""`amq run`: host an agent's CLI and tell it of its mail."""

from __future__ import annotations

import os
import time

from amq import config
from amq.cli.session import check_queue
from amq.errors import AmqError, HostFailed, UsageError
from amq.layout import QueueLayout
from amq.mailbox import Mailbox
from amq.names import PERSON, check_handle, handle_from
from amq.store import registry

TYPE_CHECKING = False
if TYPE_CHECKING:
    from argparse import ArgumentParser, Namespace
    from collections.abc import Mapping

    from amq.cli.output import Output


SUMMARY = "host an agent's CLI, and type a line into it when mail comes (experimental)"
USAGE = "[--as HANDLE] [--no-wake] -- PROGRAM [ARG…]"
STRAY = "--"
EXAMPLES = """\
  amq run -- claude                 as the agent `claude`
  amq run --as reviewer -- codex -m o3
  amq run --no-wake -- bash         only a terminal that knows its mailbox
"""
NOTES = """\
Experimental. The line is typed only where it can do no harm: into no half-typed line of yours, no dialog, and no
program that does not show what is typed into it. It is submitted when exactly that line is seen in the input row
of Claude Code or Codex, or at the cursor of any other program; otherwise it is left without Enter."""


def options(parser: ArgumentParser) -> None:
    """The options of its own; the program and its arguments stand behind `--`."""
    parser.add_argument("--as", dest="handle", metavar="HANDLE", help="the agent's handle (else the program's name)")
    parser.add_argument("--no-wake", action="store_true", help="only host the program, type nothing into it")


def run(args: Namespace, out: Output) -> int:
    """The program's own exit status; 125 to 127 if it could not be hosted."""
    if os.name == "nt":
        raise HostFailed("amq run needs pseudo-terminals, which Windows does not have")
    program: list[str] = list(args.program or ())
    if not program:
        raise UsageError("no program to run", hint="put it behind two dashes: amq run -- claude")
    environment = config.environment()
    handle = _handle(args, program[0])
    from amq.runtime import session

    session.check_program(program[0], environment)
    mailbox = _mailbox(args, handle, environment, out)
    return session.run(mailbox, program, environment, wake=not args.no_wake)


def _handle(args: Namespace, program: str) -> str:
    """AM_ME is not asked: in an agent's own shell it names that agent, not the one being started."""
    handle = args.handle or args.me or handle_from(program)
    if not handle:
        raise UsageError(f"no handle can be made of {program}", hint="name the agent: amq run --as HANDLE -- …")
    if handle == PERSON:
        raise UsageError(f"{PERSON} is the person; nothing is ever typed for it", hint="take another --as HANDLE")
    return check_handle(handle, "--as")


def _mailbox(args: Namespace, handle: str, environment: Mapping[str, str], out: Output) -> Mailbox:
    """The agent's mailbox, made if need be, which is said. It warns of nothing later: the screen is the program's."""
    directory = os.getcwd()
    found = config.find_root(args.root, environment, directory)
    root = (found or config.new_root(args.root, environment, directory)).value
    queue = QueueLayout(root)
    if found is not None:
        check_queue(args, root, out)
    if not registry.has_mailbox(queue.agent(handle)):
        registry.make_queue(queue, tracked=False)
        registry.register(queue, [handle], time.time_ns())
        out.note(f"made a mailbox for {handle} in {root}")
    elif not _is_registered(queue, handle, out):
        registry.register(queue, [handle], time.time_ns())
        out.note(f"registered {handle} in {root}")
    return Mailbox(root, handle, strict=args.strict)


def _is_registered(queue: QueueLayout, handle: str, out: Output) -> bool:
    """Whether mail to everybody reaches it. A registry that can not be read is said, and does not keep it from work."""
    try:
        return handle in (registry.read_registry(queue) or ())
    except AmqError as error:
        out.warn(error.message)
        return True
