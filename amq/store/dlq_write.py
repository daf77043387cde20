"""Dead letters: files that are not messages, put away where they block no one and nothing is lost.

An envelope says what was wrong; the original follows it byte for byte. A file that cannot be copied (not a regular
file, too large, a name that could not be given back) is moved aside unchanged, into the mailbox's private state. A file
that cannot be read becomes neither: whether anything is wrong with it is not known.
"""

from __future__ import annotations

from amq import jsontext
from amq.errors import BadMessage
from amq.instants import format_seconds
from amq.names import SUFFIX, is_safe_name
from amq.record import record
from amq.store import dlq_read, durable, maildir
from amq.store.durable import Directory
from amq.store.locks import mailbox_lock, open_state

TYPE_CHECKING = False
if TYPE_CHECKING:
    from amq.layout import AgentLayout

SCHEMA = "amq/dlq/v1"


@record
class Put:
    """The new place of a bad message: the id of its dead letter, or the path of a file that was moved aside."""

    letter: str = ""
    aside: str = ""


def to_dead_letter(agent: AgentLayout, identifier: str, error: BadMessage, temporary: str, now: int) -> Put | None:
    """Take a bad message out of `new` and return its new place; None if it has gone. TEMPORARY is a unique name.

    The same file always gets the same letter: if a process dies between writing the letter and removing the message,
    the next one finds the letter.
    """
    with mailbox_lock(agent), Directory(agent.inbox_new) as new:
        try:
            copy = original(new, identifier)
            if copy is None:
                return Put(aside=_move_aside(agent, new, identifier, temporary))
            letter = _letter_id(durable.syscalls.look(new, identifier + SUFFIX).st_mtime_ns, identifier, copy)
            if not _keep(agent, letter, envelope(letter, identifier, error, now), copy, temporary):
                return Put(aside=_move_aside(agent, new, identifier, temporary))
            durable.syscalls.unlink(new, identifier + SUFFIX)
        except FileNotFoundError:
            if durable.exists(new, identifier + SUFFIX):  # our own temporary file was swept away
                raise
            return None
        durable.sync(new)
        return Put(letter=letter)


def original(new: Directory, identifier: str) -> bytes | None:
    """Return the bytes for a dead letter to keep; None if the file can only be moved aside. Raises OSError."""
    try:
        return maildir.read_whole(new, identifier) if is_safe_name(identifier) else None
    except BadMessage:
        return None


def envelope(letter: str, identifier: str, error: BadMessage, now: int) -> bytes:
    """Return the bytes before the original."""
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


def _letter_id(came: int, identifier: str, copy: bytes) -> str:
    """Return the id of the dead letter of a file written at the instant CAME; it depends on the file alone."""
    import hashlib  # for bad messages only: it is slow to import

    digest = hashlib.sha256(identifier.encode() + b"\0" + copy).hexdigest()
    return f"dlq_{came}_0_{digest[:12]}"


def _keep(agent: AgentLayout, letter: str, head: bytes, copy: bytes, temporary: str) -> bool:
    """Ensure that the letter is on the disk, written now unless it is there; False if another letter has its name."""
    name = letter + SUFFIX
    with Directory(agent.dlq_tmp) as tmp, Directory(agent.dlq_new) as new, Directory(agent.dlq_cur) as cur:
        there = next((box for box in (new, cur) if durable.exists(box, name)), None)
        if there is None:
            durable.publish_new(tmp, temporary, new, name, head + copy)
        elif not _holds(there, letter, copy):
            return False
        durable.sync(there or new)
    return True


def _holds(box: Directory, letter: str, copy: bytes) -> bool:
    try:
        return dlq_read.read(box, letter, "")[1] == copy
    except BadMessage:
        return False


def _move_aside(agent: AgentLayout, new: Directory, identifier: str, temporary: str) -> str:
    """Move it aside under its own name, or under TEMPORARY if that is taken; return its path."""
    name = kept = identifier + SUFFIX
    with open_state(agent, agent.refused) as refused:
        try:
            if not durable.move_exclusive(new, name, refused):
                raise FileNotFoundError(name)
        except FileExistsError:
            kept = temporary + SUFFIX
            durable.move(new, name, refused, kept)
        durable.sync(refused)
        durable.sync(new)
        return f"{refused.path}/{kept}"
