"""Quote values as words of other programs' languages, one function per language. Pure.

The other program gets exactly the value of a directory, a handle or an argument, whatever is in it: spaces, quotes,
line ends, escape sequences, bytes that are not UTF-8. A function that cannot promise it raises ValueError.
"""

from __future__ import annotations

import os
import re

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

_PLAIN = r"(?:[^\\]|\\(?![\\']|\Z))*"  # fish reads `\\` and `\'` as escapes inside single quotes
_NOT_LITERAL = r"[^\w/.,:=@+-]"
_BESIDE_LETTERS = dict.fromkeys(map(ord, "-._/"))


def shell(word: str) -> str:
    """Return WORD as one printable word for any POSIX shell and for fish.

    Unprintable characters are written in octal, as in `"$(printf %b '/tmp/\\0033')"`: not every shell knows `$'…'`.
    """
    if word.isascii() and word.translate(_BESIDE_LETTERS).isalnum():
        return word  # a usual path or id, which costs a short command no import and no expression
    from shlex import quote

    kept = word.rstrip("\n")
    ends = quote(word[len(kept) :]) if kept != word else ""  # a command substitution would drop trailing newlines
    if kept.isprintable() and re.fullmatch(_PLAIN, kept):
        # zsh reads `=ls` as the path of ls, and shlex takes the sign for a safe one
        return (f"'='{quote(kept[1:])}" if kept.startswith("=") else quote(kept)) + ends
    return f"\"$(printf %b '{re.sub(_NOT_LITERAL, _octal, kept)}')\"{ends}"


def shell_line(words: Iterable[str]) -> str:
    """Return WORDS as a command line for any POSIX shell and for fish."""
    return " ".join(map(shell, words))


def toml(text: str) -> str:
    """Return TEXT as a TOML string. Raises ValueError for lone surrogates, which TOML cannot hold."""
    import json

    text.encode()
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007F")


def toml_search_path(path: str) -> str:
    """Return PATH, a list of directories to search, as a TOML string without the directories that TOML cannot hold."""
    return toml(os.pathsep.join(place for place in path.split(os.pathsep) if _is_unicode(place)))


def search_path(directory: str, path: str) -> str:
    """Return PATH, a list of directories to search, with DIRECTORY first.

    Raises ValueError for a directory that PATH cannot hold: it would split into several, one of them relative.
    """
    if os.pathsep in directory or not os.path.isabs(directory):
        raise ValueError(f"PATH cannot contain {directory!r}")
    return f"{directory}{os.pathsep}{path}" if path else directory


def tmux(*commands: Sequence[str]) -> list[str]:
    """Return the arguments that make tmux run COMMANDS in order, in one invocation.

    tmux reads a final `;` of any argument as the end of a command unless a backslash precedes it. Do not pass values
    where tmux expands formats (`-c`, `-n`, `-s`, `-F`): `#(…)` runs a program, and there is no single way to write a
    `#` (`##` is two before a `[`).
    """
    words: list[str] = []
    for command in commands:
        words += [";"] if words else []
        words += [f"{word[:-1]}\\;" if word.endswith(";") else word for word in command]
    return words


def systemd(word: str) -> str:
    """Return WORD as an argument of a systemd service, such as `systemd-run` makes: it puts variables in, as `${HOME}`.

    Source: systemd.service(5), "Command lines". The word is still to be quoted for the shell.
    """
    return word.replace("$", "$$")


def screen(data: bytes) -> str:
    r"""Return DATA as a word of a GNU screen command. `^`, `$`, `\` and quotes are special there; octal is not."""
    return "".join(map(_stuffed, data))


def notice_body(text: str) -> str:
    r"""Return TEXT as notify-send takes a body: it reads backslash escapes, and the desktop reads markup."""
    for plain, escaped in (("\\", "\\\\"), ("&", "&amp;"), ("<", "&lt;"), (">", "&gt;")):
        text = text.replace(plain, escaped)
    return text


def _is_unicode(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def _octal(sign: re.Match[str]) -> str:
    return "".join(f"\\0{byte:03o}" for byte in sign[0].encode("utf-8", "surrogateescape"))


def _stuffed(byte: int) -> str:
    character = chr(byte)
    return character if byte < 0x80 and (character.isalnum() or character in " .,:;/_+-") else f"\\{byte:03o}"
