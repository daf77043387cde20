"""JSON with comments and trailing commas, as in settings files, each value with its place in the text.

It is parsed to be edited in place. The form is that of VS Code's settings (code.visualstudio.com/docs/languages/json,
"JSON with Comments"): `//` and `/* */`, and a comma after the last member.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from json import JSONDecodeError, JSONDecoder
from typing import Any

_BLANKS = re.compile(r"(?:[ \t\r\n\ufeff]|//[^\r\n]*|/\*.*?\*/)*", re.DOTALL)
_SPACE = " \t\r\n"


def _constant(word: str) -> Any:
    raise ValueError(f"{word} is not JSON")


_DECODER = JSONDecoder(parse_constant=_constant)


@dataclass(frozen=True)
class Part:
    """The text from `start` up to `end`: a value, an object's member, which begins at its name, or a list's item."""

    start: int
    end: int
    value: Any = None  # a plain value
    members: dict[str, Part] = field(default_factory=dict)  # of an object, whose value is dict
    items: list[Part] = field(default_factory=list)  # of a list, whose value is list
    inner: int = 0  # where a member's own value begins

    @property
    def is_object(self) -> bool:
        return self.value is dict

    @property
    def is_list(self) -> bool:
        return self.value is list


def parse(text: str) -> Part:
    """Return the value in TEXT; raises ValueError, which names the line, for invalid JSON or a repeated name."""
    try:
        part = _value(text, _skip(text, 0))
    except RecursionError:
        raise ValueError("nested too deeply") from None
    end = _skip(text, part.end)
    if end != len(text):
        raise JSONDecodeError("Extra text", text, end)
    return part


def _skip(text: str, at: int) -> int:
    """Return the place of the next character that is neither space nor comment."""
    found = _BLANKS.match(text, at)
    assert found
    return found.end()


def _value(text: str, at: int) -> Part:
    if text.startswith("{", at):
        return _object(text, at)
    if text.startswith("[", at):
        return _list(text, at)
    value, end = _DECODER.raw_decode(text, at)
    return Part(at, end, value, inner=at)


def _object(text: str, start: int) -> Part:
    members: dict[str, Part] = {}
    at = _skip(text, start + 1)
    while not text.startswith("}", at):
        name = _value(text, at)
        if not isinstance(name.value, str):
            raise JSONDecodeError("Expecting a name in quotes", text, at)
        if name.value in members:
            raise JSONDecodeError(f"The name {name.value!r} appears twice", text, at)
        colon = _skip(text, name.end)
        if not text.startswith(":", colon):
            raise JSONDecodeError("Expecting ':'", text, colon)
        part = _value(text, _skip(text, colon + 1))
        members[name.value] = Part(at, part.end, part.value, part.members, part.items, part.start)
        at = _next(text, part.end, "}")
    return Part(start, at + 1, dict, members=members, inner=start)


def _list(text: str, start: int) -> Part:
    items: list[Part] = []
    at = _skip(text, start + 1)
    while not text.startswith("]", at):
        items.append(_value(text, at))
        at = _next(text, items[-1].end, "]")
    return Part(start, at + 1, list, items=items, inner=start)


def _next(text: str, at: int, closing: str) -> int:
    """Return where the next member or item begins, or the CLOSING bracket."""
    at = _skip(text, at)
    if text.startswith(",", at):
        return _skip(text, at + 1)
    if not text.startswith(closing, at):
        raise JSONDecodeError(f"Expecting ',' or '{closing}'", text, at)
    return at


def insert(text: str, container: Part, new: str) -> str:
    """Return TEXT with NEW (members or items, each after its space) at the start of an object or a list.

    `cut` of the new parts gives back TEXT.
    """
    at = container.inner + 1
    comma = "," if container.members or container.items else ""
    return f"{text[:at]}{new}{comma}{text[at:]}"


def cut(text: str, siblings: Sequence[Part], doomed: Sequence[Part]) -> list[tuple[int, int]]:
    """Return the spans that remove DOOMED from SIBLINGS in an object or a list, with their space and commas."""
    spans = []
    for part in doomed:
        start = len(text[: part.start].rstrip(_SPACE))
        comma = _comma(text, part)
        spans.append((start, part.end))
        spans += [(comma, comma + 1)] if comma else []
    kept = [part for part in siblings if part not in doomed]
    is_last = kept and siblings[-1] in doomed and not _comma(text, siblings[-1])
    if is_last and (comma := _comma(text, kept[-1])):
        spans.append((comma, comma + 1))
    return spans


def _comma(text: str, part: Part) -> int:
    """Return the place of the comma after PART; 0 if there is none."""
    at = _skip(text, part.end)
    return at if text.startswith(",", at) else 0


def without(text: str, spans: Iterable[tuple[int, int]]) -> str:
    """Return TEXT without SPANS of it, which may overlap."""
    kept, at = [], 0
    for start, end in sorted(spans):
        kept.append(text[at : max(start, at)])
        at = max(at, end)
    return "".join([*kept, text[at:]])
