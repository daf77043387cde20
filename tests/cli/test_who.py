"""`amq who`: every agent, its waiting mail, and its notifier."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from pathlib import Path
from unittest.mock import Mock

import pytest

from amq.cli.commands.who import for_user
from amq.cli.open_mailbox import private_directory as user_directory
from amq.cli.terminal import Terminal
from amq.dashboard.agents import rows
from amq.instants import short_age
from amq.layout import NOTIFIER_NAME, RootedPath
from amq.mail.mailbox import Mailbox
from amq.runtime import notifier_lock
from amq.runtime.agents.plugin_presence import note_presence
from amq.runtime.hooks.announcements import write_state
from amq.runtime.hooks.script import EVENT_NAME
from amq.runtime.journal import WakeJournal
from amq.runtime.policy.hook_decision import MOST_LAPSES, HookState
from amq.runtime.policy.reasons import Activity, WaitReason
from amq.runtime.policy.schedule import Readiness
from amq.runtime.session_info import SessionInfo, write_session
from amq.runtime.state_file import StatePublisher
from amq.store import maildir
from tests.conftest import Shell, private_directory
from tests.samples import ID, message_file

NOW = 1_800_000_000_000_000_000


@pytest.fixture
def bobs_state(amq: Shell) -> RootedPath:
    return Mailbox(str(amq.root), "bob").state_dir


@pytest.fixture
def notified(bobs_state: RootedPath) -> Iterator[None]:
    """Notify bob, by this process."""
    claim = notifier_lock.claim(bobs_state, "run")
    yield
    claim.release()


def test_the_table_names_every_agent(amq: Shell, notified: None) -> None:
    amq.ok("presence", "set", "--status", "busy", me="bob")
    amq.send()
    amq.put("bad.md", b"nonsense", handle="carol")
    amq.ok("drain", me="carol")
    assert amq.ok("who").splitlines() == [
        "agent  state    status  unread  oldest  waits for  dead letters  mail by  notified by",
        "alice  -        -       0       -       -          0             -        -",
        f"bob    unknown  busy    1       0s      notified   0             -        amq run (pid {os.getpid()})",
        "carol  -        -       0       -       -          1             -        -",
        "user   -        -       0       -       -          0             -        -",
    ]


def test_a_notifier_that_has_failed_notifies_no_more(amq: Shell, notified: None) -> None:
    """`amq why` says so, too."""
    amq.send()
    WakeJournal(str(private_directory(amq.root, "bob"))).waits((), WaitReason.NO_CHANNEL, "it has failed")
    assert "no-channel: it has failed" not in amq.ok("who")
    assert f"- (amq run, pid {os.getpid()}, has failed)" in amq.ok("who")
    assert "no-channel" in amq.ok("why", "bob")


def test_json_has_the_documented_keys(amq: Shell, notified: None) -> None:
    amq.ok("presence", "set", "--status", "busy", me="bob")
    amq.send()
    alice, bob, *_ = amq("who", "--json").value
    assert alice == {"handle": "alice", "unread": 0, "dead_letters": 0}
    assert bob.pop("oldest_age_s") >= 0
    assert bob.pop("presence")["status"] == "busy"
    assert bob == {
        "handle": "bob", "unread": 1, "dead_letters": 0, "notifier": {"pid": os.getpid(), "how": "run"},
        "waits_for": "notified", "detail": "the mail has just arrived", "state": "unknown",
    }  # fmt: skip


def test_dead_letters_count_after_they_were_read(amq: Shell) -> None:
    Path(amq.agent("bob").dlq_cur, "dlq_1_2_3.md").write_bytes(b"")
    assert amq("who", "--json").value[1]["dead_letters"] == 1


def test_an_agent_that_is_only_registered_is_named(amq: Shell) -> None:
    registry = amq.root / "meta" / "config.json"
    registry.write_text(json.dumps({"version": 1, "agents": ["alice", "dave"]}))
    assert [each["handle"] for each in amq("who", "--json").value] == ["alice", "bob", "carol", "dave", "user"]


def test_a_free_lock_means_no_notifier(amq: Shell, bobs_state: RootedPath) -> None:
    notifier_lock.claim(bobs_state, "run").release()
    assert "notifier" not in amq("who", "--json").value[1]


def test_looking_gives_the_lock_back(amq: Shell, bobs_state: RootedPath) -> None:
    notifier_lock.claim(bobs_state, "run").release()
    amq.ok("who")
    notifier_lock.claim(bobs_state, "run").release()


@pytest.mark.parametrize(
    "data", [b"", b"\xff", b"[]", b"7", b'{"pid": "1", "how": "run"}', b'{"pid": 1}', b'{"pid": true, "how": "x"}']
)
def test_a_lock_file_without_a_name_means_no_notifier(
    amq: Shell, notified: None, bobs_state: RootedPath, data: bytes
) -> None:
    Path(bobs_state, NOTIFIER_NAME).write_bytes(data)
    assert "notifier" not in amq("who", "--json").value[1]


def test_a_link_in_place_of_the_lock_is_not_followed(amq: Shell, bobs_state: RootedPath, tmp_path: Path) -> None:
    Path(bobs_state, NOTIFIER_NAME).symlink_to(tmp_path / "elsewhere")
    result = amq("who", "--json")
    assert result.code == 0
    assert "what notifies" in result.err
    assert not (tmp_path / "elsewhere").exists()


def test_what_a_peer_wrote_does_not_act_on_the_terminal(amq: Shell, notified: None, bobs_state: RootedPath) -> None:
    Path(bobs_state, NOTIFIER_NAME).write_bytes(b'{"pid": 1, "how": "\\u001b[2J"}')
    assert "amq ^[[2J (pid 1)" in amq.ok("who")


def oldest(amq: Shell) -> float | None:
    """Return the age of bob's oldest unread message, for alice at a fixed time."""
    alice = Mailbox(str(amq.root), "alice", clock=lambda: NOW)
    return next(agent.oldest_s for agent in alice.who() if agent.handle == "bob")


def test_the_oldest_is_found_by_name_or_by_what_the_file_says(amq: Shell) -> None:
    assert oldest(amq) is None
    amq.put("2026-01-01T00-00-00.000Z_pid1_00000000.md", b"nonsense")
    amq.put(f"{ID}.md", message_file(created="2027-01-15T07:59:00Z"))
    assert oldest(amq) == 60
    amq.put("other.md", message_file(id="other", created="2027-01-15T07:00:00Z"))
    assert oldest(amq) == 3600


def test_a_message_from_the_future_has_noage(amq: Shell) -> None:
    amq.put(f"{ID}.md", message_file(created="2028-01-01T00:00:00Z"))
    assert oldest(amq) == 0


def test_one_file_is_opened_whatever_the_number_of_unread(amq: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
    for _ in range(5):
        amq.send()
    look = Mock(wraps=maildir.look)
    monkeypatch.setattr(maildir, "look", look)
    amq.ok("who")
    assert look.call_count == 1


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0, "0s"), (59.9, "59s"), (60, "1m"), (3599, "59m"), (3600, "1h"), (86_399, "23h"), (200_000, "2d")],
)
def test_an_age_is_given_in_its_largest_unit(seconds: float, text: str) -> None:
    assert short_age(seconds) == text


@pytest.mark.parametrize(("is_allowed", "said"), [(True, ", amq allowed)"), (False, ", amq not allowed)")])
def test_it_says_who_may_use_amq_unasked(amq: Shell, notified: None, is_allowed: bool, said: str) -> None:
    write_session(str(private_directory(amq.root, "bob")), SessionInfo("these", is_allowed=is_allowed))
    assert amq.ok("who").splitlines()[2].endswith(f"amq run (pid {os.getpid()}{said}")
    (bob,) = (agent for agent in amq("who", "--json").value if agent["handle"] == "bob")
    assert bob["allowed"] == "these"


def test_a_narrow_terminal_shows_the_state_rather_than_the_process(amq: Shell, notified: None) -> None:
    directory = str(private_directory(amq.root, "bob"))
    StatePublisher(directory, "run").publish(Readiness(activity=Activity.ASKS, question="Bash(git push --force)"))
    found = rows(Mailbox(str(amq.root), "alice").account, user_directory(str(amq.root)))
    narrow, wide = (for_user(found, Terminal(columns, colour=False, now_ns=0)).splitlines()[2] for columns in (80, 120))
    assert " ".join(narrow.split()) == "bob asks you: Bash(git push --force) run"
    assert f"amq run (pid {os.getpid()})" in wide


def test_it_says_what_failed_in_a_version_that_amq_wake_types_into(amq: Shell, notified: None) -> None:
    session = SessionInfo(
        "", is_allowed=False, types=False, failed=("dialog",), lacks=("typed lines: dialog: a reason",)
    )
    write_session(str(private_directory(amq.root, "bob")), session)
    line = amq.ok("who").splitlines()[2]
    assert "  nothing (not certified: dialog)  " in line
    assert line.endswith(f"(pid {os.getpid()})")
    bob = amq("who", "--json").value[1]
    assert (bob["not_certified"], "allowed" in bob) == (["dialog"], False)
    assert amq.ok("why", "bob").splitlines()[1:] == [
        "bob: nothing is typed, and no hooks give it mail: let it run amq drain",
        "bob lacks typed lines: dialog: a reason",
    ]


@pytest.mark.parametrize(
    ("state", "by", "short"),
    [
        ("", "typed", "typed (plugin not-heard)"),
        ("there", "plugin", "plugin"),
        ("silent", "typed", "typed (plugin silent)"),
        ("dead", "typed", "typed (plugin dead)"),
    ],
)
def test_it_says_whether_the_plugin_answers(amq: Shell, notified: None, state: str, by: str, short: str) -> None:
    directory = str(private_directory(amq.root, "bob"))
    if state:
        note_presence(directory, state)
    write_session(directory, SessionInfo("none", is_allowed=False, types=True, files=directory, plugin=True))
    bob = amq("who", "--json").value[1]
    assert (bob["mail_by"], bob["plugin"]) == (by, state or "not-heard")
    assert f"  {short}  " in amq.ok("who").splitlines()[2]
    told = amq.ok("why", "bob")
    assert ("a plugin gives its model" in told) == (by == "plugin")
    assert ("does not answer" in told, "has ended" in told) == (state == "silent", state == "dead")


@pytest.mark.parametrize(
    ("style", "types", "events", "lapses", "by", "hooks"),
    [
        ("", True, "", 0, "typed", ""),
        ("", False, "", 0, "nothing", ""),
        ("settings", True, "start prompt", 0, "hooks", "active"),
        ("settings", True, "start", MOST_LAPSES - 1, "hooks", "active"),
        ("settings", True, "", 0, "typed", "not-called"),
        ("config", True, "", 0, "hooks", "not-called"),
        ("config", False, "", 0, "nothing", "not-called"),
        ("settings", True, "start end", 0, "typed", "ended"),
        ("config", True, "start stop", MOST_LAPSES, "typed", "failing"),
    ],
)
def test_it_says_how_mail_comes(
    amq: Shell, notified: None, style: str, types: bool, events: str, lapses: int, by: str, hooks: str
) -> None:
    directory = private_directory(amq.root, "bob")
    (directory / EVENT_NAME).write_text("".join(f"{event}\n" for event in events.split()))
    write_state(str(directory), HookState(lapses=lapses))
    session = SessionInfo("none", is_allowed=False, types=types, hooks=style, files=str(directory))
    write_session(str(directory), session)
    bob = amq("who", "--json").value[1]
    assert (bob["mail_by"], bob.get("hooks", "")) == (by, hooks)
    told = f"{by} (hooks {hooks})" if hooks not in ("", "active") else by
    assert f"  {told}  " in amq.ok("who").splitlines()[2]
    found = amq("why", "bob", "--json").value
    assert (found["mail_by"], found.get("hooks", "")) == (by, hooks)
    (line,) = (each for each in amq.ok("why", "bob").splitlines() if "drain" in each or "its hooks give" in each)
    assert ("not called" in line, "ended" in line, "did not arrive" in line) == (
        hooks == "not-called", hooks == "ended", hooks == "failing",
    )  # fmt: skip


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ('{"pid": 7, "startedAt": 5000, "name": "My name"}', "My name"),
        ('{"pid": 7, "startedAt": 5000, "name": "My name", "parkedJobId": "1"}', ""),
        ('{"pid": 7, "startedAt": 3000, "name": "of a dead process"}', ""),
        ('{"pid": 7, "startedAt": 5000, "name": ["x"]}', ""),
        ('{"pid": 7, "startedAt": 5000}', ""),
        ("{", ""),
    ],
)
def test_it_names_the_session_of_claude_code(amq: Shell, notified: None, tmp_path: Path, text: str, name: str) -> None:
    (tmp_path / "7.json").write_text(text)
    hosted = SessionInfo(
        "none", is_allowed=False, process=7, started=5.0, names="sessions", names_in=str(tmp_path)
    )  # fmt: skip
    write_session(str(private_directory(amq.root, "bob")), hosted)
    assert amq("who", "--json").value[1].get("session_name", "") == name
    assert (f', amq not allowed, session "{name}")' in amq.ok("who")) == bool(name)


OLD, NAME, OTHER = (
    f'{{"id": "{session}", "thread_name": "{name}"}}\n'
    for session, name in (("a", "Say hello."), ("a", "My name"), ("b", "Another"))
)


@pytest.mark.parametrize(
    ("text", "events", "name"),
    [
        (OLD, "start", "Say hello."),
        (OLD + NAME + OTHER, "start stop", "My name"),
        (NAME + '{"id": "a", "thread_name": 1}\n{"id": "a"\n["a"]\n', "start", "My name"),
        (OLD.replace("Say", "y" * 2_000_000) + NAME, "start", "My name"),
        (NAME, "", ""),
        (NAME, "start end", ""),
        (OTHER + '{"id": "c", "thread_name": "a"}\n', "start", ""),
        (NAME.replace("My", "y" * 3_000_000), "start", ""),
        (NAME.replace("My", "y\\n\\u001b" + "y" * 500), "start", "y \x1b" + "y" * 197),
    ],
)
def test_it_names_the_session_of_codex(
    amq: Shell, notified: None, tmp_path: Path, text: str, events: str, name: str
) -> None:
    """Its index has the names of all sessions; which one it is, is known from the hooks of this run."""
    directory = private_directory(amq.root, "bob")
    (tmp_path / "session_index.jsonl").write_text(text)
    (directory / EVENT_NAME).write_text("".join(f"{event}\n" for event in events.split()))
    write_state(str(directory), HookState(session="a"))
    hosted = SessionInfo("none", is_allowed=False, files=str(directory), names="index", names_in=str(tmp_path))
    write_session(str(directory), hosted)
    assert amq("who", "--json").value[1].get("session_name", "") == name
    shown = name if len(name) < 30 else "y ^[" + "y" * 26 + "…"
    assert (f', session "{shown}")' in amq.ok("who")) == bool(name)
    (tmp_path / "session_index.jsonl").unlink()
    os.mkfifo(tmp_path / "session_index.jsonl")
    assert "session_name" not in amq("who", "--json").value[1]
