"""A double of `amq.store.durable.syscalls`: it logs every call on queue files, and can fail or end at one.

`Watched` sits between the store and the system. A dry run gives the steps of an operation; `faults` then lists
the possible faults of each step, and a run with one of these faults is one point of the search.
"""

from __future__ import annotations

import errno
import os
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from amq.store import durable
from amq.store.durable import Directory, Syscalls

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from typing import Self

DIED = 77
"""Exit status of a process that died at its fault."""

_CREATING = ("ENOSPC", "EDQUOT", "EROFS", "EACCES", "EMFILE", "EIO")
_PLAUSIBLE: dict[str, tuple[str, ...]] = {
    "descend": ("EACCES", "EMFILE", "EIO"),
    "open": ("EACCES", "EMFILE", "EIO"),
    "close": ("EIO", "EINTR"),
    "read": ("EIO",),
    "write": ("ENOSPC", "EIO", "EDQUOT"),
    "touch": ("EIO", "EACCES", "EROFS"),
    "fsync": ("EIO", "ENOSPC", "EDQUOT"),
    "chmod": ("EPERM", "EIO", "EROFS"),
    "chmod_name": ("EPERM", "EIO", "EROFS"),
    "chown": ("EPERM", "EIO", "EROFS"),
    "stat": ("EIO",),
    "look": ("EIO", "EACCES"),
    "may_read": (),
    "entries": ("EIO", "EMFILE"),
    "names": ("EIO", "EMFILE"),
    "scan": ("EIO", "EMFILE"),
    "mkdir": ("ENOSPC", "EDQUOT", "EROFS", "EACCES", "EIO", "EMLINK"),
    "rmdir": ("EACCES", "EIO", "EROFS"),
    "link": ("ENOSPC", "EDQUOT", "EROFS", "EACCES", "EIO", "EPERM", "EXDEV", "EMLINK", "ENOTSUP"),
    "move": ("ENOSPC", "EACCES", "EIO", "EROFS", "EINTR", "ENOSYS"),
    "replace": ("ENOSPC", "EACCES", "EIO", "EROFS"),
    "unlink": ("EACCES", "EIO", "EROFS"),
    "lock": ("EIO",),
}
"""The errors that a step can give while the files are as they seem.

ENOENT and EEXIST come from a rival. EINTR is repeated by Python itself, except for `close` and amq's own call of
`move`.
"""

CHANGING = {"write", "touch", "chmod", "chmod_name", "chown", "mkdir", "rmdir", "link", "move", "replace", "unlink"}
"""The steps that change something."""
_OF_A_DESCRIPTOR = {"close", "read", "write", "fsync", "chmod", "chown", "stat", "lock"}


@dataclass(frozen=True)
class Step:
    """A step that was taken: its name, its paths, and the flags of an `open`."""

    name: str
    paths: tuple[str, ...]
    flags: int = 0

    @property
    def creates(self) -> bool:
        """Return whether it makes a file."""
        return bool(self.flags & os.O_CREAT)

    def __str__(self) -> str:
        return f"{self.name} {' '.join(path.partition('/queue/')[2] or path for path in self.paths)}"


@dataclass(frozen=True)
class Fault:
    """The fault at the step of this number: an error, a death, a short write, or a faster rival."""

    at: int
    how: str
    code: int = 0

    @property
    def dies(self) -> bool:
        """Return whether the process ends there."""
        return self.how.startswith("die")

    def __str__(self) -> str:
        return f"step {self.at}: {errno.errorcode[self.code] if self.code else self.how}"


class WithoutLinks(Syscalls):
    """A filesystem that has neither hard links nor a rename that refuses to replace."""

    def link(self, *_: object) -> None:
        """Refuse."""
        raise OSError(errno.EPERM, os.strerror(errno.EPERM))

    def move(self, *_: object) -> None:
        """Refuse."""
        raise OSError(errno.ENOSYS, os.strerror(errno.ENOSYS))


class Watched(Syscalls):
    """A seam that takes and logs every step, except for the one with FAULT.

    As a context manager it installs itself in the store.
    """

    def __init__(self, real: Syscalls | None = None, fault: Fault | None = None) -> None:
        self.real = real or Syscalls()
        self.fault = fault
        self.log: list[Step] = []
        self._paths: dict[int, str] = {}

    def __enter__(self) -> Self:
        self._before, durable.syscalls = durable.syscalls, self
        return self

    def __exit__(self, *_: object) -> None:
        durable.syscalls = self._before

    @property
    def reached(self) -> bool:
        """Return whether the fault has happened."""
        return self.fault is not None and len(self.log) > self.fault.at

    def note(self, name: str, *paths: str) -> None:
        """Log an event of the test, such as the output of a message; no fault is tried at it."""
        self.log.append(Step(name, paths))

    def take(self, name: str, arguments: tuple[Any, ...]) -> Any:
        """Take one step, or do what the fault says."""
        number = len(self.log)
        step = self.describe(name, arguments)
        self.log.append(step)
        call: Callable[..., Any] = getattr(self.real, name)
        if self.fault is None or self.fault.at != number:
            result = call(*arguments)
        else:
            result = self._fail(self.fault, step, call, arguments)
        if name == "descend":
            self._paths[result[0]] = step.paths[0]
        elif name == "open":
            self._paths[result] = step.paths[0]
        return result

    def _fail(self, fault: Fault, step: Step, call: Callable[..., Any], arguments: tuple[Any, ...]) -> Any:
        if fault.how == "die before":
            os._exit(DIED)
        if fault.how == "die after":
            try:
                call(*arguments)
            finally:
                os._exit(DIED)
        if fault.how in ("short", "die short"):
            fd, data = arguments
            written = call(fd, bytes(data)[: max(1, len(data) // 2)])
            if fault.dies:
                os._exit(DIED)
            return written
        if fault.how == "busy":
            return False
        if fault.how == "rival":
            call(*arguments)
            return call(*arguments)
        if step.name == "close":  # the descriptor is gone anyway (close(2))
            call(*arguments)
        raise OSError(fault.code, os.strerror(fault.code), step.paths[0])

    def describe(self, name: str, arguments: tuple[Any, ...]) -> Step:
        """Return the step that a call makes."""
        if name in _OF_A_DESCRIPTOR:
            return Step(name, (self._paths.get(arguments[0], "?"),))
        flags = arguments[2] if name == "open" else 0
        return Step(name, tuple(_paths(arguments)), flags)


def _paths(arguments: tuple[Any, ...]) -> Iterator[str]:
    """Yield the paths among the arguments of a step: a directory and the name behind it are one."""
    directory: Directory | None = None
    for argument in arguments:
        if isinstance(argument, Directory):
            directory = argument
        elif isinstance(argument, str):
            yield os.path.join(directory.path, argument) if directory else argument
            directory = None
    if directory:
        yield directory.path


def _watched(name: str) -> Callable[..., Any]:
    def step(self: Watched, *arguments: Any) -> Any:
        return self.take(name, arguments)

    return step


for _name in _PLAUSIBLE:
    assert callable(getattr(Syscalls, _name))
    setattr(Watched, _name, _watched(_name))
assert {name for name in vars(Syscalls) if not name.startswith("_")} == set(_PLAUSIBLE), "a step that is not watched"


def faults(log: list[Step], *, everywhere: bool = False) -> Iterator[Fault]:
    """Yield every possible fault of each step of LOG.

    A process that dies leaves only the disk, so a death is tried where the disk has changed: after each step that
    changes something, and after each output. With `everywhere` it is tried before and after every step.
    """
    changed = True
    for at, step in enumerate(log):
        if step.name not in _PLAUSIBLE:
            changed = True
            continue
        if changed or everywhere:
            yield Fault(at, "die before")
        changed = step.creates or step.name in CHANGING
        if changed or everywhere:
            yield Fault(at, "die after")
            changed = False
        yield from _failures(at, step)


def _failures(at: int, step: Step) -> Iterator[Fault]:
    for code in dict.fromkeys((*_PLAUSIBLE[step.name], *(_CREATING if step.creates else ()))):
        yield Fault(at, "error", getattr(errno, code))
    if step.name == "write":
        yield Fault(at, "short")
        yield Fault(at, "die short")
    if step.name == "lock":
        yield Fault(at, "busy")
    if step.name in ("move", "unlink"):
        yield Fault(at, "rival")
