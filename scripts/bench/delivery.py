"""Measure durable delivery: one process that sends again and again, beside C; and one message to many recipients."""

from __future__ import annotations

import statistics
import subprocess
import sys
import time
from collections.abc import Iterator

from commands import queue_in
from inboxes import Queue
from measure import Bench, Figure, Way, figure
from peer import SOURCES, compiled

from amq.mail.mailbox import Mailbox
from amq.mail.sending import Draft

BODY = b"A line of the body.\n" * 20
MANY = tuple(f"agent{number}" for number in range(16))


def durable(bench: Bench) -> Iterator[Figure]:
    """Measure sends in one process, as a share of the speed at which C takes these steps."""
    program = compiled(bench, "send")
    if program is None:
        return
    with queue_in(bench) as queue:
        count = bench.sizes.sends
        mailbox = Mailbox(queue.root, "alice")
        sent = mailbox.send(["bob"], BODY)
        message = queue.inbox / f"{sent.id}.md"

        def peer(*program: str) -> Way:
            words = [*program, queue.root, "alice", "bob", str(count), str(message)]
            return lambda: float(subprocess.run(words, stdout=subprocess.PIPE, check=True).stdout)

        ways = {
            "sends": lambda: sends(mailbox, ["bob"], count),
            "sends in C": peer(program),
            "bare Python": peer(sys.executable, str(SOURCES / "send.py")),
        }
        took = bench.in_turns(ways, bench.sizes.runs)
    unit = statistics.median(took["sends in C"])
    speeds = {name: [unit / each for each in values] for name, values in took.items()}
    yield figure("durable", speeds["sends"], {"bare Python": speeds["bare Python"]})


def fan_out(bench: Bench) -> Iterator[Figure]:
    """Measure one message to several recipients, beside one message to each."""
    with queue_in(bench) as queue:
        mailbox = with_many(queue)
        for key, number in (("to-4", 4), ("to-16", 16)):
            if key in bench.wanted:
                to = MANY[:number]
                ways = {
                    f"one send to {number}": lambda to=to: sends(mailbox, to, 1),
                    f"{number} sends": lambda to=to: sum(sends(mailbox, [each], 1) for each in to),
                }
                one, several = bench.in_turns(ways, bench.sizes.runs).values()
                unit = statistics.median(several)
                yield figure(key, [unit / each for each in one])


def with_many(queue: Queue) -> Mailbox:
    """Return alice's mailbox, in a queue where all the recipients have theirs."""
    mailbox = Mailbox(queue.root, "alice")
    for handle in MANY:
        mailbox.send([handle], BODY, create=True)
    return mailbox


def sends(mailbox: Mailbox, to: list[str] | tuple[str, ...], count: int) -> float:
    """Return the seconds for COUNT messages to all of TO."""
    begun = time.perf_counter()
    for _ in range(count):
        mailbox.send(to, BODY, Draft(thread="plan/parser"))
    return time.perf_counter() - begun
