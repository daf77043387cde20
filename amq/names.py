"""The names in a queue: handles, message ids, threads, kinds, priorities. Pure: clock, pid and chance are passed in."""

from __future__ import annotations

import re
from functools import lru_cache
from itertools import filterfalse

from amq.errors import UsageError
from amq.instants import MILLISECOND_NS, format_compact

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

KINDS = (
    "brainstorm", "review_request", "review_response", "question", "answer", "decision", "status", "todo",
)  # fmt: skip
PRIORITIES = ("urgent", "normal", "low")
DRAINED, ACKED = STAGES = ("drained", "acked")
"""The stages of a message that its sender can wait for, in the order of time."""
USER = "user"
"""The reserved handle of the user: a mailbox like any other, except that no notification is ever typed for it."""

AUTO = "auto"
"""Means the next free handle where `amq run --as` takes one."""
MOST_NUMBERED = 1000
"""The highest number of a numbered handle, such as `claude-1000`."""

SUFFIX = ".md"
MAX_NAME_BYTES = 200
MAX_NEW_ID = 128
INSTANT_LENGTH = len("2026-11-22T19-45-10.674Z")

_OF_HANDLES = frozenset("abcdefghijklmnopqrstuvwxyz0123456789_-")
_NEW_ID = r"[A-Za-z0-9][A-Za-z0-9._-]*"
_CANONICAL_ID = r"\d{4}-\d\d-\d\dT\d\d-\d\d-\d\d\.\d{3}Z_pid\d+_[0-9a-f]{8}"


@lru_cache(maxsize=256)
def is_handle(text: str) -> bool:
    """Return whether TEXT is a valid handle: 1 to 64 of ``a-z 0-9 _ -``, starting with a letter or digit."""
    return 0 < len(text) <= 64 and text[0] not in "_-" and _OF_HANDLES.issuperset(text)


def check_handle(text: str, what: str = "handle") -> str:
    """Return TEXT; raises UsageError if it is not a handle."""
    if not is_handle(text):
        like = text.strip().lstrip("@").lower()
        raise UsageError(
            f"{what} {text!r} is not a handle{did_you_mean(*([like] if is_handle(like) else []))}",
            hint="use 1 to 64 of a-z, 0-9, _ and -, starting with a letter or digit",
        )
    return text


def typed_handle(text: str, is_known: Callable[[str], bool], what: str = "handle") -> str:
    """Return the handle that a user means by TEXT: `Claude` is `claude`, if IS_KNOWN says that agent exists.

    Only for typed text: in files a handle is always lower case. Raises UsageError.
    """
    lower = text.lower()
    if lower != text and text.isascii() and is_handle(lower) and is_known(lower):
        return lower
    return check_handle(text, what)


def handle_from(program: str) -> str:
    """Return the handle that a program's name suggests (`/usr/bin/Claude.exe` gives `claude`), or ""."""
    base = re.split(r"[/\\]", program)[-1].lower().removesuffix(".exe")
    return re.sub(r"[^a-z0-9_-]+", "-", base).strip("-_")[:64]


def numbered(handle: str, count: int = MOST_NUMBERED) -> list[str]:
    """Return COUNT handles: `claude`, `claude-2` … . A long HANDLE is one too long with a number."""
    return [handle, *(f"{handle}-{number}" for number in range(2, count + 1))]


def is_safe_name(name: str) -> bool:
    """Return whether NAME can be a file's base name in a mailbox, so that it cannot reach outside it."""
    if not name or name.startswith(".") or "/" in name or "\\" in name or "\0" in name:
        return False
    try:
        return len(name.encode()) <= MAX_NAME_BYTES
    except UnicodeEncodeError:
        return False


def message_id(text: str) -> str:
    """Return the id in TEXT, with or without `.md`; raises UsageError if it could not be a file name."""
    name = text.removesuffix(SUFFIX)
    if not is_safe_name(name):
        raise UsageError(f"{text!r} is not a message id", hint="copy the id that `amq list` prints")
    return name


def check_new_id(text: str) -> str:
    """Return TEXT; raises UsageError if it cannot be the id of a new message."""
    if len(text) > MAX_NEW_ID or text.endswith(SUFFIX) or re.fullmatch(_NEW_ID, text) is None:
        raise UsageError(
            f"{text!r} cannot be the id of a new message",
            hint=f"use at most {MAX_NEW_ID} of A-Z a-z 0-9 . _ -, starting with a letter or digit, not ending in .md",
        )
    return text


def check_line(text: str, what: str) -> str:
    """Return TEXT; raises UsageError about WHAT unless it is one line without controls, valid as UTF-8."""
    if text and min(text) < " ":
        raise UsageError(f"the {what} contains control characters", hint="write one line of plain text")
    try:
        text.encode()
    except UnicodeEncodeError:
        raise UsageError(f"the {what} is not UTF-8") from None
    return text


def undated(identifiers: Iterable[str]) -> list[str]:
    """Return those of IDENTIFIERS that do not begin with a time stamp in the usual form."""
    return list(filterfalse(re.compile(_CANONICAL_ID, re.ASCII).fullmatch, identifiers))


def are_dated(names: list[str]) -> bool:
    """Return whether each of the file NAMES is one of a message that begins with a time stamp in the usual form.

    One match of all of them takes two thirds of the time of one for each.
    """
    text = "\n".join((*names, ""))
    return (
        text.count("\n") == len(names)
        and re.fullmatch(rf"(?:{_CANONICAL_ID}{re.escape(SUFFIX)}\n)*+", text, re.ASCII) is not None
    )


def dated_name() -> Callable[[str], object]:
    """Return a function that is true for the file name of a message whose id begins with a time stamp as `undated`."""
    return re.compile(_CANONICAL_ID + re.escape(SUFFIX), re.ASCII).fullmatch


def is_message_name(name: str) -> bool:
    """Return whether a directory entry of this name is a message, if it is a regular file."""
    return name.endswith(SUFFIX) and not name.startswith(".")


def p2p_thread(one: str, other: str) -> str:
    """Return the thread of two handles, in whichever order they are given."""
    first, second = sorted((one, other))
    return f"p2p/{first}__{second}"


def group_thread(handles: Iterable[str]) -> str:
    """Return the thread of several handles, in whichever order they are given; "" if its name would be too long."""
    name = f"group/{'__'.join(sorted(handles))}"
    return name if len(name) <= MAX_NAME_BYTES else ""


class IdMaker:
    """A maker of message ids that sort in the order they were made: no millisecond is used twice."""

    def __init__(self, clock: Callable[[], int], pid: int, random: Callable[[int], bytes]) -> None:
        self._clock = clock
        self._pid = pid
        self._random = random
        self._last_millisecond = 0

    def make(self) -> tuple[str, int]:
        """Return a new id and its instant, in nanoseconds since the epoch."""
        now = self._clock()
        if now // MILLISECOND_NS <= self._last_millisecond:
            now = (self._last_millisecond + 1) * MILLISECOND_NS
        self._last_millisecond = now // MILLISECOND_NS
        return f"{format_compact(now)}_pid{self._pid}_{self._random(4).hex()}", now


GUESS = "; did you mean "
"""Begins the part of an error's message that names what may be meant."""


def did_you_mean(*names: str) -> str:
    """Return that part for NAMES, the likeliest first; "" if there are none."""
    return f"{GUESS}{' or '.join(names)}?" if names else ""


def nearest(word: str, among: Iterable[str], most: int = 3, least: float = 0.5) -> list[str]:
    """Return up to MOST of the names AMONG that are most like WORD, best first; none whose likeness is below LEAST."""
    from difflib import get_close_matches

    return get_close_matches(word, list(among), n=most, cutoff=least)
