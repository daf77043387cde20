"""`amq schema`: all JSON output matches its schema, and every key in a schema occurs."""

from __future__ import annotations

import errno
import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, get_args

import pexpect
import pytest
from jsonschema import Draft202012Validator
from pydantic import TypeAdapter

from amq import config, schema
from amq.bridge import jetstream, membership, state
from amq.bridge.config import change_bridge, read_bridge_in
from amq.certify import certification
from amq.certify.certification import Certification, Request
from amq.certify.plan import Trial
from amq.cli import files_abroad, main, output, wake_options, wake_session
from amq.cli.commands import wake
from amq.cli.options import duration
from amq.errors import AmqError
from amq.mail import offering
from amq.mail.mailbox import Mailbox
from amq.record import replace
from amq.runtime import host, notifier_lock, private_state, sidecar
from amq.runtime.agents.open_sessions import OpenSession
from amq.runtime.agents.profiles import built_in
from amq.runtime.channels.registry import CHANNELS
from amq.runtime.drift_file import note_drift
from amq.runtime.journal import WakeJournal
from amq.runtime.policy.reasons import Activity, Outcome, WaitReason
from amq.runtime.policy.schedule import Readiness, SchedulePolicy
from amq.runtime.session_info import SessionInfo, write_session
from amq.runtime.state_file import StatePublisher
from amq.schema import queue, setup
from amq.setup import checks_queue
from amq.setup.coop_panes import Pane, Tmux
from amq.setup.finding import Finding
from amq.store import durable
from amq.store.durable import Directory
from amq.store.locks import open_state
from amq.store.remote import Remote, write_remote
from tests.cli.waiting import in_the_gap
from tests.conftest import Result, Shell, private_directory
from tests.samples import message_file

WITHOUT_JSON = {"bridge hub", "bridge run", "completion", "hook", "demo", "man", "top", "page"}
"""Commands that print no data; their errors are JSON anyway."""
FULL = (
    *("--subject", "Review", "--kind", "review_request", "--priority", "urgent", "--labels", "parser,edge", "--ack"),
    *("--context", '{"n": 9007199254740993, "none": null}', "--refs", "one"),
)


class Said(dict[str, list[Any]]):
    """The output of `amq` in the tests' queue, by the name of its schema."""

    def __init__(self, amq: Shell) -> None:
        super().__init__()
        self.amq = amq

    def __call__(self, *words: str, me: str | None = "alice", code: int = 0) -> Any:
        """Call a command with --json, and keep each value that it prints on stdout and stderr."""
        done = self.amq("--json", *words, me=me)
        assert done.code == code, done.err
        if done.code not in (0, 1, 4):
            return self.keep("error", json.loads(done.err))
        command = next(name for name in (" ".join(words[:2]), words[0]) if name in main.COMMANDS)
        return self.keep(command.replace(" ", "-"), *_values(done))

    def keep(self, name: str, *values: Any) -> Any:
        """Keep VALUES; return the last one."""
        self.setdefault(name, []).extend(values)
        return values[-1]


def _values(done: Result) -> list[Any]:
    """Return the JSON values in a row in an output."""
    values, at = [], 0
    while at < len(done.out):
        value, end = json.JSONDecoder().raw_decode(done.out, at)
        values.append(value)
        at = end + 1
    return values


@pytest.fixture
def said(amq: Shell, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Said:
    """The output of all commands, called in each way that prints other keys."""
    said = Said(amq)
    for speak in (_about_the_queue, _about_a_conversation, _about_agents, _about_bad_mail, _about_errors):
        speak(said)
    _about_mail_that_cannot_be_read(said, monkeypatch)
    _about_waiting(said, monkeypatch)
    _about_setting_up(said, monkeypatch)
    _about_certifying(said, monkeypatch, tmp_path)
    _about_mail_on_its_way(said)
    _about_removed_agents(said)
    _about_bridges(said)
    return said


def _about_the_queue(said: Said) -> None:
    said("init", "--agents", "dora")
    said("env")
    said("config", "show")
    said("env", me=None)
    said("schema")
    Path(said.amq.agent("bob").inbox_tmp, "left").write_bytes(b"")
    said("cleanup", "--tmp-older-than", "0", "--yes")
    said("cleanup", "--tmp-older-than", "0", "--dry-run")
    said("trust")
    said("trust", "--list")
    said("trust", "--revoke")
    said.keep("registry", json.loads(Path(said.amq.root, "meta", "config.json").read_bytes()))


def _about_a_conversation(said: Said) -> None:
    amq = said.amq
    identifier = said("send", "--to", "bob,carol", "--thread", "t", "--body", "hello", *FULL)["id"]
    Path(amq.agent("alice").sent, f"{identifier}.md").unlink()
    Path(amq.agent("alice").sent).rmdir()
    Path(amq.agent("alice").sent).write_bytes(b"")  # so that no copy can be kept
    said("send", "--to", "bob", "--body", "hello")
    Path(amq.agent("alice").sent).unlink()
    Path(amq.agent("alice").sent).mkdir()
    amq.put("later.md", message_file(id="later", sender="alice", reply_to="x", from_project=None))
    said("list", me="bob")
    said("who")
    _cut_off_a_drain(amq, identifier)
    said("drain", "--limit", "1", "--include-body", me="bob")
    said("drain", me="bob")
    said("list", "--cur", me="bob")
    said("read", "--id", identifier, me="bob")
    said("read", "--id", "later", me="bob")
    said("ack", "--id", "later", me="bob")
    said("reply", "--id", identifier, "--body", "yes", me="bob")
    said("trace", "--id", identifier)
    said("trace", "--id", "later")
    said("thread", "--id", "t", "--include-body")
    said("thread", "--id", "p2p/alice__bob")
    said("search", "hello")
    said("log")
    said("export", "--jsonl", "lines")
    said("export", "--html", "page")
    for path in Path(amq.agent("bob").inbox_cur).iterdir():
        said.keep("header", amq.stored(path.stem, box="cur"))


def _cut_off_a_drain(amq: Shell, identifier: str) -> None:
    """Leave the state of a drain of bob's that was killed while it showed a message."""
    bob = amq.agent("bob")
    open_state(bob, bob.drains).close()
    Path(bob.drains, "dead").write_text(json.dumps({"pid": 1, "ids": [identifier]}))


def _about_waking(said: Said) -> None:
    record = WakeJournal(str(private_directory(said.amq.root, "bob")))
    said("why", "carol")
    record.attempt({said.amq.send()}, "pty", Outcome.SUBMITTED, "")
    said("why", "bob")
    said("who")
    record.waits({"x"}, WaitReason.DRAFT)
    said("why", "bob", "--history")
    said("run", "--explain", "--", "sh")
    said("run", "--check", "--", "sh")


def _about_agents(said: Said) -> None:
    claim = notifier_lock.claim(Mailbox(str(said.amq.root), "bob").state_dir, "run")
    said("presence", "set", "--status", "busy", "--note", "the parser", me="bob")
    said("presence", "set", "--status", "idle", me="carol")
    path = Path(said.amq.agent("carol").presence)
    path.write_text(json.dumps(json.loads(path.read_bytes()) | {"mood": "good"}))
    said("presence", "list")
    said("group", "set", "team", "alice,bob")
    said("group", "list")
    said.keep("registry", json.loads((said.amq.root / "meta" / "config.json").read_bytes()))
    said("group", "remove", "team")
    said("lease", "take", "src/", "--why", "the lexer", me="carol")
    said("lease", "list")
    said("lease", "take", "docs", me="bob")
    said("who")
    said("lease", "free", "docs", me="bob")
    said("lease", "check", "src/a.py")
    said.keep("leases", json.loads((said.amq.root / "meta" / "leases" / "carol.json").read_bytes()))
    said("lease", "free", "--all", me="carol")
    (said.amq.project / ".git" / "HEAD").unlink()
    subprocess.run(["git", "init", "-q"], cwd=said.amq.project, check=True)
    said("lease", "guard", "install", "--dry-run")
    said("who")
    write_session(
        str(private_directory(said.amq.root, "bob")), SessionInfo("none", is_allowed=False, lacks=("access",))
    )
    said("who")
    publisher = StatePublisher(str(private_directory(said.amq.root, "bob")), "run", "claude")
    publisher.publish(Readiness(activity=Activity.ASKS, question="Bash(git push)", version="2.1.332"))
    said("who")
    said("wait", "bob", "--blocked")
    said("wait", "bob", "--idle", "--timeout", "1ms", code=4)
    directory = str(private_directory(said.amq.root, "bob"))
    write_session(
        directory,
        SessionInfo(
            "none", is_allowed=False, types=True, hooks="settings", files=directory, plugin=True, failed=("tool",)
        ),
    )
    note_drift(directory, {"row": 1})
    said("who")
    (Path(directory) / "1.json").write_text('{"pid": 1, "startedAt": 0, "name": "review"}')
    write_session(
        directory, SessionInfo("none", is_allowed=False, process=1, started=0.0, names="sessions", names_in=directory)
    )
    said("who")
    _about_waking(said)
    said.keep("presence", *(json.loads(Path(said.amq.agent(name).presence).read_bytes()) for name in ("bob", "carol")))
    claim.release()


def _about_mail_that_cannot_be_read(said: Said, monkeypatch: pytest.MonkeyPatch) -> None:
    lost, really_open = f"{said.amq.send()}.md", durable.syscalls.open

    def refuse(directory: Directory, name: str, flags: int) -> int:
        if name == lost:
            raise PermissionError(errno.EACCES, "Permission denied")
        return really_open(directory, name, flags)

    with monkeypatch.context() as patched:
        patched.setattr(durable.syscalls, "open", refuse)
        said("who")
        said("drain", me="bob", code=1)
    said("drain", me="bob")


def _about_bad_mail(said: Said) -> None:
    amq = said.amq
    for name in ("one.md", "two.md", "three.md"):
        amq.put(name, b"nonsense")
    amq.put(".md", b"a name that cannot be written again")
    said("monitor", "--peek", me="bob")
    _cut_off_a_drain(amq, "one")
    said("monitor", "--limit", "2", me="bob")
    said("drain", me="bob")
    letters = sorted(Path(amq.agent("bob").dlq_new).iterdir())
    said.keep("dead-letter", *(json.loads(path.read_bytes().split(b"\n---\n")[0][4:]) for path in letters))
    Path(amq.agent("bob").dlq_new, "no_letter.md").write_bytes(b"nonsense")
    letters[0].write_bytes(letters[0].read_bytes().replace(b"nonsense", message_file(id="one")))
    said("dlq", "retry", "--all", me="bob", code=1)
    said("dlq", "retry", "--id", letters[1].stem, me="bob", code=1)
    said("dlq", "list", me="bob")
    said("dlq", "read", "--id", letters[1].stem, me="bob")
    said("dlq", "read", "--id", "no_letter", me="bob")
    said("dlq", "purge", "--yes", me="bob")
    said("drain", me="bob")


def _about_waiting(said: Said, monkeypatch: pytest.MonkeyPatch) -> None:
    amq = said.amq
    for command in (("watch",), ("monitor",), ("monitor", "--follow")):
        said(*command, "--timeout", "1ms", code=4, me="dora")
    amq.send(*FULL)
    said("watch", me="bob")
    said("monitor", "--include-body", "--peek", me="bob")
    said("monitor", "--follow", "--timeout", "1ms", code=4, me="bob")
    with monkeypatch.context() as patched:
        in_the_gap(patched, lambda: amq.send(*FULL))
        said("watch", me="bob")
    amq.ok("drain", me="bob")
    with monkeypatch.context() as patched:
        in_the_gap(patched, lambda: amq.send(*FULL))
        said("monitor", me="bob")


def _on_a_terminal(command: str) -> str:
    """Return the output of a command with --json on its own terminal."""
    printed = pexpect.run(f"{sys.executable} -m amq {command} --json", encoding="utf-8")
    assert isinstance(printed, str)
    return printed


def _about_setting_up(said: Said, monkeypatch: pytest.MonkeyPatch) -> None:
    """Make the set-up: alice's program runs and does not end, bob's has ended."""
    said("skill", "install", "--claude")
    said("skill", "uninstall", "--claude")
    said("hook", "install", "claude", "--yes")
    said("hook", "uninstall", "claude", "--yes")
    said("wake", "--check")
    with monkeypatch.context() as patched:
        session = OpenSession(built_in()["claude"], 1, "0", 1, "/dev/tty9", "/a", {config.RUN: ""})
        patched.setattr(wake_session, "_sessions", lambda *_: [session])
        patched.setattr(OpenSession, "name", lambda *_: "review")
        said("wake", "--session", "claude", "--check")
    said.keep("reset", json.loads(_on_a_terminal("reset").rpartition("\x1b8")[2]))
    said.amq.root.chmod(0o777)
    said("doctor", "--fix", code=1)
    with monkeypatch.context() as patched:
        for check in ("registry", "mailboxes"):
            patched.setitem(checks_queue.CHECKS, check, _cannot_read)
        said("doctor", code=1)
    running, ended = Pane("alice", "%1", 1, False, None, "a:0.0"), Pane("bob", "%2", 2, True, 3, "a:0.1")
    with monkeypatch.context() as patched:
        patched.setattr(Tmux, "installed", True)
        patched.setattr(Tmux, "panes", lambda _: [running, ended])
        patched.setattr(Tmux, "close", lambda *_: None)
        patched.setattr(Tmux, "ask_to_end", lambda *_: None)
        said("coop", "up", "--agents", "alice")
        patched.setenv("XDG_CONFIG_HOME", f"{os.environ['XDG_STATE_HOME']}/config")
        said("coop", "up", "--print", "--agents", "carol=cat", "--save")
        said("coop", "status")
        said("coop", "down", "--timeout", "1ms", code=1)


def _about_certifying(said: Said, monkeypatch: pytest.MonkeyPatch, place: Path) -> None:
    """Certify a program that nothing runs: what came of it is given."""
    program = place / "claude"
    program.touch(0o755)

    def certify(request: Request, *_: object) -> Certification:
        return Certification(request, "1.0", [Trial("dialog", "approved", "its dialog was answered", "", 1.0)])

    with monkeypatch.context() as patched:
        patched.setattr(certification, "certify", certify)
        patched.setenv("PATH", str(place))
        said("certify", "claude", code=1)


def _cannot_read(*_: object) -> Iterator[Finding]:
    raise PermissionError(errno.EACCES, "Permission denied", "/queue")


def _about_mail_on_its_way(said: Said) -> None:
    for command in ("drain", "monitor"):
        identifier = said.amq.send(to="dora")
        with offering.hold(Mailbox(str(said.amq.root), "dora").account, ()) as mail:
            for _ in mail.batches():
                mail.leave_offered("prompt", "s", "t", "/history", 0)
        said("why", "dora")
        said("trace", "--id", identifier)
        said(command, me="dora")


def _about_removed_agents(said: Said) -> None:
    said("agent", "remove", "dora")
    said("agent", "restore", "dora")


def _about_bridges(said: Said) -> None:
    bridge = f"{private_directory(said.amq.root, 'bob').parent}/bridge"
    desk = f"{bridge}-desk"
    membership.set_up(desk, "desk", "")
    change_bridge(desk, lambda before: replace(before, exports={"codex": False}) if before else pytest.fail())
    Path("desk.bridge.toml").write_text(membership.invitation(read_bridge_in(desk) or pytest.fail()))
    for _ in range(2):  # the second time, all is there
        said("bridge", "init", "--host", "laptop", "--hub", "tls://127.0.0.1", "--export", "carol")
        said("bridge", "join", "desk.bridge.toml", "--export", "carol")
        said("bridge", "export", "bob", "--files")
    said("bridge", "status")
    agent = said.amq.agent("codex-desk")
    said("send", "--to", "codex-desk", "--body", "x", "--create")
    write_remote(agent, Remote("codex", "desk"), "temporary")
    there = {"status": "busy", "note": "", "waits_for": "dialog", "seen_ns": 1}
    hosts = {"desk": {"heard_ns": 1, "clock_ahead_ns": 0, "version": "1", "agents": {"codex": there}}}
    stages = {"waiting": 1, "in_flight": 1, "sent": 1, "there": 1}
    with state.running(bridge):
        state.write_state(bridge, {"pid": 1, "hosts": hosts, "mailboxes": {"codex-desk": {"mail": stages}}})
        said("bridge", "status")
        said("who")
    said("bridge", "remove", "carol")


def _about_errors(said: Said) -> None:
    said("list", me="nobody", code=3)
    said("read", code=2)


# -- what is printed --------------------------------------------------------------------------------------------------


def test_what_is_printed_is_as_its_schema_says(said: Said) -> None:
    assert sorted(said) == sorted(schema.names())
    for name, values in said.items():
        described, model = Draft202012Validator(schema.json_schema(name)), TypeAdapter(schema.MODELS[name])
        for value in values:
            described.validate(value)
            model.validate_json(json.dumps(value))


def test_every_key_that_is_described_occurs(said: Said) -> None:
    missing = {}
    for name, values in said.items():
        whole = schema.json_schema(name)
        described = set(_keys_of(whole, whole))
        seen = {key for value in values for key in _keys_in(value)}
        missing[name] = described - seen
    assert {name: keys for name, keys in missing.items() if keys} == {}


def _keys_of(part: Any, whole: Any, path: str = "") -> Iterator[str]:
    """Yield the keys that a schema describes, such as `.drained[].id`."""
    if "$ref" in part:
        part = whole["$defs"][part["$ref"].removeprefix("#/$defs/")]
    for key, described in part.get("properties", {}).items():
        yield f"{path}.{key}"
        yield from _keys_of(described, whole, f"{path}.{key}")
    if "items" in part:
        yield from _keys_of(part["items"], whole, f"{path}[]")


def _keys_in(value: Any, path: str = "") -> Iterator[str]:
    """Yield the keys that occur in a value, named alike."""
    if isinstance(value, dict):
        for key, member in value.items():
            yield f"{path}.{key}"
            yield from _keys_in(member, f"{path}.{key}")
    elif isinstance(value, list):
        for element in value:
            yield from _keys_in(element, f"{path}[]")


# -- the schemas ------------------------------------------------------------------------------------------------------


def test_each_command_that_prints_json_has_a_schema_and_no_other() -> None:
    assert set(schema.PRINTED) == set(main.COMMANDS) - WITHOUT_JSON


@pytest.mark.parametrize("command", sorted(WITHOUT_JSON))
def test_the_others_print_none(command: str) -> None:
    source = (Path(main.__file__).with_name("commands") / f"{command.replace(' ', '_')}.py").read_text()
    assert not re.search(r"out\.(json|value)", source)


@pytest.mark.parametrize("name", schema.names())
def test_each_schema_is_one_and_describes_every_key(name: str) -> None:
    described = schema.json_schema(name)
    Draft202012Validator.check_schema(described)
    for part in (described, *described.get("$defs", {}).values()):
        for key, property_ in part.get("properties", {}).items():
            assert property_["description"], key
            assert "default" not in property_, key


@pytest.mark.parametrize(
    ("name", "good", "changes"),
    [
        ("cleanup", {"candidates": [], "count": 0, "removed": 0}, {"more": 1}),
        ("cleanup", {"candidates": [], "count": 0, "removed": 0}, {"count": -1}),
        ("who", {"handle": "bob", "unread": 0, "dead_letters": 0}, {"presence": None}),
        ("who", {"handle": "bob", "unread": 0, "dead_letters": 0}, {"notifier": {"pid": 1, "how": "run", "more": 1}}),
        ("error", {"error": "x", "code": "usage", "hint": ""}, {"code": "no such code"}),
        ("env", {"root": {"value": "/", "source": "found"}}, {"root": {"value": "/", "source": "elsewhere"}}),
    ],
)
def test_what_is_not_described_is_refused(name: str, good: dict[str, Any], changes: dict[str, Any]) -> None:
    described = schema.json_schema(name)
    validator = Draft202012Validator(described.get("items", described) | {"$defs": described.get("$defs", {})})
    assert validator.is_valid(good)
    assert not validator.is_valid(good | changes)


def test_every_code_of_an_error_is_listed() -> None:
    assert host and sidecar and output and private_state and jetstream and files_abroad  # they have errors of their own
    codes, classes = set(), [AmqError]
    while classes:
        error = classes.pop()
        codes.add(error.code)
        classes += error.__subclasses__()
    assert set(schema.json_schema("error")["properties"]["code"]["enum"]) == codes


# -- the command ------------------------------------------------------------------------------------------------------


def test_the_command_prints_the_names_or_the_schema_of_one(shell: Shell) -> None:
    names = shell.ok("schema", me=None).splitlines()
    assert names == schema.names() == shell("schema", "--json", me=None).value
    for words in (("schema", "drain"), ("schema", "--json", "drain"), ("--json", "schema", "drain")):
        assert shell(*words, me=None).value == schema.json_schema("drain")


def test_a_name_that_is_none_is_a_usage_error_that_names_them(shell: Shell) -> None:
    refused = shell("schema", "darin", me=None)
    assert (refused.code, refused.out) == (2, "")
    assert "'drain'" in refused.err


def test_closed_lists_are_those_of_the_code() -> None:
    """Each is written once more for type checkers, and once more where a short command must not load its source."""
    outcome, way = queue.Recorded.model_fields["outcome"], setup.Way.model_fields["way"]
    ways = tuple(channel.name for channel in CHANNELS)
    assert get_args(queue.WaitsFor) == tuple(reason.value for reason in WaitReason)
    assert get_args(outcome.annotation) == tuple(each.value for each in Outcome)
    assert (get_args(way.annotation), wake.VIA) == ((*ways, "native"), ("auto", *ways, "native"))
    usual = SchedulePolicy()
    assert [duration(text) for _, text, _ in wake_options.TIMES] == [
        *(usual.debounce_s, usual.urgent_after_s, usual.normal_after_s, usual.low_after_s)
    ]
