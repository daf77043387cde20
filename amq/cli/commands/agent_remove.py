"""`amq agent remove`: take an agent out of the queue, and keep its mail."""

from __future__ import annotations

import os
from contextlib import contextmanager

from amq.cli.open_mailbox import open_mailbox
from amq.errors import AmqError, UsageError
from amq.names import USER
from amq.store import archive, directories
from amq.store.locks import open_state
from amq.text import visible

TYPE_CHECKING = False
if TYPE_CHECKING:
    from argparse import ArgumentParser, Namespace
    from collections.abc import Iterator

    from amq.cli.output import Output
    from amq.layout import AgentLayout

USAGE = "HANDLE"
EXAMPLES = """\
  amq agent remove gemini      no one can write to gemini any more; its mail is kept
  amq agent restore gemini     undo that"""
NOTES = """\
The mailbox moves whole to removed/ in the queue, with the mail that is still new. Messages that others sent to
the agent or got from it stay with them. An agent that amq run or amq wake notifies is not removed: end it first."""


def options(parser: ArgumentParser) -> None:
    """Add the command's argument."""
    parser.add_argument("handle", metavar="HANDLE", help="the agent")


def run(args: Namespace, out: Output) -> int:
    """Remove the agent; print where its mailbox is now, and how to undo it."""
    account = open_mailbox(args, out, anyone=True).account
    queue, handle = account.queue, account.named(args.handle, "HANDLE")
    if handle == USER:
        raise UsageError(f"{USER} is you: your own mailbox cannot be removed")
    registered = account.registered() or []
    has_mailbox = directories.exists(queue.agent(handle).home)
    if not has_mailbox and handle not in registered:
        raise account.unknown(handle, registered, f"amq init --agents {handle}")
    with _not_hosted(queue.agent(handle), handle, has_mailbox=has_mailbox):
        archived = archive.remove(queue, handle, account.clock())
    if out.json:
        out.value({"handle": handle, **({"archived": archived} if archived else {})})
    elif archived:
        out.line(f"Removed {handle}. Its mailbox is now {archived}; to undo this: amq agent restore {handle}")
    else:
        out.line(f"Removed {handle}, which had no mailbox; to undo this: amq init --agents {handle}")
    return 0


@contextmanager
def _not_hosted(agent: AgentLayout, handle: str, *, has_mailbox: bool) -> Iterator[None]:
    """Hold the notifier's lock, so that no other process hosts the agent meanwhile; raises AmqError if one does."""
    if os.name == "nt" or not has_mailbox:
        yield
        return
    from amq.runtime import notifier_lock

    open_state(agent, agent.state).close()
    try:
        claim = notifier_lock.claim(agent.state, "agent remove")
    except notifier_lock.TakenError as error:
        raise AmqError(
            f"{handle} is running: {visible(error.who)} notifies it",
            hint="end it first: quit it in its terminal, or amq coop down",
        ) from None
    try:
        yield
    finally:
        claim.release()
