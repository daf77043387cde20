"""`amq doctor`: a table of checks, each a function from the environment to its findings."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from functools import partial

from amq import procfs
from amq.errors import AmqError
from amq.setup import checks_machine, checks_queue
from amq.setup.checks_delivery import delivery
from amq.setup.finding import Environment, Finding


@dataclass(frozen=True)
class Found:
    """A finding, and the check that made it."""

    check: str
    finding: Finding


@dataclass(frozen=True)
class Context:
    """The subject of the checks. `root` is the queue's path; if it is None, `lost` says where it was looked for."""

    machine: Environment
    root: str | None
    lost: Finding | None = None


def checks(context: Context) -> dict[str, Callable[[], Iterable[Finding]]]:
    """Return the checks that apply, by name, in the order in which a user wants to read about them."""
    root, machine = context.root, context.machine
    around = {name: partial(check, root, machine) for name, check in checks_machine.CHECKS.items()}
    if root is None:
        return dict(around)
    queue = {name: partial(check, root, machine) for name, check in checks_queue.CHECKS.items()}
    return {**queue, **around, "delivery": partial(delivery, root, machine)}


def examine(context: Context) -> Iterator[Found]:
    """Yield the findings of every check. A check that fails is itself a finding, and does not stop the others."""
    if context.lost:
        yield Found("queue", context.lost)
    for name, check in checks(context).items():
        try:
            found = list(check())
        except AmqError as error:
            found = [Finding(error.message, error.hint)]
        except Exception as error:
            found = [Finding(f"the check failed: {type(error).__name__}: {error}", "fix what it names and try again")]
        for finding in found:
            yield Found(name, finding)


def fix(found: Iterable[Found]) -> Iterator[Found]:
    """Apply the fixes in FOUND, none of which loses data, and yield those that succeeded."""
    for each in found:
        if each.finding.fix:
            with suppress(OSError):  # the next check still finds it
                each.finding.fix()
                yield each


def remember(found: Iterable[Found]) -> None:
    """Record the findings that are reported only once; one that cannot be recorded is reported again."""
    for each in found:
        if each.finding.said:
            with suppress(OSError):
                each.finding.said()


def this_machine(environ: Mapping[str, str], cwd: str, version: str) -> Environment:
    """Return the environment of this machine, with VERSION as that of this amq."""
    return Environment(environ, cwd, version, os.geteuid(), _mounts, os.statvfs, _watch)


def _mounts() -> str:
    """Return the table of mounts in proc(5); empty where there is no /proc."""
    with suppress(OSError):
        return procfs.mounts()
    return ""


def _watch(directory: str) -> None:
    import watchfiles

    changes = watchfiles.watch(directory, rust_timeout=1, yield_on_timeout=True, recursive=False, raise_interrupt=True)
    try:
        next(changes)
    except RuntimeError as error:
        raise OSError(str(error)) from error
