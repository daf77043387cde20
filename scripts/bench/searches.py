"""Measure a search of many messages, each with its sender's copy: bring the index up to date, then find the newest."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

from commands import queue_in
from measure import Bench, Figure, figure

from amq.layout import RootedPath
from amq.mail import search_index, searching
from amq.mail.mailbox import Mailbox
from amq.mail.message_filter import Filter
from amq.mail.search_terms import parse_query

WORD = "body"  # of every message
MOST = 20


def search(bench: Bench) -> Iterator[Figure]:
    """Measure both parts in this process: the start of Python is that of every command."""
    updates, hits = [], []
    with queue_in(bench) as queue:
        queue.fill(bench.sizes.growth[-1], sent=True)
        place = Path(queue.root).with_name("caches")
        place.mkdir()
        mailbox = Mailbox(queue.root, "bob", caches=lambda: RootedPath(str(place)))
        bench.say("search: the index is made")
        assert len(mailbox.search(WORD, limit=MOST)) == MOST
        for run in range(bench.sizes.runs):
            bench.say(f"search, {run + 1} of {bench.sizes.runs}")
            update, found = once(mailbox)
            updates.append(update)
            hits.append(found * 1000)
    yield figure("search", hits)
    yield figure("search-update", updates)


def once(mailbox: Mailbox) -> tuple[float, float]:
    """Return two times in seconds.

    The first one is the processor's, to list all directories and compare them with the index: in a second of real time
    others may run. The second one is that until the hits have been found and read.
    """
    account = mailbox.account
    queue = Path(account.queue.agents).stat()
    begun = time.process_time()
    found = searching.Search(account, parse_query(WORD), Filter(), MOST, searching.BOXES, ())
    with search_index.opened(account.cache_directory(), f"{queue.st_dev} {queue.st_ino}") as index:
        unknown = index.update(found.places, whole=True, progress=lambda *_: None)
        update = time.process_time() - begun
        updated = time.perf_counter()
        assert len(found.known(index, unknown)) == MOST
        return update, time.perf_counter() - updated
