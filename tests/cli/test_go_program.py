"""A queue that the Go program uses too: its receipts, its mailboxes, its drains beside ours, its own smoke test."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

from amq.mail.mailbox import Mailbox
from tests.conftest import Shell
from tests.samples import HEADER, message_file

SMOKE = """
set -eu
amq() { "$AMQ" "$@"; }
amq init --root "$ROOT" --agents codex,claude
mkdir "$ROOT/agents/claude/receipts"
sent=$(amq send --root "$ROOT" --me codex --to claude --body hello --json)
id=$(printf '%s\\n' "$sent" | awk -F'"' '/"id":/ {print $4; exit}')
thread=$(printf '%s\\n' "$sent" | awk -F'"' '/"thread":/ {print $4; exit}')
amq list --root "$ROOT" --me claude --new | grep -q "$id"
amq read --root "$ROOT" --me claude --id "$id" | grep -q hello
amq list --root "$ROOT" --me claude --cur | grep -q "$id"
test -f "$ROOT/agents/claude/receipts/${id}__claude__drained.json"
[ "$(amq thread --root "$ROOT" --id "$thread" --json | awk -F'"' '/"id":/ {print $4; exit}')" = "$id" ]
amq presence set --root "$ROOT" --me codex --status busy
amq presence list --root "$ROOT" | grep -q ^codex
echo tmp >"$ROOT/agents/codex/inbox/tmp/old.tmp"
touch -d '1 hour ago' "$ROOT/agents/codex/inbox/tmp/old.tmp"
amq cleanup --root "$ROOT" --tmp-older-than 1ms --yes
! test -e "$ROOT/agents/codex/inbox/tmp/old.tmp"
"""


def receipts(amq: Shell, handle: str = "bob") -> dict[str, bytes]:
    directory = Path(amq.agent(handle).receipts)
    return {path.name: path.read_bytes() for path in directory.iterdir()} if directory.exists() else {}


def test_a_drain_leaves_a_receipt_where_there_are_some(amq: Shell) -> None:
    Path(amq.agent("bob").receipts).mkdir()
    amq.send("--new-id=m1", "--thread=t/x")
    amq.send("--new-id=m2", "--ack")
    amq.ok("drain", "--limit=1", me="bob")
    assert list(receipts(amq)) == ["m1__bob__drained.json"]
    (data,) = receipts(amq).values()
    receipt = json.loads(data)
    assert data.decode() == json.dumps(receipt, indent=2) + "\n"
    assert receipt.pop("emitted_at").endswith("Z")
    assert receipt == {
        "schema": 1, "msg_id": "m1", "thread": "t/x", "sender": "alice", "consumer": "bob", "stage": "drained",
    }  # fmt: skip
    assert os.stat(Path(amq.agent("bob").receipts, "m1__bob__drained.json")).st_mode & 0o777 == 0o600
    amq.ok("read", "--id=m2", me="bob")
    assert sorted(receipts(amq)) == ["m1__bob__drained.json", "m2__bob__drained.json"]


def test_a_sender_with_receipts_gets_them_from_every_recipient(amq: Shell) -> None:
    Path(amq.agent("alice").receipts).mkdir()
    amq.send("--new-id=m1")
    amq.send("--new-id=m2", me="carol")
    amq.ok("drain", "--limit=1", me="bob")
    assert list(receipts(amq)) == ["m1__bob__drained.json"]


def test_elsewhere_there_are_none(amq: Shell) -> None:
    amq.send()
    amq.ok("drain", me="bob")
    assert not Path(amq.agent("bob").receipts).exists()


def test_a_dead_letter_has_a_receipt_that_says_why(amq: Shell) -> None:
    Path(amq.agent("bob").receipts).mkdir()
    Path(amq.agent("bob").inbox_new, "bad.md").write_bytes(b"no message")
    amq.ok("drain", me="bob")
    (data,) = receipts(amq).values()
    receipt = json.loads(data)
    assert (receipt["stage"], receipt["sender"], bool(receipt["detail"])) == ("dlq", "", True)
    assert "thread" not in receipt


def test_the_twin_of_filed_mail_counts_as_a_dead_letter(amq: Shell) -> None:
    Path(amq.agent("bob").receipts).mkdir()
    for box in (amq.agent("bob").inbox_new, amq.agent("bob").inbox_cur):
        Path(box, f"{HEADER['id']}.md").write_bytes(message_file(box.encode()))
    amq.ok("drain", me="bob")
    assert list(receipts(amq)) == [f"{HEADER['id']}__bob__dlq.json"]


def test_one_that_is_there_stays_and_one_that_cannot_be_written_is_a_warning(amq: Shell) -> None:
    directory = Path(amq.agent("bob").receipts)
    directory.mkdir()
    (directory / "m1__bob__drained.json").write_text("first")
    amq.send("--new-id=m1")
    amq.ok("drain", me="bob")
    assert receipts(amq) == {"m1__bob__drained.json": b"first"}
    shutil.rmtree(directory)
    directory.symlink_to(amq.root)
    amq.send("--new-id=m2")
    result = amq("drain", me="bob")
    assert (result.code, "a receipt for the Go program was not written" in result.err) == (0, True)
    assert Path(amq.agent("bob").inbox_cur, "m2.md").exists()


def test_one_whose_name_is_too_long_keeps_no_other_from_its_receipt(amq: Shell) -> None:
    Path(amq.agent("bob").receipts).mkdir()
    Path(amq.agent("bob").inbox_new, f"{'a' * 250}.md").write_bytes(b"no message")
    amq.send("--new-id=m1")
    result = amq("drain", me="bob")
    assert (result.code, "a receipt for the Go program was not written" in result.err) == (0, True)
    assert list(receipts(amq)) == ["m1__bob__drained.json"]


def test_a_mailbox_without_acknowledgements_gets_them_at_need(amq: Shell) -> None:
    for handle in ("alice", "bob"):
        shutil.rmtree(Path(amq.agent(handle).home, "acks"))
    doctor = amq("doctor", "--json").value
    (note,) = [each for each in doctor["findings"] if "acks" in each["text"] and "bob" in each["text"]]
    assert "made at need" in note["text"]
    amq.send("--new-id=m1", "--ack")
    amq.ok("drain", me="bob")
    assert Path(amq.agent("alice").acks_received, "m1.json").exists()
    assert Path(amq.agent("bob").acks_sent, "m1.json").exists()


def test_an_agent_that_is_gone_gets_no_directories(amq: Shell) -> None:
    amq.send("--new-id=m1", "--ack")
    shutil.rmtree(amq.agent("alice").home)
    amq.ok("drain", me="bob")
    assert not Path(amq.agent("alice").home).exists()


def test_mail_that_another_program_takes_meanwhile_is_a_warning(amq: Shell) -> None:
    amq.send("--new-id=m1")
    warned: list[str] = []
    with Mailbox(str(amq.root), "bob", warn=warned.append).drain() as mail:
        for _ in mail:
            os.rename(Path(amq.agent("bob").inbox_new, "m1.md"), Path(amq.agent("bob").inbox_cur, "m1.md"))
    assert len(warned) == 1
    assert "another program took 1 of these messages while they were shown here (m1)" in warned[0]


def test_cleanup_needs_no_handle(amq: Shell) -> None:
    left = Path(amq.agent("bob").inbox_tmp, "old.tmp")
    left.write_text("x")
    os.utime(left, (1, 1))
    assert amq("cleanup", "--tmp-older-than=1ms", "--yes", me=None).code == 0
    assert not left.exists()


def test_its_smoke_test(tmp_path: Path) -> None:
    environment = {"PATH": os.environ["PATH"], "HOME": str(tmp_path), "XDG_STATE_HOME": os.environ["XDG_STATE_HOME"]}
    environment |= {"AMQ": str(Path(sys.executable).with_name("amq")), "ROOT": str(tmp_path / "agent-mail")}
    done = subprocess.run(["sh", "-c", SMOKE], env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
