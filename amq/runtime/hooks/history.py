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
    from collections.abc import Iterator
    from typing import Any

    from amq.mail.offering import Offer

_CLAUDE, _CODEX, _CODEX_REASON = "hook_additional_context", "hooks.additional_context", "<hook_prompt "
_MARKS = (_CLAUDE.encode(), _CODEX.encode(), _CODEX_REASON.encode())
"""Marks of the lines that may hold the text of a hook. Any other text may have them too, such as a mail's subject."""
MOST_BYTES = 64 << 20  # read at once, after the offer
_READ = os.O_RDONLY | getattr(os, "O_NONBLOCK", 0)  # which Windows does not have


def size(path: str) -> int:
    """Return the size of the file PATH in bytes; 0 if it does not exist yet, or is not a regular file."""
    try:
        found = os.stat(path)
    except (OSError, ValueError):  # ValueError: it is no path
        return 0
    return found.st_size if stat.S_ISREG(found.st_mode) else 0


def holds(offer: Offer) -> bool:
    """Return whether the history since the offer has the text of a hook with each message of OFFER, as long as it was.

    A program may shorten what a hook says; then it is not known what is left of each message.
    """
    if not size(offer.history):  # open would fail for a directory, and keep its descriptor
        return False
    try:
        with open(os.open(offer.history, _READ), "rb") as file:
            file.seek(offer.position)
            lines = file.read(MOST_BYTES).split(b"\n")
    except OSError:
        return False
    entries = [[f"\n{line}" for line in id_lines(each)] for each in offer.ids]
    return any(
        len(text) >= offer.characters and all(any(line in text for line in lines) for lines in entries)
        for text in _texts(lines)
    )


def _texts(lines: list[bytes]) -> Iterator[str]:
    """Yield the text of each hook in LINES of a history."""
    for line in lines:
        if any(mark in line for mark in _MARKS):
            try:
                yield from _of_hooks(json.loads(line.decode("utf-8", "surrogateescape")))
            except (ValueError, TypeError, KeyError, AttributeError, RecursionError):
                continue  # another kind of line, or one that is being written


def _of_hooks(line: dict[str, Any]) -> list[str]:
    """Return the texts of hooks in a LINE of Claude Code's or Codex's. Raises an error for a line of another kind."""
    if "attachment" in line:
        found = line["attachment"]
        return found["content"] if found["type"] == _CLAUDE else []
    message = line["payload"]
    texts = [item["text"] for item in message["content"]]
    if message["role"] == "user":
        return [_unescaped(text) for text in texts if text.startswith(_CODEX_REASON)]
    return texts if _CODEX in message["content_item_kinds"] else []


def _unescaped(reason: str) -> str:
    """Return a REASON to go on with a turn, as the hook has given it: Codex puts it into an element of XML."""
    text = reason.partition(">")[2].removesuffix("</hook_prompt>")
    return text.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&")
