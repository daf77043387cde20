"""The parts of a message that lists show, as a tuple: large boxes make tens of thousands of them.

It has the names of `Header` for what it holds, and those of `Entry` in `mail/threads`, so it serves in place of either.
"""

from __future__ import annotations

from operator import itemgetter

from amq import jsontext
from amq.names import SUFFIX

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any, Self

    from amq.layout import RootedPath
    from amq.message import Header

CREATED_NS, ID, HOLDER, DIRECTORY, SENDER, TO, CONVERSATION, SUBJECT, CREATED, PRIORITY, KIND, LABELS, REFS, EXTRA = (
    range(14)
)
"""The places in a summary. What holds several values is text: handles with commas between, or JSON."""


if TYPE_CHECKING:
    Values = tuple[Any, ...]
else:
    Values = tuple


class Summary(Values):
    """A message in a directory of the mailbox of `holder`. Summaries sort by time, then by id."""

    __slots__ = ()

    created_ns: int = property(itemgetter(CREATED_NS))  # type: ignore[assignment]
    id: str = property(itemgetter(ID))  # type: ignore[assignment]
    holder: str = property(itemgetter(HOLDER))  # type: ignore[assignment]
    directory: RootedPath = property(itemgetter(DIRECTORY))  # type: ignore[assignment]
    sender: str = property(itemgetter(SENDER))  # type: ignore[assignment]
    conversation: str = property(itemgetter(CONVERSATION))  # type: ignore[assignment]
    subject: str = property(itemgetter(SUBJECT))  # type: ignore[assignment]
    created: str = property(itemgetter(CREATED))  # type: ignore[assignment]
    priority: str = property(itemgetter(PRIORITY))  # type: ignore[assignment]
    kind: str = property(itemgetter(KIND))  # type: ignore[assignment]

    @property
    def to(self) -> list[str]:
        """The recipients."""
        return str(self[TO]).split(",")

    @property
    def labels(self) -> list[str]:
        """The labels."""
        return _texts(self[LABELS])

    @property
    def refs(self) -> list[str]:
        """The ids of the messages that it answers."""
        return _texts(self[REFS])

    @property
    def extra(self) -> dict[str, Any]:
        """The unknown keys of its header."""
        return jsontext.parse(self[EXTRA]) if self[EXTRA] else {}

    @property
    def box(self) -> str:
        """The name of the directory: `new`, `cur`, `sent`."""
        return self.directory.name

    @property
    def path(self) -> str:
        """The path of the file."""
        return f"{self.directory}/{self.id}{SUFFIX}"

    @property
    def header(self) -> Self:
        """The summary itself, where an `Entry` has a header."""
        return self

    @property
    def text(self) -> None:
        """None: a summary has no body."""
        return


def of_header(header: Header, holder: str, directory: RootedPath) -> Summary:
    """Return the summary of the message HEADER in DIRECTORY of the mailbox of HOLDER."""
    return Summary((
        header.created_ns, header.id, holder, directory, header.sender, ",".join(header.to), header.conversation,
        header.subject, header.created, header.priority, header.kind,
        _json(header.labels), _json(header.refs), _json(header.extra),
    ))  # fmt: skip


def _json(value: Sequence[str] | dict[str, Any]) -> str:
    return jsontext.render(value, indent=None) if value else ""


def _texts(text: str) -> list[str]:
    return jsontext.parse(text) if text else []
