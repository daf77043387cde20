"""Any content of the files beside the mail is read, or refused with an error, and never an internal error."""

from __future__ import annotations

import json
import tomllib
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from amq.errors import AmqError
from amq.layout import QueueLayout
from amq.mail import leasing
from amq.mail.leasing import Place
from amq.mail.mailbox import Mailbox
from amq.runtime.agents.claude import hooks
from amq.runtime.agents.claude.session_file import SessionFile
from amq.runtime.agents.user_profile import read_own
from amq.runtime.hooks.announcements import STATE_NAME, read_state
from amq.runtime.hooks.script import BadSettingsError
from amq.runtime.journal import WAKES_NAME, WakeJournal
from amq.setup import skill
from amq.setup.skill import WRITTEN
from amq.store import registry
from amq.store.drain_claim import _ids
from amq.store.notifier_info import parse_notifier
from amq.store.presence import Presence, read_presence
from tests.seeds import SOAK

if TYPE_CHECKING:
    from collections.abc import Callable

_KEYS = (
    "agents", "handle", "status", "last_seen", "note", "pid", "ids", "how", "session",
    "announced", "blocked_stop_for", "attempts_since_drain",
    "count", "at", "outcome", "waits_for", "reason", "extends", "name", "rules", "line", "submit", "version",
)  # fmt: skip
_LEAVES = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8) | st.sampled_from(_KEYS)
_VALUES = st.recursive(
    _LEAVES,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.sampled_from(_KEYS) | st.text(max_size=3), inner),
    max_leaves=12,
)
_JSON = st.dictionaries(st.sampled_from(_KEYS), _VALUES).map(lambda value: json.dumps(value).encode())
CONTENT = _JSON | _VALUES.map(lambda value: json.dumps(value).encode()) | st.binary(max_size=60)
DEEP = b'{"agents":' + b"[" * 100_000

whatever = settings(max_examples=300 if SOAK else 40, suppress_health_check=[HealthCheck.function_scoped_fixture])


def _deep(test: Callable[..., None]) -> Callable[..., None]:
    return example(content=DEEP)(example(content=b'{"count": Infinity, "in_a_row": 1e999}')(test))


@pytest.fixture
def queue(tmp_path: Path) -> QueueLayout:
    """A queue of bob."""
    queue = QueueLayout(str(tmp_path / "queue"))
    registry.make_queue(queue, tracked=False)
    registry.register(queue, ["bob"], 0)
    return queue


@whatever
@given(content=CONTENT)
@_deep
def test_the_registry(queue: QueueLayout, content: bytes) -> None:
    Path(queue.registry).write_bytes(content)
    try:
        agents = registry.read_registry(queue)
    except AmqError:
        return
    assert agents is not None
    assert all(type(agent) is str for agent in agents)


@whatever
@given(content=CONTENT)
@_deep
def test_presence(queue: QueueLayout, content: bytes) -> None:
    bob = queue.agent("bob")
    Path(bob.presence).write_bytes(content)
    try:
        found = read_presence(bob, "bob")
    except AmqError:
        return
    assert isinstance(found, Presence)


_TEXT = st.text(st.characters() | st.sampled_from("/*?."), max_size=6) | st.sampled_from(["src/", "/top"])
_TIME = st.floats(allow_nan=True) | st.integers() | st.sampled_from([1, 60, 86_400, 1e-300])
_TAKEN = _TEXT | st.sampled_from(["2026-01-01T00:00:00Z", "0001-01-01T00:00:00Z", "9999-12-31T23:59:59.999999999Z"])
_LEASE = st.fixed_dictionaries(
    {"path": _TEXT, "top": _TEXT, "repository": _TEXT, "taken": _TAKEN, "for_s": _TIME}, optional={"why": _TEXT}
)
_LEASES = st.lists(_LEASE | _VALUES, max_size=3).map(
    lambda found: json.dumps({"schema": 1, "holder": "bob", "leases": found}).encode()
)
_AS_IN = b'{"schema": 1, "holder": "bob", "leases": [%s]}'
_GOOD = b'{"path": "%s", "top": "/top", "repository": "/top", "taken": "2026-01-01T00:00:00Z", "for_s": 60}'


@whatever
@given(content=_LEASES | CONTENT)
@example(
    content=_AS_IN % b", ".join(_GOOD % path for path in (b"src/", b"\\ud800", b"\\u0000", b"/", b"../x", b"a//b"))
)
@_deep
def test_leases(queue: QueueLayout, content: bytes) -> None:
    """Another agent can look at them, and take the path over: what was read can be written."""
    registry.register(queue, ["ann"], 0)
    account, place = Mailbox(queue.root, "ann").account, Place("/top", "/top")
    Path(queue.leases).mkdir(exist_ok=True)
    (Path(queue.leases) / "bob.json").write_bytes(content)
    for paths in (["src/"], ["./"]):
        found = leasing.in_the_way(account, place, paths, lambda _: None)
        assert leasing.advice(found).isprintable()
        taken, _ = leasing.take(account, place, paths, 60.0, "", lambda _: None)
        assert [state.lease.path for state in taken] == paths


@whatever
@given(content=CONTENT)
@_deep
def test_the_record_of_a_drain(content: bytes) -> None:
    assert all(type(identifier) is str for identifier in _ids(content))


@whatever
@given(content=CONTENT)
@_deep
def test_the_notifiers_lock(content: bytes) -> None:
    named = parse_notifier(content)
    assert named is None or (type(named.pid), type(named.how)) == (int, str)


@whatever
@given(content=CONTENT)
@_deep
def test_the_record_of_wakes(tmp_path: Path, content: bytes) -> None:
    good = b'{"at": "2026-03-01T10:00:00Z", "count": 1, "ids": ["x"], "waits_for": "busy"}\n'
    (tmp_path / WAKES_NAME).write_bytes(content.replace(b"\n", b" ") + b"\n" + good)
    assert WakeJournal(str(tmp_path)).entries()[-1]["waits_for"] == "busy"


@whatever
@given(content=CONTENT)
@example(content=b'{"session": "", "announced": [], "blocked_stop_for": [], "attempts_since_drain": 1e999, "count": 0}')
@_deep
def test_what_hooks_handed_over(tmp_path: Path, content: bytes) -> None:
    (tmp_path / STATE_NAME).write_bytes(content)
    assert type(read_state(str(tmp_path)).count) is int


@pytest.mark.parametrize("nested", [DEEP, b'{"pid":1,"x":' + b"[" * 5000 + b"]" * 5000 + b"}"])
def test_what_other_programs_keep(tmp_path: Path, nested: bytes) -> None:
    for name in ("1.json", WRITTEN):
        (tmp_path / name).write_bytes(nested)
    assert SessionFile(str(tmp_path), 1, 0.0).read() == {}
    assert skill._left(tmp_path) == {}
    with pytest.raises(BadSettingsError):
        hooks._parse(str(tmp_path / "1.json"))


_TOML = st.dictionaries(
    st.sampled_from(_KEYS), st.integers() | st.booleans() | st.sampled_from(["claude", "\\r", "x"]), max_size=4
).map(lambda value: "".join(f"{key} = {json.dumps(each)}\n" for key, each in value.items()).encode())


@whatever
@given(content=_TOML | st.binary(max_size=40))
@example(content=b"extends = []")
@example(content=b"extends = {a = 1}")
@example(content=b"rules = 1")
@example(content=b"[[rules]]\nsubmit = 1")
@example(content=b"[line]\nrow = []")
@example(content=b"x = " + b"[" * 5000)
def test_a_users_own_profile(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "profile.toml"
    path.write_bytes(content)
    try:
        read_own(str(path))
    except AmqError:
        return
    tomllib.loads(content.decode())
