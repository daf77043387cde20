"""The files that a search looks into, and the text of each that is searched."""

from __future__ import annotations

from amq.mail.search_terms import words_of
from amq.message import parse
from amq.names import is_message_name
from amq.record import record
from amq.store import durable, maildir
from amq.store.durable import Directory

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

    from amq.layout import RootedPath
    from amq.message import Message

SEARCHED_BYTES = 256 * 1024
"""The part of a body that is searched."""


@record
class Place:
    """A directory of messages in the mailbox of `holder`, with all names in it at one instant.

    `files` has the inode of each, or 0 for what is not a regular file.
    """

    holder: str
    path: RootedPath
    identity: str
    files: Mapping[str, int]

    def messages(self) -> dict[str, int]:
        """Return those of `files` that are messages by their names."""
        return {name: inode for name, inode in self.files.items() if inode and is_message_name(name)}


def listed(holder: str, path: RootedPath) -> Place:
    """Return what is in the directory PATH. Raises OSError."""
    with Directory(path) as directory:
        files = durable.entries(directory)
        found = durable.syscalls.stat(directory.fd) if directory.fd is not None else None
        return Place(holder, path, f"{found.st_dev} {found.st_ino}" if found else "", files)


def read(directory: Directory, identifier: str) -> Message:
    """Return a message. Raises BadMessage, or OSError if it has gone or cannot be read."""
    return parse(maildir.read_whole(directory, identifier), identifier)


def texts(message: Message) -> tuple[str, str]:
    """Return the words of a message that are searched: those of its subject, and of its body."""
    return words_of(message.header.subject), words_of(body_text(message))


def body_text(message: Message) -> str:
    """Return the part of a body that is searched, as text."""
    return message.body[:SEARCHED_BYTES].decode("utf-8", "replace")
