"""Translate the names in a message when it leaves this host, and when it arrives from another one. Pure.

At home an agent is `codex`. Abroad it is `codex-b`, with its host behind the last dash; a host has no dash in its name.
On the way every name in a message has that form, so it means the same agent to every host:

    on a, sent         from claude     to codex-b           thread p2p/claude__codex-b
    on the way         from claude-a   to codex-b           thread p2p/claude-a__codex-b
    on b, received     from claude-a   to codex             thread p2p/claude-a__codex

Only `from`, `to` and a p2p thread change. Everything else in the file, unknown keys and the body included, stays byte
for byte as its writer wrote it.
"""

from __future__ import annotations

import re
from json.decoder import JSONDecoder

from amq.errors import BadMessage
from amq.message import MAX_FILE_BYTES, parse_head
from amq.names import is_handle, p2p_thread

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator
    from collections.abc import Set as AbstractSet

    from amq.message import Header

    Translate = Callable[[str], str]

HOST = re.compile(r"[a-z][a-z0-9]{0,15}")
"""Matches the name of a host."""
_P2P = "p2p/"
_BETWEEN = "__"
_BLANKS = re.compile(r"[ \t\r\n]*")
_DECODER = JSONDecoder(parse_int=str, parse_float=str)
"""Finds where a value ends; a number may have more digits than Python converts."""


def abroad(handle: str, host: str) -> str:
    """Return the name that the agent HANDLE of HOST has on all other hosts; raises BadMessage if it is too long."""
    name = f"{handle}-{host}"
    if not is_handle(name):
        raise BadMessage(f"the name {name!r} of an agent on another host is too long")
    return name


def at_home(name: str, host: str) -> str:
    """Return the handle that the agent NAME has at home, if its home is HOST; else ""."""
    handle, _, where = name.rpartition("-")
    return handle if where == host and is_handle(handle) else ""


def leaving(data: bytes, identifier: str, host: str, remote: Collection[str]) -> bytes:
    """Return the file `<identifier>.md` as it travels from HOST, where REMOTE are the mailboxes of agents elsewhere.

    Raises BadMessage if it is not a message, or comes from another host's agent: mail is not passed on.
    """
    header, text, _ = parse_head(data, identifier)
    if header.sender in remote:
        raise BadMessage(f"{header.sender} is an agent on another host, and its mail is not passed on")
    return _translated(data, header, text, outward(host, remote))


def arriving(data: bytes, identifier: str, host: str, came_from: str, handle: str) -> bytes:
    """Return the file that traveled as DATA as HOST keeps it in the mailbox of its agent HANDLE.

    CAME_FROM is the host that sent it, which the hub guards. Raises BadMessage unless its sender is an agent of that
    host, and the agent HANDLE of this one is among its recipients, which all name their hosts.
    """
    header, text, _ = parse_head(data, identifier)
    if not at_home(header.sender, came_from):
        raise BadMessage(f"the sender {header.sender} is not an agent of {came_from}, which sent this")
    for name in header.to:
        if not HOST.fullmatch(name.rpartition("-")[2]) or "-" not in name:
            raise BadMessage(f"the recipient {name} does not say on which host it is")
    if abroad(handle, host) not in header.to:
        raise BadMessage(f"{handle} on {host} is not among its recipients")
    return _translated(data, header, text, homeward(host))


def outward(host: str, remote: Collection[str]) -> Translate:
    """Return the function from a name on HOST, where REMOTE are the mailboxes of agents elsewhere, to that abroad."""
    return lambda name: name if name in remote else abroad(name, host)


def homeward(host: str) -> Translate:
    """Return the function from a name abroad to that on HOST."""
    return lambda name: at_home(name, host) or name


def sender_of(data: bytes, identifier: str) -> str:
    """Return the sender of the message in the file `<identifier>.md`. Raises BadMessage."""
    return parse_head(data, identifier)[0].sender


def _translated(data: bytes, header: Header, text: bytes, translate: Translate) -> bytes:
    """Return DATA, a file with this HEADER, with the names in its JSON TEXT translated.

    Raises BadMessage if no reader would accept it. A body of 10 MiB is copied once.
    """
    opening = data.index(text)  # behind the first line, which has no header's text in it
    named = {"from": translate(header.sender), "thread": thread(header.thread, {header.sender, *header.to}, translate)}
    changed = _with_names(text.decode(), named, translate)
    whole = memoryview(data)
    after = b"".join((whole[:opening], changed.encode(), whole[opening + len(text) :]))
    if len(after) > MAX_FILE_BYTES:
        raise BadMessage(
            f"larger than {MAX_FILE_BYTES // 1024**2} MiB with the names that it has abroad", "parse_error"
        )
    parse_head(after, header.id)
    return after


def thread(name: str, agents: AbstractSet[str], translate: Translate) -> str:
    """Return the name of a p2p thread translated; that of another thread, or none, as it is.

    AGENTS are those of the message. Handles may contain what separates them; then the pair is one of these.
    """
    pairs = list(_pairs(name))
    if len(pairs) > 1:
        pairs = [pair for pair in pairs if agents >= set(pair)]
    if len(pairs) != 1:
        return name
    one, other = pairs[0]
    return p2p_thread(translate(one), translate(other))


def _pairs(thread: str) -> Iterator[tuple[str, str]]:
    """Yield each pair of handles whose p2p thread THREAD can be."""
    if not thread.startswith(_P2P):
        return
    name = thread.removeprefix(_P2P)
    at = name.find(_BETWEEN)
    while at >= 0:
        one, other = name[:at], name[at + len(_BETWEEN) :]
        if is_handle(one) and is_handle(other) and one <= other:
            yield one, other
        at = name.find(_BETWEEN, at + 1)


def _with_names(text: str, named: dict[str, str], translate: Translate) -> str:
    """Return the header's JSON TEXT, an object, with the strings NAMED by key, and the names of `to` translated."""
    pieces, done = [], 0
    for key, start in _members(text, "{"):
        strings = [(start, named[key])] if key in named else []
        if key == "to":
            strings = [
                (at, translate(_DECODER.raw_decode(text, at)[0])) for _, at in _members(text[start:], "[", start)
            ]
        for at, new in strings:
            old, end = _DECODER.raw_decode(text, at)
            if old is not None and old != new:  # an absent thread may be written as null
                pieces += [text[done:at], f'"{new}"']
                done = end
    return "".join((*pieces, text[done:]))


def _members(text: str, opening: str, offset: int = 0) -> Iterator[tuple[str, int]]:
    """Yield key and place of each value in the JSON object or list, by its OPENING bracket, at the start of TEXT.

    A list's keys are empty. OFFSET is added to each place. TEXT has been parsed, so it is valid JSON.
    """
    at = _behind_blanks(text, _behind_blanks(text, 0) + 1)
    while text[at] not in "}]":
        key = ""
        if opening == "{":
            key, at = _DECODER.raw_decode(text, at)
            at = _behind_blanks(text, _behind_blanks(text, at) + 1)
        yield key, at + offset
        at = _behind_blanks(text, _DECODER.raw_decode(text, at)[1])
        if text[at] == ",":
            at = _behind_blanks(text, at + 1)


def _behind_blanks(text: str, at: int) -> int:
    found = _BLANKS.match(text, at)
    assert found is not None
    return found.end()
