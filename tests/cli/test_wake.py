from __future__ import annotations

import pytest

from amq.cli.commands import wake
from amq.pty import controlling_tty
from amq.runtime.channels.registry import CHANNELS, NATIVE, LaunchContext
from tests.conftest import Shell


@pytest.fixture(autouse=True)
def nowhere(monkeypatch: pytest.MonkeyPatch) -> None:
    """An environment without a terminal and without a multiplexer."""
    for name in ("TMUX", "TMUX_PANE", "STY", "WINDOW", "KITTY_WINDOW_ID", "KITTY_LISTEN_ON"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(controlling_tty, "TTY", "/nowhere")


def test_each_way_can_be_asked_for() -> None:
    assert ("auto", *(spec.name for spec in CHANNELS), NATIVE) == wake.VIA


def test_where_no_way_works_it_says_why_and_what_to_do(amq: Shell) -> None:
    ended = amq("wake")
    assert ended.code == 125
    assert "no way to notify alice from here (tmux: no terminal; " in ended.err
    assert "amq run -- PROGRAM" in ended.err


def test_on_a_kernel_that_forbids_tiocsti_it_says_what_to_use_instead(
    amq: Shell, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(controlling_tty, "TTY", "/dev/null")
    monkeypatch.setattr(controlling_tty, "can_inject", lambda: False)
    ended = amq("wake", "--via", "tiocsti")
    assert ended.code == 125
    assert "dev.tty.legacy_tiocsti is 0" in ended.err
    assert "in tmux" in ended.err


def test_each_way_is_explained(amq: Shell) -> None:
    lines = amq.ok("wake", "--check", "--command", "true").splitlines()
    assert amq.ok("wake", "--check", "--command", "true", me="user").splitlines() == lines, "a user may look, too"
    assert lines[0] == "tmux     no: no terminal"
    assert lines[4] == "command  works; sees nothing"
    value = amq("wake", "--check", "--json").value
    assert [way["way"] for way in value] == ["tmux", "kitty", "screen", "tiocsti", "command", "notice"]
    assert value[4] == {"way": "command", "sees": "nothing", "works": False, "why_not": "no --command given"}


@pytest.mark.parametrize(
    ("words", "me", "message"),
    [
        (("--inject-cmd", "a\nb"), "alice", "takes one line"),
        ((), "user", "user is the user's handle"),
        (("--via", "pigeon"), "alice", "pigeon"),
        (("--prompt", " "), "alice", "--prompt takes one line of printable text"),
        (("--profile", "clade"), "alice", "unknown profile 'clade'; did you mean claude"),
        (("--debounce", "soon"), "alice", "not a duration"),
    ],
)
def test_what_is_refused(amq: Shell, words: tuple[str, ...], me: str, message: str) -> None:
    ended = amq("wake", *words, me=me)
    assert ended.code == 2
    assert message in ended.err


@pytest.mark.parametrize(
    ("way", "program", "submit", "waits"),
    [
        ("tiocsti", "codex", False, True),
        ("screen", "gemini", False, True),
        ("tiocsti", "codex", True, False),
        ("tiocsti", "claude", False, False),
        ("tmux", "codex", False, False),
    ],
)
def test_it_says_where_a_line_will_wait_for_enter(way: str, program: str, submit: bool, waits: bool) -> None:
    (spec,) = (channel for channel in CHANNELS if channel.name == way)
    place = LaunchContext(program, {}, terminal=None, submit=submit)
    assert ("wait in its input until you press Enter" in wake._left_to_the_user(spec, place)) is waits
