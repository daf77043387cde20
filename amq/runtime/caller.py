"""Distinguish the user's own commands from those of an agent that lost its AM_ME."""

from __future__ import annotations

import os

from amq import config
from amq.errors import AmqError
from amq.runtime.agents import processes, registry
from amq.store.notifier_info import read_notifier
from amq.store.registry import mailboxes

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

    from amq.layout import AgentLayout, QueueLayout

TTY = "/dev/tty"


def why_not_user(queue: QueueLayout, environ: Mapping[str, str], *, at_terminal: bool) -> str:
    """Return why this process cannot be the user's, as a clause; "" if it may be.

    The user has a terminal, also behind a pipe. `amq run` has not made it for an agent of QUEUE. An agent's tool may
    make one too, but it says so in ENVIRON. AT_TERMINAL reports whether stdin is a terminal.
    """
    if variable := _variable_of_agent(environ):
        return f"this shell is an agent's ({variable} is set)"
    if not (at_terminal or has_controlling_terminal()):
        return "there is no terminal"
    if hosted := _hosted_here(queue):
        return f"this terminal is that of {hosted}, which amq run hosts"
    return ""


def _variable_of_agent(environ: Mapping[str, str]) -> str:
    """Return a variable that only an agent's shell has; "" if there is none. AMQ_RUN may be empty there."""
    if config.RUN in environ:
        return config.RUN
    return next((name for name in registry.shell_variables() if environ.get(name)), "")


def has_controlling_terminal() -> bool:
    """Return whether this process has a terminal, whatever its stdin is; False on Windows."""
    try:
        os.close(os.open(TTY, os.O_RDONLY | getattr(os, "O_NOCTTY", 0)))
    except OSError:
        return False
    return True


def _hosted_here(queue: QueueLayout) -> str:
    """Return the agent of QUEUE whose terminal this is; "" if there is no such agent.

    The process that notifies it is then the parent of the leader of our session.
    """
    if os.name == "nt" or not (leader := os.getsid(0)):
        return ""
    host = processes.parent(leader)
    try:
        return next((handle for handle in mailboxes(queue) if _notifier(queue.agent(handle)) == host), "")
    except OSError:
        return ""


def _notifier(agent: AgentLayout) -> int:
    """Return the process that notifies AGENT; 0 if none does, or its mailbox is damaged: that hides no other."""
    try:
        found = read_notifier(agent)
    except (AmqError, OSError):
        return 0
    return found.pid if found else 0
