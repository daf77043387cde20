"""The order of steps that each promise needs, and proof that each guard matters: without it the check fails.

The files of a running machine do not show what a crash would lose, so the order itself is checked. `Lacking` is a
program that skips some of its steps.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pytest

from tests.crash.scenarios import SCENARIOS
from tests.crash.seam import Step, Watched
from tests.crash.world import World

if TYPE_CHECKING:
    from pathlib import Path

    from tests.crash.scenario import Scenario

BY_NAME = {scenario.name: scenario for scenario in SCENARIOS}


@dataclass(frozen=True)
class Order:
    """The order in which these steps happen in an operation. A step is a pattern of its text: name and paths.

    `guards` are the steps that the promise depends on: the check fails if one of them is left out.
    """

    name: str
    scenario: str
    steps: tuple[str, ...]
    guards: tuple[str, ...]

    def __str__(self) -> str:
        return self.name


ORDERS = (
    Order(
        "a message is on the disk before it is public, and its name before send returns",
        "send to one",
        (
            r"open \S+/bob/inbox/tmp/\S+",
            r"lock \S+/bob/inbox/tmp/\S+",
            r"write \S+/bob/inbox/tmp/\S+",
            r"fsync \S+/bob/inbox/tmp/\S+",
            r"link \S+/bob/inbox/tmp/\S+ \S+/bob/inbox/new/\S+",
            r"fsync \S+/bob/inbox/new",
        ),
        (r"lock \S+/tmp/\S+", r"fsync \S+/tmp/\S+", r"fsync \S+/inbox/new"),
    ),
    Order(
        "every recipient's directory is on the disk before send returns",
        "send to many",
        (r"link .* \S+/dan/inbox/new/\S+", *(rf"fsync \S+/{handle}/inbox/new" for handle in ("bob", "cat", "dan"))),
        tuple(rf"fsync \S+/{handle}/inbox/new" for handle in ("bob", "cat", "dan")),
    ),
    Order(
        "delivered already means on the disk",
        "repeat what reached all",
        tuple(rf"fsync \S+/{handle}/inbox/new" for handle in ("bob", "cat", "dan")),
        tuple(rf"fsync \S+/{handle}/inbox/new" for handle in ("bob", "cat", "dan")),
    ),
    Order(
        "mail is held, shown, acknowledged, taken, released",
        "drain",
        (
            r"lock \S+/bob/\.amq/lock",
            r"open \S+/drains/\S+",
            r"lock \S+/drains/\S+",
            r"fsync \S+/drains/\S+",
            r"fsync \S+/drains",
            r"close \S+/bob/\.amq/lock",
            r"show \S+3",
            r"fsync \S+/bob/inbox/tmp/\S+",
            r"link \S+ \S+/bob/acks/sent/\S+",
            r"fsync \S+/bob/acks/sent",
            r"link \S+ \S+/ann/acks/received/\S+",
            r"fsync \S+/ann/acks/received",
            r"lock \S+/bob/\.amq/lock",
            r"move \S+/inbox/new/\S+1\.md \S+/inbox/cur/\S+1\.md",
            r"fsync \S+/inbox/cur",
            r"fsync \S+/inbox/new",
            r"unlink \S+/drains/\S+",
        ),
        (
            r"lock \S+/\.amq/lock",
            r"lock \S+/drains/\S+",
            r"fsync \S+/drains/\S+",
            r"fsync \S+/drains",
            r"fsync \S+/inbox/tmp/\S+",
            r"fsync \S+/acks/sent",
            r"fsync \S+/acks/received",
            r"fsync \S+/inbox/cur",
            r"fsync \S+/inbox/new",
        ),
    ),
    Order(
        "what a drain holds is recorded as shown before it is shown",
        "read of what a drain holds",
        (
            r"lock \S+/bob/\.amq/lock",
            r"fsync \S+/drains/\S+_shown",
            r"close \S+/drains/\S+_shown",
            r"fsync \S+/drains",
            r"close \S+/bob/\.amq/lock",
            r"show \S+1",
        ),
        (r"fsync \S+/drains/\S+_shown", r"fsync \S+/drains"),
    ),
    Order(
        "mail is held, shown, offered, released",
        "offer",
        (
            r"fsync \S+/drains",
            r"show \S+2",
            r"lock \S+/bob/\.amq/lock",
            r"write \S+/drains/\S+_offer",
            r"fsync \S+/drains/\S+_offer",
            r"fsync \S+/drains",
            r"close \S+/bob/\.amq/lock",
            r"unlink \S+/drains/\S+",
        ),
        (r"lock \S+/\.amq/lock", r"fsync \S+/drains/\S+_offer", r"fsync \S+/drains"),
    ),
    Order(
        "a bad message leaves new when its dead letter is on the disk, all under the mailbox's lock",
        "drain with a bad message",
        (
            r"lock \S+/bob/\.amq/lock",
            r"fsync \S+/dlq/tmp/\S+",
            r"link \S+ \S+/dlq/new/\S+",
            r"fsync \S+/dlq/new",
            r"unlink \S+/inbox/new/\S+x\.md",
            r"fsync \S+/inbox/new",
            r"close \S+/bob/\.amq/lock",
        ),
        (r"fsync \S+/dlq/tmp/\S+", r"fsync \S+/dlq/new"),
    ),
    Order(
        "the dead letter that is there is on the disk before its message goes",
        "drain with a bad message that has its letter",
        (r"fsync \S+/dlq/new", r"unlink \S+/inbox/new/\S+x\.md", r"fsync \S+/inbox/new"),
        (r"fsync \S+/dlq/new",),
    ),
    Order(
        "a dead letter goes when its message is on the disk",
        "dlq retry that heals",
        (
            r"fsync \S+/inbox/tmp/\S+",
            r"link \S+ \S+/inbox/new/m1\.md",
            r"fsync \S+/inbox/new",
            r"unlink \S+/dlq/new/\S+",
            r"fsync \S+/dlq/new",
        ),
        (r"fsync \S+/inbox/tmp/\S+", r"fsync \S+/inbox/new", r"fsync \S+/dlq/new"),
    ),
    Order(
        "so does one whose message was there already",
        "dlq retry after one that was cut off",
        (r"fsync \S+/inbox/new", r"fsync \S+/inbox/cur", r"unlink \S+/dlq/new/\S+"),
        (r"fsync \S+/inbox/new", r"fsync \S+/inbox/cur"),
    ),
    Order(
        "a dead letter that is rewritten is on the disk before it replaces the old one",
        "dlq retry of bad letters",
        (r"fsync \S+/dlq/tmp/\S+", r"replace \S+/dlq/tmp/\S+ \S+/dlq/new/\S+", r"fsync \S+/dlq/new"),
        (r"fsync \S+/dlq/tmp/\S+", r"fsync \S+/dlq/new"),
    ),
    Order(
        "what is purged is gone from the disk",
        "dlq purge",
        (r"unlink \S+/dlq/new/\S+", r"fsync \S+/dlq/new"),
        (r"fsync \S+/dlq/new",),
    ),
    Order(
        "presence is on the disk before it replaces the old one",
        "presence set",
        (r"fsync \S+/\.presence\S+", r"replace \S+ \S+/presence\.json", r"fsync \S+/bob"),
        (r"fsync \S+/\.presence\S+", r"fsync \S+/bob"),
    ),
    Order(
        "leases are on the disk before they replace the old ones, all under the lock",
        "lease take",
        (
            r"fsync \S+/meta",
            r"lock \S+/leases/\.lock",
            r"fsync \S+/leases/\.amq-\S+",
            r"replace \S+ \S+/leases/ann\.json",
            r"fsync \S+/leases",
            r"close \S+/leases/\.lock",
        ),
        (r"fsync \S+/meta", r"lock \S+/leases/\.lock", r"fsync \S+/leases/\.amq-\S+", r"fsync \S+/leases"),
    ),
    Order(
        "a holder has lost a path before another has it",
        "lease take of another's",
        (r"unlink \S+/leases/ann\.json", r"fsync \S+/leases", r"replace \S+ \S+/leases/bob\.json"),
        (r"unlink \S+/leases/ann\.json", r"fsync \S+/leases"),
    ),
    Order(
        "what is freed is gone from the disk, under the lock",
        "lease free --all",
        (r"lock \S+/leases/\.lock", r"unlink \S+/leases/ann\.json", r"fsync \S+/leases"),
        (r"lock \S+/leases/\.lock", r"fsync \S+/leases"),
    ),
    Order(
        "a file that cannot be read is gone from the disk, under the lock that is taken again",
        "lease free --all of a broken file",
        (
            r"lock \S+/leases/\.lock",
            r"close \S+/leases/\.lock",
            r"lock \S+/leases/\.lock",
            r"unlink \S+/leases/ann\.json",
            r"fsync \S+/leases",
        ),
        (r"lock \S+/leases/\.lock", r"fsync \S+/leases"),
    ),
    Order(
        "what is not a file is moved aside, to the disk",
        "drain with a FIFO",
        (r"move \S+f\.md \S+/refused/\S+", r"fsync \S+/refused"),
        (r"fsync \S+/refused",),
    ),
    Order(
        "the registry is on the disk before it replaces the old one, and a mailbox when init returns",
        "init",
        (
            r"fsync /\S+/world",
            r"fsync \S+/queue",
            r"mkdir \S+/bob/inbox/cur",
            r"fsync \S+/agents",
            r"fsync \S+/bob",
            r"fsync \S+/bob/inbox",
            r"mkdir \S+/bob/inbox/new",
            r"fsync \S+/bob/inbox",
            r"fsync \S+/meta/\.amq-\S+",
            r"replace \S+ \S+/meta/config\.json",
            r"fsync \S+/meta",
        ),
        (r"fsync \S+/meta/\.amq-\S+", r"fsync \S+/meta", r"fsync \S+/agents", r"fsync \S+/bob/inbox"),
    ),
)


class Lacking(Watched):
    """A seam that logs every step but those whose text matches PATTERN, which it skips."""

    def __init__(self, pattern: str) -> None:
        super().__init__()
        self._pattern = re.compile(pattern)

    def take(self, name: str, arguments: tuple[Any, ...]) -> Any:
        """Take the step, unless it is to be skipped."""
        if self._pattern.fullmatch(_text(self.describe(name, arguments))):
            return True
        return super().take(name, arguments)


def _text(step: Step) -> str:
    return " ".join((step.name, *step.paths))


def _log(scenario: Scenario, place: Path, watched: Watched) -> list[Step]:
    world = World(place / "world")
    world.place.mkdir()
    scenario.prepare(world)
    with watched:
        scenario.act(world, "")
    return watched.log


def _keeps(order: Order, log: list[Step]) -> str:
    """Return the first step of ORDER that LOG does not have in its place, empty if it has them all."""
    texts = iter(map(_text, log))
    for pattern in order.steps:
        if not any(re.fullmatch(pattern, text) for text in texts):
            return pattern
    return ""


@pytest.mark.parametrize("order", ORDERS, ids=str)
def test_steps_are_in_order(order: Order, place: Path) -> None:
    assert _keeps(order, _log(BY_NAME[order.scenario], place, Watched())) == ""


@pytest.mark.parametrize(("order", "guard"), [(order, guard) for order in ORDERS for guard in order.guards], ids=str)
def test_a_step_left_out_is_found_out(order: Order, guard: str, place: Path) -> None:
    assert _keeps(order, _log(BY_NAME[order.scenario], place, Lacking(guard)))


def test_no_message_is_opened_under_the_lock_while_a_drain_chooses(place: Path) -> None:
    """All others wait for it meanwhile, and there may be many thousands."""
    texts = list(map(_text, _log(BY_NAME["drain"], place, Watched())))
    locked = next(at for at, text in enumerate(texts) if re.fullmatch(r"lock \S+/bob/\.amq/lock", text))
    freed = next(at for at, text in enumerate(texts) if re.fullmatch(r"close \S+/bob/\.amq/lock", text))
    opened = [at for at, text in enumerate(texts) if re.fullmatch(r"open \S+/inbox/new/\S+\.md", text)]
    assert opened
    assert not [at for at in opened if locked < at < freed]
