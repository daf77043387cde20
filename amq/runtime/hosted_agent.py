"""Make the parts of `amq run` that depend on the agent's CLI, all from its profile."""

from __future__ import annotations

import os
import threading

from amq.pty.screen import Screen
from amq.pty.terminal_model import Terminal
from amq.record import record
from amq.runtime.agents import registry
from amq.runtime.agents.profile import HookStyle
from amq.runtime.agents.status_sources import AgentStatus
from amq.runtime.launch import Launch, Options
from amq.runtime.path_shim import command_path, own_command, typed_command

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from amq.mail.mailbox import Mailbox
    from amq.pty.host import Host
    from amq.runtime.agents.native_delivery import Native, Plugin, PluginFeed
    from amq.runtime.channels import Channel
    from amq.runtime.policy.wake_line import Wording


@record
class HostedAgent:
    """A running agent: how it was launched, the model of its terminal, and the status that it publishes."""

    launch: Launch
    terminal: Terminal
    status: AgentStatus
    feed: PluginFeed | None = None  # the pipes to its plugin, if it was given one
    pid: int = 0
    started_at: float = 0.0  # in seconds since the epoch

    def program_name(self) -> str:
        """Return the name of its CLI: that of its profile, or of the program where no CLI is known."""
        profile = self.launch.profile
        return profile.name if profile.programs else os.path.basename(self.launch.program[0])

    def amq_command(self, stop: threading.Event) -> str:
        """Return the words that run this amq in the agent's shell. A search for them ends when STOP is set."""
        from amq.runtime.policy.wake_line import COMMAND

        if self.launch.finds_amq:
            return COMMAND
        files, environment = self.launch.files, self.launch.environment
        return typed_command(command_path(files) if files else own_command(environment), environment, stop)

    def attaches(self, private: str) -> bool:
        """Return whether the agent's hooks give its model the mail together with a line that says so.

        PRIVATE is the agent's private directory, where its hooks keep their state. Some CLIs call no hook before the
        first prompt, so nothing is known of their hooks until then.
        """
        from amq.runtime.hooks.announcements import read_state
        from amq.runtime.policy.hook_decision import MOST_LAPSES

        launch = self.launch
        is_called = self.status.hooks_active or launch.profile.hooks is HookStyle.CONFIG
        return launch.has_hooks and is_called and read_state(private).lapses < MOST_LAPSES

    def plugin(self, mailbox: Mailbox, private: str, wording: Wording, log: Callable[[str], None]) -> Plugin | None:
        """Return the way by the agent's plugin, if it was given one; the arguments are as in `registry.plugin`."""
        if self.feed is None:
            return None
        return registry.plugin(self.feed, mailbox, self.launch.files, private, self.status, wording, log)

    def channel(self, host: Host, options: Options, private: str, plugin: Plugin | None = None) -> Channel:
        """Return the channel that types into HOST, behind the CLI's background hook, or the API that OPTIONS ask for.

        Where there is a PLUGIN, that is tried before all of them. PRIVATE is the agent's private directory, where its
        hooks leave the id of the session. Imports what is slow.
        """
        from amq.runtime.channels.hosted_terminal import PtyChannel

        profile = self.launch.profile
        forbids = plugin.forbids if plugin else None
        typed = PtyChannel(host, profile.rules, self.status, profile.asks, forbids)
        native = self._native(private) if options.native and not plugin else self._background_hook()
        channel: Channel = typed
        ways: list[Native] = [each for each in (native, plugin) if each]
        if ways:
            from amq.runtime.channels.agent_api import NativeFirst

            for each in ways:
                channel = NativeFirst(each, channel)
        return channel

    def _background_hook(self) -> Native | None:
        launch = self.launch
        return registry.background_hook(launch.profile.hooks, launch.files, self.status) if launch.has_hooks else None

    def _native(self, private: str) -> Native | None:
        from amq.runtime.hooks.announcements import read_state

        launch = self.launch
        return registry.native(
            launch.profile.native,
            self.status,
            lambda: read_state(private).session,
            launch.program[0],
            launch.environment,
            launch.server,
        )


def hosted_agent(
    launch: Launch, pid: int, started: float, started_at: float, screen: Screen | None, feed: PluginFeed | None = None
) -> HostedAgent:
    """Return the agent whose process PID was started by LAUNCH, at STARTED (monotonic) and STARTED_AT (epoch) seconds.

    Without a SCREEN the row of its prompt is never known. FEED has the pipes to its plugin.
    """
    profile = launch.profile
    terminal = Terminal(
        started, profile.line, answers_state=profile.answers_state, screen=screen, row=profile.rules.prompt_row
    )
    file = registry.status_file(profile, launch.environment, pid, started_at)
    return HostedAgent(
        launch, terminal, AgentStatus(launch.files if launch.has_hooks else "", file), feed, pid, started_at
    )
