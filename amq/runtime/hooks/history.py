"""Find out from the file in which a CLI records its session whether what a hook gave is in the session's history.

The file has one JSON object a line. Its format was measured on the versions that the profiles name.
"""

from __future__ import annotations

import json
import os
import stat

from amq.mail.rendering import id_lines

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Collection
    from typing import Any

    from amq.mail.offering import Offer

_CLAUDE, _CODEX, _CODEX_REASON = "hook_additional_context", "hooks.additional_context", "<hook_prompt "
_MARKS = (_CLAUDE.encode(), _CODEX.encode(), _CODEX_REASON.encode())
"""Marks of the lines that may hold the text of a hook. Any other text may have them too, such as a mail's subject."""
MOST_BYTES = 64 << 20  # read at once
_MOST_OUT_OF_ORDER = 100  # lines, by which one may be above its parent
_READ = os.O_RDONLY | getattr(os, "O_NONBLOCK", 0)  # which Windows does not have


def size(path: str) -> int:
    """Return the size of the file PATH in bytes; 0 if it does not exist yet, or is not a regular file."""
    try:
        found = os.stat(path)
    except (OSError, ValueError):  # ValueError: it is no path
        return 0
    return found.st_size if stat.S_ISREG(found.st_mode) else 0


def holds(offer: Offer) -> bool:
    """Return whether the session's conversation has the text of a hook with each message of OFFER, as long as it was.

    A program may shorten what a hook says, and then it is not known what is left of each message. The user may take a
    prompt back, with all that came after it: by Escape before the answer, or by going back. The history still has it.
    """
    entries = [[f"\n{line}" for line in id_lines(each)] for each in offer.ids]

    def is_it(text: str) -> bool:
        return len(text) >= offer.characters and all(any(line in text for line in lines) for lines in entries)

    since = _lines(offer.history, offer.position)
    found = next((line for line in since if _has_mark(line) and any(map(is_it, _texts(line)))), None)
    if found is None:
        return False
    return "payload" in _parsed(found) or _is_in_conversation(found, _lines(offer.history, 0))


def _lines(path: str, position: int) -> list[bytes]:
    """Return the lines of the file PATH from POSITION on, at most the last MOST_BYTES; none if it cannot be read."""
    length = size(path)
    if not length:  # open would fail for a directory, and keep its descriptor
        return []
    try:
        with open(os.open(path, _READ), "rb") as file:
            file.seek(max(position, length - MOST_BYTES))
            return file.read(MOST_BYTES).split(b"\n")
    except OSError:
        return []


def _is_in_conversation(text: bytes, lines: list[bytes]) -> bool:
    """Return whether the newest of LINES of Claude Code's descends from the prompt of the TEXT, which is one of them.

    Each names its parent, which is above it; but on a busy machine some of a session's first lines are above theirs.
    The TEXT itself may be on a side branch, as where two tools have run.
    """
    parents, prompts = dict[str, str](), set[str]()
    newest, of_text = dict[str, None](), dict[str, None]()  # each the line, then its ancestors, as far as they are read
    patience = _MOST_OUT_OF_ORDER
    for line in reversed(lines):
        found = _parsed(line)
        uuid, parent = found.get("uuid"), found.get("parentUuid")
        if not isinstance(uuid, str) or found.get("isSidechain"):
            continue
        parents[uuid] = parent if isinstance(parent, str) else ""
        prompts.update([uuid] if _is_prompt(found) else ())
        newest = newest or {uuid: None}
        of_text = {uuid: None} if line == text else of_text
        _go_up(newest, parents, ())
        _go_up(of_text, parents, prompts)
        prompt = next(reversed(of_text), None)
        if prompt in prompts:
            if prompt in newest:
                return True
            patience -= 1
            if not patience:
                break
    return False


def _go_up(way: dict[str, None], parents: dict[str, str], ends: Collection[str]) -> None:
    """Add ancestors to the WAY from a line up, as far as their PARENTS are known, to the first of ENDS at most."""
    while way and (last := next(reversed(way))) not in ends:
        above = parents[last]
        if not (above in parents and above not in way):
            break
        way[above] = None


def _is_prompt(line: dict[str, Any]) -> bool:
    """Return whether a LINE of Claude Code's is a prompt, and not the result of a tool; False for an unknown form."""
    if line.get("type") != "user":
        return False
    try:
        content = line["message"]["content"]
        return isinstance(content, str) or any(part["type"] != "tool_result" for part in content)
    except (TypeError, KeyError):
        return False


def _has_mark(line: bytes) -> bool:
    return any(mark in line for mark in _MARKS)


def _texts(line: bytes) -> list[str]:
    """Return the texts of hooks in a LINE of a history."""
    try:
        return [text for text in _of_hooks(_parsed(line)) if isinstance(text, str)]
    except (TypeError, KeyError, AttributeError):
        return []  # another kind of line


def _parsed(line: bytes) -> dict[str, Any]:
    """Return the object in a LINE; an empty one if that is being written, or has none."""
    try:
        found = json.loads(line.decode("utf-8", "surrogateescape"))
    except (ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}


def _of_hooks(line: dict[str, Any]) -> list[Any]:
    """Return the texts of hooks in a LINE of Claude Code's or Codex's. Raises an error for a line of another kind."""
    if "attachment" in line:
        found = line["attachment"]
        return found["content"] if found["type"] == _CLAUDE else []
    message = line["payload"]
    texts = [item["text"] for item in message["content"]]
    if message["role"] == "user":
        return [_unescaped(text) for text in texts if text.startswith(_CODEX_REASON)]
    return texts if _CODEX in message["internal_chat_message_metadata_passthrough"]["content_item_kinds"] else []


def _unescaped(reason: str) -> str:
    """Return a REASON to go on with a turn, as the hook has given it: Codex puts it into an element of XML."""
    text = reason.partition(">")[2].removesuffix("</hook_prompt>")
    return text.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&")
