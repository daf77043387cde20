"""`amq wait`: wait until an agent is idle, asks the user, or has read its mail."""

from __future__ import annotations

from amq.cli.open_mailbox import open_mailbox, private_directory
from amq.cli.options import duration, handles
from amq.errors import AmqError, NotFound, TimedOut
from amq.mail import all_mailboxes
from amq.record import record
from amq.store import maildir, registry
from amq.store.durable import Directory
from amq.store.notifier_info import read_notifier

TYPE_CHECKING = False
if TYPE_CHECKING:
    from argparse import ArgumentParser, Namespace
    from collections.abc import Sequence
    from typing import Any

    from amq.cli.output import Output
    from amq.mail.mailbox import Mailbox
    from amq.runtime.state_file import ReportedState
    from amq.store.notifier_info import Notifier

USAGE = "AGENT… --idle|--blocked|--drained|--any [--all] [--timeout 60s]"
EXAMPLES = """\
  amq wait codex --idle                          wait until codex has finished its turn
  amq wait claude codex --blocked --timeout 0    wait until one of them asks you something
  amq wait claude codex --drained --all          wait until both have read their mail"""
NOTES = """\
The first agent that is so ends the wait; with --all, they all have to be so at once. What is so already ends it at
once: after amq send, wait for --drained first, because an idle agent is idle until the message has reached it. --any
waits for the next change of what an agent does. What an agent does is known only while amq run or amq wake notifies it;
if that ends, the wait ends with exit code 1. A wait that times out ends with exit code 4."""

LOOK_EVERY_S = 1.0
"""Seconds between looks without an event: no file shows that a notifier was killed."""
IDLE, BLOCKED, DRAINED, ANY = "idle", "blocked", "drained", "any"
_HELP = {
    IDLE: "until it waits for a line",
    BLOCKED: "until it asks the user something",
    DRAINED: "until it has no unread mail",
    ANY: "until what it does changes",
}


@record
class Sight:
    """An agent at one look."""

    handle: str
    unread: int
    notifier: Notifier | None
    state: ReportedState | None

    @property
    def doing(self) -> tuple[str, str]:
        """Return what it does, and what it asks the user, "" where that is not known."""
        return (self.state.activity.value, self.state.question) if self.state else ("unknown", "")

    def words(self, condition: str) -> str:
        """Return its handle, and what matters to CONDITION: its state, or its mail."""
        if condition == DRAINED:
            return f"{self.handle}: {f'{self.unread} unread' if self.unread else 'drained'}"
        return f"{self.handle}: {self.state.words() if self.state else self.doing[0]}"

    def wire(self) -> dict[str, Any]:
        """Return it as JSON."""
        return {"handle": self.handle, "unread": self.unread, **(self.state.wire() if self.state else {})}


def is_met(condition: str, first: Sight, now: Sight) -> bool:
    """Return whether the agent, which was as FIRST at the first look, is NOW as CONDITION says."""
    if condition == DRAINED:
        return not now.unread
    if condition == ANY:
        return first.doing != now.doing
    return now.doing[0] == {IDLE: "idle", BLOCKED: "asks"}[condition]


def options(parser: ArgumentParser) -> None:
    """Add the command's options."""
    parser.add_argument("agents", nargs="+", type=handles, metavar="HANDLE", help="the agents, with blanks or commas")
    condition = parser.add_mutually_exclusive_group(required=True)
    for name, text in _HELP.items():
        condition.add_argument(f"--{name}", dest="condition", action="store_const", const=name, help=text)
    parser.add_argument("--all", action="store_true", help="wait until all of them are so (default: the first)")
    parser.add_argument(
        "--timeout", type=duration, default=60.0, metavar="60s", help="time to wait (default 60s; 0: no limit)"
    )


def run(args: Namespace, out: Output) -> int:
    """Print the agents for which the wait has ended; return the exit code of TimedOut if it has not."""
    mailbox = open_mailbox(args, out, anyone=True)
    named = dict.fromkeys(mailbox.account.named(word, "HANDLE") for words in args.agents for word in words)
    all_mailboxes.agents(mailbox.account, list(named))
    met, last = _wait(mailbox, list(named), args.condition, every=args.all, seconds=args.timeout)
    event = args.condition if met else "timeout"
    if out.json:
        out.value({"event": event, "agents": [sight.wire() for sight in met or last]})
    elif met:
        out.data("".join(f"{sight.words(args.condition)}\n" for sight in met))
    else:
        out.line(f"timeout: {'; '.join(sight.words(args.condition) for sight in last)}")
    return 0 if met else TimedOut.exit_code


def _wait(
    mailbox: Mailbox, named: Sequence[str], condition: str, *, every: bool, seconds: float
) -> tuple[list[Sight], list[Sight]]:
    """Return the agents that are as CONDITION says, none after SECONDS (0: no limit), and all agents at the last look.

    EVERY: all of them have to be so at one look. Raises AmqError if an agent is gone, or what it does cannot be known.
    """
    from amq.runtime.file_events import FileEvents, of_agent
    from amq.runtime.stat_polling import now

    queue = mailbox.account.queue
    private = private_directory(queue.root)

    begun, first = now(), dict[str, Sight]()
    with FileEvents() as events:
        while True:
            events.follow(place for handle in named for place in of_agent(queue, handle, private))
            seen = [_look(mailbox, handle, first.get(handle), condition) for handle in named]
            first = first or {sight.handle: sight for sight in seen}
            met = [sight for sight in seen if is_met(condition, first[sight.handle], sight)]
            if len(met) == len(seen) or (met and not every):
                return met, seen
            left = seconds - (now() - begun) if seconds else LOOK_EVERY_S
            if left <= 0:
                return [], seen
            events.wait(min(left, LOOK_EVERY_S))


def _look(mailbox: Mailbox, handle: str, first: Sight | None, condition: str) -> Sight:
    """Return the agent HANDLE, which was as FIRST at the first look. Raises AmqError if CONDITION cannot be met."""
    from amq.runtime.state_file import state_of

    queue = mailbox.account.queue
    agent = queue.agent(handle)
    if first and not registry.has_mailbox(agent):
        raise NotFound(f"{handle} was removed meanwhile: its mailbox is not there any more")
    notifier = read_notifier(agent)
    if notifier is None and condition != DRAINED and not (first and condition == ANY):
        raise _not_notified(handle, first)
    state = state_of(private_directory(queue.root), queue, handle, notifier)
    return Sight(handle, _unread(mailbox, handle), notifier, state)


def _not_notified(handle: str, first: Sight | None) -> AmqError:
    if first and first.notifier:
        was = f"amq {first.notifier.how}, process {first.notifier.pid}"
        return AmqError(f"the notifier of {handle} has ended ({was}), so its state is not known any more")
    return AmqError(
        f"nothing notifies {handle}, so its state is not known", hint="host it: amq run -- PROGRAM; see amq who"
    )


def _unread(mailbox: Mailbox, handle: str) -> int:
    try:
        with Directory(mailbox.account.queue.agent(handle).inbox_new) as new:
            return len(maildir.message_ids(new))
    except FileNotFoundError:  # another program's mailbox may lack some directories
        return 0
