"""Output and exit codes when a step on the disk fails: nothing was done, or the outcome is reported as uncertain."""

from __future__ import annotations

import errno
import os
import re
from typing import Any

import pytest

from amq.errors import BadMessage
from amq.store.dlq_write import envelope
from tests.conftest import Result, Shell
from tests.crash.seam import Watched
from tests.samples import HEADER, ID, message_file


class Failing(Watched):
    """A disk on which the steps that match PATTERN (name and paths) fail."""

    def __init__(self, pattern: str, code: int = errno.EIO) -> None:
        super().__init__()
        self._pattern = pattern
        self._code = code

    def take(self, name: str, arguments: tuple[Any, ...]) -> Any:
        """Take the step, or fail if it matches."""
        if re.fullmatch(self._pattern, str(self.describe(name, arguments))):
            raise OSError(self._code, os.strerror(self._code))
        return super().take(name, arguments)


def call(amq: Shell, pattern: str, words: str, me: str = "alice", code: int = errno.EIO) -> Result:
    """Call WORDS on such a disk."""
    with Failing(pattern, code):
        return amq(*words.split(), me=me)


@pytest.mark.parametrize(
    ("code", "remedy"),
    [
        (errno.EROFS, "writable directories"),
        (errno.EACCES, "writable directories"),
        (errno.EPERM, "writable directories"),
        (errno.ENOSPC, "free space"),
        (errno.EMFILE, "ulimit -n"),
        (errno.EIO, ""),
    ],
)
def test_what_to_do_is_said(amq: Shell, code: int, remedy: str) -> None:
    """An agent in a sandbox cannot see why the disk refuses, and loses no mail by it."""
    amq.send()
    for words, me in (("send --to bob --body=x --json", "alice"), ("drain --json", "bob")):
        failed = call(amq, r"(open|descend|mkdir) .*\.amq(/.*)?|open .*/inbox/tmp/.*", words, me=me, code=code)
        assert failed.code == 1
        assert remedy in failed.error["hint"]
        assert bool(failed.error["hint"]) is bool(remedy)
    assert len(amq.new()) == 1


@pytest.mark.parametrize("command", ["send --to bob", "send --to bob,carol --thread plan", "reply --id m1"])
def test_an_uncertain_delivery_prints_its_id(amq: Shell, command: str) -> None:
    amq.send("--new-id=m1", me="bob", to="alice")
    failed = call(amq, r"fsync .*/bob/inbox/new", f"{command} --body=x")
    assert (failed.code, failed.out) == (5, "")
    told = re.search(r"repeat with --new-id (\S+):", failed.err)
    assert told is not None
    assert "already delivered" in amq.ok(*command.split(), "--body=x", "--new-id", told[1])
    assert amq.new() == [f"{told[1]}.md"]


def test_uncertain_in_json(amq: Shell) -> None:
    failed = call(amq, r"fsync .*/bob/inbox/new", "send --to bob --body=x --json")
    assert (failed.code, failed.out, failed.error["code"]) == (5, "", "uncertain")
    assert "--new-id" in failed.error["hint"]


@pytest.mark.parametrize("step", [r"write .*/bob/inbox/tmp/.*", r"fsync .*/bob/inbox/tmp/.*", r"link .*/bob/.*"])
def test_a_send_that_failed_has_delivered_nothing(amq: Shell, step: str) -> None:
    failed = call(amq, step, "send --to bob --body=x --json")
    assert (failed.code, failed.out, failed.error["code"]) == (1, "", "failed")
    assert "nothing was delivered: Input/output error" in failed.error["error"]
    assert (amq.new(), os.listdir(amq.agent("bob").inbox_tmp)) == ([], [])


@pytest.mark.parametrize("words", ["drain --include-body", "read --id m1", "monitor --include-body"])
def test_mail_that_was_shown_and_stays_in_new_comes_again_marked(amq: Shell, words: str) -> None:
    amq.send("--new-id=m1")
    failed = call(amq, r"move .*", words, me="bob")
    assert (failed.code, "hello\n" in failed.out) == (1, True)
    assert "drain again: it shows the mail again, marked as redelivered" in failed.err
    assert "Redelivered: yes" in amq.ok("drain", me="bob")
    assert amq.cur() == ["m1.md"]


@pytest.mark.parametrize("step", [r"fsync .*/drains/.*", r"fsync .*/drains"])
def test_mail_that_could_not_be_held_is_not_shown(amq: Shell, step: str) -> None:
    amq.send("--new-id=m1")
    failed = call(amq, step, "drain", me="bob")
    assert (failed.code, failed.out) == (1, "")
    assert "Redelivered" not in amq.ok("drain", me="bob")


def test_a_retry_whose_letter_may_be_there_still_is_uncertain(amq: Shell) -> None:
    letter = "dlq_1_0_aaaaaaaaaaaa"
    with open(os.path.join(amq.agent("bob").dlq_new, f"{letter}.md"), "wb") as file:
        file.write(envelope(letter, HEADER["id"], BadMessage("fixed since"), 0) + message_file())
    words = f"dlq retry --id {letter} --json"
    failed = call(amq, r"unlink .*/dlq/new/.*", words, me="bob")
    assert (failed.code, failed.out, failed.error["code"]) == (5, "", "uncertain")
    assert amq(*words.split(), me="bob").value[0]["outcome"] == "delivered"
    assert (amq.new(), amq.dead_letters()) == ([f"{ID}.md"], [])


def test_an_acknowledgement_that_failed_can_be_repeated(amq: Shell) -> None:
    amq.send("--new-id=m1", "--ack")
    failed = call(amq, r"fsync .*/acks/sent", "ack --id m1", me="bob")
    assert (failed.code, failed.out) == (1, "")
    assert amq.ok("ack", "--id", "m1", me="bob") == "Acked m1\n"


def test_an_earlier_presence_stays_if_the_next_cannot_be_written(amq: Shell) -> None:
    amq.ok("presence", "set", "--status=busy")
    assert call(amq, r"replace .*", "presence set --status idle").code == 1
    assert "busy" in amq.ok("presence", "list")


@pytest.mark.parametrize(
    ("words", "step"),
    [("dlq purge --yes", r"unlink .*/dlq/new/.*"), ("cleanup --tmp-older-than 0 --yes", r"unlink .*/tmp/.*")],
)
def test_what_cannot_be_removed_is_warned_of_and_not_counted(amq: Shell, words: str, step: str) -> None:
    for path in (amq.agent("bob").dlq_new, amq.agent("bob").inbox_tmp):
        with open(os.path.join(path, "x.md"), "wb"):
            pass
    result = call(amq, step, words, me="bob")
    assert result.out.startswith("Removed 0 ")
    assert "warning" in result.err
