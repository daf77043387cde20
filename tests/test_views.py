"""Lists, threads and searches over random histories: with caches and without they show the same."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from amq import Draft, Mailbox
from amq.layout import QueueLayout, RootedPath
from amq.mail import message_table, search_index
from amq.mail.message_filter import Filter
from amq.store import header_cache, registry
from tests.samples import message_file
from tests.seeds import SOAK

if TYPE_CHECKING:
    from collections.abc import Callable

AGENTS = ("alice", "bob", "carol")
BODIES = ("one two", "two three", "Drei! naïve", "\0odd \x1b[31m", "")
SUBJECTS = ("one", "two three", "日本語", "back\\slash", "")
FILTERS = (Filter(), Filter(sender="alice"), Filter(recipient="bob"))
QUERIES = ("two", "one two", '"two three"', "dr*", "naive", "本", "odd")


class World:
    """A queue, in which mailboxes with caches and such without look at the same time."""

    def __init__(self, place: Path) -> None:
        self.queue = QueueLayout(str(place / "queue"))
        self.caches = place / "caches"
        self.caches.mkdir()
        registry.make_queue(self.queue, tracked=False)
        registry.register(self.queue, list(AGENTS), 0)
        self.made = 0

    def mailbox(self, me: str, warned: list[str], *, cached: bool = False) -> Mailbox:
        place = RootedPath(str(self.caches))
        return Mailbox(self.queue.root, me, warn=warned.append, caches=lambda: place if cached else None)

    def views(self, turn: int, *, cached: bool) -> list[Any]:
        """Return what is shown, with the warnings; queries, filters and mailboxes take turns."""
        warned: list[str] = []
        mailbox = self.mailbox(AGENTS[turn % 2], warned, cached=cached)
        table, bad = mailbox.table()
        thread = mailbox.thread_table("p2p/alice__bob")
        shown: list[Any] = [list(map(tuple, table)), [each.id for each in bad], list(map(tuple, thread))]
        shown.append([each.last.id for each in mailbox.threads()])
        for query, wanted in ((QUERIES[turn % 7], FILTERS[turn % 3]), (QUERIES[turn % 5], FILTERS[0])):
            shown.append([(hit.message, hit.holder, hit.box) for hit in mailbox.search(query, wanted, turn % 4)])
        return [shown, sorted(warned)]

    def files(self, handle: str) -> list[Path]:
        agent = self.queue.agent(handle)
        return sorted(each for box in (agent.inbox_new, agent.inbox_cur, agent.sent) for each in Path(box).iterdir())


def deliver(world: World, who: int, what: int) -> None:
    me, *others = AGENTS[who % 3 :] + AGENTS[: who % 3]
    draft = Draft(subject=SUBJECTS[what % 5], labels=["a,b", "c"][: what % 3])
    world.mailbox(me, []).send(others[: 1 + what % 2], BODIES[what % 5].encode() + b" ", draft)


def answer(world: World, who: int, what: int) -> None:
    mailbox = world.mailbox(AGENTS[who % 3], [])
    ids = [each.id for each in mailbox.list() if each.header]
    if ids:
        mailbox.reply(ids[what % len(ids)], BODIES[what % 4].encode(), Draft())


def drain(world: World, who: int, what: int) -> None:
    with world.mailbox(AGENTS[who % 3], []).drain(what % 3) as mail:
        for _ in mail:
            pass


def leave(world: World, who: int, what: int) -> None:
    """Leave a file as another program may: bad, or valid, with a new id or an odd one."""
    world.made += 1
    name = f"left{world.made}" if what % 2 else f"2026-03-01T10-00-00.{world.made:03}Z_pid1_00000000"
    data = message_file(BODIES[what % 5].encode(), id=name if what % 3 else "another", subject=SUBJECTS[what % 5])
    Path(world.queue.agent(AGENTS[who % 3]).inbox_new, f"{name}.md").write_bytes(data)


def retry(world: World, who: int, what: int) -> None:
    mailbox = world.mailbox(AGENTS[who % 3], [])
    for letter in mailbox.letters()[: what % 3]:
        mailbox.purge([letter])


def crash(world: World, who: int, what: int) -> None:
    """Leave what a program that died left: a message in `new` and `cur`, or half a file in `tmp`."""
    agent = world.queue.agent(AGENTS[who % 3])
    new = sorted(Path(agent.inbox_new).iterdir())
    if new and what % 2:
        (Path(agent.inbox_cur) / new[0].name).unlink(missing_ok=True)
        (Path(agent.inbox_cur) / new[0].name).hardlink_to(new[0])
    else:
        Path(agent.inbox_tmp, f"half{what}.md").write_bytes(b"---json\n{")


def remove(world: World, who: int, what: int) -> None:
    if files := world.files(AGENTS[who % 3]):
        files[what % len(files)].unlink()


def replace(world: World, who: int, what: int) -> None:
    if files := world.files(AGENTS[who % 3]):
        path = files[what % len(files)]
        path.with_name("other").write_bytes(message_file(BODIES[what % 5].encode(), id=path.stem))
        path.with_name("other").rename(path)


def clean_up(world: World, who: int, what: int) -> None:
    world.mailbox(AGENTS[who % 3], []).sweep(0, remove=bool(what % 2))


def damage(world: World, who: int, what: int) -> None:
    """Damage a cache in the middle, or take it away."""
    if files := sorted(path for path in world.caches.iterdir() if path.suffix != ".lock"):
        path = files[who % len(files)]
        data = bytearray(path.read_bytes())
        if what % 3 and data:
            path.write_bytes(data[: len(data) * what // 50])
        else:
            path.unlink()


STEPS: tuple[Callable[[World, int, int], None], ...] = (
    *(deliver, deliver, answer, drain, leave, retry, crash, remove, replace, clean_up, damage),
)
STEP = st.tuples(st.sampled_from(STEPS), st.integers(0, 8), st.integers(0, 40))


@settings(max_examples=200 if SOAK else 6, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(STEP, min_size=5, max_size=25 if SOAK else 12))
def test_caches_change_nothing(
    tmp_path_factory: pytest.TempPathFactory, steps: list[tuple[Callable[[World, int, int], None], int, int]]
) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(message_table, "FEWEST", 1)
        patch.setattr(header_cache, "MIN_CHANGES", 1)
        patch.setattr(search_index, "MOST_GONE", 3)
        world = World(tmp_path_factory.mktemp("world"))
        for turn, (step, who, what) in enumerate(steps):
            step(world, who, what)
            assert world.views(turn, cached=True) == world.views(turn, cached=False)
        assert os.listdir(world.caches)
