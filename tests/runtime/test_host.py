"""`amq run` with real programs, a real queue and a user at a terminal."""

from __future__ import annotations

import errno
import logging
import os
import shlex
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from types import SimpleNamespace
from typing import TypeAlias, cast

import pexpect
import pytest

from amq.mail import offering
from amq.mail.mailbox import Mailbox
from amq.pty.host import Host
from amq.runtime import host as session_module
from amq.runtime import notifier_lock
from amq.runtime.agents.profiles import profile_for
from amq.runtime.hosted_agent import hosted_agent
from amq.runtime.journal import WakeJournal
from amq.runtime.launch import Launch, Options
from amq.runtime.loop import PrivateLog
from amq.runtime.policy.injection import InjectionRules
from amq.runtime.private_state import private_state
from amq.runtime.trust import Trust
from tests.conftest import private_directory
from tests.pty.user import wait_until
from tests.runtime.run_session import AT_PROMPT, ONE_MESSAGE, TUI, Desk, Session


def ends(session: Session) -> int:
    """Return the exit status of a session that is ending."""
    session.expect(pexpect.EOF)
    session.close()
    return session.exitstatus if session.exitstatus is not None else 128 + (session.signalstatus or 0)


def test_an_idle_agent_receives_the_line_once(desk: Desk) -> None:
    desk.run_tui()
    desk.comes_to("started")
    desk.send()
    desk.comes_to("started", "pasted", f"submitted {ONE_MESSAGE}")
    wait_until(lambda: desk.recorded()[-1:] == ["submitted"])


def test_the_agent_drains_and_is_notified_of_the_next_message(desk: Desk) -> None:
    """The agent runs the command of the line, in its own environment."""
    desk.run_tui()
    desk.send()
    told = ["started", "pasted", f"submitted {ONE_MESSAGE}"]
    wait_until(lambda: desk.noted() == told and desk.unread() == 0)
    desk.send()
    wait_until(lambda: desk.noted() == [*told, *told[1:]] and desk.unread() == 0)


def test_a_line_mode_program_receives_the_line_without_digits(desk: Desk) -> None:
    script = 'while printf "? "; read -r line; do echo "got <$line>"; done'
    session = desk.run("sh", "-c", script, options=("--prompt", "?"))
    session.expect_exact("? ")
    desk.send()
    session.expect_exact("got <amq: a new message from codex. Run: amq drain --include-body>")


def test_bash_receives_the_line_in_a_narrow_window(desk: Desk) -> None:
    session = desk.run("/bin/bash", "--norc", "-i", options=("--prompt", "$ "), PS1="$ ")
    session.setwinsize(10, 33)
    desk.send()
    session.expect_exact("command not found")
    wait_until(lambda: desk.recorded()[-1:] == ["submitted"])


AIDER = """
while printf '%060d\\n' 0 | tr 0 -; read -er -p '> ' line; do
    echo "got <$line>"
    [ "$line" = ask ] && read -er -p 'Run shell command? (Y)es/(N)o [Yes]: ' answer && echo "answered <$answer>"
done
"""


def test_a_program_like_aider_receives_the_line_at_its_prompt_and_no_answer_to_its_question(desk: Desk) -> None:
    session = desk.run("/bin/bash", "-c", AIDER, options=AT_PROMPT)
    session.expect_exact("> ")
    session.send("ask\r")
    session.expect_exact("[Yes]: ")
    desk.send()
    wait_until(lambda: desk.recorded()[-1:] == ["unknown-screen"])
    session.send("n\r")
    session.expect_exact("answered <n>")
    session.expect_exact(f"got <{ONE_MESSAGE}>")
    wait_until(lambda: desk.recorded()[-1:] == ["submitted"])


def starts_slowly(desk: Desk, directory: Path) -> Session:
    """Run a program for which mail waits, and that has started only when `desk.go` is there and it says so."""
    profile = directory / "profile.toml"
    profile.write_text('name = "tui"\nrules.ready_when = "published"\nrules.prompt = "> "\n')
    desk.send()
    session = desk.run_tui("--start-after", str(desk.go), "--publish", options=("--profile", str(profile)))
    wait_until(lambda: desk.recorded() == ["starting"], desk.recorded)
    return session


def test_mail_from_before_waits_for_a_slow_start(desk: Desk, tmp_path: Path) -> None:
    starts_slowly(desk, tmp_path)
    desk.go.touch()
    desk.comes_to("started", "pasted", f"submitted {ONE_MESSAGE}")


@pytest.mark.parametrize(("ending", "left"), [("lo\r", ["submitted hello"]), ("\x15", [])])
def test_the_users_half_line_is_left_alone(desk: Desk, ending: str, left: list[str]) -> None:
    session = desk.run_tui()
    desk.comes_to("started")
    session.send("hel")
    session.expect_exact("hel")
    desk.send()
    wait_until(lambda: desk.recorded()[-1:] == ["draft"])
    nothing_happens(desk, ["started"])
    session.send(ending)
    desk.comes_to("started", *left, "pasted", f"submitted {ONE_MESSAGE}")


def test_nothing_is_typed_into_a_dialog_that_is_announced(desk: Desk) -> None:
    session = desk.run_tui("--publish")
    desk.comes_to("started")
    session.send("dialog\r")
    desk.comes_to("started", "submitted dialog", "dialog")
    desk.send()
    wait_until(lambda: desk.recorded()[-1:] == ["dialog"])
    session.send("n")
    desk.comes_to("started", "submitted dialog", "dialog", "denied", "pasted", f"submitted {ONE_MESSAGE}")


def test_what_the_program_says_in_a_file_counts_too(desk: Desk, tmp_path: Path) -> None:
    """A dialog is announced only there; and while the program works, only urgent mail is typed."""
    profile = tmp_path / "profile.toml"
    profile.write_text('name = "tui"\npublishes = "sessions"\nrules.prompt = "> "\n')
    sessions = tmp_path / ".claude" / "sessions"
    sessions.mkdir(parents=True)
    tui = shlex.join([sys.executable, str(TUI), str(desk.log)])
    says = 'echo "{\\"pid\\": $$, \\"startedAt\\": $(date +%s)999, \\"status\\": \\"waiting\\"}"'
    script = f"{says} >{sessions}/$$.json; exec {tui}"
    desk.run("sh", "-c", script, options=("--profile", str(profile)), HOME=str(tmp_path))
    desk.comes_to("started")
    desk.send()
    wait_until(lambda: desk.recorded()[-1:] == ["dialog"])
    (file,) = sessions.glob("*.json")
    file.write_text(file.read_text().replace("waiting", "busy"))
    wait_until(lambda: desk.recorded()[-1:] == ["busy"])
    assert desk.noted() == ["started"]
    file.write_text(file.read_text().replace("busy", "idle"))
    desk.comes_to("started", "pasted", f"submitted {ONE_MESSAGE}")


def test_an_unannounced_dialog_gets_no_enter(desk: Desk) -> None:
    session = desk.run_tui("--silent")
    desk.comes_to("started")
    session.send("dialog\r")
    desk.comes_to("started", "submitted dialog", "dialog")
    desk.send()
    wait_until(lambda: desk.recorded()[-1:] == ["unknown-screen"])
    nothing_happens(desk, desk.noted())


def test_a_program_that_does_not_echo_gets_no_enter(desk: Desk) -> None:
    desk.run_tui("--silent")
    desk.comes_to("started")
    desk.send()
    wait_until(lambda: desk.recorded()[-1:] == ["uncertain"])
    assert desk.noted() == ["started", "pasted"]


def nothing_happens(desk: Desk, noted: list[str]) -> None:
    """Wait long enough for a line to be typed, and check that nothing was."""
    silent_until = time.monotonic() + InjectionRules().typing_pause_s + 0.5
    wait_until(lambda: time.monotonic() > silent_until)
    assert desk.noted() == noted


def test_nothing_is_typed_where_every_letter_is_a_command(desk: Desk) -> None:
    session = desk.run_tui("--no-paste-mode")
    desk.comes_to("started")
    session.send("dialog\r")
    desk.comes_to("started", "submitted dialog", "dialog")
    desk.send()
    wait_until(lambda: desk.recorded()[-1:] == ["unknown-screen"])
    assert desk.noted()[3:] == []


def test_the_agents_end_is_recorded_with_the_mail_that_waits(desk: Desk, tmp_path: Path) -> None:
    session = starts_slowly(desk, tmp_path)
    os.kill(desk.host_pid(), signal.SIGTERM)
    ends(session)
    assert desk.recorded() == ["starting", "stopped"]


def test_without_waking_that_is_recorded(desk: Desk) -> None:
    assert ends(desk.run("true", options=("--no-wake",))) == 0
    assert WakeJournal(str(private_directory(desk.root, "tui"))).entries()[-1]["waits_for"] == "off"


def test_a_password_prompt_gets_nothing(desk: Desk) -> None:
    asks = "stty -echo; printf 'password: '; read -r secret; stty echo; echo got $secret; printf 'password: '; cat"
    session = desk.run("sh", "-c", asks, options=("--prompt", "password:"))
    session.expect_exact("password:")
    desk.send()
    wait_until(lambda: desk.recorded()[-1:] == ["unknown-screen"])
    session.sendline("hunter2")
    session.expect_exact("got hunter2")
    session.expect_exact("a new message")


@pytest.mark.parametrize(("script", "status"), [("exit 7", 7), ("kill -KILL $$", 137), ("exit 0", 0)])
def test_the_programs_status_comes_out(desk: Desk, script: str, status: int) -> None:
    assert ends(desk.run("sh", "-c", script)) == status


@pytest.mark.parametrize(("program", "status"), [("no-such-program", 127), ("/", 126)])
def test_what_cannot_run_is_said(desk: Desk, program: str, status: int) -> None:
    session = desk.run(program)
    session.expect("no such program|is a directory")
    assert ends(session) == status


def test_the_program_knows_its_queue_and_finds_amq(desk: Desk) -> None:
    session = desk.run("sh", "-c", "echo $AM_ROOT $AM_ME; command -v amq")
    session.expect(f"{desk.root} tui\r\n{os.environ['XDG_STATE_HOME']}/amq/r/[0-9a-f]{{8}}/bin/amq\r\n")
    assert ends(session) == 0


def test_a_second_host_names_the_first(desk: Desk) -> None:
    first = desk.run("sh", "-c", "echo ready; cat")
    first.expect_exact("ready")
    second = desk.run("sh", "-c", "cat -")
    second.expect(f"tui is already hosted by amq run, process {first.pid}")
    second.expect_exact("amq run --as auto -- sh -c 'cat -'")
    assert ends(second) == 125
    third = desk.run("echo", "hosted only", options=("--no-wake",))
    third.expect_exact("hosted only")
    assert ends(third) == 0


def test_what_keeps_it_from_hosting_is_said_in_words(desk: Desk) -> None:
    lock = Path(Mailbox(desk.root, "tui").state_dir, "notifier.lock")
    lock.unlink(missing_ok=True)
    lock.mkdir()
    session = desk.run("true")
    session.expect_exact(f"hosting true failed: Is a directory ({lock})")
    assert ends(session) == 125


def settings(session: Session) -> bytes:
    """Return the output of the next `stty -g`."""
    session.expect(r"[0-9a-f:]{40,}\r\n")
    assert isinstance(session.after, bytes)
    return session.after


Deed: TypeAlias = Callable[[Session, int], object]


@pytest.mark.parametrize(
    ("deed", "status"),
    [
        pytest.param(lambda session, _: session.send("quit\r"), 0, id="it ends"),
        pytest.param(lambda session, _: session.send("crash\r"), 139, id="it crashes"),
        pytest.param(lambda _, pid: os.kill(pid, signal.SIGTERM), 143, id="we are terminated"),
        pytest.param(lambda _, pid: os.kill(pid, signal.SIGHUP), 129, id="we are hung up"),
    ],
)
def test_the_terminal_is_restored(desk: Desk, deed: Deed, status: int) -> None:
    hosted = shlex.join(desk.command(sys.executable, str(TUI), str(desk.log)))
    script = f"stty -g; {hosted}; echo status=$?; stty -g"
    session = desk.spawn(["/bin/sh", "-c", script])
    before = settings(session)
    desk.comes_to("started")
    deed(session, desk.host_pid())
    session.expect_exact(f"status={status}\r\n")
    assert settings(session) == before


def test_a_program_that_stops_itself_stops_the_job(desk: Desk) -> None:
    """The shell is one that, unlike bash, does not restore the terminal itself."""
    session = desk.spawn(["/bin/sh", "-i"])
    hosted = shlex.join(desk.command("sh", "-c", "stty raw; echo here; kill -STOP $$; echo again; exit 5"))
    session.sendline(f"PS1='$ '; stty -g; {hosted}; stty -g")
    before = settings(session)
    session.expect_exact("here")
    assert settings(session) == before
    session.sendline("fg; echo status=$?")
    session.expect_exact("again")
    session.expect_exact("status=5")


def test_the_host_imports_no_slow_module() -> None:
    """The notifier's imports are slow, and so are those that describe outside data."""
    script = "import sys, amq.runtime.host; print(*sys.modules)"
    imported = subprocess.run([sys.executable, "-c", script], check=True, capture_output=True, text=True).stdout.split()
    assert not {"anyio", "asyncio", "watchfiles", "pydantic", "importlib.metadata"} & set(imported)


def test_an_internal_error_while_waking_is_only_logged(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    def fails(*_: object) -> None:
        raise RuntimeError("a defect")

    mailbox = Mailbox(desk.root, "tui")
    monkeypatch.setattr(session_module, "IMPORT_AFTER_S", 0.0)
    monkeypatch.setattr("amq.runtime.loop.run", fails)
    planned, options = Launch(profile_for("x"), ["x"], {}, [], "off", finds_amq=True), Options()
    agent = hosted_agent(planned, 1, 0.0, 0.0, None)
    host = cast("Host", SimpleNamespace(terminal=agent.terminal, tell=str))
    trust = Trust(desk.root, private_state(os.environ, ()))
    waking = session_module.BackgroundThreads(mailbox, host, agent, options, trust)
    waking.start(notifier_lock.claim(mailbox.state_dir, "run"))
    private = private_directory(mailbox.account.queue.root, mailbox.account.me)
    log = private / "run.log"
    wait_until(log.exists)
    waking.stop()
    assert "RuntimeError: a defect" in log.read_text()
    assert WakeJournal(str(private)).entries()[-1]["waits_for"] == "no-channel", "amq why says so"


def test_an_error_is_logged_where_no_module_can_be_read_any_more(monkeypatch: pytest.MonkeyPatch) -> None:
    """The system may have no open file left, which may be what the error is about."""

    class NoFiles:
        @staticmethod
        def find_spec(*_: object) -> None:
            raise OSError(errno.EMFILE, os.strerror(errno.EMFILE))

    monkeypatch.delitem(sys.modules, "traceback")
    monkeypatch.setattr(sys, "meta_path", [NoFiles])
    assert session_module._traceback(RuntimeError("a defect")) == "RuntimeError('a defect')"


def test_only_offers_of_an_earlier_program_lapse(desk: Desk) -> None:
    """The hooks of this one may be called before amq has imported what wakes it."""
    for now in (10, 20):
        desk.send()
        account = Mailbox(desk.root, "tui", clock=partial(int, now)).account
        with offering.hold(account, ()) as mail:
            for _ in mail.batches():
                mail.leave_offered("prompt", "s", "t", "/history", 0)
    session_module._lapse_offers(Mailbox(desk.root, "tui"), 20)
    assert [offer.at_ns for offer in offering.open_offers(account.agent)] == [20]


def test_mail_that_an_earlier_program_had_on_offer_is_announced(desk: Desk) -> None:
    desk.send()
    with offering.hold(Mailbox(desk.root, "tui").account, ()) as mail:
        for _ in mail.batches():
            mail.leave_offered("prompt", "s", "t", "/history", 0)
    desk.run_tui()
    desk.comes_to("started", "pasted", f"submitted {ONE_MESSAGE}")


def test_what_libraries_log_does_not_reach_the_screen(capfd: pytest.CaptureFixture[str]) -> None:
    log: list[str] = []
    handler = PrivateLog(log.append)
    logging.getLogger().addHandler(handler)
    try:
        logging.getLogger("asyncio").error("something %s", "odd")
    finally:
        logging.getLogger().removeHandler(handler)
    assert log == ["something odd"]
    assert capfd.readouterr().err == ""


def test_the_last_size_arrives(desk: Desk) -> None:
    session = desk.run("sh", "-c", "trap 'stty size' WINCH; echo ready; while :; do sleep 0.02; done")
    session.expect_exact("ready")
    for columns in range(50, 80):
        session.setwinsize(20, columns)
    session.expect_exact("20 79")
