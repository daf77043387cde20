"""Make text from others safe to show. Pure.

Nothing that a peer wrote reaches a terminal unchanged: a control character is shown by name (`^[`), and so is every
character that is invisible or that reorders its neighbours.
"""

from __future__ import annotations

import re

# Patterns are compiled when they are first used: most commands show nothing but ASCII.

_SELECTORS = r"\ufe00-\ufe0f\u180b-\u180d\u180f\U000e0100-\U000e01ef"
"""Variation selectors, which choose a form of the character before them; emoji and Han names need them."""
_JOINERS = r"\u200c\u200d"
"""Characters that join their neighbours or keep them apart, as emoji, Indic and Persian words need."""
_SEEN = rf"[^\s\u2800{_SELECTORS}{_JOINERS}]"
_STRAY = (
    rf"[{_SELECTORS}](?<!{_SEEN}[{_SELECTORS}])"
    rf"|[{_JOINERS}](?<!{_SEEN}[{_JOINERS}])(?<!{_SEEN}[{_SELECTORS}][{_JOINERS}])"
)
"""A selector or joiner that is not the first after a visible character: it can only hide something."""


class _Shown(dict[int, str]):
    """The visible form of each character, computed on first use: ten megabytes of controls take a second, not ten."""

    def __missing__(self, code: int) -> str:
        from unicodedata import category

        from amq.lookalike_lines import HIDDEN, IGNORABLE

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
    """Return TEXT on one line, with every invisible character and every one that acts on a terminal made visible."""
    if text.isascii() and text.isprintable():
        return text
    return re.sub(_STRAY, lambda stray: _named(stray.group()), text.translate(_SHOWN))


def visible_lines(text: str) -> str:
    """Return TEXT made visible line by line: line ends and tabs stay, CR before LF is dropped."""
    if "\r\n" in text:
        text = text.replace("\r\n", "\n")
    if text.isascii() and text.translate({10: 32, 9: 32}).isprintable():
        return text
    return "\n".join("\t".join(visible(cell) for cell in line.split("\t")) for line in text.split("\n"))


def subject_line(subject: str) -> str:
    """Return SUBJECT on one line, or `(no subject)` if none of it would be visible."""
    shown = visible(subject)
    return shown if _outline(shown).strip() else "(no subject)"


# In an outline, \x01 is a non-ASCII letter and \x02 a non-ASCII sign: either may look like one in amq's own lines.
# Four plain spaces are the margin of a body; any other blank, a tab in an outline, is not.
_FRAME = (
    r"^(?! {4})[ \t]*+(?:- *- *-"
    r"|[\[\x02] *[Aa\x01\x02] *[Mm\x01\x02] *[Qq\x01\x02] *[\]\x02]"
    r"|- *(?:[Ff\x01\x02] *[Rr\x01\x02] *[Oo0\x01\x02] *[Mm\x01\x02]|[Il1|\x01\x02] *[Dd\x01\x02]) *:"
    r"|…|\.\.+ *\d)"
    r"|^(?! {4})[ \t]++[A-Z\x01\x02][\w\x01]*+(?: *\([^)\n]*\))? *:"
)
_DATED = r"^(?! {4})[ \t]*+[\d\x01]{4} *-"


def could_be_frame(body: str, *, dated: bool = False) -> bool:
    """Return whether a line of BODY, as shown, could pass for one of the lines that `drain` prints around bodies.

    With `dated`, also whether a line begins with a date, as the lines of `thread` do.
    """
    pattern = f"{_FRAME}|{_DATED}" if dated else _FRAME
    return re.search(pattern, _outline(body), re.MULTILINE) is not None


def _outline(text: str) -> str:
    if text.isascii():
        return text
    from amq.lookalike_lines import outline

    return outline(text)


def indented(text: str, margin: str = "    ") -> str:
    """Return TEXT with MARGIN before every line that is not empty."""
    return re.sub(r"^(?=.)", margin, text, flags=re.MULTILINE)


def with_final_line_end(text: str) -> str:
    """Return TEXT with a final line end, unless it is empty."""
    return text if not text or text.endswith("\n") else text + "\n"


_FARTHEST = 256
"""The most characters by which a cut is moved; anything longer is not read as one character."""
_FLAGS = "".join(map(chr, range(0x1F1E6, 0x1F200)))
"""Regional indicators; two of them make one flag."""


def cut_before(text: str, at: int) -> int:
    """Return where to cut TEXT, at or before AT: at a line end that is close, or between two characters.

    A character is what a reader sees as one, such as a letter with its accents, or a family emoji. The cut is behind
    the first one at least.
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
    """Return whether a cut AT would split a visible character, or the visible form of an invisible one."""
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
    """Return whether a cut AT would split a `^[` or `<U+200B>`."""
    start = max(at - 9, 0)
    names = re.finditer(r"\^[@-_?]|<U\+[0-9A-F]{4,6}>", text[start : at + 9])
    return any(found.start() < at - start < found.end() for found in names)
