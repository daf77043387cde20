"""`amq doctor`: a table of checks, each a function from the environment to its findings."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from functools import partial

from amq import config, procfs, quoting
from amq.errors import AmqError, why
from amq.record import replace
from amq.setup import checks_machine, checks_queue
from amq.setup.checks_bridge import bridge
from amq.setup.checks_delivery import delivery
from amq.setup.finding import Environment, Finding


@dataclass(frozen=True)
class Found:
    """A finding, the check that made it, and the checks that could not be made for the same cause."""

    check: str
    finding: Finding
    stopped: tuple[str, ...] = ()


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
    return {**queue, **around, "delivery": partial(delivery, root, machine), "bridge": partial(bridge, root, machine)}


def examine(context: Context) -> list[Found]:
    """Return the findings of every check. A check that fails is itself a finding, and does not stop the others.

    What cannot be read, such as a directory of the queue, stops several checks and is one finding.
    """
    found = [Found("queue", context.lost)] if context.lost else []
    causes: list[str] = []  # what could not be read, in words that stand in each finding about it
    for name, check in checks(context).items():
        try:
            fresh = list(check())
        except AmqError as error:
            fresh = [Finding(error.message, error.hint)]
        except OSError as error:
            causes.append(why(error))
            fresh = [_unreadable(error)]
        except Exception:
            if config.debugging(context.machine.environ):
                raise
            fresh = [Finding("the check failed: internal error", "to see where: AMQ_DEBUG=1 amq doctor")]
        for finding in fresh:
            cause = next((words for words in causes if words in finding.text), None)
            at = next((at for at, each in enumerate(found) if cause and cause in each.finding.text), None)
            if at is None:
                found.append(Found(name, finding))
            elif name not in (found[at].check, *found[at].stopped):
                found[at] = replace(found[at], stopped=(*found[at].stopped, name))
    return found


def _unreadable(error: OSError) -> Finding:
    path = quoting.shell(error.filename) if isinstance(error.filename, str) else ""
    if path and isinstance(error, PermissionError):
        remedy = f"if it is yours: chmod u+rwX {path}; to see whose it is: ls -ld {path}"
    else:
        remedy = f"look at it: ls -ld {path}" if path else "repeat it; if that does not help, restart what it names"
    return Finding(f"a file or directory cannot be read: {why(error)}", remedy)


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
