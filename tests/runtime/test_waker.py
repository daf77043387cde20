"""`amq wake` with a shell, a terminal or a multiplexer, and an agent that are all real."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from amq.runtime.typed import Rules
from tests.pty.person import wait_until
from tests.runtime.outside import TOLD, Outside, Tmux, gnu_screen, kitty, plain_terminal, tmux


@pytest.fixture
def outside(tmp_path: Path) -> Outside:
    return Outside(tmp_path)


@pytest.fixture
def pane(outside: Outside) -> Iterator[Tmux]:
    with tmux(outside) as server:
        yield server


def nothing_happens(outside: Outside) -> None:
    """Only time can show that."""
    before = outside.noted()
    silent_until = time.monotonic() + Rules().key_rest + 1.0
    wait_until(lambda: time.monotonic() > silent_until)
    assert outside.noted() == before


def test_the_quick_start_in_tmux(outside: Outside, pane: Tmux) -> None:
    outside.starts()
    assert outside.said() == "amq: telling claude of its mail by tmux\n"
    outside.send()
    outside.comes_to("started", *TOLD)
    wait_until(lambda: outside.unread() == 0)
    outside.send()
    outside.comes_to("started", *TOLD, *TOLD)


def test_the_quick_start_in_a_plain_terminal(outside: Outside) -> None:
    with plain_terminal(outside):
        outside.starts()
        assert outside.said() == "amq: telling claude of its mail by tiocsti\n"
        outside.send()
        outside.comes_to("started", *TOLD)
        wait_until(lambda: outside.unread() == 0)


def test_the_quick_start_in_gnu_screen(outside: Outside) -> None:
    with gnu_screen(outside):
        outside.starts()
        assert outside.said() == "amq: telling claude of its mail by screen\n"
        outside.send()
        outside.comes_to("started", *TOLD)
        wait_until(lambda: outside.unread() == 0)


def test_the_quick_start_in_kitty(outside: Outside) -> None:
    with kitty(outside):
        outside.starts()
        assert outside.said() == "amq: telling claude of its mail by kitty\n"
        outside.send()
        outside.comes_to("started", *TOLD)
        wait_until(lambda: outside.unread() == 0)
