"""An agent's account in a queue, with the clock, the randomness and the warnings that the verbs need."""

from __future__ import annotations

import os
import time
from functools import lru_cache, partial

from amq.errors import AmqError, NotFound
from amq.layout import QueueLayout
from amq.names import USER, IdMaker, check_handle, did_you_mean, nearest, typed_handle
from amq.store import registry

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import TypeVar

    from amq.layout import RootedPath
    from amq.store.remote import Remote

    T = TypeVar("T")


@lru_cache(maxsize=1)
def _ids(clock: Callable[[], int], pid: int, random: Callable[[int], bytes]) -> IdMaker:
    """Return the id maker shared by all accounts of a process, so that ids sort in order across senders."""
    return IdMaker(clock, pid, random)


class Account:
    """One agent's account in the queue at ROOT, an absolute path.

    WARN is called with each warning, a sentence; with `strict` an unknown handle or an unreadable registry is an error
    instead. CLOCK returns nanoseconds since the epoch, RANDOM as many random bytes as it is asked for. Raises NotFound
    if ME has no mailbox and is not registered; the user's mailbox is made when it is needed. CACHES returns a directory
    below the user's private one for what may be lost, or None; it is called where a cache pays. `progress` may be set
    to what is called while many files are read into one: with the number of those read, and of all to read.
    """

    def __init__(
        self,
        root: str,
        me: str,
        *,
        strict: bool = False,
        warn: Callable[[str], None] = lambda _: None,
        clock: Callable[[], int] = time.time_ns,
        random: Callable[[int], bytes] = os.urandom,
        caches: Callable[[], RootedPath | None] = lambda: None,
    ) -> None:
        self.cache_directory = lru_cache(maxsize=1)(caches)
        self.queue = QueueLayout(root)
        self.me = check_handle(me)
        self.agent = self.queue.agent(me)
        self.clock = clock
        self.ids = _ids(clock, os.getpid(), random)
        self._strict = strict
        self.warn = warn
        self.progress: Callable[[int, int], None] = lambda *_: None
        self._random = random
        self._warned: set[str] = set()
        self._require_mailbox()

    def named(self, text: str, what: str) -> str:
        """Return the handle that a user means by TEXT, in any case; raises UsageError, which says WHAT it is."""
        return typed_handle(text, partial(registry.is_known, self.queue), what)

    def registered(self) -> list[str] | None:
        """Return the registered handles; None if there is no registry that can be read."""
        try:
            return registry.read_registry(self.queue)
        except AmqError as error:
            self.complain(error)
            return None

    def known_agents(self) -> frozenset[str]:
        """Return the handles that may be named to a model: the user's, the registered ones, and those on other hosts.

        Without a registry these are all that have a mailbox; with one that cannot be read, only the user's.
        """
        try:
            handles = registry.read_registry(self.queue)
        except (AmqError, OSError):
            handles = []
        if handles is None:
            return frozenset({USER, *registry.mailboxes(self.queue)})
        if not handles:
            return frozenset({USER})
        from amq.store.remote import read_remote

        others = set(registry.mailboxes(self.queue)).difference(handles)  # a registered agent's file is not asked for
        return frozenset({USER, *handles, *(each for each in others if read_remote(self.queue.agent(each)))})

    def remote_agents(self) -> dict[str, Remote]:
        """Return the agents of other hosts that have a mailbox here, by its handle."""
        from amq.store.remote import read_remote  # here: short commands do without

        found = ((handle, read_remote(self.queue.agent(handle))) for handle in registry.mailboxes(self.queue))
        return {handle: remote for handle, remote in found if remote}

    def complain(self, error: AmqError) -> None:
        """Warn of ERROR; raises it instead with `strict`."""
        if self._strict:
            raise error
        self.warn(f"{error.message}; {error.hint}" if error.hint else error.message)

    def warn_once(self, text: str) -> None:
        """Warn of something that several looks may find, once."""
        if text not in self._warned:
            self._warned.add(text)
            self.warn(text)

    def gather(self, look: Callable[[], T]) -> tuple[T, list[str]]:
        """Return what LOOK returns, and what it warns of, whether earlier looks did so or not."""
        warn, warned, found = self.warn, self._warned, list[str]()
        self.warn, self._warned = found.append, set()
        try:
            return look(), found
        finally:
            self.warn, self._warned = warn, warned

    def _require_mailbox(self) -> None:
        if registry.has_mailbox(self.agent):
            return
        from amq.store import directories  # only here: most mailboxes are there

        if not directories.exists(self.queue.agents):
            hint = "create one there: `amq init --agents claude,codex`"
            raise NotFound(f"{self.queue.root} is not a queue: it has no agents", hint=hint)
        registered = self.registered() or []
        if self.me != USER and self.me not in registered:
            raise self.unknown(self.me, registered, f"amq init --agents {self.me}")
        registry.make_mailbox(self.queue, self.me)

    def unknown(self, handle: str, registered: list[str], remedy: str) -> NotFound:
        """Return the error for a handle that does not exist, with the nearest ones that do."""
        like = nearest(handle, {*registered, *registry.mailboxes(self.queue)})
        abroad = [str(remote) for remote in self.remote_agents().values() if remote.handle == handle]
        missing = f"{handle} has no mailbox in {self.queue.root}"
        if abroad:
            return NotFound(f"{missing}{did_you_mean(*abroad)}", hint=f"on another host it is --to {abroad[0]}")
        return NotFound(f"{missing}{did_you_mean(*like)}", hint=f"add it: {remedy}")

    def temporary(self) -> str:
        """Return a unique name for a file that is being written."""
        return f"{self.clock()}_{os.getpid()}_{self._random(4).hex()}"
