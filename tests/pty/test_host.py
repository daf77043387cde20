"""A program in a pseudo-terminal: bytes, sizes, signals, status, and the user's terminal afterwards."""

from __future__ import annotations

import contextlib
import os
import random
import select
import signal
import sys
import termios
import threading
import time
from pathlib import Path

import pytest

from amq.pty.child import Child, find_program
from amq.pty.errors import CannotRunError
from amq.pty.input_row import Row, Standing
from amq.pty.pump import BUFFER_BYTES
from amq.pty.terminal_model import TerminalSnapshot
from amq.pty.user_terminal import USUAL_SIZE
from tests.pty.user import PATIENCE, User, host, terminal, wait_until

RAW_CAT = ["sh", "-c", "stty raw -echo; echo ready; exec cat"]
SOME_BYTES = random.Random(7).randbytes(300_000)


def look(user: User) -> TerminalSnapshot:
    return user.host.look(0.0)


@pytest.mark.parametrize(
    ("script", "status"),
    [
        ("exit 0", 0),
        ("exit 7", 7),
        ("kill -KILL $$", 137),
        ("kill -TERM $$", 143),
        ("kill -PIPE $$", 141),
        ("sleep 60 & exit 3", 3),
    ],
)
def test_the_programs_status_is_ours(script: str, status: int) -> None:
    with terminal() as user:
        assert host(user, ["sh", "-c", script]) == status


def test_a_program_that_lets_go_of_its_terminal_is_waited_for() -> None:
    with terminal() as user:
        assert host(user, ["sh", "-c", "exec 0<&- 1>&- 2>&-; sleep 0.3; exit 4"]) == 4


def test_a_program_that_comes_back_to_its_terminal_is_heard() -> None:
    def does(user: User) -> None:
        user.sees("back")
        os.kill(os.getpid(), signal.SIGTERM)

    script = "exec </dev/null >/dev/null 2>&1; sleep 0.2; echo back >/dev/tty; sleep 60"
    with terminal() as user:
        assert host(user, ["sh", "-c", script], does) == 143


def test_what_cannot_run_has_the_status_of_a_shell(tmp_path: Path) -> None:
    plain_file = tmp_path / "plain"
    plain_file.write_text("not a program")
    for program, status in [("no-such-program", 127), (str(plain_file), 126), (str(tmp_path), 126)]:
        with pytest.raises(CannotRunError) as failure:
            Child.spawn([program], os.environ, USUAL_SIZE)
        assert failure.value.status == status


def executable(path: Path, data: bytes) -> str:
    path.write_bytes(data)
    path.chmod(0o700)
    return str(path)


@pytest.mark.parametrize(
    ("data", "complaint", "status"),
    [
        (b"#! /no/such/interpreter -x\n", "its interpreter '/no/such/interpreter' is missing", 127),
        (b"#!/bin/sh\r\necho\r\n", r"its interpreter '/bin/sh\r' is missing", 127),
        (b"\x7fELF of another machine\n", "Exec format error", 126),
        (b"a\0b\necho\n", "Exec format error", 126),
    ],
)
def test_a_file_that_the_kernel_refuses_is_not_run(tmp_path: Path, data: bytes, complaint: str, status: int) -> None:
    with pytest.raises(CannotRunError) as failure:
        Child.spawn([executable(tmp_path / "file", data)], os.environ, USUAL_SIZE)
    assert (complaint in str(failure.value), failure.value.status) == (True, status)


@pytest.mark.parametrize("data", [b'printf "%s|" "$0" "$@"; exit 3\n', b'printf "%s|" "$0" "$@"; exit 3\n\0\xff'])
def test_a_script_without_an_interpreter_is_the_shells(tmp_path: Path, data: bytes) -> None:
    path = executable(tmp_path / "script", data)
    with terminal() as user:
        assert host(user, [path, "-a", "b c"], lambda user: user.sees(f"{path}|-a|b c|")) == 3


def test_an_empty_program_does_nothing_well(tmp_path: Path) -> None:
    with terminal() as user:
        assert host(user, [executable(tmp_path / "empty", b"")]) == 0


def test_a_script_whose_path_looks_like_an_option(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "-c").mkdir()
    executable(tmp_path / "-c" / "script", b"exit 5\n")
    monkeypatch.chdir(tmp_path)
    with terminal() as user:
        assert host(user, ["-c/script"]) == 5


def test_the_first_executable_on_the_path_is_run(tmp_path: Path) -> None:
    for directory, mode in [("a", 0o600), ("b", 0o700)]:
        (tmp_path / directory).mkdir()
        (tmp_path / directory / "tool").touch(mode)
    assert find_program("tool", f"{tmp_path}/a:{tmp_path}/b") == f"{tmp_path}/b/tool"


def test_bytes_pass_unchanged_both_ways() -> None:
    def does(user: User) -> None:
        user.sees("ready\n")
        writer = threading.Thread(target=user.type, args=(SOME_BYTES,))
        writer.start()
        came = b""
        while len(came) < len(SOME_BYTES):
            came += user.screen.read_nonblocking(1 << 16, 20)
        writer.join()
        assert came == SOME_BYTES
        os.kill(os.getpid(), signal.SIGTERM)

    with terminal() as user:
        assert host(user, RAW_CAT, does) == 143


def test_a_program_that_does_not_read_still_gets_its_output_out(tmp_path: Path) -> None:
    go_on = tmp_path / "go-on"
    os.mkfifo(go_on)

    def does(user: User) -> None:
        user.sees("ready")
        os.set_blocking(user.master, False)
        typed = 0
        while select.select([], [user.master], [], 0.2)[1]:  # until every buffer on the way is full
            with contextlib.suppress(BlockingIOError):
                typed += os.write(user.master, b"x" * 4096)
            assert typed < 10 * BUFFER_BYTES
        go_on.write_text("go\n")
        user.sees("still here")

    script = f"stty raw -echo; echo ready; read -r _ < {go_on}; echo still here"
    with terminal() as user:
        assert host(user, ["sh", "-c", script], does) == 0


def test_keys_pass_while_output_is_blocked(tmp_path: Path) -> None:
    typed = tmp_path / "typed"

    def does(user: User) -> None:
        user.sees("ready")
        wait_until(lambda: len(user.host._pump._to_user) >= BUFFER_BYTES)
        user.type(b"keys\n")
        wait_until(lambda: typed.exists() and typed.read_text() == "keys\n")
        assert len(user.host._pump._to_user) < 2 * BUFFER_BYTES
        while b"END" not in user.screen.read_nonblocking(1 << 16, 20):
            pass

    with terminal() as user:
        script = f"echo ready; head -c 3000000 /dev/zero | tr '\\0' x & head -n 1 > {typed}; wait; echo END"
        assert host(user, ["sh", "-c", script], does) == 0


def test_the_last_output_is_not_lost() -> None:
    def does(user: User) -> None:
        wait_until(lambda: not look(user).alive)
        came = b""
        while not came.endswith(b"END\r\n"):
            came += user.screen.read_nonblocking(1 << 16, 20)
        assert came.count(b"x") == 50_000

    with terminal() as user:
        host(user, ["sh", "-c", "head -c 50000 /dev/zero | tr '\\0' x; echo END"], does)


def test_the_program_gets_the_first_and_the_last_size() -> None:
    def does(user: User) -> None:
        user.sees("31 101")
        for columns in range(40, 90):
            user.resize(20, columns)
            os.kill(os.getpid(), signal.SIGWINCH)
        user.sees("20 89")
        os.kill(os.getpid(), signal.SIGTERM)

    script = "trap 'stty size' WINCH; stty size; while :; do sleep 0.02; done"
    with terminal(31, 101) as user:
        host(user, ["sh", "-c", script], does)


def test_the_picture_of_the_screen_has_the_last_size_too() -> None:
    frame = "\\033[2J\\033[H" + "─" * 40 + "\\r\\n❯ \\r\\n" + "─" * 40 + "\\033[2;3H"

    def does(user: User) -> None:
        user.sees("ready")
        user.resize(20, 40)
        os.kill(os.getpid(), signal.SIGWINCH)
        wait_until(lambda: user.host.look(time.monotonic()).row == Row(Standing.EMPTY))
        os.kill(os.getpid(), signal.SIGTERM)

    script = f"trap \"printf '{frame}'\" WINCH; echo ready; while :; do sleep 0.02; done"
    with terminal(31, 101) as user:
        host(user, ["sh", "-c", script], does)


def test_a_program_starts_with_the_terminals_settings() -> None:
    def does(user: User) -> None:
        user.sees("erase = ^H")

    with terminal() as user:
        settings = termios.tcgetattr(user.slave)
        settings[6][termios.VERASE] = b"\x08"
        termios.tcsetattr(user.slave, termios.TCSANOW, settings)
        host(user, ["stty", "-a"], does)


@pytest.mark.parametrize("number", [signal.SIGHUP, signal.SIGINT, signal.SIGTERM])
def test_signals_go_on_to_the_program(number: signal.Signals) -> None:
    def does(user: User) -> None:
        user.sees("ready")
        os.kill(os.getpid(), number)
        user.sees("caught")

    script = "trap 'echo caught; exit 9' HUP INT TERM; echo ready; while :; do sleep 0.05; done"
    with terminal() as user:
        assert host(user, ["sh", "-c", script], does) == 9


def test_a_terminal_that_is_gone_hangs_the_program_up() -> None:
    def does(user: User) -> None:
        user.sees("ready")
        os.close(user.slave)
        os.close(user.master)

    with terminal() as user:
        assert host(user, ["sh", "-c", "echo ready; while :; do sleep 0.05; done"], does) == 129


@pytest.mark.parametrize("script", ["exit 0", "stty raw -echo; kill -KILL $$", "printf '\\033[?2004h'; kill -SEGV $$"])
def test_the_terminal_is_restored(script: str) -> None:
    with terminal() as user:
        before = termios.tcgetattr(user.slave)
        host(user, ["sh", "-c", script])
        assert termios.tcgetattr(user.slave) == before


def test_the_terminal_is_restored_after_an_internal_error(monkeypatch: pytest.MonkeyPatch) -> None:
    def fails(*_: object) -> None:
        raise RuntimeError("a defect")

    with terminal() as user:
        before = termios.tcgetattr(user.slave)
        monkeypatch.setattr("amq.pty.terminal_model.Terminal.from_program", fails)
        with pytest.raises(RuntimeError, match="a defect"):
            host(user, ["echo", "hello"])
        assert termios.tcgetattr(user.slave) == before


def test_the_terminal_is_raw_while_the_program_runs() -> None:
    def does(user: User) -> None:
        user.sees("ready")
        assert not termios.tcgetattr(user.slave)[3] & (termios.ICANON | termios.ECHO | termios.ISIG)
        user.type(b"\x04")

    with terminal() as user:
        host(user, ["sh", "-c", "echo ready; cat"], does)


def test_our_text_is_never_interleaved_with_the_users_keys() -> None:
    ours = b"<" + b"=" * 300 + b">"

    def does(user: User) -> None:
        user.sees("ready\n")
        writer = threading.Thread(target=user.type, args=(b"k" * 50_000,))
        writer.start()
        for _ in range(100):
            with user.host.terminal.lock:
                user.host.type(ours)
        came = b""
        while len(came) < 50_000 + 100 * len(ours):
            came += user.screen.read_nonblocking(1 << 16, 20)
        writer.join()
        assert came.count(ours) == 100
        os.kill(os.getpid(), signal.SIGTERM)

    with terminal() as user:
        host(user, RAW_CAT, does)


def test_a_query_is_answered_and_not_shown() -> None:
    def does(user: User) -> None:
        user.sees("asking:\r\n")
        user.sees("033   ]   7   5   0   1   ;   ?")

    script = r"stty raw -echo opost; echo asking:; printf '\033]7501;?\007'; head -c 10 | od -c"
    with terminal() as user:
        assert host(user, ["sh", "-c", script], does) == 0
        assert b"\x1b]7501" not in (user.screen.before or b"")


@pytest.mark.parametrize(("beginning", "end"), [(b"\x1b]0;a ti", b"tle\x07"), (b"\x1b[3", b"1m"), (b"\xc3", b"\xa9")])
def test_a_notice_falls_into_no_sequence_or_character_of_the_programs(
    tmp_path: Path, beginning: bytes, end: bytes
) -> None:
    (tmp_path / "beginning").write_bytes(b"ready" + beginning)
    (tmp_path / "end").write_bytes(end)

    def does(user: User) -> None:
        user.sees(b"ready" + beginning)
        wait_until(lambda: user.host.terminal.printing)
        user.host.tell(b"<notice>")
        user.type(b"\r")
        user.sees(end)
        assert user.screen.before == b""
        user.sees("<notice>")

    script = f"cd {tmp_path}; stty raw -echo; cat beginning; head -c 1 >/dev/null; cat end"
    with terminal() as user:
        assert host(user, ["sh", "-c", script], does) == 0


def test_a_notice_needs_nothing_more_of_a_program_than_the_end_of_its_sequence() -> None:
    def does(user: User) -> None:
        user.sees(b"ready\x1b[3")
        wait_until(lambda: user.host.terminal.printing)
        user.host.tell(b"<notice>")
        user.type(b"\r")
        user.sees("1m<notice>")
        user.type(b"\r")

    script = r"stty raw -echo; printf 'ready\033[3'; head -c 1 >/dev/null; printf 1m; head -c 1 >/dev/null"
    with terminal() as user:
        assert host(user, ["sh", "-c", script], does) == 0


def test_a_notice_is_shown_where_the_sequence_ends_with_the_program(tmp_path: Path) -> None:
    """Both come at once, for a thread that has waited for the lock."""

    def does(user: User) -> None:
        user.sees(b"ready\x1b[3")
        wait_until(lambda: user.host.terminal.printing)
        with user.host.terminal.lock:
            user.host.tell(b"<notice>")
            (tmp_path / "go").touch()
            assert select.select([user.child.report], [], [], PATIENCE)[0]
        user.sees("1m<notice>")

    script = rf"stty raw -echo; printf 'ready\033[3'; until [ -e {tmp_path}/go ]; do sleep 0.01; done; printf 1m"
    with terminal() as user:
        assert host(user, ["sh", "-c", script], does) == 0


def test_a_notice_comes_at_once_where_nothing_is_printed() -> None:
    def does(user: User) -> None:
        user.sees("ready")
        user.host.tell(b"<notice>")
        user.sees("<notice>")
        user.type(b"\r")

    with terminal() as user:
        assert host(user, ["sh", "-c", "stty raw -echo; printf ready; head -c 1 >/dev/null"], does) == 0


def test_a_key_that_has_not_been_read_yet_is_seen_waiting() -> None:
    def does(user: User) -> None:
        user.sees("ready")
        with user.host.terminal.lock:
            assert not look(user).waiting
            user.type(b"k")
            wait_until(lambda: look(user).waiting)
            assert look(user).keys == 0
        wait_until(lambda: look(user).keys == 1)
        os.kill(os.getpid(), signal.SIGTERM)

    with terminal() as user:
        host(user, RAW_CAT, does)


@pytest.mark.skipif(sys.platform != "linux", reason="the system cannot be asked")
def test_keys_that_the_program_has_not_read_are_seen_waiting(tmp_path: Path) -> None:
    """It is busy: that its row is still empty says nothing of them."""
    go_on = tmp_path / "go-on"
    os.mkfifo(go_on)

    def does(user: User) -> None:
        user.sees("ready")
        assert not look(user).waiting
        user.type(b"k")
        wait_until(lambda: look(user).keys and not user.host._pump.waiting)
        wait_until(lambda: look(user).waiting)
        go_on.write_text("go\n")
        wait_until(lambda: not look(user).waiting)
        user.type(b"\r")

    with terminal() as user:
        script = f"stty raw -echo; echo ready; read -r _ < {go_on}; head -c 1 >/dev/null; head -c 1 >/dev/null"
        assert host(user, ["sh", "-c", script], does) == 0


def test_a_snapshot_shows_whether_the_kernel_edits_the_line() -> None:
    def does(user: User) -> None:
        for canonical, echoing in [(True, True), (True, False), (False, False)]:
            user.sees("now")
            assert (look(user).canonical, look(user).echoing) == (canonical, echoing)
            user.type(b"\n")

    script = "echo now; read -r _; stty -echo; echo now; read -r _; stty raw -echo; echo now; head -c 1 >/dev/null"
    with terminal() as user:
        host(user, ["sh", "-c", script], does)
