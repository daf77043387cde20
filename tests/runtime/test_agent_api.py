"""Agent APIs: which outcomes count as taken, and that no text is typed that may have been taken."""

from __future__ import annotations

import json
import re
import socket
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from amq.pty.osc_state import AgentState
from amq.record import replace
from amq.runtime.agents import registry
from amq.runtime.agents.claude import session_socket
from amq.runtime.agents.claude.session_file import SessionFile
from amq.runtime.agents.claude.session_socket import SessionSocket, open_socket
from amq.runtime.agents.codex import queue_command
from amq.runtime.agents.codex.queue_command import QueueCommand
from amq.runtime.agents.foreground import ForegroundAgent
from amq.runtime.agents.open_sessions import OpenSession
from amq.runtime.agents.profiles import built_in
from amq.runtime.agents.registry import NoApiError
from amq.runtime.agents.status_sources import AgentStatus
from amq.runtime.channels.agent_api import NOT_SAID, NativeFirst, NativeOnly
from amq.runtime.policy.hook_decision import FROM_AMQ, Event, is_own_line
from amq.runtime.policy.injection import End
from amq.runtime.policy.reasons import Activity, Outcome, WaitReason
from amq.runtime.policy.schedule import Readiness
from amq.runtime.policy.wake_line import Notification

LINE = Notification("amq: 1 new message from codex.", "amq: a new message from codex.")
PID, STARTED = 4711, 1_800_000_000.0


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


class Typing:
    """A channel that types, and records it."""

    way = "pty"

    def __init__(self) -> None:
        self.standing = Readiness(blocked_by=WaitReason.DRAFT)
        self.told: list[str] = []

    def look(self) -> Readiness:
        return self.standing

    def drained(self) -> None:
        self.told.append("drained")

    async def attempt(self, line: Notification) -> End:
        self.told.append(line.text)
        return End(Outcome.SUBMITTED, "")


class Own:
    """An agent API with a given outcome."""

    way = "own"

    def __init__(self, outcome: Outcome, *, there: bool = True) -> None:
        self.outcome = outcome
        self.there = there
        self.told = 0

    def is_there(self) -> bool:
        return self.there

    def look(self, readiness: Readiness) -> Readiness:
        return readiness

    def reaches(self, readiness: Readiness) -> bool:
        return readiness.blocked_by is WaitReason.DRAFT

    def tell(self, text: str) -> End:
        assert text == LINE.text
        self.told += 1
        return End(self.outcome, "")


@pytest.mark.anyio
@pytest.mark.parametrize(
    ("outcome", "there", "end", "way"),
    [
        (Outcome.SENT, True, Outcome.SENT, "own"),
        (Outcome.UNCERTAIN, True, Outcome.UNCERTAIN, "own"),
        (Outcome.REFUSED, True, Outcome.SUBMITTED, "pty"),
        (Outcome.SENT, False, Outcome.SUBMITTED, "pty"),
    ],
)
async def test_it_is_typed_only_where_nothing_can_have_been_taken(
    outcome: Outcome, there: bool, end: Outcome, way: str
) -> None:
    typing, own = Typing(), Own(outcome, there=there)
    channel = NativeFirst(own, typing)
    assert channel.look().blocked_by is (None if there else WaitReason.DRAFT)
    assert (await channel.attempt(LINE)).outcome is end
    assert channel.way == way
    assert typing.told == ([LINE.text] if way == "pty" else [])


@pytest.mark.anyio
async def test_what_is_uncertain_is_never_made_sure_until_a_drain() -> None:
    typing, own = Typing(), Own(Outcome.UNCERTAIN)
    channel = NativeFirst(own, typing)
    await channel.attempt(LINE)
    own.there = False
    assert (await channel.attempt(LINE)).outcome is Outcome.UNCERTAIN
    assert (own.told, typing.told) == (1, [])
    channel.drained()
    await channel.attempt(LINE)
    assert typing.told == ["drained", LINE.text]


@pytest.mark.parametrize("reason", [WaitReason.DIALOG, WaitReason.STARTING, WaitReason.STOPPED])
def test_only_a_draft_does_not_matter(reason: WaitReason) -> None:
    typing = Typing()
    typing.standing = Readiness(blocked_by=reason)
    assert NativeFirst(Own(Outcome.SENT), typing).look() == typing.standing


class Session:
    """Claude Code's session file and socket."""

    def __init__(self, place: Path) -> None:
        self.path, self.socket = place / f"{PID}.json", place / "s"
        self.file = SessionFile(str(place), PID, STARTED)
        self.lines: list[bytes] = []
        self.write("idle", 1)

    def write(self, status: str, since: int) -> None:
        wire = {"pid": PID, "startedAt": STARTED * 1000, "status": status, "statusUpdatedAt": since}
        self.path.write_text(json.dumps(wire | {"messagingSocketPath": str(self.socket)}))

    def listen(self, *, takes_it: bool) -> threading.Thread:
        server = socket.socket(socket.AF_UNIX)
        server.bind(str(self.socket))
        server.listen()

        def serve() -> None:
            with server, server.accept()[0] as end, end.makefile("rb") as lines:
                self.lines.append(lines.readline())
            if takes_it:
                self.write("busy", 2)

        thread = threading.Thread(target=serve)
        thread.start()
        return thread


@pytest.fixture
def session(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Session]:
    monkeypatch.setattr(session_socket, "LOOK_EVERY_S", 0.001)
    monkeypatch.chdir(tmp_path)
    yield Session(tmp_path)


@pytest.mark.parametrize(
    ("status", "takes_it", "outcome"),
    [("idle", True, Outcome.SENT), ("idle", False, Outcome.UNCERTAIN), ("busy", False, Outcome.SENT)],
)
def test_claudes_socket(
    session: Session, monkeypatch: pytest.MonkeyPatch, status: str, takes_it: bool, outcome: Outcome
) -> None:
    monkeypatch.setattr(session_socket, "RECEIPT_WITHIN_S", 20.0 if takes_it else 0.05)
    session.write(status, 1)
    listening = session.listen(takes_it=takes_it)
    claude = SessionSocket(session.file)
    assert claude.is_there()
    assert claude.tell(LINE.text).outcome is outcome
    listening.join()
    (line,) = session.lines
    sent = json.loads(line)
    content = sent["message"].pop("content")
    assert sent == {"type": "user", "message": {"role": "user"}}
    assert re.fullmatch(f"{FROM_AMQ}{LINE.text}\n\\(notification [0-9a-f]{{8}}\\)</cross-session-message>", content)
    assert is_own_line(Event("prompt", prompt=content))


def test_no_two_texts_to_claudes_socket_are_the_same(session: Session, monkeypatch: pytest.MonkeyPatch) -> None:
    """Claude Code drops the second, and takes nothing after it."""
    monkeypatch.setattr(session_socket, "RECEIPT_WITHIN_S", 20.0)
    for since in (1, 2):
        session.write("busy", since)
        listening = session.listen(takes_it=False)
        assert SessionSocket(session.file).tell(LINE.text).outcome is Outcome.SENT
        listening.join()
        session.socket.unlink()
    assert len(set(session.lines)) == 2


def test_a_socket_without_a_listener_refuses(session: Session) -> None:
    assert SessionSocket(session.file).tell(LINE.text).outcome is Outcome.REFUSED


def test_without_a_session_there_is_no_socket(session: Session) -> None:
    session.path.unlink()
    assert not SessionSocket(session.file).is_there()
    assert SessionSocket(session.file).tell(LINE.text).outcome is Outcome.REFUSED


@pytest.mark.parametrize(
    ("script", "outcome"),
    [("exit 0", Outcome.SENT), ("exit 1", Outcome.REFUSED), ("exec sleep 60", Outcome.UNCERTAIN)],
)
def test_codex_queue(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, script: str, outcome: Outcome) -> None:
    if outcome is Outcome.UNCERTAIN:
        monkeypatch.setattr(queue_command, "QUEUE_WITHIN_S", 0.2)
    program = tmp_path / "codex"
    program.write_text(f'#!/bin/sh\nprintf "%s\\n" "$@" >{tmp_path}/words\n{script}\n')
    program.chmod(0o700)
    (tmp_path / "hook.event").write_text("start\n")
    queue = QueueCommand(lambda: True, lambda: "id", str(program), {"PATH": "/usr/bin:/bin"})
    assert queue.is_there()
    assert queue.tell(LINE.text).outcome is outcome
    if outcome is not Outcome.UNCERTAIN:
        words = (tmp_path / "words").read_text().splitlines()
        assert words == ["queue", "--thread", "id", "--message", LINE.text]


@pytest.mark.parametrize(("event", "session_id"), [("end", "id"), ("start", ""), ("", "id")])
def test_codex_is_asked_only_where_its_session_is_proven_to_live(tmp_path: Path, event: str, session_id: str) -> None:
    (tmp_path / "hook.event").write_text(f"{event}\n")
    queue = QueueCommand(lambda: AgentStatus(str(tmp_path)).hooks_active, lambda: session_id, "/nowhere", {})
    assert not queue.is_there()
    assert queue.tell(LINE.text).outcome is Outcome.REFUSED


# -- an agent API alone -----------------------------------------------------------------------------------------------


class Said:
    """A status file with a given state."""

    def __init__(self) -> None:
        self.says: AgentState | None = None
        self.detached = False

    def state(self) -> AgentState | None:
        return self.says

    def version(self) -> str:
        return "2.1.332"

    def is_detached(self) -> bool:
        return self.detached


def claude(said: Said | None = None, **limits: Any) -> ForegroundAgent:
    profile = built_in()["claude"]
    return ForegroundAgent(PID, profile, replace(profile.rules, **limits), AgentStatus("", said))


@pytest.mark.parametrize(
    ("limits", "says", "waits_for", "detail"),
    [
        ({"off": "idle: no turn"}, AgentState.IDLE, WaitReason.NOT_CERTIFIED, "idle: no turn"),
        ({"must_agree": True}, None, WaitReason.NOT_CERTIFIED, NOT_SAID),
        ({"must_agree": True}, AgentState.IDLE, None, ""),
        ({"only_idle": True}, AgentState.WORKING, WaitReason.BUSY, ""),
        ({"only_idle": True}, None, WaitReason.BUSY, ""),
        ({"only_idle": True}, AgentState.IDLE, None, ""),
    ],
)
def test_an_api_alone_heeds_what_a_certification_found(
    limits: dict[str, Any], says: AgentState | None, waits_for: WaitReason | None, detail: str
) -> None:
    said = Said()
    said.says = says
    found = NativeOnly(Own(Outcome.SENT), claude(said, **limits), lambda: True).look()
    assert (found.blocked_by, found.detail) == (waits_for, detail)


def test_an_api_alone_waits_as_typing_does() -> None:
    own, said, alive = Own(Outcome.SENT), Said(), [True]
    channel = NativeOnly(own, claude(said), lambda: alive[0])
    found = channel.look()
    assert (found.blocked_by, found.busy, found.queues_input) == (None, False, True)
    assert (found.program, found.version, found.activity) == ("claude", "2.1.332", Activity.UNKNOWN)
    said.says = AgentState.WORKING
    assert (channel.look().blocked_by, channel.look().busy) == (None, True)
    said.says = AgentState.BLOCKED
    assert channel.look().blocked_by is WaitReason.DIALOG
    said.says, said.detached = AgentState.IDLE, True
    assert channel.look().blocked_by is WaitReason.UNKNOWN_SCREEN
    said.detached, own.there = False, False
    assert channel.look().blocked_by is WaitReason.UNKNOWN_SCREEN
    own.there, alive[0] = True, False
    assert channel.look().blocked_by is WaitReason.NO_CHANNEL


@pytest.mark.anyio
async def test_a_session_that_has_ended_is_sent_nothing() -> None:
    own = Own(Outcome.SENT)
    end = await NativeOnly(own, claude(), lambda: False).attempt(LINE)
    assert (end.outcome, end.reason, own.told) == (Outcome.REFUSED, "no-channel", 0)


@pytest.mark.anyio
@pytest.mark.parametrize(
    ("outcome", "ends", "told"),
    [
        (Outcome.SENT, [Outcome.SENT, Outcome.SENT], 2),
        (Outcome.UNCERTAIN, [Outcome.UNCERTAIN, Outcome.UNCERTAIN], 1),
        (Outcome.REFUSED, [Outcome.FAILED, Outcome.FAILED], 2),  # there is no other way
    ],
)
async def test_what_is_uncertain_is_not_sent_twice(outcome: Outcome, ends: list[Outcome], told: int) -> None:
    own = Own(outcome)
    channel = NativeOnly(own, claude(), lambda: True)
    assert [(await channel.attempt(LINE)).outcome for _ in ends] == ends
    assert own.told == told
    channel.drained()
    await channel.attempt(LINE)
    assert own.told == told + 1


def test_why_a_session_takes_no_text_by_its_socket(tmp_path: Path) -> None:
    session = Session(tmp_path)
    assert open_socket(session.file, ("claude",)).is_there()
    for words in (
        ("claude", "--dangerously-skip-permissions"),
        ("claude", "--permission-mode", "bypassPermissions"),
        ("claude", "--permission-mode=bypassPermissions"),
    ):
        with pytest.raises(NoApiError, match="would ask you"):
            open_socket(session.file, words)
    session.path.write_text("{}")
    for file in (session.file, None):
        with pytest.raises(NoApiError, match="published no socket"):
            open_socket(file, ("claude",))


def test_codex_is_not_asked_about_a_session_without_an_id(tmp_path: Path) -> None:
    queue = QueueCommand(lambda: True, lambda: "", "/bin/true", {})
    assert not queue.is_there()
    assert queue.tell(LINE.text) == End(Outcome.REFUSED, "the session's id is not known")


def test_which_sessions_have_an_api(tmp_path: Path) -> None:
    def api(name: str, environment: dict[str, str]) -> str:
        profile = built_in()[name]
        session = OpenSession(profile, PID, "1", 1, "/dev/none", "", environment)
        agent = ForegroundAgent(PID, profile, profile.rules, AgentStatus(""), words=(name,))
        try:
            return registry.open_session_api(session, agent, {"PATH": str(tmp_path)}).way
        except NoApiError as error:
            return str(error)

    assert api("codex", {}) == "codex is not on the PATH"
    (tmp_path / "codex").touch(0o700)
    assert api("codex", {"PATH": "/nowhere"}) == "codex queue", "found from here"
    assert api("gemini", {}) == "gemini has no way to take a text from outside"
    assert api("claude", {}).startswith("it has published no socket")
