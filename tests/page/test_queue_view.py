"""The values that a browser gets."""

from __future__ import annotations

import json
import threading
from typing import TYPE_CHECKING

import pytest

from amq.dashboard.agents import Row
from amq.dashboard.overview import Dashboard, Snapshot
from amq.errors import NotFound
from amq.instants import SECOND_NS
from amq.mail.agents_overview import Agent
from amq.page import queue_view, values
from amq.runtime.policy.reasons import Activity
from amq.runtime.state_file import ReportedState
from tests.hostile.showing import forbidden
from tests.page.served import queue_view as view_of
from tests.samples import message_file

if TYPE_CHECKING:
    from amq.runtime.file_events import Hints
    from tests.conftest import Shell

NOW = 1_800_000_000 * SECOND_NS


def _row(activity: Activity | None = None, seconds: float = 60, **fields: int) -> Row:
    agent = Agent("bob", None, fields.get("unread", 0), None, fields.get("dead_letters", 0), None)
    state = ReportedState(activity, seconds, "Bash(git push)") if activity else None
    return Row(agent, state, None, None, None, "")


@pytest.mark.parametrize(
    ("row", "needs_user", "is_quiet"),
    [
        (_row(), False, True),
        (_row(Activity.IDLE), False, True),
        (_row(Activity.WORKING), False, False),
        (_row(Activity.DRAFT), False, False),
        (_row(Activity.ASKS), True, False),
        (_row(unread=1), False, False),
        (_row(dead_letters=1), False, False),
    ],
)
def test_those_that_need_the_user(row: Row, needs_user: bool, is_quiet: bool) -> None:
    agent = values.agent(row, NOW, values.Instants())
    assert (agent["needs_user"], agent["is_quiet"]) == (needs_user, is_quiet)


def test_an_agent_in_which_nothing_happened_is_the_same() -> None:
    instants = values.Instants()
    looks = [
        values.agent(_row(Activity.IDLE, seconds=60 + at + at % 7 / 100), NOW + at * SECOND_NS, instants)
        for at in range(20)
    ]
    assert looks[1:] == looks[:-1]
    assert values.agent(_row(Activity.IDLE, seconds=1), NOW, instants) != looks[0]


def test_all_text_is_visible(amq: Shell) -> None:
    hidden = "\x1b[2J\u202eevil\u202c\u200b\x9b31m"
    amq.put("h1.md", message_file(f"{hidden}\nline two\n".encode(), id="h1", subject=hidden, thread=hidden))
    view = view_of(amq.root)
    view.events()
    key = view.questions["messages"]({})["items"][0]["key"]
    for value in (
        *view.events().values(),
        *(json.dumps(view.questions[each]({"key": key})) for each in ("message", "thread")),
    ):
        assert not forbidden("".join(_texts(json.loads(value))))
    assert view.questions["message"]({"key": key})["body"].endswith("\nline two\n")


def _texts(value: object) -> list[str]:
    if isinstance(value, str):
        return [value]
    parts = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return [text for part in parts for text in _texts(part)]


def test_a_long_body_is_cut(amq: Shell) -> None:
    amq.send(body="x" * (values.LONGEST_BODY_CHARS + 10))
    view = view_of(amq.root)
    key = view.questions["messages"]({})["items"][0]["key"]
    whole, of_thread = view.questions["message"]({"key": key}), view.questions["thread"]({"key": key})["items"][0]
    assert (len(whole["body"]), whole["is_cut"]) == (values.LONGEST_BODY_CHARS, True)
    assert (len(of_thread["body"]), of_thread["is_cut"]) == (values.LONGEST_IN_THREAD_CHARS, True)


def test_counts_have_limits(amq: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in (("NEWEST", 2), ("MOST", 4), ("MOST_FOUND", 3), ("MOST_OF_THREAD", 3)):
        monkeypatch.setattr(queue_view, name, value)
    for number in range(6):
        amq.send(body=f"hello {number}")
    view = view_of(amq.root)
    ask = view.questions
    for count, expected in (("", 2), ("x", 2), ("-1", 2), ("3", 3), ("9" * 8, 4), ("9" * 5000, 2)):
        assert len(ask["messages"]({"count": count})["items"]) == expected
    key = ask["messages"]({})["items"][0]["key"]
    assert (len(ask["search"]({"words": "hello"})["items"]), ask["search"]({"words": "hello"})["has_more"]) == (3, True)
    assert (len(ask["thread"]({"key": key})["items"]), ask["thread"]({"key": key})["is_cut"]) == (3, True)


def test_only_messages_that_were_listed_of_late(amq: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(queue_view, "_KEPT", 2)
    for _ in range(3):
        amq.send()
    view = view_of(amq.root)
    keys = [each["key"] for each in view.questions["messages"]({})["items"]]
    known = []
    for key in keys:
        try:
            view.questions["message"]({"key": key})
            known.append(key)
        except NotFound:
            continue
    assert len(known) == 2


def test_wake(amq: Shell) -> None:
    view = view_of(amq.root)
    amq.send()
    with pytest.raises(NotFound):
        view.actions["wake"]({"agent": ".."})
    with pytest.raises(Exception, match="nothing notifies bob"):
        view.actions["wake"]({"agent": "bob"})


def test_a_look_gets_what_has_changed(amq: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
    found: list[Hints] = []
    look = Dashboard.look

    def noted(self: Dashboard, hints: Hints) -> Snapshot:
        found.append(hints)
        return look(self, hints)

    monkeypatch.setattr(Dashboard, "look", noted)
    looks = view_of(amq.root).watch(threading.Event())
    for _ in range(2):
        next(looks)
    amq.send()
    next(looks)
    assert str(amq.agent("bob").inbox_new) in (found[2] or ())


def test_a_fault_is_shown(amq: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
    view, stop = view_of(amq.root), threading.Event()
    looks = view.watch(stop)
    assert json.loads(next(looks)["queue"])["problem"] == ""
    with monkeypatch.context() as patch:
        patch.setattr(values, "message", None)
        amq.send()
        assert "internal error: TypeError" in json.loads(next(looks)["queue"])["problem"]
    assert json.loads(next(looks)["queue"])["problem"] == ""
    stop.set()
    assert list(looks) == []
