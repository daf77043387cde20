"""`amq wake --session`: which session is meant, as whom it is notified, and what notifies it already."""

from __future__ import annotations

import itertools
import os
import subprocess
from argparse import Namespace
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NoReturn

import pytest

from amq.cli import wake_session
from amq.cli.output import Output
from amq.errors import HostFailed, UsageError
from amq.layout import QueueLayout
from amq.mail.mailbox import Mailbox
from amq.record import replace
from amq.runtime import notifier_lock, session_claim, sidecar
from amq.runtime.agents.open_sessions import OpenSession
from amq.runtime.agents.profiles import built_in
from amq.runtime.channels.registry import LaunchContext
from amq.runtime.private_state import NoPrivateDirectory, PrivateState
from amq.store import registry
from amq.store.locks import open_state
from tests.conftest import Shell


def session(pid: int, directory: str, **variables: str) -> OpenSession:
    return OpenSession(built_in()["claude"], pid, "1", 1 << 22, "/dev/none", directory, variables)


@pytest.mark.parametrize(
    ("here", "elsewhere", "taken", "chosen"),
    [
        ([], [], [], "no session of claude is open that nothing notifies"),
        ([1], [], [], 1),
        ([1], [2, 3], [], 1),
        ([], [2], [], 2),
        ([], [2, 3], [], "which session? 2 of claude are open, none of them in this project"),
        ([1, 2], [3], [], "which session? 2 of claude are open, in this project"),
        ([1, 2], [3], [2], 1),
        ([1], [2], [1], 2),
        ([1], [], [1], "no session of claude is open that nothing notifies"),
    ],
)
def test_the_only_session_that_nothing_notifies_is_meant(
    amq: Shell,
    monkeypatch: pytest.MonkeyPatch,
    here: list[int],
    elsewhere: list[int],
    taken: list[int],
    chosen: int | str,
) -> None:
    """Else they are all shown, those of this project first."""
    beside = f"{amq.project}-2"  # its name begins like the project's
    found = [*(session(pid, beside) for pid in elsewhere), *(session(pid, f"{amq.project}/src") for pid in here)]
    monkeypatch.setattr(wake_session, "_sessions", lambda *_: found)
    monkeypatch.setattr(session_claim, "notified_by", lambda each, _: "amq" if each.pid in taken else "")
    notified: list[int] = []

    def way(_args: object, meant: OpenSession, _environment: object) -> NoReturn:
        notified.append(meant.pid)
        raise HostFailed("enough")

    monkeypatch.setattr(wake_session, "_way", way)
    ended = amq("wake", "--session", "claude", me=None)
    assert ended.code == 125
    assert notified == ([chosen] if isinstance(chosen, int) else [])
    if isinstance(chosen, str):
        *shown, error, _hint = ended.err.splitlines()
        assert chosen in error
        assert [line.split()[1] for line in shown] == [f"claude:{pid}" for pid in (*here, *elsewhere)]


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("--session", "gemini"), "--session takes one of claude[:PID], codex[:PID]; not 'gemini'"),
        (("--session", "claude:"), "not 'claude:'"),
        (("--session", "claude:0"), "not 'claude:0'"),
        (("--session", "claude:-1"), "not 'claude:-1'"),
        (("--session", f"claude:{'9' * 5000}"), "not 'claude:999"),
        (("--session", "claude", "--via", "tiocsti"), "--via tiocsti does not reach another terminal"),
        (("--session", "claude", "--submit"), "--submit cannot be used with --session"),
        (("--session", "claude", "--prompt", ">"), "--prompt cannot be used with --session"),
        (("--session", "claude", "--inject-mode", "raw"), "--inject-mode cannot be used with --session"),
        (("--session", "claude", "--me", "user"), "user is the user's handle"),
        (("--via", "native"), "add --session"),
    ],
)
def test_what_is_refused(amq: Shell, monkeypatch: pytest.MonkeyPatch, words: tuple[str, ...], message: str) -> None:
    monkeypatch.setattr(wake_session, "_sessions", lambda *_: [])  # never one of this machine
    ended = amq("wake", *words)
    assert ended.code == 2
    assert message in ended.err


def test_a_process_that_is_not_a_session_is_named(amq: Shell) -> None:
    ended = amq("wake", "--session", f"claude:{os.getpid()}")
    assert ended.code == 125
    assert f"process {os.getpid()} is not a session of claude: it is not claude, but " in ended.err


def test_a_session_that_is_notified_gets_no_mailbox(amq: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(wake_session, "_sessions", lambda *_: [session(7, "/a", AMQ_RUN="")])
    ended = amq("wake", "--session", "claude:7", "--me", "claude")
    assert (ended.code, amq.agent("claude").home in map(str, Path(amq.root, "agents").iterdir())) == (125, False)
    assert "claude:7 is already notified by amq run, in which it was started" in ended.err


def test_the_sessions_are_shown(amq: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(wake_session, "_sessions", lambda *_: [session(7, "/a\x1b", AMQ_RUN="")])
    assert amq.ok("wake", "--session", "claude", "--check") == (
        "claude:7  /a^[  /dev/none  no way (tmux: no terminal; native: it has ended); "
        "notified by amq run, in which it was started\n"
    )
    monkeypatch.setattr(wake_session, "_sessions", lambda *_: [])
    assert amq("wake", "--session", "claude", "--check").err == "amq: no session is open\n"


# -- as whom ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("me", "variables", "handles"),
    [
        (None, {}, ["claude", "claude-2"]),
        ("bob", {}, ["bob"]),
        (None, {"AM_ME": "bob"}, ["bob"]),
        ("carol", {"AM_ME": "bob"}, ["carol"]),
    ],
)
def test_its_handle(amq: Shell, me: str | None, variables: dict[str, str], handles: list[str]) -> None:
    found = wake_session._handles(Namespace(me=me), session(7, "/a", **variables), QueueLayout(str(amq.root)), Output())
    assert list(itertools.islice(found, 2)) == handles


def test_the_user_is_not_an_agent(amq: Shell) -> None:
    with pytest.raises(UsageError, match="AM_ME of claude:7 is user"):
        wake_session._handles(Namespace(me=None), session(7, "/a", AM_ME="user"), QueueLayout(str(amq.root)), Output())


def test_the_line_names_the_queue_where_the_session_would_not_find_it(
    amq: Shell, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sidecar, "amq_command", lambda _: "amq")
    args = Namespace(preview=False, inject_cmd="")

    def options(place: str, root: str = str(amq.root), me: str = "bob", **variables: str) -> str:
        context = LaunchContext("claude", {}, None, session=session(7, place, **variables))
        return str(wake_session._wording(args, me, root, context).options)

    (amq.project / "src").mkdir()
    assert options(f"{amq.project}/src") == " --me bob"
    assert options("/", AM_ROOT=str(amq.root)) == " --me bob"
    for place in ("/", ""):
        assert options(place) == f" --me bob --root {amq.root}"
    assert options(str(amq.project), AM_ROOT="/nowhere") == f" --me bob --root {amq.root}"
    with pytest.raises(HostFailed, match="the line cannot name the queue"):
        options("/", f"{tmp_path}/a b")
    with pytest.raises(HostFailed, match="the line is too long"):
        options("/", f"/{'a' * 99}", me="b" * 64)


# -- one notifier for each --------------------------------------------------------------------------------------------


@contextmanager
def hosted_program() -> Iterator[int]:
    """Run a program in a session of its own, as this process would host it; yield its process id."""
    with subprocess.Popen(["sleep", "1000"], start_new_session=True) as hosted:
        try:
            yield hosted.pid
        finally:
            hosted.kill()


def test_what_notifies_a_session_already(amq: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
    queue, mailbox = QueueLayout(str(amq.root)), Mailbox(str(amq.root), "bob")
    open_state(mailbox.account.agent, mailbox.state_dir).close()
    apart, mine = session(7, "/a"), in_terminal_of(session(9, "/a"), os.getsid(0))
    with hosted_program() as leader:
        its = in_terminal_of(session(8, "/a"), leader)
        for how, whose in (
            ("run", [its, mine]),  # this process hosts the one, and is in the terminal of the other
            ("wake --via tmux", [its, mine]),
            ("wake --session claude:7 --via tmux", [apart]),
            ("wake --session claude:77 --via tmux", []),
            ("wake --session codex:7 --via tmux", []),
        ):
            claim = notifier_lock.claim(mailbox.state_dir, how)
            who = f"amq {how} as bob (process {os.getpid()})"
            assert [each for each in (apart, its, mine) if session_claim.notified_by(each, queue) == who] == whose
            claim.release()
    assert session_claim.notified_by(mine, queue) == ""
    hosted_elsewhere = session(7, "/a", AMQ_RUN="")
    with (
        pytest.raises(session_claim.SessionTaken, match="claude:7 is already notified by amq run, in which"),
        session_claim.claimed(hosted_elsewhere, queue, PrivateState(str(amq.project))),
    ):
        pytest.fail("it was claimed")
    assert session_claim.notified_by(hosted_elsewhere, queue) == "amq run, in which it was started"

    def unreadable(_agent: object) -> NoReturn:
        raise PermissionError(13, "denied")

    monkeypatch.setattr(session_claim, "read_notifier", unreadable)
    with pytest.raises(session_claim.SessionTaken, match="cannot tell what notifies"):
        session_claim.notified_by(apart, queue)


def in_terminal_of(found: OpenSession, leader: int) -> OpenSession:
    return replace(found, leader=leader)


def test_a_notifier_of_the_user_in_the_terminal_is_not_the_sessions(amq: Shell) -> None:
    registry.make_mailbox(QueueLayout(str(amq.root)), "user")
    mailbox = Mailbox(str(amq.root), "user")
    open_state(mailbox.account.agent, mailbox.state_dir).close()
    claim = notifier_lock.claim(mailbox.state_dir, "wake --via notice")
    mine = in_terminal_of(session(7, "/a"), os.getsid(0))
    assert session_claim.notified_by(mine, QueueLayout(str(amq.root))) == ""
    claim.release()


def test_without_a_private_directory_nothing_is_notified(amq: Shell) -> None:
    """Another process might notify the session, too."""
    queue = QueueLayout(str(amq.root))
    with (
        pytest.raises(NoPrivateDirectory, match="cannot make sure that nothing else notifies claude:7"),
        session_claim.claimed(session(7, "/a"), queue, PrivateState("", "none")),
    ):
        pytest.fail("it was claimed")
