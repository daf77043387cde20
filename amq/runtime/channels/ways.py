"""The ways to an agent in somebody else's terminal: where each works, what it sees, and how it is opened."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial

from amq.pty import borrowed, screen
from amq.runtime.channels import Channel, gnu_screen
from amq.runtime.channels.blind import BlindChannel
from amq.runtime.channels.command import CommandChannel
from amq.runtime.channels.mode import Mode
from amq.runtime.channels.notice import NoticeChannel
from amq.runtime.channels.pane import PaneChannel
from amq.runtime.desktop import notice_command
from amq.runtime.keyboard import Keyboard
from amq.runtime.panes import Pane, kitty, tmux
from amq.runtime.profiles import Profile

NO_TERMINAL = "no terminal"
FORBIDDEN = "this kernel forbids programs to type into their terminal (sysctl dev.tty.legacy_tiocsti is 0)"


@dataclass(frozen=True)
class Place:
    """Where `amq wake` was started, and how it is to type."""

    me: str
    environment: Mapping[str, str]
    terminal: int | None = field(default_factory=borrowed.open_own)  # a descriptor of our controlling one
    program: str = ""  # the agent's, where we know nothing of it
    profile: Profile | None = None  # of that program, where the user has named one
    command: str = ""  # what `--command` names
    mode: Mode = Mode.AUTO
    submit: bool = False  # press Enter even where a dialog may take it

    def keyboard(self) -> Keyboard:
        """That of the terminal, which has to be there."""
        assert self.terminal is not None
        return Keyboard(self.terminal, self.program or self.me, self.environment, self.profile)


@dataclass(frozen=True)
class Way:
    """One of them."""

    name: str
    sees: str
    why_not: Callable[[Place], str]  # "" where it works
    open: Callable[[Place], Channel]
    automatic: bool = True  # whether `--via auto` may choose it


def _pane(make: Callable[[Mapping[str, str]], Pane], place: Place) -> Channel:
    pane = make(place.environment)
    return PaneChannel(pane, place.keyboard(), place.me, place.mode, submit=place.submit)


def _why_no_pane(why_not: Callable[[Mapping[str, str]], str], place: Place) -> str:
    reason = NO_TERMINAL if place.terminal is None else why_not(place.environment)
    return reason or (
        "" if screen.has_emulator() else "pyavt, which reads the screen, is not available for this machine"
    )


def _screen(place: Place) -> Channel:
    push = gnu_screen.ScreenWindow(place.environment).push
    return BlindChannel("screen", push, place.keyboard(), place.me, place.mode, submit=place.submit)


def _why_not_screen(place: Place) -> str:
    return NO_TERMINAL if place.terminal is None else gnu_screen.why_not(place.environment)


def _tiocsti(place: Place) -> Channel:
    assert place.terminal is not None
    push = partial(borrowed.push, place.terminal)
    return BlindChannel("tiocsti", push, place.keyboard(), place.me, place.mode, submit=place.submit)


def _why_not_tiocsti(place: Place) -> str:
    if place.terminal is None:
        return NO_TERMINAL
    return "" if borrowed.allows_pushing() else FORBIDDEN


def _why_not_command(place: Place) -> str:
    return "" if place.command else "no --command given"


def _why_not_notice(_place: Place) -> str:
    return "" if notice_command("", "") else "notify-send is not installed"


WAYS = (
    Way(
        "tmux",
        "the screen, and which program reads the keyboard",
        partial(_why_no_pane, tmux.why_not),
        partial(_pane, tmux.TmuxPane),
    ),
    Way(
        "kitty",
        "the screen, and which program reads the keyboard",
        partial(_why_no_pane, kitty.why_not),
        partial(_pane, kitty.KittyWindow),
    ),
    Way("screen", "only which program reads the keyboard", _why_not_screen, _screen),
    Way("tiocsti", "only which program reads the keyboard", _why_not_tiocsti, _tiocsti),
    Way("command", "nothing", _why_not_command, lambda place: CommandChannel(place.command, place.me), automatic=False),
    Way("notice", "nothing", _why_not_notice, lambda place: NoticeChannel(place.me), automatic=False),
)
"""The best first. No way sees the person's keys: only `amq run` does."""
