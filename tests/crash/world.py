"""A queue under test, the messages sent and shown in it, and the one check of what must hold in the end.

Each output goes as a line into a journal beside the queue, so that it survives the death of the process.
"""

from __future__ import annotations

import json
import os
import re
from collections import Counter
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from amq.errors import BadMessage
from amq.layout import AgentLayout, QueueLayout
from amq.mail.draining import Drained
from amq.mail.mailbox import Mailbox
from amq.message import parse
from amq.store import durable, registry
from amq.store.dlq_read import open_bytes
from tests.crash.seam import Watched

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator


@dataclass
class Expected:
    """A message that was sent, or is to be.

    Everyone in `to` must be shown TEXT, and `sender` must get an acknowledgement if `ack`.
    """

    text: str
    sender: str
    to: tuple[str, ...]
    ack: bool = False


@dataclass
class Shown:
    """A line of the journal."""

    me: str
    id: str
    text: str
    good: bool
    again: bool


@dataclass
class World:
    """A queue in the directory PLACE."""

    place: Path
    expected: list[Expected] = field(default_factory=list)
    bad: set[str] = field(default_factory=set)
    warnings: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.queue = QueueLayout(str(self.place / "queue"))
        self.journal = self.place / "journal"

    def make(self, *agents: str) -> None:
        """Make the queue, with a mailbox for each of AGENTS and the user."""
        registry.make_queue(self.queue, tracked=False)
        registry.register(self.queue, list(agents), 0)

    def mailbox(self, me: str) -> Mailbox:
        """Return the mailbox of ME, whose warnings are kept."""
        return Mailbox(self.queue.root, me, warn=self.warnings.append)

    def expect(self, text: str, to: tuple[str, ...], *, sender: str = "ann", ack: bool = False) -> bytes:
        """Return the body of a message that is about to be sent."""
        self.expected.append(Expected(text, sender, to, ack))
        return text.encode()

    def show(self, me: str, item: Drained) -> None:
        """Show ITEM: write it into the journal, and notify the watcher of the steps."""
        if isinstance(durable.syscalls, Watched):
            durable.syscalls.note("show", item.id)
        line = json.dumps({
            "me": me,
            "id": item.id,
            "text": item.text,
            "good": item.header is not None,
            "again": item.redelivered or item.on_its_way,
        })  # fmt: skip
        append_line(self.journal, line)

    def waiting(self) -> list[str]:
        """Return the agents that have mail, or the record of a drain."""
        places = ((handle, (agent.inbox_new, agent.drains)) for handle, agent in self.agents())
        return [handle for handle, paths in places if any(map(_holds_something, paths))]

    def drain(self, me: str, limit: int = 0) -> int:
        """Drain the mail of ME and show it; return how much was claimed."""
        with self.mailbox(me).drain(limit) as mail:
            for batch in mail.batches():
                for item in batch:
                    self.show(me, item)
        return mail.count

    def read(self, me: str, identifier: str) -> None:
        """Read a message of ME as `amq read` does: if it is new claim it, show it, and file it."""
        mailbox = self.mailbox(me)
        message, box = mailbox.peek(identifier)
        if box != "new":
            return
        with mailbox.drain(ack=False, only=[identifier]) as mail:
            for batch in mail.batches():
                for item in batch:
                    self.show(me, item)
        if mail.unreadable:
            raise mail.unreadable[0]
        if mail.elsewhere:
            self.show(me, Drained(identifier, message.header, message.text, 0, redelivered=True, acked=False))

    def finish(self) -> None:
        """Do what the agents do next: acknowledge what a warning asks for, and drain until nothing comes."""
        for told in re.findall(r"amq ack --id (\S+)`", " ".join(self.warnings)):
            self.mailbox("bob").acknowledge(told)
        for _ in range(3):
            for handle in self.waiting():
                self.drain(handle)

    def shown(self) -> list[Shown]:
        """Return all that has been shown, without an output cut off by a death."""
        return [Shown(**json.loads(line)) for line in lines(self.journal) if line.endswith("}")]

    # -- looking at the disk -------------------------------------------------------------------------------------------

    def agents(self) -> Iterator[tuple[str, AgentLayout]]:
        """Yield every existing mailbox."""
        for handle in registry.mailboxes(self.queue):
            yield handle, self.queue.agent(handle)

    def filed(self, handle: str) -> dict[str, set[str]]:
        """Return the ids of the good messages in the inbox of HANDLE, by their text."""
        agent = self.queue.agent(handle)
        mail = (path for box in (agent.inbox_new, agent.inbox_cur) for path in regular_files(box))
        return _by_text((_text(path), path.stem) for path in mail if path.stem not in self.bad)

    def copies(self) -> list[dict[str, set[str]]]:
        """Return the copies of each expected message that are filed with each recipient."""
        return [self.filed(handle) for handle in sorted({handle for each in self.expected for handle in each.to})]

    def litter(self) -> list[str]:
        """Return the temporary files, wherever they are."""
        known = re.compile(
            r"meta/(leases/(\.lock|[^/.]+\.json)|config\.json|\.lock)|\.gitignore|agents/[^/]+/(presence\.json|"
            r"(inbox/(new|cur)|outbox/sent|dlq/(new|cur))/[^/]+\.md|acks/(sent|received)/[^/]+\.json|receipts/[^/]+\.json|"
            r"\.amq/(lock|calm|remote\.json|drains/[^/]+|refused/[^/]+))"
        )
        found = []
        for directory, _, names in os.walk(self.queue.root):
            relative = (os.path.relpath(os.path.join(directory, name), self.queue.root) for name in names)
            found += [name for name in relative if not known.fullmatch(name)]
        return found

    def records(self) -> list[str]:
        """Return the drain records."""
        return [str(path) for _, agent in self.agents() for path in regular_files(agent.drains)]


_PRIVATE = re.compile(r"(.*/)?(tmp/[^/]+|\.[^/]+)")


def is_private(path: str) -> bool:
    """Return whether a path below the queue is one that no reader looks at, where a death may leave something."""
    return _PRIVATE.fullmatch(path) is not None


def regular_files(path: str) -> list[Path]:
    """Return the regular files in a directory, none if it is missing."""
    try:
        with os.scandir(path) as entries:
            return [Path(entry.path) for entry in entries if entry.is_file(follow_symlinks=False)]
    except FileNotFoundError:
        return []


def _by_text(pairs: Iterable[tuple[str, str]]) -> dict[str, set[str]]:
    found: dict[str, set[str]] = {}
    for text, identifier in pairs:
        found.setdefault(text, set()).add(identifier)
    return found


def _holds_something(path: str) -> bool:
    return bool(_names(path))


def append_line(path: Path, line: str) -> None:
    """Add a line to a file in one write.

    It begins with a line end, because a SIGKILL can tear even that at the end of a page.
    """
    fd = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    try:
        os.write(fd, f"\n{line}\n".encode())
    finally:
        os.close(fd)


def lines(path: Path) -> list[str]:
    """Return the lines that were added to a file, torn or not; none if it is missing."""
    return list(filter(None, path.read_text().split("\n"))) if path.exists() else []


def _text(path: Path) -> str:
    return _parsed(path.read_bytes(), path.stem)


@cache
def _parsed(data: bytes, identifier: str) -> str:
    return parse(data, identifier).text.removesuffix("\n")


# -- what must hold ---------------------------------------------------------------------------------------------------


def broken_files(world: World) -> Iterator[str]:
    """Yield public files that are not whole: there must be none at any instant."""
    texts = {each.text for each in world.expected}
    for handle, agent in world.agents():
        for box in (agent.inbox_new, agent.inbox_cur, agent.sent):
            for path in regular_files(box):
                if path.stem in world.bad or path.suffix != ".md":
                    continue
                try:
                    if _text(path) not in texts:
                        yield f"{handle}: {path.name} is not what was sent"
                except BadMessage as error:
                    yield f"{handle}: {path.name} in {box} is partial: {error}"
        for box in (agent.acks_sent, agent.acks_received):
            for path in regular_files(box):
                if path.suffix == ".json" and "received" not in _json(path):
                    yield f"{handle}: {path.name} in {box} is partial"
    if os.path.exists(world.queue.registry) and "agents" not in _json(Path(world.queue.registry)):
        yield "the registry is partial"


def _json(path: Path) -> dict[str, Any]:
    try:
        found: dict[str, Any] = json.loads(path.read_bytes())
    except ValueError:
        return {}
    return found


def broken_promises(world: World, *, doubled: bool = False) -> Iterator[str]:
    """Yield the broken promises after all was repeated and drained: nothing lost, partial, or shown twice unmarked.

    `doubled`: a writer died before it knew the id, so that the repeated message may be there under two.
    """
    yield from broken_files(world)
    shown = world.shown()
    for handle in {handle for expected in world.expected for handle in expected.to}:
        filed = world.filed(handle)
        here = _by_text((each.text.removesuffix("\n"), each.id) for each in shown if each.me == handle and each.good)
        for expected in world.expected:
            if handle in expected.to:
                ids = here.get(expected.text, set()), filed.get(expected.text, set())
                yield from _delivery(expected, handle, *ids, most=2 if doubled else 1)
                yield from _acknowledgements(world, expected, handle, ids[0])
    unmarked = Counter((each.me, each.id) for each in shown if not each.again)
    for (handle, identifier), times in unmarked.items():
        if times > 1:
            yield f"{handle}: {identifier} was shown {times} times without saying so"
    for handle, agent in world.agents():
        yield from (f"{handle}: {name} is still in new" for name in os.listdir(agent.inbox_new))
    yield from _put_away(world)
    for path in world.records():
        yield f"a drain record is left: {path}"


def _delivery(expected: Expected, handle: str, here: set[str], filed: set[str], *, most: int) -> Iterator[str]:
    """Yield the faults of one delivery.

    HERE are the ids under which it was shown, FILED those under which it is in the inbox.
    """
    if not here:
        yield f"{handle}: {expected.text!r} was never shown"
    if here != filed:
        yield f"{handle}: {expected.text!r} was shown as {sorted(here)} and filed as {sorted(filed)}"
    if len(here) > most:
        yield f"{handle}: {expected.text!r} was delivered {len(here)} times"


def _acknowledgements(world: World, expected: Expected, handle: str, ids: set[str]) -> Iterator[str]:
    for identifier in ids if expected.ack else ():
        yield from _acknowledgement(world, expected, handle, identifier)


def _acknowledgement(world: World, expected: Expected, handle: str, identifier: str) -> Iterator[str]:
    mine = Path(world.queue.agent(handle).acks_sent) / f"{identifier}.json"
    theirs = [
        path
        for path in regular_files(world.queue.agent(expected.sender).acks_received)
        if path.name.startswith(identifier) and _json(path).get("from") == handle
    ]
    if not mine.exists():
        yield f"{handle}: {identifier} was not acknowledged"
    elif [path.read_bytes() for path in theirs] != [mine.read_bytes()]:
        yield f"{handle}: {expected.sender} has {len(theirs)} acknowledgements of {identifier}, or another one"


def _put_away(world: World) -> Iterator[str]:
    """Check that each bad message is kept once: below the envelope of a dead letter, or moved aside."""
    kept: Counter[str] = Counter()
    for _, agent in world.agents():
        letters = (path for box in (agent.dlq_new, agent.dlq_cur) for path in regular_files(box))
        kept.update(open_bytes(path.read_bytes(), path.stem, "")[0].message_id for path in letters)
        kept.update(name.removesuffix(".md") for name in _names(agent.refused))
    for identifier in sorted(world.bad | set(kept)):
        if kept[identifier] != (identifier in world.bad):
            yield f"the bad message {identifier} is kept {kept[identifier]} times"


def _names(path: str) -> list[str]:
    return os.listdir(path) if os.path.isdir(path) else []
