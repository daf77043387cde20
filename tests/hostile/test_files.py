"""Files that a confused or hostile program may leave in `new`.

They are reported once and put away, and no other mail is held up.
"""

from __future__ import annotations

import json
import os
import socket
from collections.abc import Callable
from pathlib import Path

import pytest

from amq.message import MAX_FILE_BYTES
from tests.conftest import Shell
from tests.samples import ID, message_file

SECRET = b"---json\n{}\n---\nsecret\n"


def _symlink(path: bytes) -> None:
    target = Path(os.fsdecode(path)).parent.parent / "secret"
    target.write_bytes(SECRET)
    os.symlink(target, path)


def _sparse(path: bytes) -> None:
    with open(path, "wb") as file:
        file.truncate(MAX_FILE_BYTES + 1024 * 1024)


def _large(path: bytes) -> None:
    name = os.path.basename(path).decode().removesuffix(".md")
    Path(os.fsdecode(path)).write_bytes(message_file(b"x" * MAX_FILE_BYTES, id=name))


def _socket(path: bytes) -> None:
    with socket.socket(socket.AF_UNIX) as server:
        here = os.getcwd()
        os.chdir(os.path.dirname(path))
        server.bind(os.path.basename(path))
        os.chdir(here)


def _full_directory(path: bytes) -> None:
    os.mkdir(path)
    Path(os.fsdecode(path), "x.md").write_bytes(b"")


def _text(path: bytes) -> None:
    Path(os.fsdecode(path)).write_bytes(b"x")


TRICKS: dict[str, tuple[bytes, Callable[[bytes], None]]] = {
    "FIFO": (b"trick.md", os.mkfifo),
    "symlink": (b"trick.md", _symlink),
    "dangling symlink": (b"trick.md", lambda path: os.symlink("nowhere", path)),
    "symlink to itself": (b"trick.md", lambda path: os.symlink("trick.md", path)),
    "symlink to a device": (b"trick.md", lambda path: os.symlink("/dev/zero", path)),
    "empty directory": (b"trick.md", os.mkdir),
    "full directory": (b"trick.md", _full_directory),
    "socket": (b"trick.md", _socket),
    "sparse giant": (b"trick.md", _sparse),
    "large message": (b"trick.md", _large),
    "name that is not UTF-8": (b"tr\xff\xfeick.md", _text),
    "name of 250 bytes": (b"x" * 247 + b".md", _text),
    "name with escapes": (b"\x1b[2J\n\x9b\xe2\x80\xae.md", _text),
    "name with a backslash": (b"a\\b.md", _text),
    "name with a space": (b" .md", _text),
    "name like an option": (b"--json.md", _text),
}
"""The name of a file, and the function that makes it."""


@pytest.fixture(params=TRICKS)
def trick(amq: Shell, request: pytest.FixtureRequest) -> Callable[[], None]:
    """Leave one hostile file in bob's `new`, beside a good message."""
    name, make = TRICKS[request.param]
    amq.put(f"{ID}.md", message_file())
    path = os.path.join(os.fsencode(amq.agent("bob").inbox_new), name)
    return lambda: make(path)


def test_drain_reports_it_once_and_serves_the_rest(amq: Shell, trick: Callable[[], None]) -> None:
    trick()
    items = json.loads(amq.ok("drain", "--json", me="bob"))["drained"]
    assert [bool(item.get("parse_error")) for item in items] == [True, False]
    assert (amq.new(), amq.cur()) == ([], [f"{ID}.md"])
    assert amq.ok("drain", me="bob") == ""


def test_a_second_one_of_the_same_name_is_put_away_too(amq: Shell, trick: Callable[[], None]) -> None:
    trick()
    amq.ok("drain", me="bob")
    trick()
    assert "ERROR" in amq.ok("drain", me="bob")
    assert amq.new() == []


def test_text_shows_no_raw_byte_of_its_name(amq: Shell, trick: Callable[[], None]) -> None:
    trick()
    shown = amq.ok("drain", me="bob")
    assert shown.count("  ERROR: ") == 1
    assert shown.replace("\n", "").isprintable()


def test_list_leaves_it_out_and_goes_on(amq: Shell, trick: Callable[[], None]) -> None:
    trick()
    listed = amq("list", "--json", me="bob")
    assert [item["id"] for item in listed.value] == [ID]
    assert listed.err.replace("\n", "").isprintable()


@pytest.mark.parametrize("command", ["read", "ack", "reply"])
def test_commands_by_id_neither_hang_nor_follow_it(amq: Shell, trick: Callable[[], None], command: str) -> None:
    trick()
    (name,) = set(amq.new()) - {f"{ID}.md"}
    result = amq(command, f"--id={name}", *(("--body", "x") if command == "reply" else ()), me="bob")
    assert result.code in (1, 2)
    assert "secret" not in result.out
    assert result.err.replace("\n", "").isprintable()


@pytest.mark.parametrize("name", [".hidden.md", "note.txt", "x.md.tmp", ".md"])
def test_what_is_not_a_message_by_its_name_is_left_alone(amq: Shell, name: str) -> None:
    amq.put(name, b"x")
    assert amq("list", me="bob").err == "amq: No messages.\n"
    assert amq.ok("drain", me="bob") == ""
    assert amq.new() == [name]


def test_the_target_of_a_link_stays_what_it_was(amq: Shell) -> None:
    path = os.path.join(os.fsencode(amq.agent("bob").inbox_new), b"trick.md")
    _symlink(path)
    assert "secret" not in amq.ok("drain", "--include-body", me="bob")
    assert Path(amq.agent("bob").home, "inbox", "secret").read_bytes() == SECRET


def test_a_mailbox_that_is_a_link_is_not_followed(amq: Shell) -> None:
    new = Path(amq.agent("bob").inbox_new)
    elsewhere = amq.project / "elsewhere"
    elsewhere.mkdir()
    new.rmdir()
    new.symlink_to(elsewhere)
    assert amq("send", "--to", "bob", "--body", "x").code == 1
    assert amq("drain", me="bob").code == 1
    assert list(elsewhere.iterdir()) == []


HOSTILE_TEXT = "\x1b]0;x\x07\x1b[31m\x9b1m\u202e\u2028\x7f\r"


def test_hostile_text_is_never_raw(amq: Shell) -> None:
    """This holds for each field of a message, in text or JSON, by any command that shows it."""
    name = "\x1b[31m"
    data = message_file(
        f"{HOSTILE_TEXT}\n".encode(),
        id=name, subject=HOSTILE_TEXT, thread=HOSTILE_TEXT, labels=[HOSTILE_TEXT], refs=[HOSTILE_TEXT],
        context={HOSTILE_TEXT: HOSTILE_TEXT}, extra=HOSTILE_TEXT,
    )  # fmt: skip
    amq.put(f"{name}.md", data)
    for json_option in ((), ("--json",)):
        for words in (
            ("list",), ("read", "--id", name), ("ack", "--id", name), ("drain", "--include-body"),
            ("reply", "--id", name, "--body=x"), ("reply", "--id", name, "--thread", "x", "--body=x"),
        ):  # fmt: skip
            amq.put(f"{name}.md", data)
            Path(amq.agent("bob").inbox_cur, f"{name}.md").unlink(missing_ok=True)
            result = amq(*words, *json_option, me="bob")
            assert (result.out + result.err).replace("\n", "").isprintable(), words


def test_the_thread_of_another_is_not_raw_in_the_answer_to_a_reply(amq: Shell) -> None:
    amq.put(f"{ID}.md", message_file(thread="\x9b31m\u202e"))
    assert amq.ok("reply", "--id", ID, "--body=x", me="bob").endswith(" (thread: <U+009B>31m<U+202E>)\n")


def test_a_hook_that_fails_writes_nothing_through_a_link(amq: Shell) -> None:
    outside = amq.project / "outside"
    outside.mkdir()
    Path(amq.agent("bob").state).symlink_to(outside)
    assert amq("hook", "claude", "stop", me="bob", stdin=b"{}").code == 0
    assert list(outside.iterdir()) == []
