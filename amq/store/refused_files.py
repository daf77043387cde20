"""Files that were found among the mail and moved aside unchanged, because they could not become dead letters.

They are listed with the dead letters, in the box `refused`. A good message may be among them: older versions moved
aside files that could not be read for a moment.
"""

from __future__ import annotations

import os
import re
from contextlib import suppress

from amq import jsontext
from amq.errors import BadMessage, why
from amq.instants import format_seconds
from amq.message import Message, parse, split_header
from amq.names import SUFFIX
from amq.store import durable, maildir
from amq.store.dlq_read import Letter
from amq.store.durable import Directory

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from amq.layout import AgentLayout

BOX = "refused"
_TEMPORARY = re.compile(r"\d+_\d+_[0-9a-f]{8}")
"""The name of a file moved aside while its own name was taken."""


def look(refused: Directory, identifier: str) -> Letter | None:
    """Return the file moved aside under this name, and why it is not mail; None if it is not there (any more)."""
    error, moved = "", 0
    try:
        moved = durable.syscalls.look(refused, identifier + SUFFIX).st_ctime_ns
        original, detail = _judge(maildir.read_whole(refused, identifier), identifier)
    except FileNotFoundError:
        return None
    except (BadMessage, OSError) as failure:
        error = f"{why(failure)}: {os.path.join(refused.path, identifier + SUFFIX)}"
        original, detail = identifier, error
    return Letter(identifier, BOX, _described(original, detail, moved), error)


def _judge(data: bytes, identifier: str) -> tuple[str, str]:
    """Return the id under which it can be delivered, and what it is."""
    try:
        return message(data, identifier).header.id, "a valid message; deliver it: amq dlq retry"
    except BadMessage as error:
        return identifier, str(error)


def _described(original: str, detail: str, moved: int) -> dict[str, Any]:
    return {
        "original_id": original,
        "original_file": original + SUFFIX,
        "failure_detail": detail,
        "failure_time": format_seconds(moved),
    }


def message(data: bytes, identifier: str) -> Message:
    """Return the message in DATA, the content of the file IDENTIFIER. Raises BadMessage."""
    return parse(data, _own_id(data) if _TEMPORARY.fullmatch(identifier) else identifier)


def _own_id(data: bytes) -> str:
    """Return the id in the header, unchecked: the parser decides whether it is valid."""
    found = split_header(data, whole=True)
    assert found is not None
    try:
        identifier = jsontext.parse(found[0])["id"]
    except (ValueError, TypeError, KeyError):
        return ""
    return identifier if type(identifier) is str else ""


def redeliver(agent: AgentLayout, refused: Directory, letter: Letter) -> None:
    """Move a good message back into `new`, unless it has gone. Raises FileExistsError rather than replace one."""
    with suppress(FileNotFoundError), Directory(agent.inbox_new) as new:
        durable.move(refused, letter.id + SUFFIX, new, letter.message_id + SUFFIX)


def remove_letter(refused: Directory, letter: Letter) -> None:
    """Remove a file whose message is in the inbox already."""
    with suppress(FileNotFoundError):
        durable.syscalls.unlink(refused, letter.id + SUFFIX)


def settle(agent: AgentLayout, refused: Directory) -> None:
    """Return when a redelivered message is on the disk. Raises OSError."""
    for path in (agent.inbox_new, agent.inbox_cur):
        with Directory(path) as inbox:
            durable.sync(inbox)
    durable.sync(refused)
