"""Input from a pipe or a file, which the hosted program reads itself."""

from __future__ import annotations

import hashlib
import os
import random
import re
import select
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

import pytest

from tests.pty.user import PATIENCE

AMQ_RUN = [sys.executable, "-P", "-m", "amq", "run", "--as", "x"]
HOST = [*AMQ_RUN, "--no-wake", "--"]
COUNT = "import sys, hashlib; d = sys.stdin.buffer.read(); print(len(d), hashlib.sha256(d).hexdigest())"
CONTROL = bytes(range(256)) + b"\x03\x04\x15\x1a\0\r\r\n\x11\x13\x16\x1c"
INPUTS = {
    "a line of 4095 bytes": b"a" * 4094 + b"\n",
    "a line of 4096 bytes": b"a" * 4095 + b"\n",
    "lines of 100000 bytes": (b"b" * 99_999 + b"\n") * 2,
    "no end of the line": b"c" * 5000,
    "what would be keys": CONTROL * 20,
    "nothing": b"",
    "10 MB": random.Random(7).randbytes(10_000_000),
}


@pytest.fixture(autouse=True)
def _in_a_project(project: Path) -> None:
    """Run in a project, where `amq run` makes its mailbox."""


def run(*program: str, stdin: bytes | IO[bytes] = b"", shell: str = "") -> subprocess.CompletedProcess[bytes]:
    """Run PROGRAM in `amq run`, or as `"$@"` in the script SHELL, in a session without a terminal."""
    words = ["sh", "-c", shell, "sh", *HOST, *program] if shell else [*HOST, *program]
    feed, source = (stdin, None) if isinstance(stdin, bytes) else (None, stdin)
    return subprocess.run(
        words, input=feed, stdin=source, capture_output=True, start_new_session=True, timeout=PATIENCE, check=False
    )


@pytest.mark.parametrize("data", INPUTS.values(), ids=INPUTS.keys())
def test_it_arrives_whole(data: bytes) -> None:
    ended = run(sys.executable, "-c", COUNT, stdin=data)
    assert (ended.stdout.decode(), ended.returncode) == (f"{len(data)} {hashlib.sha256(data).hexdigest()}\n", 0)


def test_a_file_is_read_from_its_current_offset(project: Path) -> None:
    (project / "file").write_bytes(b"one\ntwo\n" + CONTROL)
    with open(project / "file", "rb", buffering=0) as file:
        assert file.readline() == b"one\n"
        assert run("head", "-n", "1", stdin=file).stdout == b"two\n"


def test_a_here_document() -> None:
    assert run("cat", shell='"$@" <<END\nhere\nEND').stdout == b"here\n"


@contextmanager
def fed(*program: str) -> Iterator[tuple[subprocess.Popen[bytes], int]]:
    """Start PROGRAM in `amq run`; yield the process, and the writing end of the pipe that PROGRAM reads."""
    read, write = os.pipe()
    with subprocess.Popen([*HOST, *program], stdin=read, stdout=subprocess.PIPE, start_new_session=True) as process:
        os.close(read)
        try:
            yield process, write
        finally:
            process.kill()
            os.close(write)


def test_what_comes_slowly_comes_at_once() -> None:
    with fed("cat") as (process, write):
        assert process.stdout is not None
        for line in (b"one\n", b"two\n"):
            os.write(write, line)
            assert process.stdout.readline() == line


def test_a_writer_gets_epipe_when_the_program_closes_its_input() -> None:
    """No other process holds the pipe: not `amq run`, its guard or its monitor."""
    with fed("sh", "-c", "exec <&-; echo closed; exec sleep 1000") as (process, write):
        assert process.stdout is not None
        assert process.stdout.readline() == b"closed\n"
        poll = select.poll()
        poll.register(write, 0)
        assert poll.poll(PATIENCE * 1000)
        with pytest.raises(BrokenPipeError):
            os.write(write, b"x")


def test_a_program_that_ends_early_ends_its_writer() -> None:
    ended = run("head", "-n", "1", shell='{ yes; kill -l $? >&2; } | "$@"')
    assert (ended.stdout, ended.stderr.split()[-1]) == (b"y\n", b"PIPE")


# -- nothing to read --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("redirection", ["</dev/null", "<&-"])
def test_a_service_has_a_terminal_for_its_input(redirection: str) -> None:
    """Agents want one."""
    ended = run("sh", "-c", 'for n in 0 1 2; do test -t $n && printf "$n "; done', shell=f'"$@" {redirection} 2>&1')
    assert ended.stdout.split(b"\n")[-1] == b"0 1 2 "


def test_our_files_do_not_reuse_a_closed_standard_descriptor(project: Path) -> None:
    program = ["sh", "-c", "echo ran > ran; echo out; echo err >&2; cat"]
    words = ["sh", "-c", '"$@" <&- >&- 2>&-', "sh", *AMQ_RUN, "--", *program]
    assert subprocess.run(words, start_new_session=True, timeout=PATIENCE, check=False).returncode == 125
    assert (project / "ran").read_text() == "ran\n"
    kept = [path for path in project.rglob("*") if path.is_file()]
    assert any(path.name == "notifier.lock" for path in kept), "it stays open while the program runs"
    assert [path for path in kept if re.search(b"out|err", path.read_bytes())] == []


# -- stderr -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("redirection", "apart"), [("2>err", True), ("2>/dev/null", False), (">log 2>&1", False), (">log 2>>log", False)]
)
def test_errors_go_where_they_are_sent(project: Path, redirection: str, apart: bool) -> None:
    """They come in the order in which they were printed, where they share the output's file."""
    (project / "log").touch()
    (project / "err").touch()
    run("true")
    ended = run("sh", "-c", "echo one; echo two >&2; echo three", shell=f'"$@" {redirection}')
    together = b"one\ntwo\nthree\n" if "log" in redirection else b""
    assert ended.stdout == (b"" if together else b"one\nthree\n")
    assert ((project / "err").read_bytes(), (project / "log").read_bytes()) == (b"two\n" if apart else b"", together)
