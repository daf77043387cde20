"""The leases of a queue: paths that agents have reserved. One small file a holder, `meta/leases/HANDLE.json`.

A holder's leases change by replacing its file, so that of several paths it gets all or none, also where it is killed.
All decisions are made under one lock. Readers need none.
"""

from __future__ import annotations

import errno
from contextlib import suppress

from amq import jsontext
from amq.errors import AmqError, UsageError
from amq.instants import format_instant, parse_instant
from amq.names import is_handle
from amq.record import record
from amq.store import durable
from amq.store.durable import Directory
from amq.store.locks import lock_beside

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from amq.layout import QueueLayout

    Leases = dict[str, list["Lease"]]
    """The leases of each holder, by its handle."""


class BrokenLeases(AmqError):
    """A file of leases that cannot be read, and so is not replaced."""


class UnknownLeases(AmqError):
    """A holder's file that the system does not let us read now: its leases are not known, not none."""


LONGEST_S = 24 * 3600.0
"""The longest time of a lease in seconds."""
_MOST = 1000
_MAX_BYTES = 4 << 20
_SUFFIX = ".json"
_LOCK = ".lock"
_SCHEMA = 1


@record
class Lease:
    """A path that HOLDER has reserved. `path` is as in `mail/path_patterns`, below `top`, the top of a work tree.

    `repository` is the same for all work trees of one. The lease ends `for_s` seconds after its holder's last act.
    """

    holder: str
    path: str
    top: str
    repository: str
    taken_ns: int
    for_s: float
    why: str = ""


def read_leases(queue: QueueLayout, broken: Callable[[str, AmqError], None]) -> Leases:
    """Return all leases. BROKEN is called with each holder whose file cannot be read, and the error. Raises OSError."""
    try:
        with Directory(queue.leases) as directory:
            return _read(directory, broken)
    except FileNotFoundError:
        return {}


def change_leases(
    queue: QueueLayout, decide: Callable[[Leases], Leases], broken: Callable[[str, AmqError], None]
) -> None:
    """Write what DECIDE returns for all leases; no other process changes any meanwhile. BROKEN as in `read_leases`.

    A holder that loses leases does so first: a death in between leaves a path to no one, never to two.
    Raises UsageError for more leases than a holder may have, OSError, and what DECIDE and BROKEN raise.
    """
    from amq.store import directories

    directories.make([queue.leases])
    with lock_beside(queue.leases, _LOCK), Directory(queue.leases) as directory:
        before = _read(directory, broken)
        after = decide(before)
        _sweep(directory)
        changed = [holder for holder in after if after[holder] != before.get(holder, [])]
        data = {holder: _data(holder, after[holder]) for holder in changed}
        for holder in sorted(changed, key=lambda holder: len(after[holder]) - len(before.get(holder, []))):
            _write(directory, holder, data[holder])


def has_any(queue: QueueLayout) -> bool:
    """Return whether a lease was ever taken in this queue. Raises OSError."""
    from amq.store import directories

    return directories.exists(queue.leases)


def remove_file(queue: QueueLayout, holder: str) -> None:
    """Remove the file of HOLDER, whatever is in it; raises OSError."""
    with lock_beside(queue.leases, _LOCK), Directory(queue.leases) as directory, suppress(FileNotFoundError):
        durable.syscalls.unlink(directory, holder + _SUFFIX)
        durable.sync(directory)


def _sweep(directory: Directory) -> None:
    """Remove the temporary files of writers that were killed: the lock is held, so none is alive."""
    from amq.store.directories import TEMPORARY

    for name in durable.entries(directory):
        if name.startswith(TEMPORARY):
            durable.discard(directory, name)


def _write(directory: Directory, holder: str, data: bytes) -> None:
    from amq.store.directories import fresh_name

    if data:
        durable.replace_file(directory, holder + _SUFFIX, fresh_name(), data)
    else:
        durable.syscalls.unlink(directory, holder + _SUFFIX)
        durable.sync(directory)


def _data(holder: str, leases: list[Lease]) -> bytes:
    """Return the contents of the holder's file; none if it has no lease. Raises UsageError if they are too many."""
    if not leases:
        return b""
    data = jsontext.render({"schema": _SCHEMA, "holder": holder, "leases": [_wire(each) for each in leases]}) + "\n"
    if len(leases) > _MOST or len(data) > _MAX_BYTES:
        raise UsageError(
            f"an agent has at most {_MOST} leases", hint="lease a directory or a pattern: src/ or 'src/*.py'"
        )
    return data.encode()


def _wire(lease: Lease) -> dict[str, Any]:
    wire: dict[str, Any] = {
        "path": lease.path, "top": lease.top, "repository": lease.repository,
        "taken": format_instant(lease.taken_ns), "for_s": lease.for_s,
    }  # fmt: skip
    return wire | ({"why": lease.why} if lease.why else {})


def _read(directory: Directory, broken: Callable[[str, AmqError], None]) -> Leases:
    found: Leases = {}
    for name in sorted(name for name in durable.entries(directory) if name.endswith(_SUFFIX)):
        holder = name.removesuffix(_SUFFIX)
        if not is_handle(holder):
            continue
        try:
            found[holder] = _parse(durable.read_regular(directory, name, _MAX_BYTES, _MAX_BYTES) or b"", holder)
        except FileNotFoundError:  # it has freed all of them since
            continue
        except (ValueError, TypeError, KeyError, OSError) as error:
            broken(holder, _error(f"{directory.path}/{name}", holder, error))
    return found


def _error(path: str, holder: str, error: Exception) -> AmqError:
    """Return the error for the file PATH of HOLDER: UnknownLeases where it may be good, and be read later."""
    hint = f"its holder replaces it: amq lease free --all --me {holder}"
    if isinstance(error, OSError) and error.errno != errno.EFBIG:
        said = f"the leases of {holder} cannot be read now ({path}): {error.strerror}"
        return UnknownLeases(said, hint=f"try again; if that does not help, {hint}")
    return AmqError(f"the leases of {holder} cannot be read ({path}): {error}", hint=hint)


def _parse(data: bytes, holder: str) -> list[Lease]:
    wire = jsontext.parse(data)
    if wire["schema"] != _SCHEMA or wire["holder"] != holder:
        raise ValueError("it is not a file of this holder's leases")
    return [_lease(each, holder) for each in wire["leases"]]


def _lease(wire: dict[str, Any], holder: str) -> Lease:
    texts = path, top, repository, why = wire["path"], wire["top"], wire["repository"], wire.get("why", "")
    for_s = wire["for_s"]
    if not all(type(text) is str for text in texts) or not path or not 0 < for_s <= LONGEST_S:
        raise ValueError("a lease is a path and other texts, and a time of at most a day")
    return Lease(holder, path, top, repository, parse_instant(wire["taken"]), float(for_s), why)
