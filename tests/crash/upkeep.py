"""The operations on files beside the mail: registry, dead letters, presence, temporary files; and all reading verbs."""

from __future__ import annotations

import fcntl
import os
from contextlib import suppress
from functools import partial
from typing import TYPE_CHECKING, cast

from amq.errors import AmqError, BadMessage, NotFound
from amq.instants import SECOND_NS
from amq.mail import delivery_status, leasing
from amq.mail.leasing import Place
from amq.mail.mailbox import Mailbox
from amq.mail.sending import Draft
from amq.names import STAGES
from amq.setup.checks_queue import permissions
from amq.store import dlq_write, leases, registry
from amq.store.leases import Lease
from amq.store.presence import read_presence
from tests.crash.scenario import Scenario
from tests.crash.world import World, append_line

if TYPE_CHECKING:
    from collections.abc import Iterator

    from amq.setup.finding import Environment

ID = "m1"
LETTERS = ("dlq_1_0_aaaaaaaaaaaa", "dlq_2_0_bbbbbbbbbbbb", "dlq_3_0_cccccccccccc")
LATER = 4_000_000_000 * SECOND_NS


# -- the registry -----------------------------------------------------------------------------------------------------


def _mail_for_bob(world: World) -> None:
    world.make("ann", "bob")
    world.mailbox("ann").send(["bob"], world.expect("text", ("bob",)), Draft(new_id=ID))


def _damaged_registry(world: World) -> None:
    _mail_for_bob(world)
    with open(world.queue.registry, "w") as file:
        file.write('{"agents": "damaged"}')


def _register_more(world: World, _: str) -> None:
    registry.make_queue(world.queue, tracked=False)
    registry.register(world.queue, ["dan"], 0)


def _force(world: World, _: str) -> None:
    registry.make_queue(world.queue, tracked=False)
    registry.register(world.queue, ["ann"], 0, replace=True)


def _check_registry(world: World, *, done: bool, after: list[str]) -> Iterator[str]:
    try:
        agents = registry.read_registry(world.queue)
    except AmqError:
        agents = None
    if agents != after and (done or agents not in (["ann", "bob"], None)):
        yield f"the registry is {agents}"
    missing = set(after) - set(registry.mailboxes(world.queue))
    if done and missing:
        yield f"no mailbox of {missing}"


# -- dead letters -----------------------------------------------------------------------------------------------------


def _put_letter(world: World, letter: str, identifier: str, original: bytes, box: str) -> None:
    head = dlq_write.envelope(letter, identifier, BadMessage("bad"), 0)
    with open(os.path.join(world.queue.agent("bob").home, "dlq", box, f"{letter}.md"), "wb") as file:
        file.write(head + original)


def _letters(world: World) -> set[str]:
    return {letter.id for letter in world.mailbox("bob").letters()}


def _letter_that_heals(world: World, *, box: str) -> None:
    """Prepare a dead letter of a message that has become good."""
    _mail_for_bob(world)
    new = os.path.join(world.queue.agent("bob").inbox_new, f"{ID}.md")
    with open(new, "rb") as file:
        _put_letter(world, LETTERS[0], ID, file.read(), box)
    os.unlink(new)


def _retry_cut_off(world: World) -> None:
    """Prepare such a letter whose message is back already."""
    _mail_for_bob(world)
    with open(os.path.join(world.queue.agent("bob").inbox_new, f"{ID}.md"), "rb") as file:
        _put_letter(world, LETTERS[0], ID, file.read(), "new")


def _moved_aside(world: World, *, twice: bool = False) -> None:
    """Prepare a good message that older versions moved aside because it could not be read.

    TWICE: it is new mail too.
    """
    _mail_for_bob(world)
    bob = world.queue.agent("bob")
    new = os.path.join(bob.inbox_new, f"{ID}.md")
    os.makedirs(bob.refused)
    (os.link if twice else os.rename)(new, os.path.join(bob.refused, f"{ID}.md"))


def _bring_back(world: World, _: str) -> None:
    """Redeliver the letter; one that is gone was redelivered before."""
    with suppress(NotFound):
        world.mailbox("bob").retry(ID)


def _letters_that_stay(world: World) -> None:
    """Prepare three dead letters, of which the last has been seen."""
    world.make("ann", "bob")
    for number, (letter, box) in enumerate(zip(LETTERS, ("new", "new", "cur"), strict=True)):
        _put_letter(world, letter, f"bad{number}", b"bad", box)
        world.bad.add(f"bad{number}")


def _letters_to_purge(world: World) -> None:
    _letters_that_stay(world)
    world.bad = {"bad0"}


def _retry(world: World, _: str) -> None:
    """Retry the letter; one that is gone was retried before."""
    with suppress(NotFound):
        world.mailbox("bob").retry(LETTERS[0])


def _look_at_letter(world: World, _: str) -> None:
    bob = world.mailbox("bob")
    bob.letter_seen(bob.letter(LETTERS[0]).letter)


def _purge(world: World, _: str) -> None:
    """Purge; a warning asks for a repetition."""
    bob, told = world.mailbox("bob"), len(world.warnings)
    bob.purge([letter for letter in bob.letters() if letter.id != LETTERS[0]])
    if len(world.warnings) > told:
        raise AmqError(world.warnings[-1])


def _check_counted(world: World, *, done: bool) -> Iterator[str]:
    tries = world.mailbox("bob").letter(LETTERS[0]).letter.retries
    if tries not in (1, 2) and (done or tries):
        yield f"tried {tries} times"


def _check_seen(world: World, *, done: bool) -> Iterator[str]:
    box = world.mailbox("bob").letter(LETTERS[0]).letter.box
    if done and box != "cur":
        yield f"the letter is in {box}"


def _check_purged(world: World, *, done: bool) -> Iterator[str]:
    if done:
        yield from (f"{each} is there" for each in _letters(world) - {LETTERS[0]})


# -- presence, temporary files ----------------------------------------------------------------------------------------


def _with_presence(world: World) -> None:
    world.make("ann", "bob")
    world.mailbox("bob").set_presence("old")


def _set_presence(world: World, _: str) -> None:
    world.mailbox("bob").set_presence("new", "a note")


def _check_presence(world: World, *, done: bool) -> Iterator[str]:
    presence = read_presence(world.queue.agent("bob"), "bob")
    status = presence.status if presence else "missing"
    if status not in (("new",) if done else ("old", "new")):
        yield f"presence is {status}"


def _tmp(world: World, name: str) -> str:
    return os.path.join(world.queue.agent("bob").inbox_tmp, name)


def _with_temporary_files(world: World) -> None:
    _mail_for_bob(world)
    for name in ("dead", "alive"):
        append_line(world.place / _tmp(world, name), "---json")
    append_line(world.place / os.path.join(world.queue.agent("ann").dlq_tmp, "dead"), "---")


def _sweep(world: World, _: str) -> None:
    """Sweep; a live writer has its file locked."""
    with open(_tmp(world, "alive"), "rb") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        Mailbox(world.queue.root, "bob", warn=world.warnings.append, clock=lambda: LATER).sweep(60, remove=True)


def _check_swept(world: World, *, done: bool) -> Iterator[str]:
    if done:  # a file that seemed to be in use is left to the next sweep
        _sweep(world, "")
    if not os.path.exists(_tmp(world, "alive")):
        yield "the file of a living writer is gone"
    if done and os.path.exists(_tmp(world, "dead")):
        yield "a dead writer's file is there"


# -- leases -----------------------------------------------------------------------------------------------------------


def _no_leases(world: World) -> None:
    world.make("ann", "bob")


def _mine(holder: str) -> Lease:
    return Lease(holder, "src/", "/top", "/top", 0, 60.0)


def _broken(holder: str, error: AmqError) -> None:
    raise error


def _leased(world: World) -> None:
    _no_leases(world)
    leases.change_leases(world.queue, lambda _: {"ann": [_mine("ann")]}, _broken)


def _take_over(world: World, _: str) -> None:
    leases.change_leases(world.queue, lambda _: {"ann": [], "bob": [_mine("bob")]}, _broken)


def _check_leases(world: World, *, done: bool) -> Iterator[str]:
    """Yield what is wrong. A death may leave a path to no one, but never to two."""
    holders = list(leases.read_leases(world.queue, _broken))
    if len(holders) > 1 or (done and holders != ["bob"]):
        yield f"the path is leased by {holders}"


PATHS = ["docs/", "src/"]


def _tree(world: World) -> Place:
    """Return the directory around the queue, which is in no repository."""
    top = os.path.realpath(world.place)
    return Place(top, top)


def _seen(_: str) -> None:
    """Return that an agent was never seen at work."""


def _take(world: World, _: str) -> None:
    leasing.take(world.mailbox("ann").account, _tree(world), PATHS, 60.0, "edit", _seen)


def _with_leases(world: World) -> None:
    _no_leases(world)
    _take(world, "")


def _broken_leases(world: World) -> None:
    _with_leases(world)
    with open(os.path.join(world.queue.leases, "ann.json"), "w") as file:
        file.write("{")


def _free(world: World, _: str, paths: list[str] | None) -> None:
    with suppress(NotFound):  # an earlier attempt has freed it
        leasing.free(world.mailbox("ann").account, _tree(world), paths)


def _check_taken(world: World, *, done: bool, before: list[str], after: list[str]) -> Iterator[str]:
    """Yield what is wrong: ann has the paths BEFORE or AFTER, never a part. She does not run, so none of it counts."""
    account = world.mailbox("bob").account
    found = leasing.in_the_way(account, _tree(world), ["./"], _seen)
    paths = [state.lease.path for state in found]
    if paths != after and (done or paths != before):
        yield f"ann has {paths}"
    if any(state.counts for state in found):
        yield "a dead holder's lease counts"


# -- permissions ------------------------------------------------------------------------------------------------------


def _tighten(world: World, _: str) -> None:
    """Tighten modes as `amq doctor --fix` does. A copy of a world has no loose permissions: they are made here."""
    for path in (world.queue.root, world.queue.registry, world.queue.agent("bob").inbox_new):
        os.chmod(path, 0o777)
    for finding in permissions(world.queue.root, cast("Environment", None)):
        assert finding.fix is not None
        finding.fix()


def _check_tight(world: World, *, done: bool) -> Iterator[str]:
    if done:
        yield from (finding.text for finding in permissions(world.queue.root, cast("Environment", None)))


# -- all that only look -----------------------------------------------------------------------------------------------


def _with_everything(world: World) -> None:
    _letters_that_stay(world)
    world.mailbox("bob").set_presence("busy")
    for number in (1, 2):
        body = world.expect(f"text {number}", ("bob",), ack=True)
        world.mailbox("ann").send(["bob"], body, Draft(new_id=f"m{number}", ack=True))
        if number == 1:
            world.drain("bob")


def _look(world: World, _: str) -> None:
    """Call every verb that moves nothing, and the repeated query of `--wait-for`."""
    bob, ann = world.mailbox("bob"), world.mailbox("ann")
    bob.unread(), bob.has_new(), bob.list(), list(bob.oldest()), bob.peek(ID), bob.glance()
    bob.search("x"), bob.table(), bob.thread_table("p2p/ann__bob")
    bob.thread("p2p/ann__bob", bodies=True), bob.who(), bob.presences(), bob.trace(ID), bob.sweep(0, remove=False)
    bob.letters(), bob.letter(LETTERS[0])
    bob.threads(), bob.thread_of(ID), bob.find_id(ID), bob.find_letter_id(LETTERS[0])
    for stage in STAGES:
        delivery_status.missing(ann.account, ID, ["bob"], stage)


def _make_state(world: World, _: str) -> None:
    assert world.mailbox("bob").state_dir


SCENARIOS = (
    Scenario(
        "init one more", _mail_for_bob, _register_more,
        check=partial(_check_registry, after=["ann", "bob", "dan"]),
    ),
    Scenario(
        "init --force", _mail_for_bob, _force,
        check=partial(_check_registry, after=["ann"]),
    ),
    Scenario(
        "init --force over a damaged registry", _damaged_registry, _force,
        check=partial(_check_registry, after=["ann"]),
    ),
    Scenario("dlq retry that heals", partial(_letter_that_heals, box="new"), _retry, has_links=True),
    Scenario("dlq retry of one that was seen", partial(_letter_that_heals, box="cur"), _retry),
    Scenario("dlq retry after one that was cut off", _retry_cut_off, _retry),
    Scenario("dlq retry of what was moved aside", _moved_aside, _bring_back),
    Scenario("dlq retry of what is new mail already", partial(_moved_aside, twice=True), _bring_back),
    Scenario("dlq retry of bad letters", _letters_that_stay, _retry, check=_check_counted),
    Scenario("dlq read", _letters_that_stay, _look_at_letter, check=_check_seen, has_links=True),
    Scenario("dlq purge", _letters_to_purge, _purge, check=_check_purged),
    Scenario("presence set", _with_presence, _set_presence, check=_check_presence),
    Scenario("cleanup", _with_temporary_files, _sweep, check=_check_swept),
    Scenario("lease take", _no_leases, _take, check=partial(_check_taken, before=[], after=PATHS)),
    Scenario("lease take of another's", _leased, _take_over, check=_check_leases),
    Scenario(
        "lease free", _with_leases, partial(_free, paths=["src/"]),
        check=partial(_check_taken, before=PATHS, after=["docs/"]),
    ),
    Scenario(
        "lease free --all", _with_leases, partial(_free, paths=None),
        check=partial(_check_taken, before=PATHS, after=[]),
    ),
    Scenario(
        "lease free --all of a broken file", _broken_leases, partial(_free, paths=None),
        check=partial(_check_taken, before=[], after=[]),
    ),
    Scenario("doctor --fix", _mail_for_bob, _tighten, check=_check_tight),
    Scenario("private state", _mail_for_bob, _make_state),
    Scenario("everything that only looks", _with_everything, _look),
)  # fmt: skip
