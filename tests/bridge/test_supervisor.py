"""The process between `amq bridge hub` and nats-server."""

from __future__ import annotations

import signal
import subprocess
import sys

import pytest

from amq.bridge import supervisor

WITHIN_S = 30.0


def start(*words: str) -> subprocess.Popen[bytes]:
    """Start the program WORDS under the supervisor; return the supervisor."""
    command = [sys.executable, "-I", "-S", supervisor.__file__, *words]
    return subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE)


@pytest.mark.parametrize(("program", "status"), [("exit 3", 3), ("kill -TERM $$", 128 + signal.SIGTERM)])
def test_it_ends_as_the_program_does(program: str, status: int) -> None:
    with start("sh", "-c", program) as process:
        assert process.wait(WITHIN_S) == status


@pytest.mark.parametrize("number", [signal.SIGHUP, signal.SIGINT, signal.SIGTERM])
def test_only_the_end_of_its_input_ends_the_program(number: signal.Signals) -> None:
    with start("sh", "-c", "echo ready; exec sleep 10") as process:
        assert process.stdout
        assert process.stdin
        assert process.stdout.readline() == b"ready\n"
        process.send_signal(number)
        process.stdin.close()
        assert process.stdout.read() == b"", "the program has ended"
        assert process.wait(WITHIN_S) == 128 + signal.SIGTERM


def test_a_signal_to_all_reaches_the_program() -> None:
    with start("sh", "-c", 'trap "exit 5" INT; echo ready; kill -INT $$; exit 6') as process:
        assert process.wait(WITHIN_S) == 5


def test_a_program_that_does_not_end_is_killed() -> None:
    words = """
import sys
from amq.bridge import supervisor
supervisor.STOP_WITHIN_S = 0.05
sys.exit(supervisor.run(sys.argv[1:]))
"""
    stubborn = ["sh", "-c", 'trap "" TERM; echo ready; exec sleep 10']
    command = [sys.executable, "-c", words, *stubborn]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdout
        assert process.stdin
        assert process.stdout.readline() == b"ready\n"
        process.stdin.close()
        assert process.wait(WITHIN_S) == 128 + signal.SIGKILL
