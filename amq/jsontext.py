"""JSON as in queue files and in amq's own output.

Reading is strict: a repeated key, NaN or a number too long to hold is never changed silently, and nesting deeper than
MAX_DEPTH is refused, so that everything that was read can be written wherever that is needed. Writing keeps a number as
it was written, and escapes everything that could act on a terminal, so that no JSON amq prints or stores has a raw
control or format character.
"""

from __future__ import annotations

import re
from json.decoder import JSONDecoder
from json.encoder import encode_basestring

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Self

MAX_DEPTH = 100
"""The maximum nesting of objects and lists.

Python itself fails at a few hundred levels: sooner in writing than in reading, and sooner the deeper its caller is.
"""


class Number(float):
    """A JSON number that Python could not write back unchanged: a float to compute with, and its own text to store."""

    literal: str

    def __new__(cls, literal: str) -> Self:
        """Return the number for LITERAL, a JSON number."""
        number = super().__new__(cls, literal)
        number.literal = literal
        return number


def _integer(literal: str) -> int | Number:
    # Python refuses to convert very long integers, and has no negative zero among them.
    return int(literal) if len(literal) < 1000 and literal != "-0" else Number(literal)


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members = dict(pairs)
    if len(members) != len(pairs):
        from collections import Counter

        (name, _), *_ = Counter(name for name, _ in pairs).most_common(1)
        raise ValueError(f"the key {name!r} appears twice")
    return members


def _constant(word: str) -> Any:
    raise ValueError(f"{word} is not JSON")


_DECODER = JSONDecoder(object_pairs_hook=_object, parse_float=Number, parse_int=_integer, parse_constant=_constant)
_BLANKS = " \t\r\n"


def parse(text: str | bytes) -> Any:
    """Return the value in TEXT (UTF-8 if bytes).

    Raises ValueError for anything that is not strict JSON, or is nested deeper than MAX_DEPTH.
    """
    text = (text if isinstance(text, str) else text.decode()).strip(_BLANKS)
    if text.count("{") + text.count("[") > MAX_DEPTH and _depth(text) > MAX_DEPTH:
        raise ValueError(f"nested deeper than {MAX_DEPTH} levels")
    value, end = _DECODER.raw_decode(text)
    if end != len(text):
        raise ValueError(f"extra text at character {end}")
    return value


_NO_BRACKETS = r'(?s)"(?:[^"\\]++|\\.)*+"?|[^][{}"]++'  # strings, and the text between brackets


def _depth(text: str) -> int:
    """Return how deep objects and lists are nested in TEXT; for text that is not JSON, any number."""
    from itertools import accumulate

    brackets = re.sub(_NO_BRACKETS, "", text)
    return max(accumulate(1 if bracket in "[{" else -1 for bracket in brackets), default=0)


def render(value: Any, indent: int | None = 2) -> str:
    """Return VALUE as JSON text with INDENT spaces a level, or on one line if that is None; no final line end.

    Raises ValueError if it is nested too deeply.
    """
    try:
        return _render(value, "\n" if indent is not None else "", " " * (indent or 0))
    except RecursionError:
        raise ValueError("nested too deeply") from None


def _render(value: Any, margin: str, step: str) -> str:
    if isinstance(value, str):
        return quote(value)
    if value is None or isinstance(value, bool):
        return {None: "null", True: "true", False: "false"}[value]
    if isinstance(value, Number):
        return value.literal
    if isinstance(value, int | float):
        return repr(value)
    inner = margin + step
    if isinstance(value, dict):
        members = [f"{quote(name)}: {_render(member, inner, step)}" for name, member in value.items()]
        return _enclose("{", members, "}", margin, inner)
    return _enclose("[", [_render(member, inner, step) for member in value], "]", margin, inner)


def _enclose(opening: str, members: list[str], closing: str, margin: str, inner: str) -> str:
    if not members:
        return opening + closing
    separator = f",{inner}" if inner else ", "
    return f"{opening}{inner}{separator.join(members)}{margin}{closing}"


def quote(text: str) -> str:
    """Return TEXT as a JSON string, with everything escaped that is neither printable nor a plain space."""
    quoted = encode_basestring(text)
    return quoted if quoted.isprintable() else re.sub(r".", _escape, quoted, flags=re.DOTALL)


def _escape(match: re.Match[str]) -> str:
    character = match.group()
    if character.isprintable():
        return character
    units = character.encode("utf-16-be", "surrogatepass")
    return "".join(f"\\u{units[at]:02x}{units[at + 1]:02x}" for at in range(0, len(units), 2))
