"""The order of a conversation: clocks differ, but an answer never comes before the message it answers. Pure."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Mapping
    from typing import TypeVar

    from amq.mail.summary import Summary
    from amq.message import Header

    Dated = TypeVar("Dated", Header, Summary)

    Graph = Mapping[str, Collection[str]]


def in_thread_order(headers: Iterable[Dated]) -> list[Dated]:
    """Return HEADERS by time, ties by id, but each after those that its `refs` name.

    Messages that refer to each other in a circle come together, by id.
    """
    ordered = sorted(headers, key=_age)
    place = {header.id: at for at, header in enumerate(ordered)}
    if all(place.get(ref, -1) < at for at, header in enumerate(ordered) for ref in header.refs):
        return ordered
    return list(_sorted({header.id: header for header in ordered}))


def _age(header: Header | Summary) -> tuple[int, str]:
    return header.created_ns, header.id


def _sorted(by_id: Mapping[str, Dated]) -> Iterator[Dated]:
    """Yield messages by Kahn's topological sort over circles: next is the oldest whose refs have all been yielded."""
    from heapq import heapify, heappop, heappush

    refs = {name: [ref for ref in header.refs if ref in by_id] for name, header in by_id.items()}
    circles = {min(circle): sorted(circle) for circle in _circles(refs)}
    circle_of = {name: first for first, circle in circles.items() for name in circle}
    age = {first: min(_age(by_id[name]) for name in circle) for first, circle in circles.items()}
    waits = {first: {circle_of[ref] for name in circles[first] for ref in refs[name]} - {first} for first in circles}
    behind = _reversed(waits)
    ready = [(age[first], first) for first in circles if not waits[first]]
    heapify(ready)
    while ready:
        _, first = heappop(ready)
        yield from map(by_id.__getitem__, circles[first])
        for later in behind[first]:
            waits[later].remove(first)
            if not waits[later]:
                heappush(ready, (age[later], later))


def _circles(graph: Graph) -> Iterator[list[str]]:
    """Yield the strongly connected components (Kosaraju's algorithm); a node in no circle is its own component."""
    seen: set[str] = set()
    last = [node for start in graph for node in _reached(graph, start, seen)]
    backwards, seen = _reversed(graph), set()
    yield from filter(None, (list(_reached(backwards, start, seen)) for start in reversed(last)))


def _reversed(graph: Graph) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {node: [] for node in graph}
    for node, others in graph.items():
        for other in others:
            found[other].append(node)
    return found


def _reached(graph: Graph, start: str, seen: set[str]) -> Iterator[str]:
    """Yield the nodes reachable from START, itself included, except those SEEN; each after all that it leads to."""
    path = [] if start in seen else [(start, iter(graph[start]))]
    seen.add(start)
    while path:
        node, rest = path[-1]
        fresh = next((other for other in rest if other not in seen), None)
        if fresh is None:
            path.pop()
            yield node
        else:
            seen.add(fresh)
            path.append((fresh, iter(graph[fresh])))
