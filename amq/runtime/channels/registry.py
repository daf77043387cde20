"""The channels to an agent in a terminal that amq does not own: where each works, what it sees, how it is opened."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial

from amq.pty import controlling_tty, screen
from amq.pty.line_discipline import inject
from amq.runtime.agents.foreground import ForegroundDetector, Limit
from amq.runtime.agents.profile import Profile
from amq.runtime.channels import Channel, gnu_screen
from amq.runtime.channels.command import CommandChannel
from amq.runtime.channels.input_mode import InputMode
from amq.runtime.channels.notice import NoticeChannel
from amq.runtime.channels.pane import PaneChannel
from amq.runtime.channels.panes import Pane, kitty, tmux
from amq.runtime.channels.unseen_terminal import BlindChannel
from amq.runtime.desktop import notice_command

NO_TERMINAL = "no terminal"
TIOCSTI = "tiocsti"
NO_TIOCSTI = "this kernel forbids programs to type into their terminal (sysctl dev.tty.legacy_tiocsti is 0)"


@dataclass(frozen=True)
class LaunchContext:
    """The place where `amq wake` was started, and the user's options for typing."""

    me: str
    environment: Mapping[str, str]
    terminal: int | None = field(default_factory=controlling_tty.open_own)  # a descriptor of our controlling terminal
    program: str = ""  # the agent's program, where no profile fits
    profile: Profile | None = None  # of that program, where the user has named one
    command: str = ""  # the command line of `--command`
    mode: InputMode = InputMode.AUTO
    submit: bool = False  # press Enter even where a dialog may take it
    amq: str = ""  # the version of this amq
    limit: Limit = lambda profile, _, said: (profile, said)  # the limits for the version of an agent

    def foreground(self) -> ForegroundDetector:
        """Return the detector of the agent in front of the terminal, which has to exist."""
        assert self.terminal is not None
        return ForegroundDetector(self.terminal, self.program or self.me, self.environment, self.profile, self.limit)


@dataclass(frozen=True)
class ChannelSpec:
    """A channel in the registry."""

    name: str
    sees: str
    why_not: Callable[[LaunchContext], str]  # a clause; "" where it works
    open: Callable[[LaunchContext], Channel]
    automatic: bool = True  # whether `--via auto` may choose it
    is_blind: bool = False  # it types without seeing the screen


def _pane(make: Callable[[Mapping[str, str]], Pane], place: LaunchContext) -> Channel:
    pane = make(place.environment)
    return PaneChannel(pane, place.foreground(), place.mode, submit=place.submit)


def _why_no_pane(why_not: Callable[[Mapping[str, str]], str], place: LaunchContext) -> str:
    reason = NO_TERMINAL if place.terminal is None else why_not(place.environment)
    return reason or (
        "" if screen.has_emulator() else "pyavt, which reads the screen, is not available for this machine"
    )


def _screen(place: LaunchContext) -> Channel:
    push = gnu_screen.ScreenWindow(place.environment).push
    return BlindChannel(gnu_screen.NAME, push, place.foreground(), place.mode, submit=place.submit)


def _why_not_screen(place: LaunchContext) -> str:
    return NO_TERMINAL if place.terminal is None else gnu_screen.why_not(place.environment)


def _tiocsti(place: LaunchContext) -> Channel:
    assert place.terminal is not None
    push = partial(inject, place.terminal)
    return BlindChannel(TIOCSTI, push, place.foreground(), place.mode, submit=place.submit)


def _why_not_tiocsti(place: LaunchContext) -> str:
    if place.terminal is None:
        return NO_TERMINAL
    return "" if controlling_tty.can_inject() else NO_TIOCSTI


def _why_not_command(place: LaunchContext) -> str:
    return "" if place.command else "no --command given"


def _why_not_notice(_place: LaunchContext) -> str:
    return "" if notice_command("", "") else "notify-send is not installed"


CHANNELS = (
    ChannelSpec(
        tmux.TmuxPane.way,
        "the screen, and which program reads the keyboard",
        partial(_why_no_pane, tmux.why_not),
        partial(_pane, tmux.TmuxPane),
    ),
    ChannelSpec(
        kitty.KittyWindow.way,
        "the screen, and which program reads the keyboard",
        partial(_why_no_pane, kitty.why_not),
        partial(_pane, kitty.KittyWindow),
    ),
    ChannelSpec(gnu_screen.NAME, "only which program reads the keyboard", _why_not_screen, _screen, is_blind=True),
    ChannelSpec(TIOCSTI, "only which program reads the keyboard", _why_not_tiocsti, _tiocsti, is_blind=True),
    ChannelSpec(
        CommandChannel.way,
        "nothing",
        _why_not_command,
        lambda place: CommandChannel(place.command),
        automatic=False,
    ),
    ChannelSpec(NoticeChannel.way, "nothing", _why_not_notice, lambda place: NoticeChannel(place.me), automatic=False),
)
"""All channels, the best first. None of them sees the user's keys: only `amq run` does."""
