"""The queue with Python's functions on Windows in place of those here. It has not been run there."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest

from amq.errors import UnsafePath
from amq.layout import QueueLayout, RootedPath
from amq.mail.mailbox import Mailbox
from amq.mail.sending import Draft
from amq.store import directories, durable, open_beneath, registry
from amq.store.durable import Directory, Syscalls

SHARED = 1 | 2 | 4  # for reading, for writing, for being renamed or removed
NOT_INHERITED = 0x80  # O_NOINHERIT
HOW = {1: os.O_CREAT | os.O_EXCL, 3: 0, 4: os.O_CREAT}
READ, WRITE = 0x80000000, 0x40000000


class Windows:
    """Doubles of `_winapi` and `msvcrt`, and the calls they got."""

    GENERIC_READ, GENERIC_WRITE = READ, WRITE
    LK_NBLCK = 2

    def __init__(self) -> None:
        self.opened: list[str] = []
        self.locked: list[int] = []
        self.is_free = True

    def CreateFile(self, path: str, access: int, share: int, *rest: int) -> int:  # noqa: N802
        security, how, _, template = rest
        assert (share, security, template) == (SHARED, 0, 0)
        self.opened.append(path)
        try:
            return os.open(path, HOW[how] | (os.O_RDWR if access & WRITE else os.O_RDONLY), 0o600)
        except OSError as error:
            raise type(error)(error.errno, error.strerror) from None  # which reports no path there

    def open_osfhandle(self, handle: int, flags: int) -> int:
        assert flags & ~(os.O_RDWR | os.O_WRONLY) == NOT_INHERITED
        return handle

    def locking(self, fd: int, mode: int, count: int) -> None:
        assert (mode, count) == (self.LK_NBLCK, 1)
        self.locked.append(os.lseek(fd, 0, os.SEEK_CUR))
        if not self.is_free:
            raise PermissionError


@pytest.fixture
def windows(monkeypatch: pytest.MonkeyPatch) -> Windows:
    made = Windows()
    monkeypatch.setitem(sys.modules, "_winapi", made)
    monkeypatch.setitem(sys.modules, "msvcrt", made)
    monkeypatch.delitem(sys.modules, "amq.store.windows_open", raising=False)
    monkeypatch.setattr(os, "O_NOINHERIT", NOT_INHERITED, raising=False)
    monkeypatch.setattr(open_beneath, "HAS_DIRECTORY_FDS", False)
    monkeypatch.setattr(os, "supports_dir_fd", SimpleNamespace())
    monkeypatch.setattr(sys, "platform", "win32")
    return made


def test_mail_comes_and_goes(tmp_path: Path, windows: Windows) -> None:
    queue = QueueLayout(str(tmp_path / "queue"))
    registry.make_queue(queue, tracked=False)
    registry.register(queue, ["ann", "bob", "cy"], 0)
    ann, bob = Mailbox(queue.root, "ann"), Mailbox(queue.root, "bob")
    sent = ann.send(["bob", "cy"], b"A text", Draft(new_id="question", thread="t", ack=True))
    (Path(queue.agent("bob").inbox_new) / "broken.md").write_text("no message")
    assert [entry.id for entry in bob.list()] == ["broken", "question"]
    with bob.drain() as batch:
        assert [message.id for message in batch] == ["broken", "question"]
    assert sorted(os.listdir(queue.agent("bob").inbox_cur)) == ["question.md"]
    assert os.listdir(queue.agent("bob").drains) == os.listdir(queue.agent("bob").inbox_tmp) == []
    bob.reply("question", b"An answer", Draft(new_id="answer"))
    assert [entry.header.id for entry in ann.thread(sent.thread)] == ["question", "answer"]
    assert windows.opened


def test_the_byte_that_is_locked_is_nobodys(tmp_path: Path, windows: Windows) -> None:
    """On Windows no other process can read a locked byte."""
    with Directory(RootedPath(str(tmp_path))) as directory:
        durable.close(durable.write_new(directory, "x", b"whole"))
        assert windows.locked == [0x7FFF_FFFF]
        assert durable.read_regular(directory, "x", 100) == b"whole"
        windows.is_free = False
        fd = durable.syscalls.open(directory, "x", os.O_RDWR)
        assert not durable.syscalls.lock(fd)
        assert durable.read_all(fd, 100) == b"whole"
        durable.close(fd)


def test_an_error_names_the_file(tmp_path: Path, windows: Windows) -> None:
    missing = str(tmp_path / "missing")
    with Directory(RootedPath(str(tmp_path))) as directory, pytest.raises(FileNotFoundError, match="missing"):
        Syscalls().open(directory, "missing", os.O_RDONLY)
    (tmp_path / "x").touch()
    with Directory(RootedPath(str(tmp_path))) as directory, pytest.raises(FileExistsError, match="/x'"):
        durable.syscalls.open(directory, "x", durable.CREATE)
    assert windows.opened == [missing, str(tmp_path / "x")]


def test_a_link_is_followed_by_no_path_either(tmp_path: Path, windows: Windows) -> None:
    (tmp_path / "outside" / "below").mkdir(parents=True)
    (tmp_path / "link").symlink_to("outside")
    for names in (("link",), ("link", "below")):
        with pytest.raises(UnsafePath, match="link is a link"):
            Directory(RootedPath(str(tmp_path), *names))
    assert Directory(RootedPath(str(tmp_path / "link"), "below")).path.endswith("below")
    (tmp_path / "file").touch()
    with pytest.raises(NotADirectoryError):
        Directory(RootedPath(str(tmp_path), "file"))
    assert directories.look(RootedPath(str(tmp_path), "outside")).st_ino == (tmp_path / "outside").stat().st_ino
    assert windows


@pytest.mark.parametrize(
    ("tag", "leads_elsewhere"), [(0xA0000003, True), (0xA000000C, True), (0x9000001A, False), (0, False)]
)
def test_a_junction_is_a_link_and_a_file_in_the_cloud_is_none(tag: int, leads_elsewhere: bool) -> None:
    found = SimpleNamespace(st_mode=0o40777, st_reparse_tag=tag)
    assert open_beneath.is_link(found) is leads_elsewhere  # type: ignore[arg-type]
