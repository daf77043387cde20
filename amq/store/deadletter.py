"""Dead letters: files that are no messages, put away where they stop nobody and lose nothing.

An envelope says what was wrong; the original stands below it byte for byte. What can not be copied (not a file, too
large, unreadable, a name that could not be given back) is moved aside as it is, into the mailbox's private state.
"""

from __future__ import annotations

from amq import jsontext
from amq.errors import BadMessage
from amq.instants import format_seconds
from amq.message import MAX_FILE_BYTES
from amq.names import SUFFIX, is_safe_name
from amq.record import record
from amq.store import durable
from amq.store.durable import Directory
from amq.store.locks import open_state

TYPE_CHECKING = False
if TYPE_CHECKING:
    from amq.layout import AgentLayout

SCHEMA = "amq/dlq/v1"


@record
class Put:
    """Where a bad message went: a dead letter of this id, or the path of what could only be moved aside."""

    letter: str = ""
    aside: str = ""


def put_away(agent: AgentLayout, identifier: str, error: BadMessage, letter: str, now: int) -> Put | None:
    """Take a bad message out of `new`; None if it has gone already. LETTER is the new dead letter's id."""
    with Directory(agent.inbox_new) as new:
        try:
            copy = original(new, identifier)
            if copy is None:
                return Put(aside=_move_aside(agent, new, identifier, letter))
            _write(agent, letter, envelope(letter, identifier, error, now) + copy)
            durable.steps.unlink(new, identifier + SUFFIX)
        except FileNotFoundError:
            return None
        durable.sync(new)
        return Put(letter=letter)


def original(new: Directory, identifier: str) -> bytes | None:
    """The bytes that a dead letter would keep; None if the file can only be moved aside. Raises OSError."""
    if not is_safe_name(identifier):
        return None
    try:
        data = durable.read_regular(new, identifier + SUFFIX, MAX_FILE_BYTES + 1)
    except PermissionError:
        return None
    return None if data is None or len(data) > MAX_FILE_BYTES else data


def envelope(letter: str, identifier: str, error: BadMessage, now: int) -> bytes:
    """The bytes that stand before the original."""
    fields = {
        "schema": SCHEMA,
        "id": letter,
        "original_id": identifier,
        "original_file": identifier + SUFFIX,
        "failure_reason": error.reason,
        "failure_detail": error.message,
        "failure_time": format_seconds(now),
        "retry_count": 0,
        "source_dir": "new",
    }
    return f"---\n{jsontext.render(fields)}\n---\n".encode()


def _write(agent: AgentLayout, letter: str, data: bytes) -> None:
    with Directory(agent.dlq_tmp) as tmp, Directory(agent.dlq_new) as new:
        durable.publish_new(tmp, letter + SUFFIX, new, letter + SUFFIX, data)
        durable.sync(new)


def _move_aside(agent: AgentLayout, new: Directory, identifier: str, letter: str) -> str:
    """Keep it under its own name, or if that was refused before, under the id that its dead letter would have had."""
    name = kept = identifier + SUFFIX
    with open_state(agent, agent.refused) as refused:
        try:
            durable.move(new, name, refused, kept)
        except FileExistsError:
            kept = letter + SUFFIX
            durable.move(new, name, refused, kept)
        durable.sync(refused)
        durable.sync(new)
        return f"{refused.path}/{kept}"
