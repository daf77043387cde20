"""Another's text, made safe to show. Pure.

Nothing that a peer wrote reaches a terminal as it is: a control character is shown as what it is (`^[`), and so is
every character that hides or reorders its neighbours.
"""

from __future__ import annotations

import re

_JOINERS = "\u200c\u200d"  # they shape Indic scripts and emoji, and act on nothing else
_HIDDEN = frozenset({"Cc", "Cf", "Cs", "Co", "Zl", "Zp"})


class _Shown(dict[int, str]):
    """How each character is shown, found out when it is first met: ten megabytes of controls take a second, not ten."""

    def __missing__(self, code: int) -> str:
        from unicodedata import category

        character = shown = chr(code)
        if character not in _JOINERS and category(character) in _HIDDEN:
            shown = f"^{chr(code ^ 0x40)}" if code < 0x20 or code == 0x7F else f"<U+{code:04X}>"
        self[code] = shown
        return shown


_SHOWN = _Shown()


def visible(text: str) -> str:
    """TEXT on one line, with control and format characters made visible."""
    if text.isascii() and text.isprintable():
        return text
    return text.translate(_SHOWN)


def visible_lines(text: str) -> str:
    """The same for text of several lines: line ends and tabs stay; CR before LF is dropped."""
    if "\r\n" in text:
        text = text.replace("\r\n", "\n")
    if text.isascii() and text.translate({10: 32, 9: 32}).isprintable():
        return text
    return "\n".join("\t".join(visible(cell) for cell in line.split("\t")) for line in text.split("\n"))


_FRAME = r"^(?:---|\[AMQ\]|- (?:From|ID):| {2}[A-Z][A-Za-z]*(?: \([^)\n]*\))?:|…)"


def could_be_frame(body: str) -> bool:
    """Whether a line of BODY could be taken for one of the lines that `drain` prints around bodies."""
    return re.search(_FRAME, body, re.MULTILINE) is not None


def indented(text: str, margin: str = "    ") -> str:
    """TEXT with MARGIN before every line that is not empty."""
    return re.sub(r"^(?=.)", margin, text, flags=re.MULTILINE)


def with_final_line_end(text: str) -> str:
    """TEXT, ending in a line end unless it is empty."""
    return text if not text or text.endswith("\n") else text + "\n"
