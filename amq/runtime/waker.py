"""`amq wake`: tells an agent of its mail that runs in somebody else's terminal."""

from __future__ import annotations

import os
import select
import shutil
import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from types import FrameType

from amq.errors import HostFailed
from amq.mailbox import Mailbox
from amq.runtime import lock, reach, waking
from amq.runtime.channels.ways import WAYS, Place, Way
from amq.runtime.notification import COMMAND, is_typeable
from amq.runtime.record import BoundedFile, Record

AUTO = "auto"
LOOK_EVERY = 0.5  # seconds between looks whether the terminal is still there
ENDING = (signal.SIGHUP, signal.SIGINT, signal.SIGTERM)


class NoWay(HostFailed):
    """The way that was asked for does not work here."""

    code = "no_way"


def choose(via: str, place: Place) -> Way:
    """The way that VIA names; for `auto` the best that reaches the agent. Raises NoWay with the reasons."""
    wanted = [way for way in WAYS if way.name == via or (via == AUTO and way.automatic)]
    reasons = []
    for way in wanted:
        why_not = way.why_not(place)
        if not why_not:
            return way
        reasons.append(f"{way.name}: {why_not}")
    raise NoWay(
        f"no way to wake {place.me} from here ({'; '.join(reasons)})",
        hint="start the agent by `amq run -- PROGRAM`, or start both in tmux; `amq wake --check` explains each way",
    )


def run(mailbox: Mailbox, way: Way, place: Place, started: Callable[[], None]) -> int:
    """Notify the agent until its terminal is gone or a signal comes; STARTED is called when all is ready.

    Raises Taken if another process notifies it.
    """
    state = mailbox.state_dir
    with closing(lock.claim(state, f"wake --via {way.name}")), _until_ended(place) as stop:
        channel = way.open(place)
        started()
        log = BoundedFile(f"{state}/run.log").append
        waking.run(mailbox, channel, Record(state), _command(place, stop), log, stop)
    return 0


@contextmanager
def _until_ended(place: Place) -> Iterator[threading.Event]:
    """An event that is set by a signal, or when the terminal is hung up."""
    stop = threading.Event()

    def end(_number: int, _frame: FrameType | None) -> None:
        stop.set()

    before = {number: signal.signal(number, end) for number in ENDING}
    watch = threading.Thread(target=_watch_terminal, args=(place.terminal, stop), daemon=True)
    watch.start()
    try:
        yield stop
    finally:
        stop.set()
        watch.join()
        for number, action in before.items():
            signal.signal(number, action)


def _watch_terminal(terminal: int | None, stop: threading.Event) -> None:
    """A background job gets no SIGHUP from every shell."""
    if terminal is None:
        return
    poll = select.poll()
    poll.register(terminal, 0)
    while not stop.wait(LOOK_EVERY):
        if any(events & (select.POLLHUP | select.POLLERR | select.POLLNVAL) for _, events in poll.poll(0)):
            stop.set()


def _command(place: Place, stop: threading.Event) -> str:
    """What the agent has to type for amq: the bare word, if its shells find ours by it."""
    found = shutil.which(COMMAND, path=place.environment.get("PATH"))
    if found is None or not is_typeable(found):
        return COMMAND
    return COMMAND if reach.login_shells_find(found, place.environment, stop) else found
