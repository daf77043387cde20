"""Compare leased paths: do two of them have a file in common? Pure: nothing here looks at a disk.

A path is relative to the repository's top, with `/` between its names. `src/` is a directory with all that is below it.
In a name, `*` is any text and `?` one character; the name `**` is any number of directories. Other characters, such as
the brackets in `app/[id]/page.tsx`, mean themselves. Names that differ only in case count as one, as on macOS.
"""

from __future__ import annotations

from functools import lru_cache

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

TOP = "./"
"""The path of the whole repository."""
_ANY_NAMES = "**"
_WILD = "*?"


def is_pattern(name: str) -> bool:
    """Return whether NAME, one of a path, may match others than itself."""
    return any(sign in name for sign in _WILD)


def overlap(one: str, other: str) -> bool:
    """Return whether some file belongs to both paths. What is below a path without wildcards belongs to it."""
    a, b = _names(one), _names(other)
    if a[0] != b[0] and not is_pattern(a[0] + b[0]):
        return False  # so it is with most pairs
    return _meet(_with_below(a, b), _with_below(b, a), _ANY_NAMES, _name_meets)


@lru_cache(maxsize=32_768)
def _names(path: str) -> tuple[str, ...]:
    if path == TOP:
        return (_ANY_NAMES,)
    names = path.casefold().rstrip("/").split("/")
    return (*names, _ANY_NAMES) if path.endswith("/") else tuple(names)


def _with_below(names: tuple[str, ...], other: tuple[str, ...]) -> tuple[str, ...]:
    """Return NAMES, with what is below it if neither it nor OTHER is a pattern: it may have become a directory."""
    is_plain = not any(map(is_pattern, (*names, *other)))
    return (*names, _ANY_NAMES) if is_plain else names


def _name_meets(one: str, other: str) -> bool:
    return one == other or ((is_pattern(one) or is_pattern(other)) and _meet(one, other, "*", _character_meets))


def _character_meets(one: str, other: str) -> bool:
    return one == other or "?" in (one, other)


def _meet(a: Sequence[str], b: Sequence[str], many: str, meets: Callable[[str, str], bool]) -> bool:
    """Return whether something matches both patterns, in which MANY stands for any number of items.

    Each pair of positions is looked at once, so that many wildcards cost no more than the product of the lengths.
    """
    todo, seen = [(0, 0)], set()
    while todo:
        at = i, j = todo.pop()
        if at in seen:
            continue
        seen.add(at)
        if at == (len(a), len(b)):
            return True
        one, other = a[i : i + 1], b[j : j + 1]
        if one and a[i] == many:
            todo += [(i + 1, j), *([(i, j + 1)] if other else [])]
        if other and b[j] == many:
            todo += [(i, j + 1), *([(i + 1, j)] if one else [])]
        if one and other and many not in (a[i], b[j]) and meets(a[i], b[j]):
            todo.append((i + 1, j + 1))
    return False
