"""`amq init`: create the queue of a project, or add agents to it."""

from __future__ import annotations

import time

from amq import config
from amq.cli.open_mailbox import check_queue, private_directory
from amq.cli.options import handles
from amq.errors import AmqError, UsageError, why
from amq.layout import QueueLayout
from amq.names import check_handle
from amq.store import registry

TYPE_CHECKING = False
if TYPE_CHECKING:
    from argparse import ArgumentParser, Namespace

    from amq.cli.output import Output

USAGE = "[--agents A,B] [--force] [--here] [--tracked]"
EXAMPLES = """\
  amq init --agents claude,codex     a queue at the top of this git repository, with two mailboxes
  amq init --agents gemini           add an agent to the existing queue
  amq init --root ~/mail/team        a queue elsewhere; missing directories above it are made
  amq init --agents a,b --force      register exactly a and b; no mail is removed"""
LIKELY_MISSING_OPTION = "--agents"


def options(parser: ArgumentParser) -> None:
    """Add the command's options."""
    parser.add_argument("--agents", type=handles, default=[], metavar="A,B", help="handles to register")
    parser.add_argument("--force", action="store_true", help="register exactly these agents")
    parser.add_argument("--here", action="store_true", help="create the queue in this directory")
    parser.add_argument("--tracked", action="store_true", help="let git track the mail (write no .gitignore)")


def run(args: Namespace, out: Output) -> int:
    """Make the missing parts of the queue and the mailboxes."""
    if args.force and not args.agents:
        raise UsageError(
            "--force without --agents would empty the registry", hint="name the agents to keep: --agents A,B"
        )
    for handle in args.agents:
        check_handle(handle, "--agents")
    environ, cwd = config.environment(), config.cwd_or_empty()
    found = None if args.here else config.find_root(args.root, environ, cwd)
    root = (found or config.new_root(args.root, environ, cwd, here=args.here)).value
    check_queue(args, root, out)
    if found is not None:
        where = "above this repository" if found.source == config.ABOVE else "that is there"
        out.note(f"using the queue {where}: {root}")
    queue = QueueLayout(root)
    registry.make_queue(queue, tracked=args.tracked, parents=args.root is not None)
    if args.tracked and found is None:
        _trust(root, out)
    agents = registry.register(queue, args.agents, time.time_ns(), replace=args.force)
    if out.json:
        out.value({"root": root, "agents": agents})
    else:
        out.line(f"Initialized AMQ root at {root}")
    return 0


def _trust(root: str, out: Output) -> None:
    """Record that the user trusts this queue: tracked by git, it looks like one that came with a clone."""
    from amq.runtime.trust import trust

    try:
        trust(root, private_directory(root))
    except (AmqError, OSError) as error:
        out.warn(f"cannot record that you trust this queue: {why(error)}")
