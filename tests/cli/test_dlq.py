"""`amq dlq`: list, read, retry and purge dead letters."""

from __future__ import annotations

import io
import json
import os
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from amq.store import durable
from tests.conftest import Shell
from tests.samples import ID, message_file

LETTER = "dlq_1795356371359644155_17396_94231017b97e"


def envelope(**changes: Any) -> bytes:
    """Return the bytes above an original, as another program writes them."""
    fields = {
        "schema": "amq/dlq/v1", "id": LETTER, "original_id": ID, "original_file": f"{ID}.md",
        "failure_reason": "parse_error", "failure_detail": "missing frontmatter start",
        "failure_time": "2026-11-22T14:06:11Z", "retry_count": 0, "source_dir": "new",
    }  # fmt: skip
    return b"---\n" + json.dumps(fields | changes, indent=2).encode() + b"\n---\n"


def put(amq: Shell, data: bytes, name: str = LETTER, box: str = "new") -> Path:
    """Leave a dead letter in bob's mailbox."""
    path = Path(amq.agent("bob").home, "dlq", box, f"{name}.md")
    path.write_bytes(data)
    return path


def stored(path: Path) -> Any:
    return json.loads(path.read_bytes().split(b"\n---\n")[0].removeprefix(b"---\n"))


def dlq(amq: Shell) -> Callable[..., Any]:
    """Call `amq dlq` as bob."""
    return lambda *words: amq("dlq", *words, me="bob")


# -- the two words ----------------------------------------------------------------------------------------------------


def test_the_group_alone_names_its_actions(amq: Shell) -> None:
    result = amq("dlq")
    assert (result.code, result.out) == (2, "")
    assert "amq dlq list, amq dlq read, amq dlq retry, amq dlq purge" in result.err


@pytest.mark.parametrize("words", [["help", "dlq"], ["dlq", "--help"]])
def test_help_of_the_group_lists_its_actions(amq: Shell, words: list[str]) -> None:
    assert [line.split()[:2] for line in amq.ok(*words).splitlines()[:4]] == [
        ["dlq", action] for action in ("list", "read", "retry", "purge")
    ]


def test_help_of_purge_says_that_it_removes_all(amq: Shell) -> None:
    assert "such as 36h (default: all)" in amq.ok("help", "dlq", "purge")


@pytest.mark.parametrize("words", [["help", "dlq", "list"], ["dlq", "list", "--help"], ["dlq", "--help", "list"]])
def test_an_action_has_help_of_its_own(amq: Shell, words: list[str]) -> None:
    assert "usage: amq dlq list" in amq.ok(*words)


def test_an_action_that_is_not_there_is_a_usage_error(amq: Shell) -> None:
    result = amq("dlq", "lst")
    assert result.code == 2
    assert "did you mean: amq dlq list" in result.err


def test_common_options_may_be_anywhere(amq: Shell) -> None:
    put(amq, envelope() + b"x")
    for words in (["--me", "bob", "dlq", "list"], ["dlq", "--me", "bob", "list"], ["dlq", "list", "--me=bob"]):
        assert LETTER in amq.ok(*words, me=None)


# -- list and read ----------------------------------------------------------------------------------------------------


def test_none_is_an_empty_list_and_silence(amq: Shell) -> None:
    assert amq.ok("dlq", "list") == ""
    assert amq.ok("dlq", "list", "--json") == "[]\n"
    assert amq.ok("dlq", "retry", "--all", "--json") == "[]\n"
    assert amq.ok("dlq", "purge", "--yes", "--json") == "[]\n"


def test_a_letter_by_amq_is_listed(amq: Shell) -> None:
    amq.put("bad.md", b"nonsense")
    amq.ok("drain", me="bob")
    (item,) = dlq(amq)("list", "--json").value
    assert re.fullmatch(r"dlq_\d+_\d+_[0-9a-f]{12}", item["id"])
    assert (item["box"], item["original_id"], item["failure_reason"]) == ("new", "bad", "parse_error")


def test_a_letter_of_another_program_is_listed(amq: Shell) -> None:
    put(amq, envelope() + b"not a message\n")
    assert dlq(amq)("list").out == (
        f"[new] 2026-11-22T14:06:11Z  parse_error  {LETTER}  missing frontmatter start\n"
    )  # fmt: skip
    assert dlq(amq)("list", "--json").value == [
        {
            "id": LETTER, "box": "new", "original_id": ID, "original_file": f"{ID}.md",
            "failure_reason": "parse_error", "failure_detail": "missing frontmatter start",
            "failure_time": "2026-11-22T14:06:11Z", "retry_count": 0,
        }
    ]  # fmt: skip


def test_a_long_envelope_is_read_whole(amq: Shell) -> None:
    put(amq, envelope(failure_detail="x" * 300_000) + b"not a message\n")
    assert len(dlq(amq)("list", "--json").value[0]["failure_detail"]) == 300_000


def test_read_shows_the_original_and_files_the_letter(amq: Shell) -> None:
    put(amq, envelope() + b"a\r\n---\nb\xff\x1b[2J")
    text = dlq(amq)("read", "--id", f"{LETTER}.md").out
    assert text.startswith(f"id: {LETTER}\nbox: new\n")
    assert text.endswith("\n---\na\n---\nb\ufffd^[[2J\n")
    assert dlq(amq)("list", "--json").value[0]["box"] == "cur"
    item = dlq(amq)("read", "--id", LETTER, "--json").value
    assert (item["box"], item["original"]) == ("cur", "a\r\n---\nb\ufffd\x1b[2J")


def test_a_letter_that_is_not_there_is_not_found(amq: Shell) -> None:
    assert [dlq(amq)(action, "--id", "dlq_1").code for action in ("read", "retry")] == [3, 3]


@pytest.mark.parametrize("name", ["../../../alice/inbox/new/x", "/etc/passwd", ".hidden", ""])
def test_an_id_cannot_reach_outside(amq: Shell, name: str) -> None:
    assert [dlq(amq)(action, "--id", name).code for action in ("read", "retry")] == [2, 2]


def test_read_replaces_no_letter_of_the_same_name(amq: Shell) -> None:
    put(amq, envelope() + b"other", box="cur")
    put(amq, envelope() + b"one")
    assert dlq(amq)("read", "--id", LETTER).code == 1
    assert Path(amq.agent("bob").dlq_cur, f"{LETTER}.md").read_bytes().endswith(b"other")


# -- retry ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("box", ["new", "cur"])
def test_what_heals_is_mail_again_byte_for_byte_and_leaves_nothing(amq: Shell, box: str) -> None:
    original = message_file(b"a\r\n\xff", reply_to="kept").replace(b"\n", b"\r\n", 1)
    path = put(amq, envelope() + original, box=box)
    result = dlq(amq)("retry", "--id", LETTER)
    assert (result.code, result.out) == (0, f"Delivered {ID} (from {LETTER})\n")
    assert not path.exists()
    assert Path(amq.agent("bob").inbox_new, f"{ID}.md").read_bytes() == original
    assert os.listdir(amq.agent("bob").inbox_tmp) == []


def test_what_is_still_bad_returns_to_its_letter_and_is_counted(amq: Shell) -> None:
    path = put(amq, envelope(theirs=[1e3, 2**70]) + b"a\r\n---\n\xff")
    result = dlq(amq)("retry", "--id", LETTER, "--json")
    assert (result.code, result.value[0]["outcome"], result.value[0]["retry_count"]) == (1, "still_bad", 1)
    before = json.loads(envelope(theirs=[1e3, 2**70])[4:-5])
    assert stored(path) == before | {"retry_count": 1}
    assert path.read_bytes().endswith(b"\n---\na\r\n---\n\xff")
    assert os.listdir(amq.agent("bob").dlq_tmp) == []
    assert amq.new() == []


def test_a_letter_is_rewritten_in_tmp_where_a_sweep_finds_it(amq: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
    put(amq, envelope() + b"bad")
    staged: list[list[str]] = []

    class Watched(durable.Syscalls):
        def replace(self, source: Any, name: str, target: Any, new_name: str) -> None:
            staged.append(os.listdir(amq.agent("bob").dlq_tmp))
            super().replace(source, name, target, new_name)

    monkeypatch.setattr(durable, "syscalls", Watched())
    dlq(amq)("retry", "--id", LETTER)
    assert [len(names) for names in staged] == [1]


@pytest.mark.parametrize("step", ["write", "fsync", "link", "replace"])
@pytest.mark.parametrize("original", [b"bad", message_file()])
def test_a_full_disk_loses_no_letter_and_leaves_nothing(
    amq: Shell, monkeypatch: pytest.MonkeyPatch, step: str, original: bytes
) -> None:
    path = put(amq, envelope() + original)
    amq.ok("drain", me="bob")

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patched:
        patched.setattr(durable.syscalls, step, full)
        code = dlq(amq)("retry", "--id", LETTER).code
    assert code == 1 or not path.exists()
    assert path.exists() or amq.new() == [f"{ID}.md"]
    assert [os.listdir(box) for box in (amq.agent("bob").dlq_tmp, amq.agent("bob").inbox_tmp)] == [[], []]
    dlq(amq)("retry", "--id", LETTER)
    assert path.exists() == (original == b"bad")


def test_after_three_tries_only_force_helps(amq: Shell) -> None:
    path = put(amq, envelope() + b"bad")
    assert [dlq(amq)("retry", "--id", LETTER).code for _ in range(4)] == [1, 1, 1, 1]
    assert stored(path)["retry_count"] == 3
    result = dlq(amq)("retry", "--id", LETTER, "--json")
    assert "--force" in result.error["hint"]
    dlq(amq)("retry", "--id", LETTER, "--force")
    assert stored(path)["retry_count"] == 4


def test_one_letters_trouble_stops_no_other(amq: Shell) -> None:
    put(amq, b"no envelope", name="dlq_0")
    put(amq, envelope(retry_count=3) + b"bad", name="dlq_1")
    put(amq, envelope(original_file="x/../y.md") + b"bad", name="dlq_2")
    put(amq, envelope() + message_file(), name="dlq_3")
    os.mkfifo(Path(amq.agent("bob").dlq_new, "dlq_4.md"))
    result = dlq(amq)("retry", "--all", "--json")
    outcomes = {item["id"]: item["outcome"] for item in result.value}
    assert result.code == 1
    assert outcomes == {f"dlq_{n}": "delivered" if n == 3 else "refused" for n in range(5)}
    assert amq.new() == [f"{ID}.md"]


@pytest.mark.parametrize(
    "name", ["../../../alice/inbox/new/x.md", "/tmp/x.md", "x", ".x.md", "a\0b.md", "", ".md", "x" * 300 + ".md"]
)
def test_original_file_is_never_trusted_as_a_path(amq: Shell, name: str) -> None:
    path = put(amq, envelope(original_file=name) + message_file())
    before = path.read_bytes()
    result = dlq(amq)("retry", "--id", LETTER)
    assert (result.code, result.out) == (1, "")
    assert "is not a message's file name" in result.err
    assert (path.read_bytes(), amq.new(), amq.new("alice")) == (before, [], [])


def test_no_other_message_of_that_id_is_replaced(amq: Shell) -> None:
    path = put(amq, envelope() + message_file(b"mine"))
    there = amq.put(f"{ID}.md", message_file(b"other"))
    assert dlq(amq)("retry", "--id", LETTER).code == 1
    assert path.exists()
    assert there.read_bytes().endswith(b"other")


@pytest.mark.parametrize("box", ["new", "cur"])
def test_a_retry_that_was_cut_off_is_finished_without_a_second_copy(amq: Shell, box: str) -> None:
    path = put(amq, envelope() + message_file())
    Path(amq.agent("bob").home, "inbox", box, f"{ID}.md").write_bytes(message_file())
    assert dlq(amq)("retry", "--id", LETTER).code == 0
    assert not path.exists()
    assert [*amq.new(), *amq.cur()] == [f"{ID}.md"]


@pytest.mark.parametrize("words", [[], ["--id", LETTER, "--all"], [LETTER]])
def test_retry_needs_to_know_which(amq: Shell, words: list[str]) -> None:
    assert dlq(amq)("retry", *words).code == 2


# -- hostile letters --------------------------------------------------------------------------------------------------

HOSTILE = [
    b"", b"---\n", b"---\n---\n", b"---\n{}\n", b"---\n[]\n---\n", b"---\n{\n---\n", b"\xff\xfe", b"x" * 10_000,
    b"---\n" + b"[" * 100_000 + b"\n---\n",
    envelope(retry_count="1"), envelope(retry_count=-1), envelope(retry_count=True), envelope(retry_count=None),
    envelope(original_file=["x"]), envelope(failure_time=7), envelope(failure_detail={}), envelope(original_id=None),
]  # fmt: skip


@pytest.mark.parametrize("data", HOSTILE)
def test_an_envelope_that_cannot_be_parsed_is_shown_and_kept(amq: Shell, data: bytes) -> None:
    path = put(amq, data)
    (item,) = dlq(amq)("list", "--json").value
    assert (item["id"], bool(item["error"])) == (LETTER, True)
    result = dlq(amq)("retry", "--id", LETTER)
    assert result.code == 1
    assert "cannot be parsed" in result.err
    assert path.read_bytes() == data
    assert dlq(amq)("read", "--id", LETTER).code == 0
    assert dlq(amq)("purge", "--older-than", "0", "--yes").out == "Removed 0 dead letter(s).\n"
    assert dlq(amq)("purge", "--yes").out == "Removed 1 dead letter(s).\n"


def test_what_is_not_a_file_is_listed_and_purged_and_never_followed(amq: Shell, tmp_path: Path) -> None:
    elsewhere = tmp_path / "elsewhere"
    elsewhere.write_bytes(envelope() + message_file())
    new = Path(amq.agent("bob").dlq_new)
    (new / "link.md").symlink_to(elsewhere)
    os.mkfifo(new / "fifo.md")
    (new / "directory.md").mkdir()
    assert [item["error"] != "" for item in dlq(amq)("list", "--json").value] == [True, True, True]
    assert dlq(amq)("read", "--id", "link").code == 1
    result = dlq(amq)("purge", "--yes")
    assert result.out == "Removed 2 dead letter(s).\n"
    assert "directory could not be removed" in result.err
    assert elsewhere.exists()


def test_what_a_letter_says_does_not_act_on_the_terminal(amq: Shell) -> None:
    put(amq, envelope(failure_detail="\x1b[2J", failure_reason="a\nb", failure_time="\u202e") + b"x", name="dlq\x1b")
    for words in (["list"], ["read", "--id", "dlq\x1b"], ["purge", "--dry-run"], ["retry", "--all"]):
        assert "\x1b" not in dlq(amq)(*words).out


# -- purge ------------------------------------------------------------------------------------------------------------


def test_without_a_terminal_and_without_yes_purge_refuses(amq: Shell) -> None:
    path = put(amq, envelope())
    result = dlq(amq)("purge", "--json")
    assert (result.code, result.out) == (2, "")
    assert "--yes" in result.error["hint"]
    assert path.exists()


def test_a_dry_run_removes_nothing(amq: Shell) -> None:
    path = put(amq, envelope())
    assert dlq(amq)("purge", "--dry-run").out.splitlines()[-1] == "Would remove 1 dead letter(s)."
    assert [item["id"] for item in dlq(amq)("purge", "--dry-run", "--yes", "--json").value] == [LETTER]
    assert path.exists()


def test_only_what_is_old_enough_goes(amq: Shell) -> None:
    put(amq, envelope(failure_time="2020-01-01T00:00:00Z"), name="dlq_1", box="cur")
    put(amq, envelope(failure_time="2090-01-01T00:00:00Z"), name="dlq_2")
    assert [item["id"] for item in dlq(amq)("purge", "--older-than", "36h", "--yes", "--json").value] == ["dlq_1"]
    assert [item["id"] for item in dlq(amq)("list", "--json").value] == ["dlq_2"]


@pytest.mark.parametrize(("answer", "left"), [("y", 0), ("yes", 0), ("n", 1), ("", 1), ("yesterday", 1)])
def test_a_user_is_asked(amq: Shell, monkeypatch: pytest.MonkeyPatch, answer: str, left: int) -> None:
    path = put(amq, envelope())
    monkeypatch.setattr("sys.stdin", io.StringIO(f"{answer}\n"))
    monkeypatch.setattr("amq.cli.confirm.stdin_is_terminal", lambda: True)
    result = dlq(amq)("purge")
    assert "remove 1 dead letter(s) for good? [y/N]" in result.err
    assert path.exists() == bool(left)
