"""What the caller of `amq run` has given is the program's, and the caller itself is left alone."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.pty.person import wait_until

HOST = [sys.executable, "-m", "amq", "run", "--no-wake", "--as", "x", "--"]


@pytest.fixture
def project(tmp_path: Path) -> Path:
    (tmp_path / "project").mkdir()
    return tmp_path / "project"


def test_descriptors_of_the_caller_reach_the_program_and_none_of_ours(project: Path) -> None:
    read, write = os.pipe()
    os.write(write, b"from the pipe")
    os.close(write)
    script = f"import os; print(os.read({read}, 99), [fd for fd in range(3, 99) if os.path.exists(f'/dev/fd/{{fd}}')])"
    words = [*HOST, sys.executable, "-c", script]
    done = subprocess.run(
        words, cwd=project, pass_fds=[read], stdin=subprocess.DEVNULL, capture_output=True, check=True
    )
    os.close(read)
    assert done.stdout.strip() == f"b'from the pipe' [{read}]".encode()


@pytest.mark.parametrize(
    ("given", "words", "says"),
    [
        pytest.param(b"a\032b\n", "cat", b"b", id="a byte of a script's"),
        pytest.param(b"", "sh -c 'kill -STOP $$; echo went on'", b"went on", id="the program itself"),
    ],
)
def test_a_stop_that_nobody_asked_for_stops_no_caller(project: Path, given: bytes, words: str, says: bytes) -> None:
    """Of a script without a terminal, in a process group that can be stopped: it would not be told to go on."""
    log = project / "log"
    command = f"{' '.join(HOST)} {words} >{log}; echo AFTER >>{log}"
    with subprocess.Popen(["sh", "-c", command], cwd=project, stdin=subprocess.PIPE, process_group=0) as shell:
        try:
            assert shell.stdin
            shell.stdin.write(given)
            shell.stdin.close()
            wait_until(lambda: log.exists() and b"AFTER" in log.read_bytes(), lambda: log.read_text())
            assert says in log.read_bytes()
        finally:
            os.killpg(shell.pid, signal.SIGKILL)
