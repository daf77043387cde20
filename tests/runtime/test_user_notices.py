"""Notices to the user, as a terminal, a desktop program and a command get them from `amq run` and `amq wake`."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from amq import runtime
from amq.runtime.notice_settings import TERMINAL, NoticeSettings
from amq.runtime.policy.notices import Notice
from amq.runtime.user_notices import UserNotices
from tests.pty.user import wait_until
from tests.runtime.run_session import Desk


def program(place: Path, name: str, script: str) -> Path:
    """Make a program NAME that runs SCRIPT, in a directory of its own; return its path."""
    path = place / "programs" / name
    path.parent.mkdir(exist_ok=True)
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(0o700)
    return path


def told(kind: str, notice: Notice) -> list[bytes]:
    """Return what a terminal gets."""
    written: list[bytes] = []
    UserNotices("codex", NoticeSettings(kind), {}, written.append, print).notify(notice)
    return written


@pytest.mark.parametrize(
    ("kind", "signal"),
    [
        ("bell", b"\a"),
        ("osc9", b"\x1b]9;codex asks you something\a"),
        ("osc777", b"\x1b]777;notify;amq;codex asks you something\a"),
        ("osc99", b"\x1b]99;;codex asks you something\x1b\\"),
    ],
)
def test_a_terminal_gets_the_signal_that_was_chosen(kind: str, signal: bytes) -> None:
    assert told(kind, Notice.QUESTION) == [signal]


@pytest.mark.parametrize("notice", Notice)
def test_each_notice_has_words_and_off_is_silent(notice: Notice) -> None:
    assert told("off", notice) == []
    assert all(told(kind, notice) for kind in TERMINAL)


def test_what_the_user_was_shown_is_not_signalled_again() -> None:
    written: list[bytes] = []
    notices = UserNotices("codex", NoticeSettings(), {}, written.append, print, shown={Notice.PARKED})
    notices.notify(Notice.PARKED)
    notices.notify(Notice.QUESTION)
    assert written == [b"\a"]


def test_a_notice_that_fails_does_not_end_the_waking(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without open files left nothing can be imported."""
    monkeypatch.setitem(sys.modules, "amq.runtime.desktop", None)
    monkeypatch.delattr(runtime, "desktop", raising=False)
    log: list[str] = []
    UserNotices("codex", NoticeSettings("desktop"), {}, print, log.append).notify(Notice.PARKED)
    assert ["the user was not notified (parked)" in line for line in log] == [True]


def test_run_shows_mail_that_parks_on_the_desktop(desk: Desk, tmp_path: Path) -> None:
    shows = program(
        tmp_path, "notify-send", f'printf "%s|" "$@" > {tmp_path}/part; mv {tmp_path}/part {tmp_path}/shown'
    )
    session = desk.run(
        "sh", "-c", "printf up; read -r it", options=("--notice", "desktop"),
        PATH=f"{shows.parent}:{desk.environment()['PATH']}",
    )  # fmt: skip
    session.expect_exact("up")
    desk.send()
    wait_until(lambda: (tmp_path / "shown").exists())
    shown = "--app-name=amq|--|Mail for tui|Unread mail. To see why: amq why tui|"
    assert (tmp_path / "shown").read_text() == shown
