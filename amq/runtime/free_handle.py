"""Find a handle for another agent of a program: `claude`, else `claude-2`, `claude-3` …

It only looks. Two that look at once may find the same handle: the notifier lock decides which of them has it, and the
other one takes the next handle.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

from amq.errors import why
from amq.layout import QueueLayout
from amq.names import handle_from, is_handle, numbered
from amq.runtime.private_state import PrivateState
from amq.runtime.session_info import last_program
from amq.store import maildir, registry
from amq.store.notifier_info import read_notifier


def free_handles(queue: QueueLayout, program: str, private: PrivateState, warn: Callable[[str], None]) -> Iterator[str]:
    """Yield the free handles of PROGRAM in the queue, each at most once: those with unread mail first, then by number.

    Each is looked at when it is asked for. A handle is free if no process notifies its agent, and the last program
    that PRIVATE, the user's private directory, names for it is PROGRAM. WARN is called for one that cannot be looked
    at, which is not free.
    """
    base = handle_from(program)
    handles = [handle for handle in numbered(base) if is_handle(handle)]
    left_out: set[str] = set()

    def leave_out(handle: str, error: OSError) -> None:
        left_out.add(handle)
        if handle in handles:
            warn(f"{handle} is left out: {why(error)}")

    def has_mail(handle: str) -> bool:
        try:
            return maildir.has_entries(queue.agent(handle).inbox_new)
        except OSError as error:
            leave_out(handle, error)
            return False

    def is_free(handle: str) -> bool:
        try:
            if handle in left_out or read_notifier(queue.agent(handle)):
                return False
        except OSError as error:
            leave_out(handle, error)
            return False
        return last_program(private.of_agent(queue.root, handle, make=False).directory) in ("", base)

    existing = set(registry.mailboxes(queue, leave_out))
    waiting = [handle for handle in handles if handle in existing and has_mail(handle)]
    yield from filter(is_free, dict.fromkeys((*waiting, *handles)))
