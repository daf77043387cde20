"""Reduce text to what a reader in a hurry could take it for. Pure.

There is no table of look-alikes: the only question is whether a line could pass for one of the few lines that amq
prints around bodies.
"""

from __future__ import annotations

import re

HIDDEN = frozenset({"Cc", "Cf", "Cs", "Co", "Zl", "Zp"})
IGNORABLE = (
    r"[\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180f\u2065\u3164\ufe00-\ufe0f\uffa0\ufff0-\ufff8\U000e0000-\U000e0fff]"
)
"""Default_Ignorable_Code_Point of Unicode 16 (DerivedCoreProperties.txt), without the categories in HIDDEN.

They are drawn as nothing, which neither category nor name shows. Unassigned code points are among them, so a later
version of Unicode seldom adds one.
"""
LETTER, SIGN, BLANK = "\1", "\2", "\t"
"""Substitutes for a non-ASCII letter or digit, sign, and blank that have no known look-alike in ASCII."""
_WITHOUT_INK = "\u2800\U0001d159\U00013441\U00013442"
_ALIKE = {"ELLIPSIS": "…", "DASH": "-", "HYPHEN": "-", "MINUS": "-", "HORIZONTAL": "-", "COLON": ":"}
"""The ASCII sign that a character looks like if its Unicode name has this word."""
_ALSO_ALIKE = dict.fromkeys("一ー⼀ㄧㅡᅳ㇐⎯⏤╴╶╸╺╼╾", "-") | dict.fromkeys("∶ː˸׃։⁚፡", ":")


class _Outlines(dict[int, str]):
    """The outline of each character, computed on first use."""

    def __missing__(self, code: int) -> str:
        self[code] = found = chr(code) if code < 0x80 else _outline(chr(code))
        return found


def _outline(character: str) -> str:
    from unicodedata import category, name, normalize

    kind = category(character)
    if kind[0] == "Z" or character in _WITHOUT_INK:
        return BLANK
    if kind[0] == "M" or kind in HIDDEN or re.match(IGNORABLE, character):
        return ""
    words = re.split("[ -]", name(character, ""))
    alike = next((_ALIKE[word] for word in _ALIKE if word in words), _ALSO_ALIKE.get(character, ""))
    plain = alike or "".join(filter(str.isascii, normalize("NFKD", character))).strip()
    return plain or {"Ps": "[", "Pe": "]"}.get(kind, LETTER if kind[0] in "LN" else SIGN)


_OUTLINES = _Outlines()


def outline(text: str) -> str:
    """Return TEXT as a reader in a hurry could take it: without invisible characters, look-alikes in ASCII."""
    return text.translate(_OUTLINES)
