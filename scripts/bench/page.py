"""Measure `amq page`, and a browser that shows it, beside queues of several sizes."""

from __future__ import annotations

import re
import shutil
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http.client import HTTPConnection
from pathlib import Path

from commands import watched_queues
from inboxes import Queue
from measure import AMQ, Bench, Figure, figure
from processes import percent_used, resident

from amq.mail.mailbox import Mailbox
from amq.mail.sending import Draft
from amq.names import USER
from tests.page.browser import DESK, Browser

KEYS = ("page", "page-drawn", "page-memory", "page-rest", "page-rest-viewed")
DRAWN = """
window.drawn = new Map();
new MutationObserver(() => {
  const now = performance.timeOrigin + performance.now();
  for (const each of document.querySelectorAll("#list .subject"))
    if (!drawn.has(each.textContent)) drawn.set(each.textContent, now);
}).observe(document.getElementById("view"), { childList: true, subtree: true });
"""
"""Notes when each subject has appeared among the elements of the page, in milliseconds since the epoch."""


@dataclass(frozen=True)
class Page:
    """A page that is served by the process PID."""

    pid: int
    address: str
    token: str
    started_s: float


def page(bench: Bench) -> Iterator[Figure]:
    """Measure the start, then the same process at rest, with a browser, and after a send (Linux)."""
    if not (shutil.which("chromium") and shutil.which("chromedriver")):
        bench.leave_out("the page: chromium and chromedriver")
        return
    for name, queue in watched_queues(bench, KEYS):
        yield from _of(bench, queue, name)


def _of(bench: Bench, queue: Queue, name: str) -> Iterator[Figure]:
    starts = []
    for run in range(bench.sizes.few):
        bench.say(f"page of {name}, {run + 1} of {bench.sizes.few}")
        with served(queue) as found:
            starts.append(found.started_s)
    with served(queue) as found:
        time.sleep(bench.sizes.settle)
        alone = [_percent(bench, found, f"page of {name}: at rest") for _ in range(bench.sizes.few)]
        browser = Browser(bench.place / f"chromium-{name}")
        try:
            browser.looks(DESK)
            browser.open(f"{found.address}#{found.token}")
            browser.shows("A message", "#list")
            drawn = list(_drawn(bench, browser, queue, name))
            time.sleep(bench.sizes.settle)
            viewed = [_percent(bench, found, f"page of {name}: viewed") for _ in range(bench.sizes.few)]
            megabytes = [resident(found.pid)]
        finally:
            browser.close()
    yield figure(f"page-{name}", starts)
    yield figure(f"page-drawn-{name}", drawn)
    yield figure(f"page-memory-{name}", megabytes)
    yield figure(f"page-rest-{name}", alone)
    yield figure(f"page-rest-viewed-{name}", viewed)


def _drawn(bench: Bench, browser: Browser, queue: Queue, name: str) -> Iterator[float]:
    """Yield the milliseconds from the end of each send until its subject is in the page."""
    alice = Mailbox(queue.root, "alice")
    browser.run(DRAWN)
    for run in range(bench.sizes.runs):
        bench.say(f"page of {name}: send, {run + 1} of {bench.sizes.runs}")
        time.sleep(bench.sizes.settle)
        subject = f"No{run:04}x"
        alice.send([USER], b"hello", Draft(subject=subject))
        sent = time.time()
        browser.until(lambda subject=subject: browser.run("return drawn.has(arguments[0])", subject))
        yield browser.run("return drawn.get(arguments[0])", subject) - sent * 1000


def _percent(bench: Bench, found: Page, what: str) -> float:
    bench.say(what)
    return percent_used(found.pid, lambda: time.sleep(4 * bench.sizes.settle))


@contextmanager
def served(queue: Queue) -> Iterator[Page]:
    """Run `amq page` for the time of a block. It has started when it has answered a request."""
    begun = time.perf_counter()
    words = [AMQ, "--root", queue.root, "--me", USER, "page"]
    with subprocess.Popen(words, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, cwd=Path("/")) as process:
        assert process.stdout
        address = re.search(r"(http://127\.0\.0\.1:(\d+)/)#(\w+)", process.stdout.readline().decode())
        assert address
        connection = HTTPConnection("127.0.0.1", int(address[2]))
        connection.request("GET", "/")
        connection.getresponse().read()
        started = time.perf_counter() - begun
        connection.close()
        try:
            yield Page(process.pid, address[1], address[3], started)
        finally:
            process.terminate()
            process.stdout.close()
