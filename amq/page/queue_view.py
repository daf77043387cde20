"""Answer what browsers ask of one queue, and do what they command: the requests of the page, without the web."""

from __future__ import annotations

import json
import threading

from amq.dashboard.actions import Refused
from amq.dashboard.agents import history_line
from amq.dashboard.changes import looks
from amq.errors import AmqError, NotFound, UsageError
from amq.mail.sending import Draft
from amq.page import values
from amq.text import visible

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from typing import Any

    from amq.dashboard.actions import Actions, Result
    from amq.dashboard.conversation import Log, LoggedMessage
    from amq.dashboard.overview import Dashboard, Snapshot
    from amq.runtime.file_events import Hints

NEWEST = 60
"""The messages that every browser gets."""
MOST = 4000
"""The messages that a browser may ask for at one time."""
MOST_OF_THREAD = 200
MOST_FOUND = 100
LOOK_EVERY_S = 5.0
"""Seconds between looks without an event: no file shows that a notifier was killed."""
_KEPT = 10_000
"""The messages that browsers have been shown of late, and may ask for."""
_URGENT = "urgent"


class QueueView:
    """One queue. `live` is looked at while browsers follow it, `asked` when one asks for more.

    They are two, so that a long search does not delay what is live. `actions` are None where nothing may be written.
    """

    def __init__(self, name: str, live: Dashboard, asked: Dashboard, actions: Actions | None = None) -> None:
        self._name = name
        self._live = live
        self._asked = asked
        self._actions = actions
        self._instants = values.Instants()
        self._shown: dict[str, LoggedMessage] = {}
        self._shown_lock = threading.Lock()  # the live queue is watched in a thread of its own
        self.questions = {
            "message": self._message,
            "messages": self._messages,
            "thread": self._thread,
            "search": self._search,
            "history": self._history,
        }
        self.actions = {"send": self._send, "reply": self._reply, "seen": self._seen, "wake": self._wake}

    def watch(self, stop: threading.Event) -> Iterator[dict[str, str]]:
        """Yield the newest events at once, and whenever something may have changed, until STOP is set."""
        for hints in looks(lambda: self._live.places, LOOK_EVERY_S, stop):
            try:
                yield self.events(hints)
            except Exception as error:  # the page says so, rather than go on to show what was
                yield {"queue": self._queue(f"internal error: {type(error).__name__}: {error}")}

    def events(self, hints: Hints = None) -> dict[str, str]:
        """Return the newest state of the queue: each event's value, as JSON. HINTS are those of `Dashboard.look`."""
        found = self._live.look(hints)
        problem = found.gone or " ".join(found.problems)
        events = {"queue": self._queue(problem, is_gone=bool(found.gone))}
        if not found.gone:
            agents = [values.agent(row, found.at_ns, self._instants) for row in found.rows]
            messages = self._items(found.messages[::-1], has_more=len(found.messages) >= NEWEST)
            events |= {"agents": _json(agents), "messages": _json(messages)}
        return events

    def _queue(self, problem: str, *, is_gone: bool = False) -> str:
        return _json(values.queue(self._name, problem, is_gone=is_gone))

    # what is asked

    def _items(self, found: Sequence[LoggedMessage], *, has_more: bool) -> dict[str, Any]:
        return {"items": [values.message(each) for each in self._remembered(found)], "has_more": has_more}

    def _remembered(self, found: Sequence[LoggedMessage]) -> Sequence[LoggedMessage]:
        """Return FOUND, which browsers may ask for by their keys from now on; the oldest are forgotten."""
        with self._shown_lock:
            for each in found:
                key = values.key(each)
                self._shown.pop(key, None)
                self._shown[key] = each
            while len(self._shown) > _KEPT:
                del self._shown[next(iter(self._shown))]
        return found

    def _known(self, asked: Mapping[str, Any]) -> LoggedMessage:
        found = self._shown.get(_text(asked, "key"))
        if found is None:
            raise NotFound("this message was not listed of late", hint="go back to the list, and open it from there")
        return found

    def _looked(self) -> Snapshot:
        """Return the queue as it is now; raises NotFound if it has gone."""
        found = self._asked.look()
        if found.gone:
            raise NotFound(found.gone)
        return found

    def _readable(self, log: Log) -> Log:
        """Return LOG; raises AmqError if it has nothing because of a problem: unknown is not empty."""
        if not log.messages:
            if log.problems:
                raise AmqError(" ".join(log.problems))
            self._looked()
        return log

    def _message(self, asked: Mapping[str, str]) -> dict[str, Any]:
        found = self._known(asked)
        return values.whole_message(found, self._asked.body(found.header))

    def _messages(self, asked: Mapping[str, str]) -> dict[str, Any]:
        text = asked.get("count", "")
        count = min(int(text), MOST) if text.isascii() and text.isdecimal() and len(text) < 9 else NEWEST
        self._asked.newest = count
        found = self._looked()
        return self._items(found.messages[::-1], has_more=len(found.messages) >= count and count < MOST)

    def _thread(self, asked: Mapping[str, str]) -> dict[str, Any]:
        name = self._known(asked).header.conversation
        found = self._readable(self._asked.thread(name, MOST_OF_THREAD + 1))
        last = self._remembered(found.messages[-MOST_OF_THREAD:])
        most = values.LONGEST_IN_THREAD_CHARS
        items = [values.whole_message(each, self._asked.body(each.header), most) for each in last]
        return {"name": visible(name), "items": items, "is_cut": len(found.messages) > MOST_OF_THREAD}

    def _search(self, asked: Mapping[str, str]) -> dict[str, Any]:
        found = self._readable(self._asked.search(asked.get("words", ""), MOST_FOUND + 1)).messages
        return self._items(found[:MOST_FOUND], has_more=len(found) > MOST_FOUND)

    def _history(self, asked: Mapping[str, str]) -> dict[str, Any]:
        entries, why_not = self._asked.history(self._agent(asked))
        return {"lines": [history_line(each) for each in entries[::-1]], "why_not": visible(why_not)}

    def _agent(self, asked: Mapping[str, Any]) -> str:
        """Return the agent that is ASKED for, if the queue has it; raises NotFound."""
        handle = _text(asked, "agent")
        if handle not in [row.handle for row in self._looked().rows]:
            raise NotFound(f"there is no agent {handle}")
        return handle

    # what is done

    def _send(self, asked: Mapping[str, Any]) -> dict[str, str]:
        to = asked.get("to")
        if not isinstance(to, list) or not all(isinstance(each, str) for each in to) or not to:
            raise UsageError("no agent to write to")
        draft = Draft(kind=_text(asked, "kind"), priority=_URGENT if asked.get("urgent") is True else "")
        return _done(self._acting().send(to, _text(asked, "subject"), _body(asked), draft))

    def _reply(self, asked: Mapping[str, Any]) -> dict[str, str]:
        original = self._known(asked).header
        return _done(self._acting().answer(original, [original.sender], "", _body(asked)))

    def _seen(self, asked: Mapping[str, Any]) -> dict[str, str]:
        return _done(self._acting().mark_read(self._known(asked).header.id))

    def _wake(self, asked: Mapping[str, Any]) -> dict[str, str]:
        self._acting()
        return _done(self._asked.wake(self._agent(asked)))

    def _acting(self) -> Actions:
        if self._actions is None:
            raise AmqError("this page only reads")
        return self._actions


def _json(value: Any) -> str:
    return json.dumps(value, separators=(",", ":"))


def _text(asked: Mapping[str, Any], name: str) -> str:
    value = asked.get(name, "")
    if not isinstance(value, str):
        raise UsageError(f"{name} is not a text")
    return value


def _body(asked: Mapping[str, Any]) -> str:
    body = _text(asked, "body")
    if not body.strip():
        raise UsageError("the message is empty")
    return body


def _done(result: Result) -> dict[str, str]:
    if isinstance(result, Refused):
        raise AmqError(result.message, result.hint)
    return {"text": ". ".join((result.text, *result.warnings)), "id": visible(result.id)}
