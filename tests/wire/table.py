"""A clause of the wire format, and its proof: files that amq reads, files that amq writes, or a named test.

A file to read is left in bob's `new` and drained. A written file is compared byte for byte.
"""

from __future__ import annotations

import json
import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from amq.instants import parse_instant
from amq.layout import QueueLayout
from amq.mail.draining import Drained
from amq.mail.mailbox import Mailbox
from amq.message import header_object
from amq.store import registry
from tests.samples import CREATED, HEADER, ID, header

if TYPE_CHECKING:
    from collections.abc import Callable

TESTS = Path(__file__).parent.parent
NOW = parse_instant(CREATED)


class Place:
    """A queue of alice, bob and carol with a fixed instant and fixed random numbers."""

    def __init__(self, root: Path) -> None:
        self.queue = QueueLayout(str(root))
        self.root = root
        registry.make_queue(self.queue, tracked=False)
        registry.register(self.queue, ["alice", "bob", "carol"], NOW)

    def mailbox(self, me: str, later: int = 0) -> Mailbox:
        """Return the mailbox of ME, LATER nanoseconds after the fixed instant."""
        chance = bytes.fromhex("0a1b2c3d0a1b2c3d")
        return Mailbox(str(self.root), me, clock=lambda: NOW + later, random=lambda count: chance[:count])

    def path(self, *parts: str) -> Path:
        """Return a path in the queue, where `bob/…` is below the agents."""
        return self.root.joinpath("agents", *parts)

    def put(self, path: str, data: bytes) -> Path:
        """Leave a file there."""
        self.path(path).write_bytes(data)
        return self.path(path)

    def drain(self) -> list[Drained]:
        """Drain bob's mail."""
        with self.mailbox("bob").drain(0) as mail:
            return list(mail)


@dataclass(frozen=True)
class Taken:
    """A file that is a message: its header, in the strict form, and its body; it goes to `cur` as it is."""

    what: str
    data: bytes
    header: dict[str, Any]
    body: bytes = b"hello\n"
    identifier: str = ID

    def hold(self, place: Place) -> None:
        """Check it."""
        place.put(f"bob/inbox/new/{self.identifier}.md", self.data)
        (item,) = place.drain()
        assert item.header is not None, item.error
        assert json.dumps(header_object(item.header)) == json.dumps(self.header)
        assert item.text == self.body.decode("utf-8", "replace")
        assert place.path("bob/inbox/cur", f"{self.identifier}.md").read_bytes() == self.data


@dataclass(frozen=True)
class Refused:
    """A file that is a bad message: it becomes a dead letter with this reason, the original byte for byte."""

    what: str
    data: bytes
    reason: str = "invalid_header"
    name: str = f"{ID}.md"

    def hold(self, place: Place) -> None:
        """Check it; a file that cannot be a dead letter, for its size or its name, is moved aside unchanged."""
        path = place.put(f"bob/inbox/new/{self.name}", self.data)
        (item,) = place.drain()
        assert item.error is not None
        assert item.error.reason == self.reason
        assert not path.exists()
        if not item.to_dlq:
            assert place.path("bob/.amq/refused", self.name).read_bytes() == self.data
            return
        (letter,) = place.mailbox("bob").letters()
        assert (letter.envelope["failure_reason"], letter.envelope["original_file"]) == (self.reason, self.name)
        assert place.mailbox("bob").letter(letter.id).original == self.data


@dataclass(frozen=True)
class NotMail:
    """A name that is not a message's: the file stays where it is."""

    what: str
    name: str

    def hold(self, place: Place) -> None:
        """Check it."""
        path = place.put(f"bob/inbox/new/{self.name}", b"x")
        assert place.drain() == []
        assert path.read_bytes() == b"x"


@dataclass(frozen=True)
class Written:
    """The files left by an act, byte for byte; `{pid}` stands for this process's id, in names and in content."""

    what: str
    act: Callable[[Place], object]
    files: dict[str, str]

    def hold(self, place: Place) -> None:
        """Check it."""
        self.act(place)
        pid = str(os.getpid())
        for name, content in self.files.items():
            found = place.root.joinpath(name.replace("{pid}", pid)).read_bytes().decode()
            assert found == content.replace("{pid}", pid)


@dataclass(frozen=True)
class Holds:
    """Any other check, which asserts."""

    what: str
    check: Callable[[Place], None]

    def hold(self, place: Place) -> None:
        """Check it."""
        self.check(place)


@dataclass(frozen=True)
class Elsewhere:
    """A test of that name, in that file, which shows the clause; here it is only checked that the test exists."""

    file: str
    test: str

    @property
    def what(self) -> str:
        """Return where it is."""
        return f"{self.file}: {self.test}"

    def hold(self, _: Place) -> None:
        """Check that the test exists."""
        assert f"def {self.test}(" in (TESTS / self.file).read_text()


Case = Taken | Refused | NotMail | Written | Holds | Elsewhere


@dataclass(frozen=True)
class Clause:
    """A sentence of the wire format, in amq's words, and the cases that show it."""

    says: str
    cases: tuple[Case, ...]


def taken(what: str, data: bytes, body: bytes = b"hello\n", /, **changes: Any) -> Taken:
    """Return a check that DATA is read as the good message with CHANGES."""
    strict = header(**changes)
    keys = ["schema", "id", "from", "to", "thread", "subject", "created", "ack_required"]
    keys += ["refs", "priority", "kind", "labels", "context"]
    known = {key: strict[key] for key in keys if key in strict}
    return Taken(what, data, known | strict, body, strict["id"])


def plain(what: str, data: bytes) -> Refused:
    """Return a check that DATA has no header and body."""
    return Refused(what, data, "parse_error")


assert HEADER["id"] == ID
