"""The host's end of the mod: a plugin for one run of Claude Code that takes mail and reports its receipt.

The mod is the folder `mod`, and the head of its amq.js has the lines of both directions. It starts a child that reads a
named pipe, and writes its events into another one, both in the directory of one `amq run`.

The upper half knows the lines, and whether the mod is there by the events so far and their times; it neither reads nor
waits. The lower half has the pipes. Nothing here waits for the mod, and nothing here decides which mail it gets.
"""

from __future__ import annotations

import errno
import json
import os
import stat
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from enum import Enum
from typing import Any

from amq.runtime.private_state import make_directory, make_pipe, write_private

FOLDER_NAME = "mod"
FEED_NAME = "mod.feed"
EVENTS_NAME = "mod.events"
HELLO_WITHIN_S = 3.0
"""After Claude Code has drawn its input row."""
PONG_WITHIN_S = 3.0
LONGEST_LINE = 1 << 16  # bytes of an event; the longest is a pong with its draft
MOST_UNSENT = 4 << 20  # bytes that wait for the child
_AT_ONCE = 1 << 16  # bytes that are read or written in one step; a pipe holds no more by default
_DISMISSED = b"\n"
_PACKAGED = f"{os.path.dirname(__file__)}/{FOLDER_NAME}"
_FILES = (".claude-plugin/plugin.json", "hooks/hooks.json", "hooks/amq.js")
_RUN_NAME = "run.json"
_NO_LINK = getattr(os, "O_NOFOLLOW", 0)


# -- lines and events ------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Event:
    """A report of the mod. A field that an event does not have is empty; FEED is the number of the mod's pipe."""

    name: str
    feed: int = 0
    offer: str = ""
    reason: str = ""
    turn: str = ""
    outcome: str = ""
    session: str = ""
    version: str = ""
    n: int = 0
    draft: str = ""
    cursor: int = 0
    busy: bool = False
    process: int = 0


ERROR = "error"
"""Also the name of an event for a line that cannot be read; its feed is 0."""

_FIELDS: Mapping[str, Mapping[str, type]] = {
    "hello": {"process": int, "session": str, "version": str},
    "pong": {"n": int, "draft": str, "cursor": int, "busy": bool},
    "appended": {"offer": str},
    "refused": {"offer": str, "reason": str},
    "started": {"offer": str},
    "held": {"offer": str, "reason": str},
    "answered": {"offer": str},
    "lost": {"offer": str},
    "turn": {"turn": str},
    "completed": {"turn": str, "outcome": str},
    "stopped": {},
    "ended": {"reason": str},
    "deaf": {},
    ERROR: {"reason": str},
}


def ping_line(n: int) -> bytes:
    return _line({"op": "ping", "n": n})


def deliver_line(offer: str, texts: Sequence[str], notice: str) -> bytes:
    """Return the line that gives TEXTS, under the name OFFER. A turn that begins for them begins with NOTICE.

    Raises ValueError for a notice that Claude Code would take for a command of its own, and for no texts.
    """
    if not texts or not notice.strip() or notice.lstrip().startswith("/"):
        raise ValueError(f"not a notice with texts: {notice!r}")
    return _line({"op": "deliver", "offer": offer, "texts": list(texts), "notice": notice})


def _line(message: Mapping[str, Any]) -> bytes:
    return json.dumps(message).encode("ascii") + b"\n"  # escaped, so a lone surrogate passes too


def parse_event(line: bytes) -> Event:
    """Return the event in LINE; an error if it is none."""
    try:
        wire = json.loads(line)
        fields = {name: _typed(wire[name], kind) for name, kind in _FIELDS[wire["event"]].items()}
        return Event(wire["event"], _typed(wire["feed"], int), **fields)
    except (ValueError, TypeError, KeyError, RecursionError):
        return Event(ERROR, reason=f"not an event: {line[:80]!r}")


def _typed(value: Any, kind: type) -> Any:
    if type(value) is not kind:  # True is an int
        raise TypeError
    return value


class Lines:
    """Events out of bytes as they come. A line that is too long is an error, and takes no memory."""

    def __init__(self) -> None:
        self._begun = b""
        self._skips = False

    def feed(self, data: bytes) -> list[Event]:
        """Return the events whose lines end in DATA."""
        *lines, rest = data.split(b"\n")
        events = []
        for line in lines:
            whole, skipped = self._begun + line, self._skips
            self._begun, self._skips = b"", False
            if not skipped:
                events.append(parse_event(whole) if len(whole) <= LONGEST_LINE else _too_long(whole))
        self._begun += rest
        if len(self._begun) > LONGEST_LINE:
            if not self._skips:
                events.append(_too_long(self._begun))
            self._begun, self._skips = b"", True
        return events


def _too_long(line: bytes) -> Event:
    return Event(ERROR, reason=f"too long to be an event: {line[:80]!r}…")


class Presence(Enum):
    """The mod is not heard of yet, or there, or late with its answer or its hello, or cannot be reached any more."""

    UNKNOWN = "unknown"
    THERE = "there"
    SILENT = "silent"
    DEAD = "dead"


class Health:
    """Events of the mod, and questions to it, by which it is there or not. All times are parameters, by one clock."""

    def __init__(self) -> None:
        self.hello: Event | None = None
        self._row_at: float | None = None
        self._unanswered: dict[int, float] = {}
        self._is_dead = False

    def row_seen(self, now: float) -> None:
        """Note that Claude Code has drawn its input row: the mod is loaded by then, if it is at all."""
        if self._row_at is None:
            self._row_at = now

    def pinged(self, n: int, now: float) -> None:
        self._unanswered[n] = now

    def is_of_the_run(self, event: Event) -> bool:
        """Return whether EVENT comes from the process that has said hello first, and the mod it has loaded last.

        Claude Code starts other sessions from its list of agents, with the same plugins: the mail is not for those.
        """
        if self.hello is None or event.name != "hello":
            return self.hello is None or event.feed == self.hello.feed
        return event.process == self.hello.process

    def heard(self, event: Event) -> None:
        """Note EVENT of the run. A mod that was loaded again begins anew."""
        if event.name == "hello":
            self.hello, self._unanswered, self._is_dead = event, {}, False
        elif event.name == "pong":
            self._unanswered = {n: at for n, at in self._unanswered.items() if n > event.n}
        elif event.name == "deaf":
            self._is_dead = True

    def lost(self) -> None:
        """Note that no process reads the mod's pipe any more."""
        self._is_dead = True

    def presence(self, now: float) -> Presence:
        if self._is_dead:
            return Presence.DEAD
        if self.hello is None:
            is_late = self._row_at is not None and now - self._row_at > HELLO_WITHIN_S
            return Presence.SILENT if is_late else Presence.UNKNOWN
        is_late = any(now - at > PONG_WITHIN_S for at in self._unanswered.values())
        return Presence.SILENT if is_late else Presence.THERE


# -- folder and pipes ------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Tools:
    """The program that the mod's tools run: amq's path, and the ENVIRONMENT that names the queue and the agent."""

    amq: str
    environment: Mapping[str, str]


def make_folder(files: str, tools: Tools | None) -> str:
    """Make the mod's folder for one run in its directory FILES; return its path, for --plugin-dir. Raises OSError.

    Claude Code writes into the folder, and loads it again when it changes. Without TOOLS the agent gets none.
    """
    folder = f"{files}/{FOLDER_NAME}"
    for name in _FILES:
        make_directory(os.path.dirname(f"{folder}/{name}"))
        with open(f"{_PACKAGED}/{name}", encoding="utf-8") as file:
            write_private(f"{folder}/{name}", file.read())
    run = {
        "feed": f"{files}/{FEED_NAME}",
        "events": f"{files}/{EVENTS_NAME}",
        "tools": tools and {"amq": tools.amq, "environment": dict(tools.environment)},
    }
    write_private(f"{folder}/{_RUN_NAME}", json.dumps(run))
    return folder


class ModFeed:
    """The pipes to and from the mod of one run, whose directory is FILES. Raises OSError.

    It is made before Claude Code is started: without the pipe, an event would become a file. Lines for the mod are kept
    here until its child reads them, so `flush` has to be called while there are any.
    """

    def __init__(self, files: str) -> None:
        self._files = files
        self._unsent = bytearray()
        self._lines = Lines()
        self._feed: int | None = None
        self._pings = 0
        self._is_open = True
        self.health = Health()
        events = f"{files}/{EVENTS_NAME}"
        make_pipe(events)
        self._events = os.open(events, os.O_RDONLY | os.O_NONBLOCK | _NO_LINK)
        try:
            self._no_end_of_file = os.open(events, os.O_WRONLY | os.O_NONBLOCK | _NO_LINK)
        except BaseException:
            os.close(self._events)
            raise

    def fileno(self) -> int:
        """Return the descriptor that is readable when there are events."""
        return self._events

    def receive(self, now: float) -> list[Event]:
        """Return the new events of the run's mod, oldest first; answer a hello, and send what waits.

        What comes while it reads is for the next call: it ends, however much another process writes. There are none
        after `close`.
        """
        found = []
        with suppress(BlockingIOError):
            found = self._lines.feed(os.read(self._events, _AT_ONCE)) if self._is_open else []
        events = [event for event in found if event.name == ERROR or self._heard(event, now)]
        self.flush()
        return events

    def _heard(self, event: Event, now: float) -> bool:
        """Act on EVENT; return whether it is of the run."""
        is_ours = self.health.is_of_the_run(event)
        if is_ours:
            self.health.heard(event)
        if is_ours and event.name == "hello":
            self._turn_to(event.feed)
            self.ping(now)
        elif event.name == "hello":
            self._dismiss(event.feed)
        return is_ours

    @property
    def unsent(self) -> int:
        """Return how many bytes wait for the child to read."""
        return len(self._unsent)

    def ping(self, now: float) -> int:
        """Ask the mod for a pong; return its number, or 0 if the mod cannot be asked."""
        number = self._pings + 1
        if not self._send(ping_line(number)):
            return 0
        self._pings = number
        self.health.pinged(number, now)
        return number

    def deliver(self, offer: str, texts: Sequence[str], notice: str) -> bool:
        """Give TEXTS to the mod, as `deliver_line` says; return whether they are on their way to it."""
        return self._send(deliver_line(offer, texts, notice))

    def _send(self, line: bytes) -> bool:
        if self._feed is None or len(self._unsent) + len(line) > MOST_UNSENT:
            return False
        self._unsent += line
        self.flush()
        return self._feed is not None

    def flush(self) -> bool:
        """Write what the child takes without waiting; return whether all is written."""
        try:
            while self._unsent and self._feed is not None:
                del self._unsent[: os.write(self._feed, self._unsent[:_AT_ONCE])]
        except BlockingIOError:
            return False
        except OSError:  # EPIPE: the child is gone
            self._let_go()
            self.health.lost()
        return not self._unsent

    def close(self) -> None:
        """Close the pipes, if they are open. The child ends then, and the mod reports nothing more."""
        self._let_go()
        self.health.lost()
        for descriptor in (self._events, self._no_end_of_file) if self._is_open else ():
            os.close(descriptor)
        self._is_open = False

    def _turn_to(self, feed: int) -> None:
        """Write to the pipe number FEED from now on. What was not written yet was for another mod."""
        self._let_go()
        try:
            self._feed = self._opened(feed)
        except OSError:
            self.health.lost()

    def _dismiss(self, feed: int) -> None:
        """Let the child that reads the pipe number FEED end."""
        with suppress(OSError):
            end = self._opened(feed)
            try:
                os.write(end, _DISMISSED)
            finally:
                os.close(end)

    def _opened(self, feed: int) -> int:
        """Open the pipe number FEED to write to, which its child has open. Raises OSError, also if it is not a pipe."""
        path = f"{self._files}/{FEED_NAME}.{feed}"
        end = os.open(path, os.O_WRONLY | os.O_NONBLOCK | _NO_LINK)
        if not stat.S_ISFIFO(os.fstat(end).st_mode):
            os.close(end)
            raise OSError(errno.EINVAL, "not a pipe", path)
        return end

    def _let_go(self) -> None:
        self._unsent.clear()
        if self._feed is not None:
            os.close(self._feed)
        self._feed = None
