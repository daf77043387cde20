"""The user's own command for notices, as a real process."""

from __future__ import annotations

import os
import select
import signal
import threading
from pathlib import Path

import pytest

from amq.runtime import notice_command
from amq.runtime.notice_command import NoticeCommand
from amq.runtime.policy.notices import Notice
from amq.runtime.policy.reasons import Activity
from tests.pty.user import PATIENCE, wait_until
from tests.runtime.run_session import Desk
from tests.runtime.test_user_notices import program

SLEEPS = "exec 3>held; sleep 60 & wait"


class Told:
    """A command that runs SCRIPT in PLACE, and the lines that its failures have left in the log."""

    def __init__(self, place: Path, script: str, *arguments: str, within_s: float = 10.0) -> None:
        path = program(place, "tell", f"cd {place}; {script}")
        self.log: list[str] = []
        environment = {**os.environ, "PATH": f"{path.parent}:{os.environ['PATH']}"}
        self.command = NoticeCommand(("tell", *arguments), "codex", environment, self.log.append, within_s)
        self.held = place / "held"

    def start(self) -> None:
        self.command.start(Notice.QUESTION, Activity.ASKS)

    def is_held(self) -> int:
        """Start it, wait until it holds the pipe, and return the descriptor that it holds with all of its children."""
        os.mkfifo(self.held)
        self.start()
        return os.open(self.held, os.O_RDONLY)


def ends(pipe: int) -> bool:
    """Wait until no process holds the other end of PIPE; return whether that took less than PATIENCE."""
    with open(pipe, "rb") as file:
        return bool(select.select([file], [], [], PATIENCE)[0]) and not file.read()


def test_it_gets_the_notice_by_variables_and_the_words_as_they_are(tmp_path: Path) -> None:
    script = 'printf "%s|" "$AMQ_NOTICE" "$AMQ_AGENT" "$AMQ_STATE" "$@" >part; mv part told; echo seen; echo seen >&2'
    told = Told(tmp_path, script, "$HOME", "a b;")
    told.start()
    told.command.close()
    assert (tmp_path / "told").read_text() == "question|codex|asks|$HOME|a b;|"
    assert told.log == []


def test_its_output_goes_nowhere_and_it_reads_nothing(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    told = Told(tmp_path, "echo seen; echo seen >&2; cat >read; test ! -s read")
    told.start()
    told.command.close()
    assert (capfd.readouterr(), told.log) == (("", ""), [])


def test_it_is_killed_in_time_with_its_children(tmp_path: Path) -> None:
    told = Told(tmp_path, SLEEPS, within_s=0.3)
    assert ends(told.is_held())
    wait_until(lambda: told.log)
    assert told.log == ["the command for notices, tell, has failed: it was killed after 0.3 s"]


def test_it_does_not_outlive_its_host(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(notice_command, "AT_END_S", 0.1)
    told = Told(tmp_path, SLEEPS, within_s=3 * PATIENCE)
    pipe = told.is_held()
    told.command.close()
    assert ends(pipe)


def test_a_failure_is_logged_once(tmp_path: Path) -> None:
    told = Told(tmp_path, "exit 3")
    for _ in range(2):
        told.start()
        told.command.close()
    assert told.log == ["the command for notices, tell, has failed: it ended with status 3"]


@pytest.mark.parametrize(
    ("words", "why"), [(("tell",), "no such program"), (("./tell",), "no such program"), (("bad",), "Exec format")]
)
def test_what_cannot_be_run_is_logged(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, words: tuple[str], why: str
) -> None:
    """A file of the working directory is never run: it may be a clone's."""
    (tmp_path / "clone").mkdir()
    monkeypatch.chdir(program(tmp_path / "clone", "tell", "touch ran").parent)
    (tmp_path / "bad").write_bytes(b"\0")
    (tmp_path / "bad").chmod(0o700)
    log: list[str] = []
    command = NoticeCommand(words, "codex", {"PATH": f":.:{tmp_path}"}, log.append)
    command.start(Notice.PARKED, Activity.IDLE)
    command.close()
    assert [why in line for line in log] == [True]
    assert not Path("ran").exists()


def test_a_thread_that_the_system_refuses_is_a_failure(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuses(_: threading.Thread) -> None:
        raise RuntimeError("can't start new thread")

    told = Told(tmp_path, "exit 0")
    monkeypatch.setattr(threading.Thread, "start", refuses)
    told.start()
    told.command.close()
    assert told.log == ["the command for notices, tell, has failed: can't start new thread"]


def test_run_rings_and_runs_it_for_mail_that_parks(desk: Desk, tmp_path: Path) -> None:
    """No text of the mail or of the program is in its environment."""
    tells = program(tmp_path, "tell", f"cd {tmp_path}; env >part; mv part told")
    options = ("--notice", "osc9", "--notice-command", str(tells))
    session = desk.run("sh", "-c", "printf up; read -r it", options=options)
    session.expect_exact("up")
    desk.send(b"a secret of codex's")
    session.expect_exact("\x1b]9;tui is not reading its mail\a")
    wait_until(lambda: (tmp_path / "told").exists())
    told = (tmp_path / "told").read_text()
    assert {"AMQ_NOTICE=parked", "AMQ_AGENT=tui", "AMQ_STATE=unknown"} <= set(told.splitlines())
    assert "secret" not in told
    assert session.isalive()
    session.kill(signal.SIGHUP)
