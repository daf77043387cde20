"""Rules for every command of mail and waiting: its output as text and JSON, and its errors. One row a command.

Tests of a command's own options are in the file of that command.
"""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from pathlib import Path

import pytest

from amq.cli.main import COMMANDS
from amq.errors import BadMessage
from amq.layout import QueueLayout
from amq.store import archive, groups, registry
from amq.store.dlq_write import envelope
from tests.conftest import Shell
from tests.samples import HEADER, message_file

HEAD = {"id", "from", "subject", "thread", "created"}
EXTRAS = {"priority", "kind", "labels"}
SENT = {"id", "thread", "to", "subject", "outbox"}
PRESENCE = {"schema", "handle", "status", "last_seen"}
LEASE = {"path", "holder", "state", "left_s", "here", "top", "taken", "for_s"}
LETTER = "dlq_1_0_aaaaaaaaaaaa"
WITHOUT_A_HANDLE = {"init", "env"}
"""Commands that work without a handle."""
OTHERS = {
    "run", "wake", "why", "trust", "hook", "demo", "reset", "schema", "completion", "man",
    "coop up", "coop status", "coop down", "doctor", "skill install", "skill uninstall", "hook install",
    "hook uninstall", "certify", "lease guard", "config show", "top", "page",
    "bridge init", "bridge join", "bridge export", "bridge remove", "bridge hub",
    "bridge run", "bridge status",
}  # fmt: skip
"""Commands that have nothing to do with mail and waiting."""
OF_ALL = {
    "thread",
    "search",
    "log",
    "export",
    "trace",
    "presence list",
    "who",
    "wait",
    "agent remove",
    "agent restore",
    "group set",
    "group list",
    "group remove",
    "cleanup",
    "lease list",
}
"""Commands about all mailboxes, which do the same for every agent."""


OF_WORDS = {"lease take", "lease check", "lease free"}
"""Commands that take as many words as there are."""


@dataclass(frozen=True)
class Row:
    """A call by bob with the urgent question m1 from alice and a dead letter; TEXT is a pattern of the output.

    KEYS are those of the JSON output: of the object, or if `many` of each object in the list.
    """

    words: str
    text: str
    keys: set[str]
    many: bool = False

    @property
    def command(self) -> str:
        """Return the command's name."""
        return next(name for name in COMMANDS if f"{self.words} ".startswith(f"{name} "))

    def __str__(self) -> str:
        return self.words


ROWS = (
    Row("init --agents dan", r"Initialized AMQ root at /.+/\.agent-mail\n", {"root", "agents"}),
    Row("send --to alice --body=x", r"Sent \S+Z_pid\d+_[0-9a-f]{8} to alice\n", SENT),
    Row("list", r"\S+Z  urgent  alice  m1  Why\?\n", HEAD | EXTRAS | {"box", "path"}, many=True),
    Row("read --id m1", r"hello\n", {"header", "body"}),
    Row(
        "drain", r"\[AMQ\] 1 new message\(s\) for bob:\n\[AMQ\] .*\n\n- From: alice\n.*---\n\[AMQ\] .*\n",
        {"drained", "count", "remaining"},
    ),
    Row("ack --id m1", r"Acked m1\n", {"schema", "msg_id", "thread", "from", "to", "received"}),
    Row(
        "reply --id m1 --body=x", r"Replied \S+ to alice \(thread: p2p/alice__bob\)\n",
        SENT | {"in_reply_to", "original_box"},
    ),
    Row("thread --id p2p/alice__bob", r"\S+Z  alice  Why\?\n", HEAD | EXTRAS | {"to"}, many=True),
    Row(
        "search hello", r"\S+Z  alice  m1  Why\?\n    hello\n",
        HEAD | EXTRAS | {"to", "agent", "box", "path", "excerpt"}, many=True,
    ),
    Row("log", r"\S+Z  alice -> bob  question  m1  Why\?\n", HEAD | EXTRAS | {"to", "agent", "box"}),
    Row("export --jsonl m", r"Exported 1 message\(s\) to m\n", {"messages", "jsonl"}),
    Row("trace --id m1", r".*bob.*new.*\n", HEAD | {"to", "recipients"}),
    Row("group set r alice,carol", r"@r  alice,carol\n", {"name", "agents"}),
    Row("group list", r"@team  alice,bob\n", {"name", "agents"}, many=True),
    Row("group remove team", r"Removed @team; to undo this: amq group set team alice,bob\n", {"name", "agents"}),
    Row("lease take docs", r"docs  bob  gone\n", LEASE, many=True),
    Row("lease list", r"src  alice  gone\ntests  bob  gone\n", LEASE, many=True),
    Row("lease check src", r"src  alice  gone\n", LEASE, many=True),
    Row("lease free tests", r"Freed tests\n", {"freed"}),
    Row("presence set --status idle", r"bob  idle  \S+Z\n", PRESENCE),
    Row("presence list", r"bob  busy  \S+Z\n", PRESENCE, many=True),
    Row("wait bob carol --drained", r"carol: drained\n", {"event", "agents"}),
    Row("who", r"agent .*\nalice .*\nbob .*\ncarol .*\nuser .*\n", {"handle", "unread", "dead_letters"}, many=True),
    Row("dlq list", rf"\[new\] 1970-\S+  invalid_header  {LETTER}  fixed since\n", {"id"}, many=True),
    Row(f"dlq read --id {LETTER}", r".*---json\n.*", {"id", "original"}),
    Row(f"dlq retry --id {LETTER}", rf"Delivered \S+ \(from {LETTER}\)\n", {"id", "original_id", "outcome"}, many=True),
    Row("dlq purge --yes", r"Removed 1 dead letter\(s\)\.\n", {"id"}, many=True),
    Row("cleanup --tmp-older-than 36h --yes", r"Removed 0 tmp file\(s\)\.\n", {"candidates", "count", "removed"}),
    Row("watch --timeout 5s", r"existing: 1 new message\(s\) for bob\n.*\n", {"event", "me", "count", "messages"}),
    Row(
        "monitor --timeout 5s", r"\[AMQ\] 1 new message\(s\) for bob:\n.*---\n\[AMQ\] .*\n",
        {"event", "watch_event", "mode", "me", "count", "drained", "remaining"},
    ),
    Row("agent remove carol", r"Removed carol\. .*; to undo this: amq agent restore carol\n", {"handle", "archived"}),
    Row("agent restore dan", r"Restored dan from /.+/removed/dan_\S+Z\n", {"handle", "archived"}),
    Row("env", r"export AM_ROOT=\S+\nexport AM_ME=bob\n", {"root", "me"}),
)  # fmt: skip

every_row = pytest.mark.parametrize("row", ROWS, ids=str)
every_row_of_an_agent = pytest.mark.parametrize(
    "row", [row for row in ROWS if row.command not in WITHOUT_A_HANDLE], ids=str
)  # fmt: skip


@pytest.fixture
def bob(amq: Shell) -> Shell:
    """The queue in which bob has something for every command."""
    amq.send("--new-id=m1", "--subject=Why?", "--kind=question", "--priority=urgent", "--labels=a", "--ack")
    amq.ok("presence", "set", "--status=busy", me="bob")
    registry.register(QueueLayout(str(amq.root)), ["dan"], 0)
    groups.set_group(QueueLayout(str(amq.root)), "team", ["alice", "bob"])
    amq("lease", "take", "src")
    amq("lease", "take", "tests", me="bob")
    archive.remove(QueueLayout(str(amq.root)), "dan", 0)
    head = envelope(LETTER, HEADER["id"], BadMessage("fixed since"), 0)
    Path(amq.agent("bob").dlq_new, f"{LETTER}.md").write_bytes(head + message_file())
    return amq


def test_every_command_of_mail_and_waiting_has_a_row() -> None:
    assert {*COMMANDS} - {row.command for row in ROWS} <= OTHERS


@every_row
def test_text(bob: Shell, row: Row) -> None:
    result = bob(*row.words.split(), me="bob")
    assert result.code == 0
    assert re.fullmatch(row.text, result.out, re.DOTALL), result.out


@every_row
def test_json(bob: Shell, row: Row) -> None:
    result = bob(*row.words.split(), "--json", me="bob")
    assert result.code == 0
    items = result.value if row.many else [result.value]
    assert type(items) is list
    assert items
    assert all(item.keys() >= row.keys for item in items)


@every_row
def test_an_error_is_one_object_on_stderr(bob: Shell, row: Row) -> None:
    result = bob(*row.words.split(), "--bogus", "--json", me="bob")
    assert (result.code, result.out) == (2, "")
    assert result.error.keys() == {"error", "code", "hint"}
    assert (result.error["code"], "--bogus" in result.error["error"]) == ("usage", True)


@pytest.mark.parametrize("row", [row for row in ROWS if row.command not in OF_WORDS], ids=str)
def test_a_stray_word_is_never_dropped(bob: Shell, row: Row) -> None:
    if row.command == "search":  # which takes any number of words
        assert bob(*row.words.split(), "stray", me="bob").err == "amq: No messages found.\n"
        return
    refused = bob(*row.words.split(), "stray", me="bob")
    assert (refused.code, refused.out) == (2, "")
    assert "stray" in refused.err


@every_row
def test_nothing_is_taken_behind_two_dashes(bob: Shell, row: Row) -> None:
    refused = bob(*row.words.split(), "--", "x", me="bob")
    assert (refused.code, refused.out) == (2, "")


@pytest.mark.parametrize("row", [row for row in ROWS if row.command != "init"], ids=str)
def test_without_a_queue_it_says_how_to_make_one(shell: Shell, row: Row) -> None:
    refused = shell(*row.words.split(), "--json", me="bob")
    assert (refused.code, refused.out) == (3, "")
    assert "amq init" in refused.error["hint"]


@every_row_of_an_agent
def test_an_unknown_agent_gets_the_nearest_name(bob: Shell, row: Row) -> None:
    refused = bob(*row.words.split(), "--json", me="bobb")
    assert (refused.code, refused.out) == (3, "")
    assert "did you mean bob?" in refused.error["error"]


@every_row_of_an_agent
def test_a_caller_without_a_name_is_refused(bob: Shell, row: Row) -> None:
    if row.command in OF_ALL:
        assert bob(*row.words.split(), "--json", me=None).code == 0
        return
    refused = bob(*row.words.split(), "--json", me=None)
    assert (refused.code, refused.out) == (2, "")
    assert "AM_ME" in refused.error["hint"]


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="there is no /dev/full here")
@pytest.mark.parametrize("words", [[], ["--json"]], ids=["text", "JSON"])
@every_row
def test_a_stdout_that_cannot_be_written_is_reported_in_a_line(bob: Shell, row: Row, words: list[str]) -> None:
    kept = os.dup(1)
    full = os.open("/dev/full", os.O_WRONLY)
    os.dup2(full, 1)
    try:
        result = bob(*row.words.split(), *words, me="bob")
    finally:
        os.dup2(kept, 1)
        os.close(kept)
        os.close(full)
    assert result.code == (5 if row.command in {"send", "reply"} else 1)
    assert "cannot write to stdout: No space left on device" in result.err
    assert "Traceback" not in result.err


@every_row
def test_help_leads_with_examples(shell: Shell, row: Row) -> None:
    words = row.command.split()
    shown = shell.ok("help", *words, me=None)
    assert shown == shell.ok(*words, "--help", me=None) == shell.ok("--help", *words, me=None)
    first, _, rest = shown.partition(f"\n\nusage: amq {row.command} ")
    assert f"  amq {row.command}" in first
    assert "common options" in rest
