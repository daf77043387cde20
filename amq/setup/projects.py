"""The agents of a project as `amq coop up --save` keeps them: one file a queue in ~/.config/amq/projects/.

    queue = "/home/me/parser/.agent-mail"
    agents = "claude,reviewer=codex -m o3"     # as --agents takes it
    continue = true                            # as --continue
    deny_leased = true                         # as --deny-leased

`amq coop up` runs what such a file names. So it is never in the queue or the repository, which a clone could bring; it
counts only where only the user can write, and only for the queue that it names.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from amq import quoting
from amq.errors import AmqError, why
from amq.runtime.private_state import make_directory, queue_name
from amq.runtime.user_config import config_directory, read_private, why_not_kept_in
from amq.setup.agent_specs import parse_agent_specs
from amq.setup.hooks import Change, read_file

_TEXT = """\
# `amq coop up --save` wrote this file. `amq coop up` alone starts these agents.
queue = {queue}
agents = {agents}
continue = {resumes}
deny_leased = {denies_leased}
"""


@dataclass(frozen=True)
class Project:
    """The AGENTS of a project, as `--agents` takes them, and how they are started.

    `resumes`: their last sessions are continued. `denies_leased`: their hooks refuse edits of what another agent has a
    lease on.
    """

    agents: str
    resumes: bool = False
    denies_leased: bool = False


def project_path(environ: Mapping[str, str], root: str) -> str:
    """Return the path of the file for the queue ROOT, which may be missing."""
    return os.path.join(config_directory(environ), "projects", f"{queue_name(root)}.toml")


def read_project(environ: Mapping[str, str], root: str, shared: Iterable[str]) -> Project | None:
    """Return what was saved for the queue ROOT; None if nothing was. SHARED are directories that agents may write to.

    Raises AmqError, which names the file, if it cannot be read, if others can change it, or if it is not for ROOT.
    """
    path = project_path(environ, root)
    found = read_private(path, environ, shared)
    if not found:
        return None
    # an older amq has not written `deny_leased`
    agents, resumes, denies = found.get("agents"), found.get("continue", False), found.get("deny_leased", False)
    hint = "name the agents: amq coop up --agents LIST; to keep them, add --save"
    if found.get("queue") != os.path.realpath(root):
        raise AmqError(f"{path} is not for the queue {root}", hint=hint)
    if type(agents) is not str or type(resumes) is not bool or type(denies) is not bool:
        raise AmqError(f"{path} does not say which agents to start", hint=hint)
    try:
        parse_agent_specs(agents)
    except AmqError as error:
        raise AmqError(f"{path}: {error.message}", hint=hint) from None
    return Project(agents, resumes, denies)


def save_project(environ: Mapping[str, str], root: str, project: Project, shared: Iterable[str]) -> str:
    """Keep PROJECT for the queue ROOT; return the path of the file. Raises AmqError if it cannot be kept.

    SHARED are directories that agents may write to: what is written there would not count.
    """
    path = project_path(environ, root)
    try:
        reason = why_not_kept_in(path, environ, shared)
        if not reason:
            make_directory(os.path.dirname(os.path.realpath(path)))
            text = _TEXT.format(
                queue=quoting.toml(os.path.realpath(root)),
                agents=quoting.toml(project.agents),
                resumes=_toml(project.resumes),
                denies_leased=_toml(project.denies_leased),
            )
            Change(path, read_file(path), text.encode()).write()
    except OSError as error:
        reason = why(error)
    except ValueError:
        reason = "a name in it is not Unicode"
    if reason:
        raise AmqError(f"the agents cannot be saved: {reason}", hint="start them without --save")
    return path


def _toml(value: bool) -> str:
    return "true" if value else "false"
