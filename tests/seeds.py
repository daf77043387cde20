"""All cases in a soak, and otherwise a sample by a seed that is printed: AMQ_SEED repeats one."""

from __future__ import annotations

import os
import random
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from collections.abc import Iterable

T = TypeVar("T")

SOAK = bool(os.environ.get("AMQ_SOAK"))
# in the environment, so that parallel test processes choose one and the same
SEED = int(os.environ.setdefault("AMQ_SEED", str(random.SystemRandom().randrange(1, 10**6))))
TOLD = f"AMQ_SEED={SEED}"


def sample(cases: Iterable[T], most: int, *, of: str) -> list[T]:
    """Return at most MOST of CASES, in their order; in a soak all of them.

    OF names the choice, so that callers' choices differ.
    """
    cases = list(cases)
    if SOAK or len(cases) <= most:
        return cases
    return [cases[at] for at in sorted(random.Random(f"{SEED} {of}").sample(range(len(cases)), most))]
