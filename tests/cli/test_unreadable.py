"""Mail that cannot be read, for a moment or until its user acts: it stays in `new`, and the output says so."""

from __future__ import annotations

import errno
import os
from collections.abc import Callable
from contextlib import AbstractContextManager, ExitStack
from pathlib import Path
from typing import Any

import pytest

from amq.layout import RootedPath
from amq.mail.mailbox import Mailbox
from amq.store import durable, maildir
from amq.store.unreadable import FORBIDDEN, for_directory, what_to_do
from tests.conftest import Shell
from tests.crash.seam import Watched
from tests.samples import message_file

CODES = ("EACCES", "EPERM", "EIO", "EMFILE", "ENFILE", "ESTALE", "ENOMEM")
Lost = Callable[..., AbstractContextManager[object]]


class Unreadable(Watched):
    """A disk on which these files cannot be opened."""

    def __init__(self, code: str, names: tuple[str, ...]) -> None:
        super().__init__()
        self._code = getattr(errno, code)
        self._names = set(names)

    def take(self, name: str, arguments: tuple[Any, ...]) -> Any:
        """Take the step, unless it opens one of them, or asks about what its mode forbids."""
        if name == "may_read" and arguments[1] in self._names:
            return self._code not in FORBIDDEN
        if name == "open" and arguments[1] in self._names:
            raise OSError(self._code, os.strerror(self._code), arguments[1])
        return super().take(name, arguments)


@pytest.fixture
def lost() -> Lost:
    return lambda *ids, code="EACCES": Unreadable(code, tuple(f"{each}.md" for each in ids))


@pytest.mark.parametrize("code", CODES)
@pytest.mark.parametrize("words", [["drain"], ["drain", "--json"], ["drain", "--include-body", "--max-chars", "0"]])
def test_it_stays_new_unmarked_and_is_said_each_time(amq: Shell, lost: Lost, code: str, words: list[str]) -> None:
    amq.send("--new-id=m1", "--ack", body="precious")
    for _ in range(2):
        with lost("m1", code=code):
            result = amq(*words, me="bob")
        assert (result.code, "precious" in result.out) == (1, False)
        assert f"m1 cannot be read: {os.strerror(getattr(errno, code))}, and stays in new; " in result.err
        assert (amq.new(), amq.cur(), amq.dead_letters()) == (["m1.md"], [], [])
        assert not os.path.exists(amq.agent("bob").refused)
        assert os.listdir(amq.agent("alice").acks_received) == []
    shown = amq.ok("drain", "--include-body", me="bob")
    assert ("precious" in shown, "Redelivered" in shown) == (True, False)


def test_what_cannot_be_read_while_it_is_shown_stays_too(amq: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
    """The failure comes between the look at its head and the output."""
    amq.send("--new-id=m1")
    amq.send("--new-id=m2")

    def fail(*_: object) -> None:
        raise OSError(errno.EIO, os.strerror(errno.EIO))

    with monkeypatch.context() as patched:
        real = maildir.read_whole
        patched.setattr(maildir, "read_whole", lambda new, each: fail() if each == "m1" else real(new, each))
        result = amq("drain", me="bob")
    assert (result.code, result.out.splitlines()[0]) == (0, "[AMQ] 1 new message(s) for bob:")
    assert "m1 cannot be read: Input/output error" in result.err
    assert amq.new() == ["m1.md"]
    assert "Redelivered" not in amq.ok("drain", me="bob")


def test_what_a_dead_drain_may_have_shown_keeps_its_mark(amq: Shell, lost: Lost) -> None:
    amq.send("--new-id=m1")
    agent = amq.agent("bob")
    amq.ok("drain", "--limit", "1", "--max-chars", "0", me="carol")
    amq.ok("list", me="bob")
    os.makedirs(agent.drains)
    Path(agent.drains, "dead").write_text('{"pid": 1, "ids": ["m1"]}')
    amq.send("--new-id=m2")
    with lost("m1"):
        assert "Redelivered" not in amq("drain", me="bob").out
    assert "  Redelivered: yes" in amq.ok("drain", me="bob")


@pytest.mark.parametrize("limit", ["3", "20", "0"])
def test_many_take_no_other_messages_place(amq: Shell, lost: Lost, limit: str) -> None:
    names = [f"m{number}" for number in range(30)]
    for each in names:
        amq.put(f"{each}.md", message_file(id=each, created="2020-01-01T00:00:00Z", priority="urgent"))
    amq.send("--new-id=late")
    with lost(*names):
        peeked = amq("monitor", "--peek", "--limit", limit, me="bob")
        result = amq("drain", "--limit", limit, me="bob")
    assert (peeked.out, peeked.err) == (result.out, result.err)
    assert result.code == 0
    assert result.out.startswith("[AMQ] 1 new message(s) for bob:\n")
    assert "  ID: late\n" in result.out
    assert result.err.count("\n") == 4
    assert "27 more messages cannot be read, and stay in new" in result.err
    assert len(amq.new()) == 30


def test_drain_in_json_says_that_nothing_was_shown(amq: Shell, lost: Lost) -> None:
    amq.send("--new-id=m1")
    with lost("m1"):
        result = amq("drain", "--json", me="bob")
    assert (result.value["count"], result.value["remaining"]) == (0, 0)
    assert '"error": "nothing was shown' in result.err.splitlines()[-1]


@pytest.mark.parametrize("words", [["read", "--id", "m1"], ["ack", "--id", "m1"], ["reply", "--id", "m1", "--body=x"]])
def test_commands_by_id_say_what_to_do(amq: Shell, lost: Lost, words: list[str]) -> None:
    amq.send("--new-id=m1")
    with lost("m1"):
        result = amq(*words, "--json", me="bob")
    assert (result.code, result.out, result.error["code"]) == (1, "", "unreadable")
    assert result.error["error"] == "m1 cannot be read: Permission denied"
    assert result.error["hint"]
    assert amq.new() == ["m1.md"]


@pytest.mark.parametrize("words", [["list"], ["list", "--new"], ["list", "--limit", "3"]])
def test_list_does_not_call_it_no_message(amq: Shell, lost: Lost, words: list[str]) -> None:
    amq.send("--new-id=m1")
    with lost("m1"):
        result = amq(*words, me="bob")
    assert result.out == ""
    assert result.err.endswith("amq: No messages that can be read.\n")
    assert "m1 cannot be read: Permission denied; " in result.err
    assert "is not a message" not in result.err


def test_watch_thread_and_trace_say_it(amq: Shell, lost: Lost) -> None:
    amq.send("--new-id=m1", "--thread=t", me="carol")
    os.unlink(os.path.join(amq.agent("carol").sent, "m1.md"))
    with lost("m1"):
        for words in (["watch"], ["thread", "--id", "t"], ["trace", "--id", "m1"]):
            result = amq(*words, me="bob")
            assert "m1 cannot be read: Permission denied" in result.err, words
            assert "is not a message" not in result.err
        assert amq("trace", "--id", "m1", me="bob").code == 1


def test_who_and_why_count_and_show_it(amq: Shell, lost: Lost) -> None:
    amq.send("--new-id=m1")
    amq.send("--new-id=m2")
    with lost("m1"):
        (bob,) = (each for each in amq("who", "--json").value if each["handle"] == "bob")
        assert (bob["unread"], bob["unreadable"]) == (2, 1)
        assert "2 (1 cannot be read)" in amq.ok("who")
        why = amq("why", "bob", "--json").value
    assert why["unread"] == 2
    assert "; 1 of 2 cannot be read: m1 cannot be read: Permission denied; " in why["detail"]
    (bob,) = (each for each in amq("who", "--json").value if each["handle"] == "bob")
    assert "unreadable" not in bob


@pytest.mark.parametrize(
    ("code", "those"), [("EACCES", ["m1"]), ("EACCES", ["m1", "m2", "m3"]), ("EMFILE", ["m1", "m2", "m3"])]
)
def test_of_many_those_that_may_not_be_read_are_opened(
    amq: Shell, lost: Lost, opened: list[str], monkeypatch: pytest.MonkeyPatch, code: str, those: list[str]
) -> None:
    """Where the answer is wrong for all of them, each is opened."""
    monkeypatch.setattr(maildir, "MOST_OPENED", 2)
    ids = ["m1", "m2", "m3"]
    for each in ids:
        amq.send(f"--new-id={each}")
    agent = amq.agent("bob")
    with lost(*those, code=code):
        assert [each.id for each in maildir.cannot_read(agent.inbox_new, ids)] == those
    opened.clear()
    assert maildir.cannot_read(agent.inbox_new, ids) == []
    assert len(opened) == 1
    assert maildir.cannot_read(agent.inbox_new, [*ids, "gone"]) == []


def test_doctor_says_it_with_its_remedy(amq: Shell, lost: Lost) -> None:
    amq.send("--new-id=m1")
    with lost("m1"):
        told = amq("doctor").out
    assert "1 unread for bob cannot be read, such as m1 cannot be read: Permission denied" in told
    assert "ls -lZ" in told


def test_monitor_waits_for_what_can_be_read(amq: Shell, lost: Lost) -> None:
    """Otherwise it would loop without end."""
    amq.send("--new-id=m1")
    for words in (["monitor"], ["monitor", "--peek"], ["monitor", "--follow"]):
        with lost("m1"):
            result = amq(*words, "--timeout", "20ms", me="bob")
        assert (result.code, result.out) == (4, "timeout: no mail for bob\n")
        assert result.err.count("m1 cannot be read") == 1


def test_a_bad_message_that_cannot_be_read_any_more_stays(
    amq: Shell, lost: Lost, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The failure comes between the output and the move."""
    amq.put("bad.md", b"bad")
    with ExitStack() as later, monkeypatch.context() as patched:
        patched.setattr("amq.cli.output.Output.shown", lambda _: later.enter_context(lost("bad")))
        result = amq("drain", me="bob")
    assert "bad could not be moved to the dead letters: Permission denied" in result.err
    assert (amq.new(), amq.dead_letters()) == (["bad.md"], [])
    assert not os.path.exists(amq.agent("bob").refused)


def test_from_python_it_is_warned_of_and_kept(amq: Shell, lost: Lost) -> None:
    amq.send("--new-id=m1")
    told: list[str] = []
    bob = Mailbox(str(amq.root), "bob", warn=told.append)
    with lost("m1"), bob.drain() as mail:
        assert (list(mail), mail.count, mail.remaining) == ([], 0, 0)
    assert [each.id for each in mail.unreadable] == ["m1"]
    assert len(told) == 1


# -- what to do about it ----------------------------------------------------------------------------------------------


def advice(amq: Shell, code: str = "EACCES") -> str:
    from amq.store.durable import Directory

    with Directory(amq.agent("bob").inbox_new) as new:
        return what_to_do(new, "m1.md", OSError(getattr(errno, code), ""))


def test_the_remedy_names_the_owner_or_the_mode(amq: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
    amq.send("--new-id=m1")
    path = Path(amq.agent("bob").inbox_new, "m1.md")
    path.chmod(0)
    assert advice(amq) == f"its mode forbids it: chmod u+r {path}"
    monkeypatch.setattr("os.geteuid", lambda: 4_242)
    assert advice(amq) == f'it belongs to root: sudo chown "$(id -un)" {path}'
    monkeypatch.setattr("pwd.getpwuid", {}.__getitem__)
    assert "it belongs to user 0: sudo chown" in advice(amq, "EPERM")


@pytest.mark.parametrize(
    ("code", "says"),
    [("EMFILE", "ulimit -n"), ("ENFILE", "ulimit -n"), ("EIO", "check its disk"), ("EACCES", "ls -lZ")],
)
def test_the_remedy_of_others(amq: Shell, code: str, says: str) -> None:
    amq.send("--new-id=m1")
    assert says in advice(amq, code)


def test_what_has_gone_has_a_remedy_too(amq: Shell) -> None:
    assert "shows its owner and mode" in advice(amq)


def test_on_windows_another_program_may_have_it_open(amq: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("amq.store.unreadable.os.name", "nt")
    assert "another program may have it open" in advice(amq)


@pytest.mark.parametrize("words", [["drain"], ["list"], ["why"], ["monitor"], ["watch"]])
def test_an_inbox_that_cannot_be_opened_is_not_empty(
    amq: Shell, monkeypatch: pytest.MonkeyPatch, words: list[str]
) -> None:
    amq.send()
    inbox = amq.agent("bob").inbox_new
    os.chmod(inbox, 0o300)
    descend = durable.syscalls.descend

    def refuse(path: RootedPath) -> Any:
        if path == inbox:
            raise PermissionError(errno.EACCES, "Permission denied", str(inbox))
        return descend(path)

    with monkeypatch.context() as patched:
        patched.setattr(durable.syscalls, "descend", refuse)
        result = amq(*words, me="bob")
    os.chmod(inbox, 0o700)
    assert (result.code, result.out) == (1, "")
    assert f"     its mode forbids it: chmod u+rwx {inbox}\n" in result.err


def test_there_is_no_remedy_for_what_is_not_a_directory(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    for path in ("file", "missing"):
        assert for_directory(PermissionError(errno.EACCES, "", str(tmp_path / path))) == ""
    assert (
        for_directory(OSError(errno.EIO, "", str(tmp_path))) == for_directory(PermissionError(errno.EACCES, "")) == ""
    )


# -- what was moved aside ---------------------------------------------------------------------------------------------


def put_aside(amq: Shell, name: str, data: bytes) -> Path:
    """Leave the files that older versions made of mail that could not be read."""
    refused = Path(amq.agent("bob").refused)
    amq.ok("drain", me="bob")
    refused.mkdir(exist_ok=True)
    (refused / f"{name}.md").write_bytes(data)
    return refused / f"{name}.md"


def dlq(amq: Shell, *words: str) -> Any:
    return amq("dlq", *words, "--json", me="bob")


def test_a_good_message_is_listed_counted_and_given_back(amq: Shell) -> None:
    path = put_aside(amq, "m1", message_file(b"precious\n", id="m1"))
    (item,) = dlq(amq, "list").value
    assert (item["id"], item["box"], item["original_id"], "error" in item) == ("m1", "refused", "m1", False)
    assert "[refused] " in amq.ok("dlq", "list", me="bob")
    assert "a valid message; deliver it: amq dlq retry" in item["failure_detail"]
    assert "bob has 1 files in .amq/refused" in amq("doctor").out
    assert next(each for each in amq("who", "--json").value if each["handle"] == "bob")["dead_letters"] == 1
    assert "precious" in dlq(amq, "read", "--id", "m1").value["original"]
    assert dlq(amq, "retry", "--id", "m1").value == [{"id": "m1", "original_id": "m1", "outcome": "delivered"}]
    assert not path.exists()
    shown = amq.ok("drain", "--include-body", me="bob")
    assert ("precious" in shown, "Redelivered" in shown) == (True, False)
    assert dlq(amq, "list").value == []


def test_all_brings_back_what_is_good_and_leaves_the_rest(amq: Shell) -> None:
    bad, good = put_aside(amq, "bad", b"bad"), put_aside(amq, "good", message_file(id="good"))
    pipe = Path(amq.agent("bob").refused, "pipe.md")
    os.mkfifo(pipe)
    large = Path(amq.agent("bob").refused, "large.md")
    large.touch()
    os.truncate(large, 11 * 1024 * 1024)
    listed = {item["id"]: item.get("error", "") for item in dlq(amq, "list").value}
    assert (listed["bad"], listed["good"]) == ("", "")
    assert listed["pipe"] == f"not a regular file: {pipe}"
    assert "larger than 10 MiB" in listed["large"]
    outcomes = {item["id"]: item["outcome"] for item in dlq(amq, "retry", "--all").value}
    assert outcomes == {"bad": "still_bad", "good": "delivered", "pipe": "refused", "large": "refused"}
    assert [each.exists() for each in (bad, good, pipe, large)] == [True, False, True, True]
    assert amq.new() == ["good.md"]


def test_what_came_twice_is_given_back_under_its_own_name(amq: Shell) -> None:
    put_aside(amq, "1700000000000000000_12_0a1b2c3d", message_file(id="m1"))
    put_aside(amq, "1700000000000000000_12_0a1b2c3e", b"---json\n{}\n---\n")
    put_aside(amq, "1700000000000000000_12_0a1b2c3f", b"---json\n[\n---\n")
    outcomes = [item["outcome"] for item in dlq(amq, "retry", "--all").value]
    assert sorted(outcomes) == ["delivered", "still_bad", "still_bad"]
    assert amq.new() == ["m1.md"]


@pytest.mark.parametrize("box", ["new", "cur"])
def test_nothing_in_the_inbox_is_replaced_or_doubled(amq: Shell, box: str) -> None:
    data = message_file(id="m1")
    path = put_aside(amq, "m1", data)
    there = Path(amq.agent("bob").home, "inbox", box, "m1.md")
    there.write_bytes(message_file(b"another", id="m1"))
    assert "has another message with the id m1" in dlq(amq, "retry", "--id", "m1").error["error"]
    assert path.exists()
    there.write_bytes(data)
    assert dlq(amq, "retry", "--id", "m1").code == 0
    assert not path.exists()
    assert there.read_bytes() == data


def test_what_was_moved_aside_and_cannot_be_read_stays_there(amq: Shell, lost: Lost) -> None:
    path = put_aside(amq, "m1", message_file(id="m1"))
    with lost("m1"):
        (item,) = dlq(amq, "list").value
        assert item["error"].startswith("Permission denied")
        assert dlq(amq, "retry", "--all").value[0]["outcome"] == "refused"
    assert path.exists()
    assert dlq(amq, "retry", "--all").code == 0


def test_a_purge_leaves_it(amq: Shell) -> None:
    path = put_aside(amq, "m1", message_file(id="m1"))
    assert dlq(amq, "purge", "--dry-run").value == []
    assert dlq(amq, "purge", "--yes").value == []
    assert path.exists()


def test_trace_finds_it(amq: Shell) -> None:
    amq.send("--new-id=m1")
    new = Path(amq.agent("bob").inbox_new, "m1.md")
    data = new.read_bytes()
    new.unlink()
    put_aside(amq, "m1", data)
    assert amq("trace", "--id", "m1", "--json").value["recipients"][0]["box"] == "dlq"


def test_a_link_in_its_place_is_not_followed(amq: Shell, tmp_path: Path) -> None:
    put_aside(amq, "x", b"").unlink()
    secret = tmp_path / "secret"
    secret.write_bytes(message_file(id="m1"))
    link = Path(amq.agent("bob").refused, "m1.md")
    link.symlink_to(secret)
    assert "not a regular file" in dlq(amq, "list").value[0]["error"]
    assert dlq(amq, "retry", "--id", "m1").code == 1
    assert (link.is_symlink(), amq.new()) == (True, [])
