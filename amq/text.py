"""Another's text, made safe to show. Pure.

Nothing that a peer wrote reaches a terminal as it is: a control character is shown as what it is (`^[`), and so is
every character that hides or reorders its neighbours.
"""

from __future__ import annotations

import re

_SUSPECT = r"[^\x20-\x7e\xa1-\xac\xae-\u02ff]"
_JOINERS = "\u200c\u200d"  # they shape Indic scripts and emoji, and act on nothing else
_HIDDEN = frozenset({"Cc", "Cf", "Cs", "Co", "Zl", "Zp"})


def visible(text: str) -> str:
    """TEXT on one line, with control and format characters made visible."""
    if text.isascii() and text.isprintable():
        return text
    return re.sub(_SUSPECT, _show, text)


def visible_lines(text: str) -> str:
    """The same for text of several lines: line ends and tabs stay; CR before LF is dropped."""
    if "\r\n" in text:
        text = text.replace("\r\n", "\n")
    if text.isascii() and text.translate({10: 32, 9: 32}).isprintable():
        return text
    return "\n".join("\t".join(visible(cell) for cell in line.split("\t")) for line in text.split("\n"))


def _show(match: re.Match[str]) -> str:
    from unicodedata import category

    character = match.group()
    code = ord(character)
    if character in _JOINERS or category(character) not in _HIDDEN:
        return character
    if code < 0x20 or code == 0x7F:
        return f"^{chr(code ^ 0x40)}"
    return f"<U+{code:04X}>"


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
