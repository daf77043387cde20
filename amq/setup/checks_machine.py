"""The checks of everything around the queue: the environment, the programs, the agents' settings."""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Callable, Iterator
from contextlib import suppress
from functools import partial
from pathlib import Path

from amq import config, quoting
from amq.errors import AmqError, UsageError
from amq.layout import QueueLayout
from amq.names import USER, is_handle, typed_handle
from amq.runtime.agents import registry as agent_clis
from amq.runtime.agents.profiles import built_in, profile_for
from amq.runtime.agents.registry import with_hooks
from amq.runtime.agents.versions import numbers, printed_version
from amq.runtime.certified import certified
from amq.runtime.consent import KEY, recorded_answer
from amq.runtime.private_state import private_state
from amq.runtime.tmux_client import TmuxClient
from amq.runtime.user_config import config_path
from amq.setup.clis import CLIS, how_to_get, is_missing, program_of
from amq.setup.finding import Environment, Finding
from amq.store import registry
from amq.store.maildir import has_entries
from amq.store.notifier_info import read_notifier

_OUR_HOOK = re.compile(r"\bamq hook\b|amq-stop-hook|claude-session-start|codex-amq-notify")


def environment(root: str | None, machine: Environment) -> Iterator[Finding]:
    """Check that AM_ME names an agent that exists."""
    me = machine.environ.get("AM_ME", "")
    if not me:
        return
    if root:
        with suppress(UsageError):
            me = typed_handle(me, partial(registry.is_known, QueueLayout(root)))
    if not is_handle(me):
        yield Finding(f"AM_ME is {me!r}, which is not a handle", "unset AM_ME, or export AM_ME=HANDLE")
    elif root and me != USER and not registry.has_mailbox(QueueLayout(root).agent(me)):
        yield Finding(f"AM_ME is {me}, which has no mailbox here", f"amq init --agents {me}, or unset AM_ME")


def command(_: str | None, machine: Environment) -> Iterator[Finding]:
    """Check that `amq` on the PATH is this one."""
    found = _which("amq", machine)
    if found is None:
        yield Finding("amq is not on the PATH", "run scripts/install.sh, which reports what PATH lacks")
        return
    version = printed_version([found, "--version"], machine.environ)
    ours = machine.version
    if version != ours:
        yield Finding(
            f"{found} is another amq, version {version or 'unknown'}; this one is {ours}",
            "remove it, or put this one first on the PATH",
        )


def agents(root: str | None, machine: Environment) -> Iterator[Finding]:
    """Check that agents' CLIs are installed, start, and are not older than the oldest version tested."""
    installed = {program: path for program in CLIS if (path := _which(program, machine))}
    wanted = {program_of(handle) for handle in _registered(root)} & {*CLIS}
    for program in sorted(wanted - {*installed}):
        yield Finding(f"{program} is registered, but its CLI is not installed", how_to_get(program))
    if not installed and not wanted:
        yield Finding("no agent CLI is on the PATH", how_to_get(next(iter(CLIS))))
    for program, path in installed.items():
        yield from _version(program, path, root, machine)


def _version(program: str, path: str, root: str | None, machine: Environment) -> Iterator[Finding]:
    version = printed_version([path, "--version"], machine.environ)
    oldest = CLIS[program].oldest
    if not version:
        yield Finding(f"{path} does not start: {program} --version fails", f"reinstall it; {how_to_get(program)}")
    elif (newest := profile_for(program).tested[0]) and numbers(version) > numbers(newest):
        private = private_state(machine.environ, config.project_directories(root) if root else ())
        found = certified(profile_for(program), program, machine.environ, private, machine.version, version)
        if found.is_judged:  # the check of delivery says what has failed
            return
        yield Finding(
            f"{program} {version} is untested: the newest that amq was tested with is {newest}",
            f"if it is not notified of mail, see what amq knows of it: amq run --check -- {program}",
            wrong=False,
        )
    elif numbers(version)[: len(oldest)] < oldest:
        tested = ".".join(map(str, oldest))
        yield Finding(
            f"{program} {version} is older than {tested}: you may have to submit notifications with Enter",
            f"install a newer version; {how_to_get(program)}",
            wrong=False,
        )


def tmux(_: str | None, machine: Environment) -> Iterator[Finding]:
    """Check that tmux is there for `amq coop up`."""
    if not TmuxClient(machine.environ).installed:
        yield Finding(
            "tmux is not installed: amq coop up prints commands instead",
            "install tmux to run agents side by side",
            wrong=False,
        )


def hooks(root: str | None, machine: Environment) -> Iterator[Finding]:
    """Check that an agent without a notifier has hooks in its CLI's settings, its only way to hear of mail.

    One that has mail is reported by another check.
    """
    alone = {program_of(handle) for handle in _registered(root) if root and _is_alone(root, handle)}
    for program, files in sorted(with_hooks().items()):
        if program not in alone:
            continue
        directories = [files.directory.find(machine.environ, project) for project in (None, machine.cwd)]
        paths = [os.path.join(place, name) for place in directories for name in (files.name, files.other)]
        if _which(program, machine) and not any(map(_calls_amq, paths)):
            yield Finding(
                f"{program}'s own hooks do not call amq: without `amq run` it is not notified of mail",
                f"start it with amq run -- {program} or amq coop up, or run amq hook install {program}",
                wrong=False,
            )


def consent(root: str | None, machine: Environment) -> Iterator[Finding]:
    """Check that the user has said whether agents may use amq without asking."""
    concerned = sorted({program_of(handle) for handle in _registered(root)} & {*with_hooks()})
    if not concerned:
        return
    if recorded_answer(machine.environ) is None:  # an error is itself a finding
        path, asking = config_path(machine.environ), [each for each in concerned if built_in()[each].hooks_need_trust]
        yield Finding(
            f"you have not said whether {' and '.join(concerned)} may use amq without asking you"
            + "".join(f"; until then {each} gets no hooks, and its mail is typed" for each in asking),
            f"to allow it: amq run --allow-amq -- {concerned[0]}; for good: `{KEY} = true` at the top of {path}",
            wrong=False,
        )


def _is_alone(root: str, handle: str) -> bool:
    """Return whether nothing notifies the agent, and it has no mail; where that is not known, False."""
    try:
        return not (_is_notified(root, handle) or has_entries(QueueLayout(root).agent(handle).inbox_new))
    except OSError:
        return False


def sandbox(root: str | None, machine: Environment) -> Iterator[Finding]:
    """Check that the sandbox of a CLI lets it write the queue; where `amq run` hosts it, that sees to it."""
    for handle in _registered(root):
        program = program_of(handle)
        if root is None or is_missing(program, machine.environ) or _is_notified(root, handle):
            continue
        adapted = agent_clis.adapted(profile_for(program), [], machine.environ, machine.cwd, root, "")
        if adapted.additions:
            yield Finding(
                f"the queue is outside of {program}'s sandbox, which lets it write only below its directory",
                f"start it with amq run or amq coop up, which add {quoting.shell_line(adapted.additions[0].arguments)}",
                wrong=False,
            )


def _is_notified(root: str, handle: str) -> bool:
    """Return whether a process notifies the agent; where that is not known, False: another check reports it."""
    with suppress(OSError):
        return read_notifier(QueueLayout(root).agent(handle)) is not None
    return False


def _calls_amq(path: str) -> bool:
    """Return whether the settings have one of amq's hooks, or one of its scripts that a user put there."""
    with suppress(OSError):
        return _OUR_HOOK.search(Path(path).read_text("utf-8", "replace")) is not None
    return False


def _registered(root: str | None) -> list[str]:
    """Return the registered handles; none where they cannot be read, which another check reports."""
    with suppress(AmqError):
        return (registry.read_registry(QueueLayout(root)) if root else None) or []
    return []


def _which(program: str, machine: Environment) -> str | None:
    return shutil.which(program, path=machine.environ.get("PATH", os.defpath))


CHECKS: dict[str, Callable[[str | None, Environment], Iterator[Finding]]] = {
    "environment": environment,
    "amq": command,
    "agents": agents,
    "tmux": tmux,
    "hooks": hooks,
    "sandbox": sandbox,
    "consent": consent,
}
"""The checks by name. Each gets the queue's path, if there is a queue, and the machine to examine."""
