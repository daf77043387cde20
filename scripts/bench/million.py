"""Measure commands beside a million messages, and beside ten thousand: what they cost must not depend on that.

Where a command has to list a directory, the kernel's time for that alone is beside it. These rows take minutes and
5 GB of disk, so they are left out unless `--million` asks for them.
"""

from __future__ import annotations

import statistics
import sys
from collections.abc import Callable, Iterator

from commands import cost, queue_in
from inboxes import Queue
from measure import AMQ, Bench, Figure, figure, over
from processes import nanoseconds_used
from top import shown

from amq.mail.mailbox import Mailbox
from amq.mail.sending import Draft
from amq.names import USER

SMALL, LARGE = "10,000", "1,000,000"
FEW = 20
COMMANDS: dict[str, tuple[str, ...]] = {
    "send": ("send", "--me", "alice", "--to", "bob", "--body", "Done."),
    "drain": ("drain", "--me", "bob", "--limit", str(FEW)),
    "list": ("list", "--me", "bob", "--limit", "50"),
    "search": ("search", "--me", "bob", "--limit", str(FEW), "body"),
    "who": ("who", "--me", "bob"),
}
NAMES = (*COMMANDS, "top", "top-drawn")
STATES = ("read", "unread")
KEYS = tuple(f"million-{state}-{name}" for state in STATES for name in NAMES)
LIST = "import os, sys\nfor path in sys.argv[1:]: os.listdir(path)"
"""The floor: list the directories of a mailbox and of its sender's copies."""


def million(bench: Bench) -> Iterator[Figure]:
    """Measure all commands in both states, each in units of what it costs beside the small mailbox."""
    small, large = bench.sizes.million
    for state in STATES:
        with queue_in(bench) as few, queue_in(bench) as many:
            for queue, size in ((few, small), (many, large)):
                bench.say(f"{size:,} messages are written")
                fill(queue, size, is_read=state == "read")
            floor = (sys.executable, "-c", LIST, *map(str, many.boxes()))
            for name in NAMES:
                key = f"million-{state}-{name}"
                if key in bench.wanted:
                    ways = {"few": way(name, few), "many": way(name, many), "floor": cost(floor)}
                    took = bench.in_turns(ways, bench.sizes.few)
                    unit = statistics.median(took["few"])
                    yield figure(key, over(took["many"], unit), {"os.listdir": over(took["floor"], unit)})


def fill(queue: Queue, size: int, *, is_read: bool) -> None:
    """Let SIZE messages be in the mailbox, with their sender's copies; if all are read, a few more are new."""
    queue.add(size, sent=True, read=is_read)
    queue.add(FEW * 10 * is_read)
    Mailbox(queue.root, USER)


def way(name: str, queue: Queue) -> Callable[[], float]:
    """Return the way that measures NAME beside QUEUE, in seconds of the processor."""
    if name in COMMANDS:
        return cost((AMQ, *COMMANDS[name], "--root", queue.root))
    return lambda: of_top(queue, is_drawn_again=name == "top-drawn")


def of_top(queue: Queue, *, is_drawn_again: bool) -> float:
    """Return the processor's seconds until the first picture; or from a send until that is drawn."""
    with shown(queue) as screen:
        screen.until(b"A message")
        before = nanoseconds_used([screen.pid])
        if not is_drawn_again:
            return before / 1e9
        screen.quiet(1.0)
        before = nanoseconds_used([screen.pid])
        Mailbox(queue.root, "alice").send([USER], b"hello", Draft(subject="Redrawn"))
        screen.until(b"Redrawn")
        return (nanoseconds_used([screen.pid]) - before) / 1e9
