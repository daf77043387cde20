"""The verdicts of `amq certify`, as files of the user's private directory."""

from __future__ import annotations

import os
import stat
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from amq import __version__
from amq.record import replace
from amq.runtime.private_state import NoPrivateDirectory, PrivateState
from amq.runtime.verdicts import FOLDER, SCENARIOS, Verdict, read_verdict, write_verdict

CERTIFIED = Verdict(
    "claude", "2.1.400", "xterm-256color", __version__, "2026-11-30T10:00:00.000Z", {name: "" for name, _ in SCENARIOS}
)
NAME = "claude@2.1.400@xterm-256color.json"


@pytest.fixture
def private() -> Iterator[PrivateState]:
    with tempfile.TemporaryDirectory(dir="/var/tmp", prefix="amq-") as path:
        yield PrivateState(path)


def read(private: PrivateState, terminal: str = "xterm-256color", version: str = "2.1.400") -> Verdict | None:
    """Return the verdict, where no file is broken."""
    return read_verdict(private, "claude", version, __version__, terminal, pytest.fail)


def broken(private: PrivateState) -> str:
    """Return the sentence about the one broken file, which counts as none."""
    told: list[str] = []
    assert read_verdict(private, "claude", "2.1.400", __version__, "", told.append) is None
    (text,) = told
    return text


def file(private: PrivateState, name: str = NAME) -> Path:
    return Path(private.directory, FOLDER, name)


def test_a_verdict_is_read_as_it_was_written(private: PrivateState) -> None:
    assert read(private) is None
    verdict = replace(CERTIFIED, results={**CERTIFIED.results, "dialog": "Enter reached it:\x1b[2J ✋"})
    write_verdict(private, verdict)
    assert read(private) == verdict
    assert verdict.failed == {"dialog": "Enter reached it:\x1b[2J ✋"}
    assert stat.S_IMODE(file(private).stat().st_mode) == 0o600
    assert os.listdir(file(private).parent) == [NAME]


def test_a_newer_verdict_replaces_the_older(private: PrivateState) -> None:
    write_verdict(private, replace(CERTIFIED, results={"dialog": "answered"}))
    write_verdict(private, CERTIFIED)
    assert read(private) == CERTIFIED


def test_the_terminals_own_verdict_counts_else_the_newest(private: PrivateState) -> None:
    later = replace(CERTIFIED, terminal="linux", at="2026-11-30T11:00:00.000Z")
    write_verdict(private, later)
    write_verdict(private, CERTIFIED)
    found = [read(private, terminal) for terminal in ("xterm-256color", "linux", "screen")]
    assert found == [CERTIFIED, later, later]


@pytest.mark.parametrize(
    "other",
    [
        replace(CERTIFIED, version="2.1.40"),
        replace(CERTIFIED, program="codex"),
        replace(CERTIFIED, amq="0.0.1"),
        replace(CERTIFIED, version="2.1/400"),
    ],
)
def test_another_verdict_does_not_count(private: PrivateState, other: Verdict) -> None:
    write_verdict(private, other)
    assert read(private) is None
    assert read_verdict(private, "claude", "2.1_400", __version__) is None


def test_no_word_leads_out_of_the_folder(private: PrivateState) -> None:
    verdict = replace(CERTIFIED, program="../../x", version="../\n", terminal="../y" * 100)
    write_verdict(private, verdict)
    assert os.listdir(private.directory) == [FOLDER]
    assert read_verdict(private, "../../x", "../\n", __version__) == verdict


@pytest.mark.parametrize(
    "text",
    ["", "[]", "{}", '{"program": 1}', b"\xff", "null", '{"results": {}, "results": {}}', "[" * 200]
    + [f'{{"program":"claude","version":"2.1.400","terminal":"","amq":"{__version__}","at":{at},"results":{results}}}'
       for at, results in [("1", "{}"), ('""', "[]"), ('""', '{"dialog": null}'), ('""', '{"dialog": true}')]],
)  # fmt: skip
def test_a_damaged_file_is_reported_and_counts_as_none(private: PrivateState, text: str | bytes) -> None:
    write_verdict(private, CERTIFIED)
    file(private).write_bytes(text if isinstance(text, bytes) else text.encode())
    assert "is damaged" in broken(private)
    assert "amq certify" in broken(private)


def test_an_unreadable_file_is_reported_and_is_not_called_damaged(private: PrivateState) -> None:
    file(private).mkdir(parents=True)
    assert broken(private).startswith("a verdict of amq certify cannot be read: ")
    file(private).rmdir()
    file(private).parent.rmdir()
    file(private).parent.write_text("")
    assert broken(private).startswith("the verdicts of amq certify cannot be read: ")


def test_a_broken_file_hides_no_other(private: PrivateState) -> None:
    write_verdict(private, CERTIFIED)
    file(private, "claude@2.1.400@linux.json").write_text("{")
    told: list[str] = []
    assert read_verdict(private, "claude", "2.1.400", __version__, "linux", told.append) == CERTIFIED
    assert len(told) == 1


def test_nothing_is_kept_without_a_private_directory() -> None:
    nowhere = PrivateState("", "HOME is not set")
    assert read(nowhere) is None
    with pytest.raises(NoPrivateDirectory, match="HOME is not set"):
        write_verdict(nowhere, CERTIFIED)
