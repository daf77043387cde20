"""The channels to an agent in a terminal that amq does not own: where each works, what it sees, how it is opened."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial

from amq.pty import controlling_tty, screen
from amq.pty.line_discipline import inject
from amq.runtime.agents import processes, registry
from amq.runtime.agents.foreground import Foreground, ForegroundDetector, Limit
from amq.runtime.agents.open_sessions import OpenSession, SessionForeground
from amq.runtime.agents.profile import Profile
from amq.runtime.channels import Channel, gnu_screen
from amq.runtime.channels.agent_api import NativeOnly
from amq.runtime.channels.command import CommandChannel
from amq.runtime.channels.input_mode import InputMode
from amq.runtime.channels.notice import NoticeChannel
from amq.runtime.channels.pane import PaneChannel
from amq.runtime.channels.panes import GoneError, Pane, kitty, tmux
from amq.runtime.channels.unseen_terminal import BlindChannel
from amq.runtime.desktop import notice_command
from amq.runtime.session_info import SessionInfo
from amq.runtime.tmux_client import server_around

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
    session: OpenSession | None = None  # in another terminal, which is `terminal` then

    @classmethod
    def of_session(cls, environment: Mapping[str, str], session: OpenSession, amq: str = "") -> LaunchContext:
        """Return the place of SESSION, called as its CLI. No terminal is open if that is not possible."""
        terminal, cli = controlling_tty.open_at(session.terminal), session.cli
        return cls(cli, environment, terminal, cli, session=session, amq=amq)

    @property
    def agent_environment(self) -> Mapping[str, str]:
        """Return the environment of the agent, as far as it is known, else that of this process."""
        return (self.session.environment if self.session else None) or self.environment

    def session_info(self) -> SessionInfo:
        """Return what `amq who` shows of the session, if it is one that is open elsewhere; else nothing."""
        if self.session is None:
            return SessionInfo("", is_allowed=False)
        profile, pid = self.session.profile, self.session.pid
        return SessionInfo(
            "", is_allowed=False, program=profile.name, process=pid, started=processes.started(pid),
            names=profile.names.value, names_in=registry.names_in(profile, self.agent_environment),
        )  # fmt: skip

    def is_gone(self) -> bool:
        """Return whether the terminal has been hung up, or the session has ended."""
        hung_up = self.terminal is not None and controlling_tty.is_gone(self.terminal)
        return hung_up or (self.session is not None and not self.session.is_alive())

    def foreground(self) -> Foreground:
        """Return the detector of the agent in front of the terminal, which has to exist."""
        assert self.terminal is not None
        if self.session:
            return SessionForeground(self.session, self.terminal, self.environment, self.limit)
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


def _why_no_session_pane(place: LaunchContext) -> str:
    def why_not(_environment: Mapping[str, str]) -> str:
        try:
            _pane_of_session(place)
        except GoneError as error:
            return str(error)
        return ""

    return _why_no_pane(why_not, place)


def _pane_of_session(place: LaunchContext) -> Pane:
    assert place.session
    session, server = place.session, server_around(place.agent_environment)
    return tmux.pane_of(session.leader, session.terminal, server, place.environment)


def _why_no_api(place: LaunchContext) -> str:
    try:
        _api(place)
    except registry.NoApiError as error:
        return str(error)
    return ""


def _api(place: LaunchContext) -> Channel:
    """Return the channel by the API of the session's CLI. Raises NoApiError."""
    assert place.session
    session = place.session
    agent = SessionForeground(session, -1, place.environment, place.limit).known()
    if agent is None:
        raise registry.NoApiError("it has ended")
    api = registry.open_session_api(session, agent, place.environment)
    return NativeOnly(api, agent, session.is_alive)


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
NATIVE = "native"
SESSION_CHANNELS = (
    ChannelSpec(
        tmux.TmuxPane.way,
        "the screen, and which program reads the keyboard",
        _why_no_session_pane,
        lambda place: PaneChannel(_pane_of_session(place), place.foreground()),
    ),
    ChannelSpec(NATIVE, "only the state that its CLI publishes, if any", _why_no_api, _api),
)
"""The channels to a session in another terminal, the best first."""
