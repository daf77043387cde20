"""The ways to an agent in somebody else's terminal: where each works, what it sees, and how it is opened."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from amq.pty import borrowed
from amq.runtime.channels import Channel, tiocsti
from amq.runtime.channels.blind import Mode
from amq.runtime.channels.command import CommandChannel
from amq.runtime.channels.desktop import notice_command
from amq.runtime.channels.notice import NoticeChannel
from amq.runtime.channels.pane import PaneChannel
from amq.runtime.panes import gnu_screen, kitty, tmux


@dataclass(frozen=True)
class Place:
    """Where `amq wake` was started, and how it is to type."""

    me: str
    environment: Mapping[str, str]
    terminal: int | None  # a descriptor of our controlling terminal
    command: str = ""  # what `--command` names
    mode: Mode = Mode.AUTO
    submit: bool = False  # press Enter even where a dialog may take it


@dataclass(frozen=True)
class Way:
    """One of them."""

    name: str
    sees: str
    why_not: Callable[[Place], str]  # "" where it works
    open: Callable[[Place], Channel]
    automatic: bool = field(default=True)  # whether `--via auto` may choose it


def _tmux(place: Place) -> Channel:
    return PaneChannel(tmux.TmuxPane(place.environment["TMUX_PANE"], place.environment), place.me, submit=place.submit)


def _kitty(place: Place) -> Channel:
    window = kitty.KittyWindow(place.environment["KITTY_WINDOW_ID"], place.environment)
    return PaneChannel(window, place.me, submit=place.submit)


def _screen(place: Place) -> Channel:
    assert place.terminal is not None
    session, window = place.environment["STY"], place.environment["WINDOW"]
    pane = gnu_screen.ScreenWindow(session, window, place.terminal, place.environment)
    return PaneChannel(pane, place.me, submit=place.submit)


def _tiocsti(place: Place) -> Channel:
    assert place.terminal is not None
    return tiocsti.open_channel(place.terminal, place.me, place.mode, submit=place.submit)


def _why_not_screen(place: Place) -> str:
    return "there is no terminal here" if place.terminal is None else gnu_screen.why_not(place.environment)


def _why_not_tiocsti(place: Place) -> str:
    if place.terminal is None:
        return "there is no terminal here"
    return "" if borrowed.kernel_allows_pushing() else tiocsti.FORBIDDEN


def _why_not_command(place: Place) -> str:
    return "" if place.command else "no --command was given"


def _why_not_notice(_place: Place) -> str:
    return "" if notice_command("", "") else "there is no notify-send"


WAYS = (
    Way("tmux", "the screen, the program", lambda place: tmux.why_not(place.environment), _tmux),
    Way("kitty", "the screen, the program", lambda place: kitty.why_not(place.environment), _kitty),
    Way("screen", "the screen without colours, the program", _why_not_screen, _screen),
    Way("tiocsti", "the program", _why_not_tiocsti, _tiocsti),
    Way("command", "nothing", _why_not_command, lambda place: CommandChannel(place.command, place.me), automatic=False),
    Way("notice", "nothing", _why_not_notice, lambda place: NoticeChannel(place.me), automatic=False),
)
"""The best first. No way sees the person's keys: only `amq run` does."""
