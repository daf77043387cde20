"""The messages that a search or a log is asked for, by their headers. Pure."""

from __future__ import annotations

from amq.record import record

TYPE_CHECKING = False
if TYPE_CHECKING:
    from amq.mail.summary import Summary
    from amq.message import Header


@record
class Filter:
    """Demands on a message; an empty field demands nothing. Instants are nanoseconds since the epoch."""

    sender: str = ""
    recipient: str = ""
    thread: str = ""
    kind: str = ""
    since_ns: int | None = None
    until_ns: int | None = None

    def takes(self, header: Header | Summary) -> bool:
        """Return whether the message is wanted; `until_ns` is the first instant that is not."""
        return (
            self.sender in ("", header.sender)
            and self.thread in ("", header.conversation)
            and self.kind in ("", header.kind)
            and (self.since_ns is None or header.created_ns >= self.since_ns)
            and (self.until_ns is None or header.created_ns < self.until_ns)
            and (not self.recipient or self.recipient in header.to)
        )
