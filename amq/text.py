"""Another's text, made safe to show. Pure.

Nothing that a peer wrote reaches a terminal as it is: a control character is shown as what it is (`^[`), and so is
every character that is not seen, or that reorders its neighbours.
"""

from __future__ import annotations

import re

# Patterns are compiled when they are first used: most commands show nothing but ASCII.

_SELECTORS = r"\ufe00-\ufe0f\u180b-\u180d\u180f\U000e0100-\U000e01ef"
"""What selects a form of the character before it, as emoji and Han names need it."""
_JOINERS = r"\u200c\u200d"
"""What joins the character before it to the next or keeps them apart, as emoji, Indic and Persian words need it."""
_SEEN = rf"[^\s\u2800{_SELECTORS}{_JOINERS}]"
_STRAY = (
    rf"[{_SELECTORS}](?<!{_SEEN}[{_SELECTORS}])"
    rf"|[{_JOINERS}](?<!{_SEEN}[{_JOINERS}])(?<!{_SEEN}[{_SELECTORS}][{_JOINERS}])"
)
"""A selector or joiner that is not the first behind a character that is seen: it can only hide something."""


class _Shown(dict[int, str]):
    """How each character is shown, found out when it is first met: ten megabytes of controls take a second, not ten."""

    def __missing__(self, code: int) -> str:
        from unicodedata import category

        from amq.outlines import HIDDEN, IGNORABLE

        character = shown = chr(code)
        if code < 0x20 or code == 0x7F:
            shown = f"^{chr(code ^ 0x40)}"
        elif not re.match(f"[{_SELECTORS}{_JOINERS}]", character) and (
            category(character) in HIDDEN or re.match(IGNORABLE, character)
        ):
            shown = _named(character)
        self[code] = shown
        return shown


def _named(character: str) -> str:
    return f"<U+{ord(character):04X}>"


_SHOWN = _Shown()


def visible(text: str) -> str:
    """Return TEXT on one line, with every character made visible that acts on a terminal or is not seen."""
    if text.isascii() and text.isprintable():
        return text
    return re.sub(_STRAY, lambda stray: _named(stray.group()), text.translate(_SHOWN))


def visible_lines(text: str) -> str:
    """Return TEXT made visible, in its lines: line ends and tabs stay; CR before LF is dropped."""
    if "\r\n" in text:
        text = text.replace("\r\n", "\n")
    if text.isascii() and text.translate({10: 32, 9: 32}).isprintable():
        return text
    return "\n".join("\t".join(visible(cell) for cell in line.split("\t")) for line in text.split("\n"))


def subject_line(subject: str) -> str:
    """Return SUBJECT on one line, or `(no subject)` if nothing of it would be seen."""
    shown = visible(subject)
    return shown if _outline(shown).strip() else "(no subject)"


# In an outline, \x01 is a letter and \x02 a sign that is none of ASCII's: either may look like one of ours. Four plain
# spaces are the margin of what is not ours; another blank, in an outline a tab, is none.
_FRAME = (
    r"^(?! {4})[ \t]*+(?:- *- *-"
    r"|[\[\x02] *[Aa\x01\x02] *[Mm\x01\x02] *[Qq\x01\x02] *[\]\x02]"
    r"|- *(?:[Ff\x01\x02] *[Rr\x01\x02] *[Oo0\x01\x02] *[Mm\x01\x02]|[Il1|\x01\x02] *[Dd\x01\x02]) *:"
    r"|…|\.\.+ *\d)"
    r"|^(?! {4})[ \t]++[A-Z\x01\x02][\w\x01]*+(?: *\([^)\n]*\))? *:"
)
_DATED = r"^(?! {4})[ \t]*+[\d\x01]{4} *-"


def could_be_frame(body: str, *, dated: bool = False) -> bool:
    """Whether a line of BODY, as shown, could be taken for one of the lines that `drain` prints around bodies.

    With `dated` also for one that begins with a date, as the lines of `thread` do.
    """
    pattern = f"{_FRAME}|{_DATED}" if dated else _FRAME
    return re.search(pattern, _outline(body), re.MULTILINE) is not None


def _outline(text: str) -> str:
    if text.isascii():
        return text
    from amq.outlines import outline

    return outline(text)


def indented(text: str, margin: str = "    ") -> str:
    """TEXT with MARGIN before every line that is not empty."""
    return re.sub(r"^(?=.)", margin, text, flags=re.MULTILINE)


def with_final_line_end(text: str) -> str:
    """TEXT, ending in a line end unless it is empty."""
    return text if not text or text.endswith("\n") else text + "\n"


_FARTHEST = 256
"""Characters that a cut is moved by, at most: what is longer is no character that is read as one."""
_FLAGS = "".join(map(chr, range(0x1F1E6, 0x1F200)))
"""Regional indicators: two of them are one flag."""


def cut_before(text: str, at: int) -> int:
    """Return where to cut TEXT, AT or before: at the end of a line that is not far, or between two characters.

    A character is what is read as one, such as a letter with its accents, or a family. It is the first at least.
    """
    if at >= len(text):
        return len(text)
    line_end = text.rfind("\n", at - at // 4, at) + 1
    if line_end:
        return line_end
    before = (place for place in range(at, max(at - _FARTHEST, 0), -1) if not _is_inside(text, place))
    after = (place for place in range(1, min(len(text), _FARTHEST)) if not _is_inside(text, place))
    return next(before, 0) or (at if at > _FARTHEST else next(after, min(len(text), _FARTHEST)))


def _is_inside(text: str, at: int) -> bool:
    """Whether a cut AT would be within a character as it is read, or within what stands for one that is not seen."""
    from unicodedata import category

    before, after = text[at - 1], text[at]
    return (
        category(after)[0] == "M"
        or "\u200d" in (before, after)
        or "\U0001f3fb" <= after <= "\U0001f3ff"  # a colour of skin
        or "\u1160" <= after <= "\u11ff"  # what follows the first part of a Hangul syllable
        or (after in _FLAGS and (at - len(text[:at].rstrip(_FLAGS))) % 2 == 1)
        or _is_inside_name(text, at)
    )


def _is_inside_name(text: str, at: int) -> bool:
    """Whether a cut AT would be within `^[` or `<U+200B>`."""
    start = max(at - 9, 0)
    names = re.finditer(r"\^[@-_?]|<U\+[0-9A-F]{4,6}>", text[start : at + 9])
    return any(found.start() < at - start < found.end() for found in names)
