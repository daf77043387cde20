"""Another's text, made safe to show. Pure.

Nothing that a peer wrote reaches a terminal as it is: a control character is shown as what it is (`^[`), and so is
every character that is not seen, or that reorders its neighbours.
"""

from __future__ import annotations

import re

# Patterns are compiled when they are first used: most commands show nothing but ASCII.

_HIDDEN = frozenset({"Cc", "Cf", "Cs", "Co", "Zl", "Zp"})
_IGNORABLE = (
    r"[\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180f\u2065\u3164\ufe00-\ufe0f\uffa0\ufff0-\ufff8\U000e0000-\U000e0fff]"
)
"""Default_Ignorable_Code_Point of Unicode 16 (DerivedCoreProperties.txt), without what is in the categories above.

These are shown as nothing, though neither category nor name tells. Unassigned code points are among them, so a later
version of Unicode seldom adds one.
"""
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

        character = shown = chr(code)
        if code < 0x20 or code == 0x7F:
            shown = f"^{chr(code ^ 0x40)}"
        elif not re.match(f"[{_SELECTORS}{_JOINERS}]", character) and (
            category(character) in _HIDDEN or re.match(_IGNORABLE, character)
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
    return shown if outline(shown).strip() else "(no subject)"


# -- what could be taken for the lines that commands print around bodies ----------------------------------------------

_LETTER, _SIGN, _BLANK = "\1", "\2", "\t"
"""What any other letter or digit, any other sign and any other blank is folded to."""
_WITHOUT_INK = "\u2800\U0001d159\U00013441\U00013442"
_ALIKE = {"ELLIPSIS": "…", "DASH": "-", "HYPHEN": "-", "MINUS": "-", "HORIZONTAL": "-", "COLON": ":"}
"""What a character looks like that has this word in its name."""
_ALSO_ALIKE = dict.fromkeys("一ー⼀ㄧㅡᅳ㇐⎯⏤╴╶╸╺╼╾", "-") | dict.fromkeys("∶ː˸׃։⁚፡", ":")


class _Outlines(dict[int, str]):
    """What of ASCII each character could be taken for."""

    def __missing__(self, code: int) -> str:
        self[code] = found = chr(code) if code < 0x80 else _outline(chr(code))
        return found


def _outline(character: str) -> str:
    from unicodedata import category, name, normalize

    kind = category(character)
    if kind[0] == "Z" or character in _WITHOUT_INK:
        return _BLANK
    if kind[0] == "M" or kind in _HIDDEN or re.match(_IGNORABLE, character):
        return ""
    words = re.split("[ -]", name(character, ""))
    alike = next((_ALIKE[word] for word in _ALIKE if word in words), _ALSO_ALIKE.get(character, ""))
    plain = alike or "".join(filter(str.isascii, normalize("NFKD", character))).strip()
    return plain or {"Ps": "[", "Pe": "]"}.get(kind, _LETTER if kind[0] in "LN" else _SIGN)


_OUTLINES = _Outlines()


def outline(text: str) -> str:
    """Return TEXT as a hasty reader could take it: without what is not seen, and with ASCII for what looks like it."""
    return text if text.isascii() else text.translate(_OUTLINES)


def _word(letters: str) -> str:
    """A pattern for what could be taken for a word of these LETTERS."""
    alike = {"I": "Il1|", "O": "O0", "M": "M"}
    return " *".join(f"(?i:[{alike.get(letter, letter)}{_LETTER}{_SIGN}])" for letter in letters)


_MARGIN = rf"^(?! {{4}})[ {_BLANK}]*+"  # what we indent by 4 is known by that, and is not ours
_FRAME = (
    rf"{_MARGIN}(?:- *- *-|[\[{_SIGN}] *{_word('AMQ')} *[]{_SIGN}]|- *(?:{_word('FROM')}|{_word('ID')}) *:|…|\.\.+ *\d)"
    rf"|^(?! {{4}})[ {_BLANK}]++[A-Z{_LETTER}{_SIGN}][\w{_LETTER}]*+(?: *\([^)\n]*\))? *:"
)
_DATED = rf"{_MARGIN}[\d{_LETTER}]{{4}} *-"


def could_be_frame(body: str, *, dated: bool = False) -> bool:
    """Whether a line of BODY, as shown, could be taken for one of the lines that `drain` prints around bodies.

    With `dated` also for one that begins with a date, as the lines of `thread` do.
    """
    pattern = f"{_FRAME}|{_DATED}" if dated else _FRAME
    return re.search(pattern, outline(body), re.MULTILINE) is not None


def indented(text: str, margin: str = "    ") -> str:
    """TEXT with MARGIN before every line that is not empty."""
    return re.sub(r"^(?=.)", margin, text, flags=re.MULTILINE)


def with_final_line_end(text: str) -> str:
    """TEXT, ending in a line end unless it is empty."""
    return text if not text or text.endswith("\n") else text + "\n"
