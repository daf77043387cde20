"""What an operation is to the search for faults."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from amq.errors import Uncertain

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tests.crash.world import World


def _nothing_more(_: World, *, done: bool) -> Iterator[str]:
    yield from ()


@dataclass(frozen=True)
class Scenario:
    """An operation: PREPARE makes the world, ACT does it, with an id to repeat if one is given.

    CHECK(world, done=…) tells what is wrong that no other operation could do: at any instant, or when it is done.
    `knows_id`: who repeats it after a death says the same id, so that it can not be there twice. `has_links`: it gives
    files second names, in a way of its own.
    """

    name: str
    prepare: Callable[[World], None]
    act: Callable[[World, str], None]
    check: Callable[..., Iterator[str]] = _nothing_more
    knows_id: bool = True
    has_links: bool = False

    def repeat(self, world: World, error: BaseException | None) -> None:
        """What an agent does about ERROR (None: it died): the same again, with the id that an uncertain send names."""
        named = re.search(r"--new-id (\S+):", error.hint) if isinstance(error, Uncertain) else None
        self.act(world, named[1] if named else "")

    def __str__(self) -> str:
        return self.name
