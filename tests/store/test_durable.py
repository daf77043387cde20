"""The safe moves: publish without replacing, take once, never follow a link, on any filesystem."""

from __future__ import annotations

import errno
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from amq.layout import RootedPath
from amq.store import durable
from amq.store.durable import Directory, Syscalls
from tests.conftest import Shell


class Plain(Syscalls):
    """A filesystem without hard links and without a rename that refuses to replace."""

    def link(self, *_: object) -> None:
        raise OSError(errno.EPERM, os.strerror(errno.EPERM))

    def move(self, *_: object) -> None:
        raise OSError(errno.ENOSYS, os.strerror(errno.ENOSYS))


@pytest.fixture(params=[Syscalls, Plain])
def filesystem(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """The filesystem of each test: one that has everything, and one that has little."""
    monkeypatch.setattr(durable, "syscalls", request.param())


@pytest.fixture
def two(tmp_path: Path, filesystem: None) -> Iterator[tuple[Directory, Directory]]:
    """Two open directories, `a` and `b`."""
    (tmp_path / "a").mkdir()
    (tmp_path / "b").mkdir()
    with Directory(RootedPath(str(tmp_path / "a"))) as a, Directory(RootedPath(str(tmp_path / "b"))) as b:
        yield a, b


def files(directory: Directory) -> dict[str, bytes]:
    return {name: Path(directory.path, name).read_bytes() for name in os.listdir(directory.path)}


def write(directory: Directory, name: str, data: bytes) -> None:
    Path(directory.path, name).write_bytes(data)


def test_publishing_leaves_only_the_public_name(two: tuple[Directory, Directory]) -> None:
    a, b = two
    durable.publish_new(a, "temporary", b, "x", b"data")
    assert (files(a), files(b)) == ({}, {"x": b"data"})


def test_publishing_replaces_nothing(two: tuple[Directory, Directory]) -> None:
    a, b = two
    write(b, "x", b"first")
    with pytest.raises(FileExistsError):
        durable.publish_new(a, "temporary", b, "x", b"second")
    assert (files(a), files(b)) == ({}, {"x": b"first"})


def test_taking_moves_once(two: tuple[Directory, Directory]) -> None:
    a, b = two
    write(a, "x", b"data")
    assert durable.move_exclusive(a, "x", b) is True
    assert durable.move_exclusive(a, "x", b) is False
    assert (files(a), files(b)) == ({}, {"x": b"data"})


def test_taking_replaces_nothing(two: tuple[Directory, Directory]) -> None:
    a, b = two
    write(a, "x", b"second")
    write(b, "x", b"first")
    with pytest.raises(FileExistsError):
        durable.move_exclusive(a, "x", b)
    assert (files(a), files(b)) == ({"x": b"second"}, {"x": b"first"})


def test_of_two_names_of_one_file_the_one_in_the_source_goes(two: tuple[Directory, Directory]) -> None:
    a, b = two
    write(a, "x", b"data")
    os.link(f"{a.path}/x", f"{b.path}/x")
    assert durable.move_exclusive(a, "x", b) is True
    assert (files(a), files(b)) == ({}, {"x": b"data"})


def test_replacing_a_file_leaves_no_other(two: tuple[Directory, Directory]) -> None:
    a, _ = two
    write(a, "x", b"old")
    durable.replace_file(a, "x", "temporary", b"new")
    assert files(a) == {"x": b"new"}


def test_a_new_file_replaces_nothing_and_follows_nothing(two: tuple[Directory, Directory]) -> None:
    a, b = two
    os.symlink(f"{b.path}/target", f"{a.path}/link")
    write(a, "x", b"old")
    for name in ("x", "link"):
        with pytest.raises(FileExistsError):
            durable.write_new(a, name, b"new")
    assert files(b) == {}


def test_a_directory_is_not_followed_through_a_link(tmp_path: Path) -> None:
    (tmp_path / "real").mkdir()
    (tmp_path / "link").symlink_to("real")
    with pytest.raises(OSError):
        Directory(RootedPath(str(tmp_path), "link"))


def test_a_touch_follows_no_link(tmp_path: Path) -> None:
    (tmp_path / "outside").touch()
    os.utime(tmp_path / "outside", (1, 1))
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "lock").symlink_to("../outside")
    with Directory(RootedPath(str(tmp_path), "in")) as directory:
        durable.syscalls.touch(directory, "lock")
    assert (tmp_path / "outside").stat().st_mtime == 1
    assert (tmp_path / "in" / "lock").lstat().st_mtime > 1


@pytest.mark.parametrize(("most", "data"), [(0, b""), (3, b"abc"), (6, b"abcdef"), (100, b"abcdef")])
def test_no_more_is_read_than_was_asked_for(tmp_path: Path, most: int, data: bytes) -> None:
    (tmp_path / "x").write_bytes(b"abcdef")
    with Directory(RootedPath(str(tmp_path))) as directory:
        assert durable.read_regular(directory, "x", most) == data


def test_a_file_above_the_limit_is_not_read(tmp_path: Path) -> None:
    (tmp_path / "x").write_bytes(b"abc")
    with Directory(RootedPath(str(tmp_path))) as directory:
        assert durable.read_regular(directory, "x", 1, largest=3) == b"a"
        with pytest.raises(OSError, match="File too large"):
            durable.read_regular(directory, "x", 1, largest=2)


def test_a_directory_that_changed_during_the_scan_is_scanned_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A name that moves while a large directory is read can be missed; each name that either scan saw is there."""

    class Changing(Syscalls):
        def entries(self, directory: Directory, *known: Any) -> dict[str, int]:
            found = super().entries(directory, *known)
            (tmp_path / "late").touch()
            os.utime(tmp_path, ns=(1, len(found) + 1))
            return found

        def names(self, directory: Directory) -> list[str]:
            return list(self.entries(directory))

    (tmp_path / "early").touch()
    monkeypatch.setattr(durable, "syscalls", Changing())
    with Directory(RootedPath(str(tmp_path))) as directory:
        assert sorted(durable.entries(directory)) == ["early", "late"]
        assert sorted(durable.entries(directory, {"late", "x"})) == ["early"]
    (tmp_path / "late").unlink()
    with Directory(RootedPath(str(tmp_path))) as directory:
        assert sorted(durable.names(directory)) == ["early", "late"]


def test_mail_on_a_filesystem_that_has_little(amq: Shell, filesystem: None) -> None:
    """Mail is sent to several, drained, acknowledged on both sides, a bad one put away: nothing is left over."""
    identifier = amq.send("--ack", "--thread", "x", to="bob,carol")
    amq.put("bad.md", b"x")
    for handle in ("bob", "carol"):
        amq.ok("drain", me=handle)
        assert (amq.new(handle), amq.cur(handle)) == ([], [f"{identifier}.md"])
        assert os.listdir(amq.agent(handle).inbox_tmp) == []
    assert sorted(os.listdir(amq.agent("alice").acks_received)) == [f"{identifier}.json", f"{identifier}__carol.json"]
    assert len(amq.dead_letters()) == 1


def test_what_is_regular(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    (tmp_path / "link").symlink_to("file")
    os.mkfifo(tmp_path / "fifo")
    with Directory(RootedPath(str(tmp_path))) as directory:
        assert [each for each in ("file", "link", "fifo", "gone") if durable.is_regular(directory, each)] == ["file"]
