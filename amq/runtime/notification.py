"""The one line that tells an agent of its mail. Nothing of a peer's is in it but validated handles."""

from __future__ import annotations

import re
from collections.abc import Sequence

from amq.names import is_handle
from amq.runtime.typed import Notification

LONGEST = 200  # bytes
COMMAND = "amq"

_PLAIN_PATH = re.compile(r"/[A-Za-z0-9_./+,-]*")
_DIGIT = re.compile(r"[0-9]")


def notification(senders: Sequence[str], command: str = COMMAND) -> Notification:
    """For one message from each of SENDERS, oldest first; an empty name is a message that could not be read.

    COMMAND is how the agent's shell finds amq. The line has no character that a shell would act on.
    """
    known = [sender for sender in dict.fromkeys(senders) if is_handle(sender)]
    count = len(senders)
    one = count == 1
    without_digits = COMMAND if _DIGIT.search(command) else command
    return Notification(
        text=_line(f"{count} new message{'' if one else 's'}", known, command),
        without_digits=_line(
            "a new message" if one else "new messages",
            [sender for sender in known if not _DIGIT.search(sender)],
            without_digits,
        ),
    )


def is_typeable(path: str) -> bool:
    """Whether an absolute path can stand in a notification: no character that means anything to a shell."""
    return _PLAIN_PATH.fullmatch(path) is not None and len(path) <= LONGEST // 2


def _line(what: str, senders: list[str], command: str) -> str:
    """With as many senders as there is room for."""
    for shown in range(len(senders), -1, -1):
        names = ", ".join(senders[:shown])
        others = "" if shown == len(senders) else " and others"
        origin = f" from {names}{others}" if shown else ""
        line = f"amq: {what}{origin}. Run: {command} drain --include-body"
        if len(line) <= LONGEST:
            return line
    raise ValueError(f"no line of {LONGEST} bytes has room for {command}")
