"""Read and change dead letters. The envelope may come from another program; the original is kept byte for byte."""

from __future__ import annotations

from contextlib import suppress

from amq import jsontext
from amq.errors import BadMessage, why
from amq.instants import parse_instant
from amq.message import MAX_FILE_BYTES
from amq.names import SUFFIX, is_safe_name
from amq.record import record
from amq.store import durable
from amq.store.durable import Directory

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from typing import Any

    from amq.layout import AgentLayout

_MAX_ENVELOPE = 2 * 1024 * 1024  # its failure_detail may quote a whole header, escaped
_HEAD_BYTES = 4096
_OPENING, _CLOSING = b"---\n", b"\n---\n"
_TEXTS = ("original_id", "original_file", "failure_reason", "failure_detail", "failure_time")


@record
class Letter:
    """A dead letter: its file's name, its box (new, cur), and its envelope.

    `envelope` has its known keys checked; it is empty where `error` says why it cannot be understood.
    """

    id: str
    box: str
    envelope: dict[str, Any]
    error: str = ""

    @property
    def retries(self) -> int:
        """The number of failed retries."""
        count: int = self.envelope.get("retry_count", 0)
        return count

    @property
    def failed_ns(self) -> int | None:
        """The instant at which the message was put away, in nanoseconds since the epoch; None if that is not known."""
        try:
            return parse_instant(self.envelope.get("failure_time", ""))
        except ValueError:
            return None

    @property
    def message_id(self) -> str:
        """The id under which to deliver the message again; raises BadMessage if that cannot be a file's name."""
        name: str = self.envelope.get("original_file", "")
        identifier = name.removesuffix(SUFFIX)
        if identifier == name or not is_safe_name(identifier):
            raise BadMessage(f"original_file {name!r} is not a message's file name")
        return identifier


def look(directory: Directory, identifier: str, box: str) -> Letter | None:
    """Return the dead letter without its original, reading only as much as that takes; None if it is not there."""
    try:
        data = _read(directory, identifier, _HEAD_BYTES)
        if _CLOSING not in data and len(data) == _HEAD_BYTES:
            data = _read(directory, identifier, _MAX_ENVELOPE)
        return open_bytes(data, identifier, box)[0]
    except FileNotFoundError:
        return None
    except (BadMessage, OSError) as error:
        return Letter(identifier, box, {}, why(error))


def originals(directory: Directory, names: Iterable[str], box: str) -> Iterator[Any]:
    """Yield what the envelope of each of the dead letters NAMES in BOX calls the id of its original."""
    looks = (look(directory, name, box) for name in names)
    return (letter.envelope.get("original_id") for letter in looks if letter)


def read(directory: Directory, identifier: str, box: str) -> tuple[Letter, bytes]:
    """Return a dead letter and the original below its envelope (the whole file, if that cannot be understood).

    Raises OSError, or BadMessage if it is not a regular file.
    """
    return open_bytes(_read(directory, identifier, _MAX_ENVELOPE + MAX_FILE_BYTES), identifier, box)


def open_bytes(data: bytes, identifier: str, box: str) -> tuple[Letter, bytes]:
    """Return the letter in the bytes of the file `<identifier>.md`, and its original."""
    # A JSON string cannot contain a line end, so the first closing line is the envelope's own.
    head, found, original = data.partition(_CLOSING)
    try:
        if not head.startswith(_OPENING) or not found:
            raise ValueError("its envelope is missing")
        return Letter(identifier, box, _envelope(head.removeprefix(_OPENING))), original
    except ValueError as error:
        return Letter(identifier, box, {}, f"the envelope cannot be parsed: {error}"), data


def _envelope(text: bytes) -> dict[str, Any]:
    wire = jsontext.parse(text)
    if type(wire) is not dict:
        raise ValueError("not a JSON object")
    for key in _TEXTS:
        if type(wire.setdefault(key, "")) is not str:
            raise ValueError(f"{key} is not a string")
    if type(wire.setdefault("retry_count", 0)) is not int or wire["retry_count"] < 0:
        raise ValueError("retry_count is not a number of retries")
    return wire


def _read(directory: Directory, identifier: str, most: int) -> bytes:
    data = durable.read_regular(directory, identifier + SUFFIX, most)
    if data is None:
        raise BadMessage("not a regular file", "parse_error")
    return data


def rewrite(agent: AgentLayout, box: Directory, letter: Letter, original: bytes, temporary: str) -> None:
    """Replace the file of LETTER by its present state, to the disk. TEMPORARY is a free name."""
    data = _OPENING + jsontext.render(letter.envelope).encode() + _CLOSING + original
    with Directory(agent.dlq_tmp) as tmp:
        durable.replace_file(box, letter.id + SUFFIX, temporary, data, staging=tmp)


def redeliver(agent: AgentLayout, letter: Letter, original: bytes, temporary: str) -> None:
    """Publish the message in `new`; the letter stays. Raises FileExistsError rather than replace a message."""
    with Directory(agent.inbox_tmp) as tmp, Directory(agent.inbox_new) as new:
        durable.publish_new(tmp, temporary, new, letter.message_id + SUFFIX, original)


def remove_letter(agent: AgentLayout, box: Directory, letter: Letter) -> None:
    """Remove a letter whose message is in the inbox again, once that is there for good. Raises OSError."""
    for path in (agent.inbox_new, agent.inbox_cur):
        with Directory(path) as inbox:
            durable.sync(inbox)
    with suppress(FileNotFoundError):
        durable.syscalls.unlink(box, letter.id + SUFFIX)
    durable.sync(box)
