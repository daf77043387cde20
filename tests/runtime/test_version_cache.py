"""The versions of installed programs, and which of them the user has read about."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from amq.runtime.agents import version_cache
from amq.runtime.agents.version_cache import NAME, cached_version, is_first, note_version
from amq.runtime.private_state import PrivateState


@pytest.fixture
def program(tmp_path: Path) -> Path:
    path = tmp_path / "claude"
    path.write_text("one")
    return path


@pytest.fixture
def private(tmp_path: Path) -> PrivateState:
    return PrivateState(str(tmp_path))


def test_a_version_is_known_until_the_program_changes(private: PrivateState, program: Path, tmp_path: Path) -> None:
    assert cached_version(private, str(program)) == ""
    note_version(private, str(program), "2.1.400")
    link = tmp_path / "link"
    link.symlink_to(program)
    assert [cached_version(private, str(path)) for path in (program, link, tmp_path / "codex")] == ["2.1.400"] * 2 + [
        ""
    ]
    program.write_text("two!")
    assert cached_version(private, str(link)) == ""
    note_version(private, str(link), "2.1.401")
    assert cached_version(private, str(program)) == "2.1.401"
    program.unlink()
    assert cached_version(private, str(program)) == ""


def test_another_file_with_its_time_and_size_is_another_program(private: PrivateState, program: Path) -> None:
    note_version(private, str(program), "2.1.400")
    was = program.stat()
    other = program.with_name("new")
    other.write_text("two")
    os.utime(other, ns=(was.st_atime_ns, was.st_mtime_ns))
    other.rename(program)
    assert cached_version(private, str(program)) == ""


def test_other_bytes_with_the_old_time_are_another_program(private: PrivateState, program: Path) -> None:
    note_version(private, str(program), "2.1.400")
    was = program.stat()
    program.write_text("two")
    while program.stat().st_ctime_ns == was.st_ctime_ns:  # the filesystem's clock ticks every few milliseconds
        os.utime(program, ns=(was.st_atime_ns, was.st_mtime_ns))
    os.utime(program, ns=(was.st_atime_ns, was.st_mtime_ns))
    assert cached_version(private, str(program)) == ""


def test_no_version_is_not_noted(private: PrivateState, program: Path, tmp_path: Path) -> None:
    note_version(private, str(program), "")
    note_version(private, str(tmp_path / "gone"), "1.0")
    assert not Path(private.directory, NAME).exists()


def test_each_version_is_announced_once(private: PrivateState, program: Path) -> None:
    assert [is_first(private, "claude 1"), is_first(private, "claude 1"), is_first(private, "claude 2")] == [
        True,
        False,
        True,
    ]
    note_version(private, str(program), "1")
    assert not is_first(private, "claude 2")
    assert cached_version(private, str(program)) == "1"


def test_nothing_is_announced_at_each_start_where_nothing_can_be_noted(tmp_path: Path) -> None:
    assert not is_first(PrivateState("", "no home"), "claude 1")
    assert not is_first(PrivateState(str(tmp_path / "gone")), "claude 1")


@pytest.mark.parametrize(
    "text", ["", "[]", '{"programs": {}}', '{"programs": {"/x": 1}, "announced": []}', "\xff", "null"]
)
def test_a_damaged_file_is_written_anew(private: PrivateState, program: Path, text: str) -> None:
    Path(private.directory, NAME).write_text(text, encoding="latin-1")
    assert cached_version(private, str(program)) == ""
    note_version(private, str(program), "1")
    assert cached_version(private, str(program)) == "1"


def test_the_oldest_are_dropped(private: PrivateState, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(version_cache, "_MOST", 2)
    paths = [tmp_path / name for name in "abc"]
    for path in paths:
        path.touch()
        note_version(private, str(path), "1")
        is_first(private, path.name)
    assert [cached_version(private, str(path)) for path in paths] == ["", "1", "1"]
    assert [is_first(private, name) for name in "cb"] == [False, False]
