"""Mail as files: deliver into inboxes, and look at their contents.

An inbox is three directories: `tmp` (being written), `new` (not shown yet), `cur` (shown). A message is one file that
never changes, so everything here adds and removes names.
"""

from __future__ import annotations

import errno
import os
import re

from amq.errors import AmqError, BadMessage, Conflict, NotFound, Uncertain, Unreadable, remedy, why
from amq.message import MAX_FILE_BYTES, Header, Message, parse, parse_header, split_header
from amq.names import SUFFIX, dated_name, is_message_name
from amq.record import record
from amq.store import durable
from amq.store.durable import Directory

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping

    from amq.layout import AgentLayout, RootedPath

HEAD_BYTES = 4096
MOST_OPENED = 1000
"""The most messages that are all opened to find those that cannot be."""
_CREATED = rb'"created": ?"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{0,8}[1-9])?)Z"'
"""Matches `created` as programs usually write it: without trailing zeros, so that one instant has one text."""


# -- delivery ---------------------------------------------------------------------------------------------------------


class _Copy:
    """One recipient's copy of a message on its way: staged in `tmp`, then published in `new`."""

    def __init__(self, handle: str, agent: AgentLayout) -> None:
        self.handle = handle
        self.staged = False
        self.published = False
        self.fd: int | None = None
        self.tmp = Directory(agent.inbox_tmp)
        try:
            self.new = Directory(agent.inbox_new)
        except BaseException:
            self.tmp.close()
            raise

    def write(self, data: bytes, temporary: str) -> None:
        """Stage it as a file of its own, locked until `close`."""
        self.fd = durable.write_new(self.tmp, temporary, data)
        self.staged = True

    def close(self) -> None:
        """Close all descriptors."""
        if self.fd is not None:
            durable.close(self.fd)
        self.new.close()
        self.tmp.close()


def deliver(data: bytes, identifier: str, to: Mapping[str, AgentLayout], sent: RootedPath, temporary: str) -> str:
    """Put the message DATA into the inbox of every recipient, by handle; on return it is there for good.

    A copy goes into the directory SENT; returns why that failed, or "". TEMPORARY is a unique name. One file is written
    and synced; the other places get links to it where the filesystem has them. Raises AmqError if nothing was
    delivered, Uncertain if some of it may have been, and Conflict if a message of this id is in one of the inboxes.
    """
    copies: list[_Copy] = []
    try:
        for handle, agent in to.items():
            copies.append(_Copy(handle, agent))
        _stage(copies, data, temporary)
        for copy in copies:
            _publish(copy, identifier, temporary)
        first = copies[0]
        unkept = keep_sent(data, identifier, sent, first.tmp, temporary, staged=first.staged)
        _finish(copies, temporary)
    except BaseException as error:
        _give_up(copies, identifier, temporary, error)
        raise
    finally:
        for copy in copies:
            copy.close()
    return unkept


def _stage(copies: list[_Copy], data: bytes, temporary: str) -> None:
    first, *others = copies
    first.write(data, temporary)
    for copy in others:
        if durable.link(first.tmp, temporary, copy.tmp, temporary):
            copy.staged = True
        else:
            copy.write(data, temporary)


def _publish(copy: _Copy, identifier: str, temporary: str) -> None:
    """Give the finished copy its public name: readers see all of it or nothing, and nothing is replaced."""
    copy.published = True  # set first: an interrupt may come right after the link
    try:
        if not durable.link(copy.tmp, temporary, copy.new, identifier + SUFFIX):
            durable.move(copy.tmp, temporary, copy.new, identifier + SUFFIX)
            copy.staged = False
    except OSError:
        copy.published = False
        raise


def keep_sent(data: bytes, identifier: str, sent: RootedPath, tmp: Directory, temporary: str, *, staged: bool) -> str:
    """Keep a copy of a sent message in the directory SENT; return why that failed, or "".

    Delivery does not depend on it, so a failure is reported and does not fail the send. `staged`: TMP has the message
    as TEMPORARY, otherwise that is a free name there. This comes before the inboxes are synced: on a journaling
    filesystem the copy then gets to the disk with them, at no cost.
    """
    name = identifier + SUFFIX
    try:
        with Directory(sent) as outbox:
            if not (staged and durable.link(tmp, temporary, outbox, name)):
                durable.publish_new(tmp, f"{temporary}_sent", outbox, name, data)
    except FileExistsError:
        return ""
    except OSError as error:
        return why(error)
    return ""


def keep_missing(data: bytes, identifier: str, agent: AgentLayout, temporary: str) -> str:
    """Keep a copy of a message that all recipients have and its sender AGENT lacks; return why that failed, or ""."""
    try:
        with Directory(agent.inbox_tmp) as tmp:
            return keep_sent(data, identifier, agent.sent, tmp, temporary, staged=False)
    except OSError as error:
        return why(error)


def confirm(identifier: str, agents: Iterable[AgentLayout]) -> None:
    """Sync the inboxes of AGENTS, which have the message: its first sender may have died before. Raises Uncertain."""
    try:
        for agent in agents:
            for path in (agent.inbox_new, agent.inbox_cur):
                with Directory(path) as directory:
                    durable.sync(directory)
    except OSError as error:
        raise _uncertain(f"{identifier} was delivered, but may not be on disk yet", identifier, error) from error


def _uncertain(what: str, identifier: str, error: BaseException) -> Uncertain:
    return Uncertain(f"{what}: {why(error)}", hint=how_to_repeat(identifier))


def how_to_repeat(identifier: str) -> str:
    """Return the hint for a user where it is not known whether a message was sent."""
    return f"repeat with --new-id {identifier}: this cannot deliver it twice"


def _finish(copies: list[_Copy], temporary: str) -> None:
    for copy in copies:
        if copy.staged:
            durable.discard(copy.tmp, temporary)
            copy.staged = False
    for copy in copies:
        durable.sync(copy.new)


def _give_up(copies: list[_Copy], identifier: str, temporary: str, error: BaseException) -> None:
    """Remove what is half done, and raise the error that says how it failed; return if ERROR itself fits best."""
    for copy in copies:
        if copy.staged:
            durable.discard(copy.tmp, temporary)
    reached = [copy.handle for copy in copies if copy.published]
    if reached:
        what = f"{identifier} may have been delivered to {', '.join(reached)}"
        raise _uncertain(what, identifier, error) from error
    if isinstance(error, FileExistsError):
        raise Conflict(f"a message with the id {identifier} exists already") from error
    if isinstance(error, OSError):
        raise AmqError(f"nothing was delivered: {why(error)}", hint=remedy(error)) from error


# -- looking ----------------------------------------------------------------------------------------------------------


@record
class Found:
    """A message file after a look at its head: its header, or why that is not known."""

    id: str
    directory: RootedPath
    header: Header | None
    error: BadMessage | Unreadable | None = None

    @property
    def box(self) -> str:
        """The name of the directory: `new`, `cur`, `sent`."""
        return os.path.basename(self.directory)


def message_ids(directory: Directory) -> list[str]:
    """Return the ids of the messages in an open directory, in no order."""
    cut = -len(SUFFIX)
    return [name[:cut] for name, inode in durable.entries(directory).items() if inode and is_message_name(name)]


def message_inodes(directory: Directory) -> dict[str, int]:
    """Return the ids of the messages in an open directory, in no order, each with the inode of its file."""
    cut = -len(SUFFIX)
    return {name[:cut]: inode for name, inode in durable.entries(directory).items() if inode and is_message_name(name)}


@record
class Ends:
    """The messages in a directory, as far as names say: how many they are, and the ids of some, with their inodes.

    `dated` are the first and the last ones of those that begin with a time stamp, `undated` are all others.
    """

    count: int
    dated: Mapping[str, int]
    undated: Mapping[str, int]

    @property
    def ids(self) -> list[str]:
        """All ids that it has, sorted."""
        return sorted((*self.dated, *self.undated))


NO_MESSAGES = Ends(0, {}, {})
_BEYOND = "~"
"""A text behind all time stamps."""


def ends(directory: Directory, first: int, last: int) -> Ends:
    """Return the FIRST and the LAST messages in an open directory, in no order: other names are only counted."""
    is_dated, cut = dated_name(), -len(SUFFIX)
    dated: dict[str, int] = {}
    undated: dict[str, int] = {}
    count, low, high, most = 0, _BEYOND, "", 2 * (first + last)
    for entries in durable.scans(directory):
        count = 0
        for name, inode in entries:
            if not inode:
                continue
            if is_dated(name):
                count += 1
                if name < low or name > high:
                    dated[name] = inode
                    if len(dated) > most:
                        low, high = _keep_ends(dated, first, last)
            elif is_message_name(name):
                count += 1
                undated[name] = inode
    _keep_ends(dated, first, last)
    return Ends(count, *({name[:cut]: inode for name, inode in each.items()} for each in (dated, undated)))


def _keep_ends(names: dict[str, int], first: int, last: int) -> tuple[str, str]:
    """Remove all but the FIRST and the LAST of NAMES; return before which and behind which name another is of them."""
    if len(names) <= first + last:
        return _BEYOND, ""
    in_order = sorted(names)
    for name in in_order[first : len(in_order) - last]:
        del names[name]
    return in_order[first - 1] if first else "", in_order[-last] if last else _BEYOND


def stamp(directory: Directory, identifier: str) -> tuple[int, ...]:
    """Return a value that changes when a message's file is replaced, written or made readable; () if it is missing.

    The last item is when that happened, in nanoseconds since the epoch.
    """
    try:
        found = durable.syscalls.look(directory, identifier + SUFFIX)
    except OSError:
        return ()
    return found.st_ino, found.st_size, found.st_ctime_ns


def entry_ids(directory: Directory) -> list[str]:
    """Return the ids in an open directory, including those of links, FIFOs and the like named as messages."""
    cut = -len(SUFFIX)
    return [name[:cut] for name in durable.names(directory) if is_message_name(name)]


def has_entries(path: RootedPath) -> bool:
    """Return whether the directory PATH has any message, or anything named as one; False if it is missing."""
    try:
        with Directory(path) as directory:
            return bool(entry_ids(directory))
    except FileNotFoundError:
        return False


def look(directory: Directory, identifier: str) -> Found | None:
    """Return a message with its header, reading only as much as that takes; None if it is not there (any more)."""
    try:
        return Found(identifier, directory.path, _read_header(directory, identifier))
    except FileNotFoundError:
        return None
    except BadMessage as error:
        return Found(identifier, directory.path, None, error)
    except OSError as error:
        return Found(identifier, directory.path, None, unreadable(directory, identifier, error))


def unreadable(directory: Directory, identifier: str, error: OSError) -> Unreadable:
    """Return the error for a message that cannot be read because of ERROR, with what to do about it."""
    from amq.store.unreadable import FORBIDDEN, what_to_do

    hint = getattr(error, "hint", "") or what_to_do(directory, identifier + SUFFIX, error)
    return Unreadable(identifier, str(error.strerror or error), hint, is_forbidden=error.errno in FORBIDDEN)


def cannot_read(path: RootedPath, identifiers: Collection[str]) -> list[Unreadable]:
    """Return an error for each of the messages IDENTIFIERS in the directory PATH that cannot be opened.

    Of more than MOST_OPENED, only those are opened that this process may not read.
    """
    with Directory(path) as directory:
        tried = identifiers if len(identifiers) <= MOST_OPENED else _suspects(directory, identifiers)
        return list(filter(None, (_try_to_open(directory, identifier) for identifier in tried)))


def _suspects(directory: Directory, identifiers: Collection[str]) -> Collection[str]:
    """Return those of IDENTIFIERS that this process may not read: asking that takes half of the time of opening them.

    The answer does not know what a sandbox forbids, or how many files may be open. So if one of the others cannot be
    opened, all are returned.
    """
    denied = [each for each in identifiers if not durable.syscalls.may_read(directory, each + SUFFIX)]
    allowed = next(iter(set(identifiers).difference(denied)), None)
    return identifiers if allowed is not None and _try_to_open(directory, allowed) else denied


def _try_to_open(directory: Directory, identifier: str) -> Unreadable | None:
    try:
        durable.read_regular(directory, identifier + SUFFIX, 0)
    except FileNotFoundError:
        return None
    except OSError as error:
        return unreadable(directory, identifier, error)
    return None


def calm_since(directory: Directory, identifier: str) -> str | None:
    """Return when a certainly not urgent message was made, in UTC without `Z`, so that texts sort as instants do.

    This costs a third of parsing its header, which is necessary where it returns None: where the header does not end
    within the head of the file, has the word `urgent` or an escape that could hide it, or is not written as usual.
    Errors are left to `look`.
    """
    try:
        head = _read(directory, identifier, HEAD_BYTES)
    except (OSError, BadMessage):
        return None
    header, fence, _ = head.partition(b"\n---")
    if not fence or b"urgent" in header or b"\\u" in header or header.count(b'"created"') != 1:
        return None
    created = re.search(_CREATED, header)
    return created[1].decode() if created else None


def _read_header(directory: Directory, identifier: str) -> Header:
    head = _read(directory, identifier, HEAD_BYTES)
    found = split_header(head, whole=len(head) < HEAD_BYTES)
    if found is None:
        head = read_whole(directory, identifier)
        found = split_header(head, whole=True)
    assert found is not None
    return parse_header(found[0], identifier)


def read_whole(directory: Directory, identifier: str) -> bytes:
    """Return the bytes of a message file.

    Raises BadMessage for one above MAX_FILE_BYTES and for what is not a regular file, FileNotFoundError if it has gone,
    or another OSError if it cannot be read.
    """
    return _read(directory, identifier, MAX_FILE_BYTES + 1)


def _read(directory: Directory, identifier: str, most: int) -> bytes:
    try:
        data = durable.read_regular(directory, identifier + SUFFIX, most, MAX_FILE_BYTES)
    except OSError as error:
        if error.errno != errno.EFBIG:
            raise
        raise BadMessage(f"larger than {MAX_FILE_BYTES // 1024**2} MiB", "parse_error") from None
    if data is None:
        raise BadMessage("not a regular file", "parse_error")
    return data


def has(path: RootedPath, identifier: str) -> bool:
    """Return whether the directory PATH has a message of this id; False if PATH is missing. Raises OSError."""
    try:
        with Directory(path) as directory:
            return durable.exists(directory, identifier + SUFFIX)
    except FileNotFoundError:
        return False


def read_raw(paths: Iterable[RootedPath], identifier: str) -> bytes | None:
    """Return the bytes of a message from the first of the directories PATHS that has it; None if none has."""
    for path in paths:
        try:
            with Directory(path) as directory:
                return read_whole(directory, identifier)
        except FileNotFoundError:
            continue
    return None


def find(agent: AgentLayout, identifier: str) -> tuple[Message, str]:
    """Return a message by its id, and its box: new, cur or sent. Raises NotFound, BadMessage or Unreadable.

    Mail moves only from new to cur, so looking in this order cannot miss it.
    """
    for box, path in (("new", agent.inbox_new), ("cur", agent.inbox_cur), ("sent", agent.sent)):
        data = _read_in(path, identifier)
        if data is not None:
            return parse(data, identifier), box
    raise NotFound(f"no message {identifier} in new, cur or sent", hint="list the ids of your mail: amq list")


def _read_in(path: RootedPath, identifier: str) -> bytes | None:
    """Return the bytes of a message in the directory PATH; None if it is not there. Raises Unreadable or OSError."""
    try:
        with Directory(path) as directory:
            try:
                return read_whole(directory, identifier)
            except FileNotFoundError:
                raise
            except OSError as error:
                raise unreadable(directory, identifier, error) from error
    except FileNotFoundError:
        return None
