"""Make the parts of `amq run` that depend on the agent's CLI, all from its profile."""

from __future__ import annotations

import threading
from dataclasses import dataclass
from typing import TYPE_CHECKING

from amq.pty.screen import Screen
from amq.pty.terminal_model import Terminal
from amq.runtime.agents import registry
from amq.runtime.agents.status_sources import AgentStatus
from amq.runtime.launch import Launch, Options
from amq.runtime.path_shim import command_path, own_command, typed_command

if TYPE_CHECKING:
    from amq.pty.host import Host
    from amq.runtime.channels import Channel


@dataclass(frozen=True)
class HostedAgent:
    """A running agent: how it was launched, the model of its terminal, and the status that it publishes."""

    launch: Launch
    terminal: Terminal
    status: AgentStatus

    def amq_command(self, stop: threading.Event) -> str:
        """Return the words that run this amq in the agent's shell. A search for them ends when STOP is set."""
        from amq.runtime.policy.wake_line import COMMAND

        if self.launch.finds_amq:
            return COMMAND
        files, environment = self.launch.files, self.launch.environment
        return typed_command(command_path(files) if files else own_command(environment), environment, stop)

    def channel(self, host: Host, options: Options, private: str) -> Channel:
        """Return the channel that types into HOST, behind the CLI's own API if it has one and OPTIONS ask for it.

        PRIVATE is the agent's private directory, where its hooks leave the id of the session. Imports what is slow.
        """
        from amq.runtime.channels.hosted_terminal import PtyChannel

        typed = PtyChannel(host, self.launch.profile.rules, self.status, options.notice)
        return self._native_first(typed, private) if options.native else typed

    def _native_first(self, typed: Channel, private: str) -> Channel:
        from amq.runtime.channels.agent_api import NativeFirst
        from amq.runtime.hooks.announcements import read_state

        launch = self.launch
        native = registry.native(
            launch.profile.native,
            self.status,
            lambda: read_state(private).session,
            launch.program[0],
            launch.environment,
        )
        return NativeFirst(native, typed) if native else typed


def hosted_agent(launch: Launch, pid: int, started: float, started_at: float, screen: Screen | None) -> HostedAgent:
    """Return the agent whose process PID was started by LAUNCH, at STARTED (monotonic) and STARTED_AT (epoch) seconds.

    Without a SCREEN the row of its prompt is never known.
    """
    profile = launch.profile
    terminal = Terminal(
        started, profile.line, answers_state=profile.answers_state, screen=screen, row=profile.rules.prompt_row
    )
    file = registry.status_file(profile, launch.environment, pid, started_at)
    return HostedAgent(launch, terminal, AgentStatus(launch.files if launch.has_hooks else "", file))
