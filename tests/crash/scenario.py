"""An operation as the search for faults sees it."""

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

    CHECK(world, done=…) returns the faults specific to this operation: at any instant, or when it is done.
    `knows_id`: a repetition after a death uses one and the same id, so there cannot be two. `has_links`: it gives files
    second names, in its own way.
    """

    name: str
    prepare: Callable[[World], None]
    act: Callable[[World, str], None]
    check: Callable[..., Iterator[str]] = _nothing_more
    knows_id: bool = True
    has_links: bool = False

    def repeat(self, world: World, error: BaseException | None) -> None:
        """Repeat the operation after ERROR as an agent does (None: it died).

        An uncertain send reports the id to use.
        """
        named = re.search(r"--new-id (\S+):", error.hint) if isinstance(error, Uncertain) else None
        self.act(world, named[1] if named else "")

    def __str__(self) -> str:
        return self.name
