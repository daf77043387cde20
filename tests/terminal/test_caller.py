"""Everything that the caller of `amq run` has given is the program's, and the caller itself is left alone."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.pty.user import PATIENCE, User, host, terminal, wait_until
from tests.terminal.terminal_session import descendants, state

HOST = [sys.executable, "-m", "amq", "run", "--no-wake", "--as", "x", "--"]


@pytest.fixture
def project(tmp_path: Path) -> Path:
    (tmp_path / "project").mkdir()
    return tmp_path / "project"


def test_the_program_inherits_only_the_callers_descriptors(project: Path) -> None:
    read, write = os.pipe()
    os.write(write, b"from the pipe")
    os.close(write)
    script = (
        f"import os; print(os.read({read}, 99), [fd for fd in range(3, 1000) if os.path.exists(f'/dev/fd/{{fd}}')])"
    )
    words = [*HOST, sys.executable, "-c", script]
    done = subprocess.run(
        words, cwd=project, pass_fds=[read], stdin=subprocess.DEVNULL, capture_output=True, check=True
    )
    os.close(read)
    assert done.stdout.strip() == f"b'from the pipe' [{read}]".encode()


SEEN = """
ps -ww -o args= -p $$; printf '<%s>' "$@"; echo; umask; ulimit -a; nice; pwd
env | grep -v -e ^AM_ -e ^PATH= -e ^AMQ_ -e ^_=
"""
"""A program's view of what its caller has given it. Its signals have their own program: a shell changes them."""
SIGNALS = ["grep", "-E", "^Sig(Blk|Ign)", "/proc/self/status"]
NOTHING = [f"{name}={os.environ[name]}" for name in ("PATH", "PYTHONPATH") if name in os.environ]
DEAF = """
import os, signal, sys
for name in ("HUP", "INT", "TERM", "USR1", "CHLD", "TSTP", "WINCH"):
    signal.pthread_sigmask(signal.SIG_BLOCK, {getattr(signal, f"SIG{name}")})
signal.signal(signal.SIGCHLD, signal.SIG_IGN)
for number in (signal.SIGPIPE, signal.SIGXFSZ):
    signal.signal(number, signal.SIG_DFL)
os.execvp(sys.argv[1], sys.argv[1:])
"""
CALLERS: dict[str, list[str | bytes]] = {
    "as usual": ["sh", "-c", 'exec "$@"', "sh"],
    "in a corner": ["sh", "-c", 'umask 027; ulimit -n 500; ulimit -c 0; exec nice -n 3 "$@"', "sh"],
    "ignoring": ["sh", "-c", "trap '' INT HUP QUIT TSTP TTIN TTOU USR1 WINCH; exec \"$@\"", "sh"],
    "in the C locale": ["env", "-i", *NOTHING, "Z=1", "A=2", b"X=\xff", "LINES=7", "COLUMNS=9"],
    "in a locale of characters": ["env", "-i", *NOTHING, "LC_CTYPE=C.UTF-8"],
    "not listening": [sys.executable, "-c", DEAF],
}


@pytest.mark.parametrize("caller", CALLERS.values(), ids=CALLERS.keys())
def test_a_program_sees_what_it_would_see_without_us(project: Path, caller: list[str | bytes]) -> None:
    """Compared are its name, words that are not UTF-8, limits, signals, and variables in their order."""
    programs: list[list[str | bytes]] = [["sh", "-c", SEEN, "name", b"\xff\xfe", "", " a ", "-n"]]
    if os.path.exists("/proc/self/status"):
        programs.append([*SIGNALS])
    for program in programs:
        saw = [
            subprocess.run(
                [*caller, *host, *program], cwd=project, stdin=subprocess.DEVNULL, capture_output=True, check=True
            ).stdout
            for host in ([], HOST)
        ]
        assert saw[0].decode("latin-1").splitlines() == saw[1].decode("latin-1").splitlines()


@pytest.mark.parametrize("number", [signal.SIGHUP, signal.SIGINT, signal.SIGTERM, signal.SIGUSR1, signal.SIGUSR2])
def test_a_signal_to_us_is_the_programs(project: Path, number: signal.Signals) -> None:
    script = f"trap 'echo came; exit 3' {number.name.removeprefix('SIG')}; echo ready; while :; do sleep 0.01; done"
    words = [*HOST, "sh", "-c", script]
    with subprocess.Popen(words, cwd=project, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"ready\n"
        process.send_signal(number)
        try:
            assert process.communicate(timeout=PATIENCE)[0] == b"came\n"
        finally:
            process.kill()
    assert process.returncode == 3


def test_a_caller_that_ignores_its_children_gets_the_status(project: Path) -> None:
    """The program ignores its children as well; amq does not ignore its own."""
    words = [sys.executable, "-c", DEAF, *HOST, "sh", "-c", "exit 5"]
    assert subprocess.run(words, cwd=project, stdin=subprocess.DEVNULL, check=False).returncode == 5


def test_what_we_start_ourselves_has_its_status_too() -> None:
    before = signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    ended: list[int] = []

    def does(user: User) -> None:
        user.sees("ready")  # the host is at work
        ended.append(subprocess.run(["sh", "-c", "exit 5"], check=False).returncode)
        user.child.signal(signal.SIGTERM)

    try:
        with terminal() as user:
            assert host(user, ["sh", "-c", "echo ready; exec sleep 1000"], does) == 143
        assert signal.getsignal(signal.SIGCHLD) == signal.SIG_IGN
    finally:
        signal.signal(signal.SIGCHLD, before)
    assert ended == [5]


@pytest.mark.parametrize(
    ("given", "words", "says"),
    [
        pytest.param(b"a\032b\n", "cat", b"b", id="a byte of a script's"),
        *(
            pytest.param(b"", f"sh -c 'kill -{name} $$; echo went on'", b"went on", id=f"the program itself, {name}")
            for name in ("STOP", "TSTP", "TTIN", "TTOU")
        ),
    ],
)
def test_an_unrequested_stop_does_not_stop_the_caller(project: Path, given: bytes, words: str, says: bytes) -> None:
    """A script without a terminal, in a process group that can be stopped, would never be continued."""
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


def test_a_stop_from_elsewhere_stops_us_alone(project: Path) -> None:
    """The caller's other processes would never be continued."""
    script = f"{' '.join(HOST)} sh -c 'echo ready; exec sleep 1000' 2>&1 & wait $!; echo $?"
    with subprocess.Popen(
        ["sh", "-c", script], cwd=project, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, process_group=0
    ) as shell:
        try:
            assert shell.stdout is not None
            assert shell.stdout.readline().startswith(b"amq: ")
            assert shell.stdout.readline() == b"ready\n"
            amq = descendants(shell.pid)[0]
            os.kill(amq, signal.SIGTSTP)
            wait_until(lambda: state(amq).startswith("T"))
            assert not state(shell.pid).startswith("T")
            os.kill(amq, signal.SIGCONT)
            os.kill(amq, signal.SIGTERM)
            assert shell.stdout.readline() == b"143\n"
        finally:
            os.killpg(shell.pid, signal.SIGKILL)
