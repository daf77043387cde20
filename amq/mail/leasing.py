"""Leases: an agent's word that it edits some paths. They are advice: no mail and no file waits for one.

A lease counts while its holder works. The time of its leases begins when it was last seen at work: by mail that it
files or sends, and by what else the caller's SEEN knows. A lease whose time is over (lapsed), or whose holder is no
longer there (gone), only warns. The next agent that wants the path takes it over, and the holder gets mail about it. So
a lease never ends unseen, and never blocks for ever. In another work tree of the repository a lease only warns, too.
"""

from __future__ import annotations

from amq.errors import AmqError, Conflict, NotFound, why
from amq.instants import SECOND_NS
from amq.mail.path_patterns import overlap
from amq.names import USER
from amq.record import record
from amq.store import leases
from amq.store.leases import Lease
from amq.store.notifier_info import read_notifier
from amq.text import visible

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from amq.mail.account import Account
    from amq.store.leases import Leases

    Seen = Callable[[str], int | None]
    """Returns when an agent was last seen at work, in nanoseconds since the epoch; None if that is not known."""

HELD, LAPSED, GONE = "held", "lapsed", "gone"
_MOST_NAMED = 3
_MOST_MINUTES = 120


@record
class Place:
    """A work tree: its top, and the directory that stands for the repository of all its work trees."""

    top: str
    repository: str


@record
class State:
    """A lease and its state: HELD, LAPSED or GONE. `left_s` is the time it has left, in seconds.

    `here` is False in another work tree than the caller's.
    """

    lease: Lease
    state: str
    left_s: float
    here: bool

    @property
    def counts(self) -> bool:
        """True if others are to leave the path alone."""
        return self.state == HELD and self.here


def all_leases(account: Account, place: Place, seen: Seen) -> list[State]:
    """Return every lease, by holder and path. Warns of files that cannot be read."""
    found = leases.read_leases(account.queue, lambda _, error: account.complain(error))
    return _states(account, place, seen, [lease for each in found.values() for lease in each])


def in_the_way(
    account: Account, place: Place, paths: Iterable[str], seen: Seen, *, surely: bool = False
) -> list[State]:
    """Return the leases of other agents that have a file in common with PATHS. Warns of files that cannot be read.

    SURELY: raises UnknownLeases instead where such a file may have leases.
    """
    found = leases.read_leases(account.queue, lambda _, error: _complain(account, error, surely=surely))
    return _states(account, place, seen, _of_others(account, place, paths, found))


def take(
    account: Account, place: Place, paths: list[str], for_s: float, reason: str, seen: Seen
) -> tuple[list[State], list[State]]:
    """Lease PATHS for FOR_S seconds, all or none; return the caller's leases of them, and those that only warn.

    Of these, the ones in this work tree are taken over, and their holders get mail. Raises Conflict if another's lease
    counts, UsageError for too many, AmqError if the caller's own file cannot be read, or another's may have leases that
    cannot be read now, and OSError.
    """
    now = account.clock()
    taken = [Lease(account.me, path, place.top, place.repository, now, for_s, reason) for path in paths]
    warned: list[State] = []

    def decide(found: Leases) -> Leases:
        warned.extend(_states(account, place, seen, _of_others(account, place, paths, found)))
        if any(state.counts for state in warned):
            raise conflict(warned)
        lost = [state.lease for state in warned if state.here]
        after = {holder: [lease for lease in each if lease not in lost] for holder, each in found.items()}
        mine = [lease for lease in found.get(account.me, []) if (lease.top, lease.path) not in keys]
        return after | {account.me: [*mine, *taken]}

    keys = {(place.top, path) for path in paths}
    leases.change_leases(account.queue, decide, lambda holder, error: _keep(account, holder, error, surely=True))
    _notify(account, [state for state in warned if state.here])
    return _states(account, place, seen, taken), warned


def free(account: Account, place: Place, paths: list[str] | None) -> list[Lease]:
    """Give the caller's leases of PATHS in this work tree back, or with None all it has; return what they were.

    Raises NotFound if the caller has none of a path, AmqError if its file cannot be read, and OSError.
    """
    freed: list[Lease] = []

    def decide(found: Leases) -> Leases:
        mine = found.get(account.me, [])
        freed.extend(mine if paths is None else _named(mine, place, paths))
        return {account.me: [lease for lease in mine if lease not in freed]}

    if not leases.has_any(account.queue):
        if paths:
            raise _not_yours(paths[0])
        return []
    try:
        leases.change_leases(account.queue, decide, lambda holder, error: _keep(account, holder, error))
    except AmqError as error:
        if paths is not None or not isinstance(error, leases.BrokenLeases):
            raise
        leases.remove_file(account.queue, account.me)
    return freed


def conflict(states: Iterable[State]) -> Conflict:
    """Return the error for leases that count: each holder, its time and reason, and the command that asks."""
    from amq.quoting import shell_line

    count = [state for state in states if state.counts]
    named = [f"{visible(state.lease.path)}: {_held(state)}" for state in count[:_MOST_NAMED]]
    more = [f"{len(count) - _MOST_NAMED} more"] if len(count) > _MOST_NAMED else []
    holders = ",".join(sorted({state.lease.holder for state in count}))
    path = visible(count[0].lease.path)
    ask = shell_line((
        *("amq", "send", "--to", holders, "--kind", "question", "--subject", f"May I edit {path}?"),
        *("--body", f"Please free {path} when you are done with it, and write to me then."),
    ))  # fmt: skip
    return Conflict("; ".join((*named, *more)), hint=f"ask: {ask}")


def advice(states: Iterable[State]) -> str:
    """Return the text for an agent that is about to edit what these leases of others are on; "" for none.

    If some count, it is about these alone, and has the command that asks. Else it is about those that only warn.
    """
    found = list(states)
    if any(state.counts for state in found):
        error = conflict(found)
        return f"{error.message}. Edit something else meanwhile, or {error.hint}"
    warned = [warning for warning in map(_warning, found) if warning]
    more = [f"{len(warned) - _MOST_NAMED} more"] if len(warned) > _MOST_NAMED else []
    return "; ".join((*warned[:_MOST_NAMED], *more))


def why_ended(state: State) -> str:
    """Return a clause about the holder of a lease that is LAPSED or GONE."""
    return "does not run" if state.state == GONE else "was not seen at work for its time"


def left(seconds: float) -> str:
    """Return a time that a lease has left, such as `24m left`, rounded up to minutes or hours."""
    minutes = int(-(-seconds // 60))
    return f"{minutes}m left" if minutes <= _MOST_MINUTES else f"{-(-minutes // 60)}h left"


def _held(state: State) -> str:
    reason = f", to {visible(state.lease.why)}" if state.lease.why else ""
    return f"{state.lease.holder} has a lease on it, {left(state.left_s)}{reason}"


def _warning(state: State) -> str:
    """Return a clause about a lease that only warns; "" for one of another work tree that has ended."""
    lease = state.lease
    if state.here:
        return f"{lease.holder} had a lease on {visible(lease.path)}, and {why_ended(state)}"
    what = f"{lease.holder} has a lease on {visible(lease.path)} in {visible(lease.top)}: expect a merge"
    return what if state.state == HELD else ""


def _states(account: Account, place: Place, seen: Seen, found: Iterable[Lease]) -> list[State]:
    """Return the states of leases, by holder and path. Each holder is looked at once."""
    now, there, acts = account.clock(), {}, {}
    states = []
    for lease in sorted(found, key=lambda each: (each.holder, each.path)):
        holder = lease.holder
        if holder not in there:
            there[holder], acts[holder] = _is_there(account, holder), seen(holder)
        left_s = _left_s(lease, acts[holder], now)
        state = (HELD if left_s > 0 else LAPSED) if there[holder] else GONE
        states.append(State(lease, state, left_s, lease.top == place.top))
    return states


def _left_s(lease: Lease, seen_ns: int | None, now_ns: int) -> float:
    """Return the time that LEASE has left in seconds; none if it is over.

    A clock that was set back makes instants that are yet to come. They count like those that are as long ago, so that
    no lease lasts longer than twice its time.
    """
    acts = [lease.taken_ns, *([] if seen_ns is None else [seen_ns])]
    return max(0.0, lease.for_s - min(abs(now_ns - act) for act in acts) / SECOND_NS)


def _is_there(account: Account, holder: str) -> bool:
    """Return whether HOLDER still runs: what notifies an agent dies with it. The user needs nothing that does."""
    if holder == USER:
        return True
    try:
        return read_notifier(account.queue.agent(holder)) is not None
    except OSError:  # unknown is not gone
        return True


def _of_others(account: Account, place: Place, paths: Iterable[str], found: Leases) -> list[Lease]:
    """Return the leases of other agents in this repository that have a file in common with PATHS."""
    wanted = list(paths)
    return [
        lease
        for holder, each in found.items()
        if holder != account.me
        for lease in each
        if lease.repository == place.repository and any(overlap(lease.path, path) for path in wanted)
    ]


def _named(mine: list[Lease], place: Place, paths: list[str]) -> list[Lease]:
    """Return those of the caller's leases that PATHS name; a directory may have been removed since, or made."""
    own = {lease.path.rstrip("/"): lease for lease in mine if lease.top == place.top}
    for path in paths:
        if path.rstrip("/") not in own:
            raise _not_yours(path)
    return [own[path.rstrip("/")] for path in paths]


def _not_yours(path: str) -> NotFound:
    return NotFound(f"you have no lease on {path}", hint="amq lease list shows all of them")


def _keep(account: Account, holder: str, error: AmqError, *, surely: bool = False) -> None:
    """Raise BrokenLeases for the caller's own file, which must not be replaced; else as `_complain`."""
    if holder == account.me:
        raise leases.BrokenLeases(error.message, error.hint)
    _complain(account, error, surely=surely)


def _complain(account: Account, error: AmqError, *, surely: bool) -> None:
    """Warn of a file that cannot be read. SURELY: raises UnknownLeases where it may have leases."""
    if surely and isinstance(error, leases.UnknownLeases):
        raise error
    account.complain(error)


def _notify(account: Account, lost: list[State]) -> None:
    """Send each holder mail about the leases that the caller took over. Failing at it is only a warning."""
    from amq.mail import sending

    for holder in sorted({state.lease.holder for state in lost}):
        theirs = [state for state in lost if state.lease.holder == holder]
        paths = ", ".join(visible(state.lease.path) for state in theirs[:_MOST_NAMED])
        more = f" and {len(theirs) - _MOST_NAMED} more" if len(theirs) > _MOST_NAMED else ""
        body = (
            f"I took over your lease on {paths}{more}: you were not seen at work for its time, or not running. "
            "Before you edit there again, take a lease: amq lease take PATH\n"
        )
        try:
            draft = sending.Draft(subject=f"Your lease on {paths}{more} has ended", kind="status")
            sending.send(account, [holder], body.encode(), draft)
        except (AmqError, OSError) as error:
            account.warn(f"{holder} gets no mail about the end of its lease on {paths}{more}: {why(error)}")
