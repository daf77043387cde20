"""The check of what an agent's CLI lacks for the best way in which mail reaches its model here.

It plans a start as `amq run` does, without making a file for it, and reports what that start does not get.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress

from amq.errors import AmqError
from amq.layout import QueueLayout
from amq.record import replace
from amq.runtime import launch
from amq.runtime.agents.profiles import built_in
from amq.runtime.agents.registry import WITH_HOOKS
from amq.runtime.at_start import at_start
from amq.runtime.consent import is_amq_allowed, recorded_answer
from amq.runtime.launch import Launch, Options
from amq.runtime.private_state import planned_run
from amq.runtime.trust import Trust
from amq.setup.checks_queue import private_of
from amq.setup.clis import is_missing
from amq.setup.finding import Environment, Finding


def delivery(root: str, machine: Environment) -> Iterator[Finding]:
    """Note what each CLI on the PATH lacks that could be given mail by hooks, with the cause.

    Where there is no private directory, or the user has not decided about amq's hooks, another check says so. A CLI
    that does not start is named by another check too.
    """
    for program in WITH_HOOKS:
        if is_missing(program, machine.environ):
            continue
        planned = _planned(program, root, machine)
        if planned.files and not planned.has_hooks and _is_decided(machine):
            cause = planned.hooks.partition("; to add them anyway")[0]
            yield Finding(
                f"{program} gets no hooks, so a line is typed and the agent runs amq drain: {cause}",
                f"to decide about them in {program} itself: amq run --hooks -- {program}",
                wrong=False,
            )
        if planned.files and planned.profile.plugin_versions and not planned.has_plugin:
            yield Finding(
                f"{program} gets no plugin, so its mail goes by the ways below that: {planned.no_plugin}",
                f"all ways: amq run --explain -- {program}",
                wrong=False,
            )
        for lack in planned.lacks:
            yield Finding(
                f"{program} lacks {lack}", f"all that it gets and lacks: amq run --explain -- {program}", wrong=False
            )


def _is_decided(machine: Environment) -> bool:
    """Return whether the user has said if agents may use amq without asking; False where that cannot be read."""
    with suppress(AmqError):
        return recorded_answer(machine.environ) is not None
    return False


def _planned(program: str, root: str, machine: Environment) -> Launch:
    """Return how `amq run` would start PROGRAM in the queue ROOT, with its plugin whatever the version."""
    private, environ, profile = private_of(root, machine), machine.environ, built_in()[program]
    # the version is for another check
    options = Options(allowed=is_amq_allowed(environ, None), plugin=True, amq=machine.version)
    files, trust = planned_run(private, root, program), Trust(root, private)
    start = at_start(profile, [program], environ, program, options, files, trust)
    start = replace(start, cwd=machine.cwd)
    return launch.plan(profile, [program], environ, QueueLayout(root), program, options, files, "…", start)
