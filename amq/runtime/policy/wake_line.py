"""Word the notification: the one line that is typed to an agent with unread mail.

Its only words from a peer are the handles of known agents and, if the user asks for it, a subject of which only
letters, digits and a few signs are left. An unknown sender is not named: its handle is words of its choice.

`amq hook` imports this, so it is kept as light as a short command.
"""

from __future__ import annotations

import re
from unicodedata import category, normalize

from amq.names import is_handle
from amq.record import record
from amq.runtime.policy.hook_decision import ATTACHED, NEW_MESSAGES, OUR_LINE

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from amq.mail.inbox_view import Unread

LONGEST_LINE_BYTES = 200
COMMAND = "amq"
MOST_SENDERS = 3  # named in one line
UNREGISTERED = "an unregistered sender"
NOT_ATTACHED = ". Run: "
SHORTEST_PREVIEW = 8  # characters; where there is less room there is none

_NAME = rf"(?:[a-z0-9_-]+|{UNREGISTERED})"
_FORM = (
    rf"{OUR_LINE}{NEW_MESSAGES}(?: from {_NAME}(?:, {_NAME})*(?: and (?:[0-9]+ )?others?)?)?"
    r"(?:\. Run|, attached\. If it is missing, run): [^ ]+ drain(?: --me [a-z0-9_-]+)?(?: --root [^ ]+)? --include-body"
)
"""A notification without a subject: no blank of it can be missing, as where a screen wraps it."""
_PLAIN_PATH = re.compile(r"/[A-Za-z0-9_./+,-]*")
_DIGIT = re.compile(r"[0-9]")
_PREVIEWED = frozenset({"Lu", "Ll", "Lt", "Lm", "Lo", "Nd"})  # general categories of Unicode
_PREVIEWED_SIGNS = "._,+/-"  # inside a word; none means anything to a shell there, or opens a list in an agent's CLI
_BLANK_LETTERS = "\u115f\u1160\u3164\uffa0"  # Hangul fillers


@record
class Notification:
    """Give the line to type. A digit can answer a dialog by itself, so text that is not pasted has none."""

    text: str
    without_digits: str
    shorter: str = ""  # typed instead of the text where the row would not show all of it


@record
class Wording:
    """Say how the line reads."""

    command: str = COMMAND  # how the agent's shell finds amq
    preview_chars: int = 0  # the longest subject to show, in characters; 0: none
    instead: str = ""  # the user's own words, typed as they are
    options: str = ""  # of `drain`, after a blank, where the agent's environment does not say the same

    def line(self, unread: Sequence[Unread], known: Collection[str], *, attached: bool = False) -> Notification:
        """Return the line for UNREAD, oldest first. Senders in KNOWN are named; the newest subject may be shown.

        ATTACHED says that a hook gives the model the text of the mail together with the line.
        """
        if self.instead:
            return Notification(self.instead, self.instead)
        subject = preview(unread[-1].subject, self.preview_chars) if unread and self.preview_chars else ""
        senders = [message.sender for message in unread]
        return notification(senders, known, self.command, subject, attached=attached, options=self.options)


def notification(
    senders: Sequence[str],
    known: Collection[str],
    command: str = COMMAND,
    subject: str = "",
    *,
    attached: bool = False,
    options: str = "",
) -> Notification:
    """Return the line for one message from each of SENDERS, oldest first; an empty name is an unreadable message.

    Senders in KNOWN are named. COMMAND is how the agent's shell finds amq, SUBJECT is a `preview`. ATTACHED is as in
    `Wording.line`, OPTIONS as `Wording.options`; without digits they are left out if they have one. The line has at
    most LONGEST_LINE_BYTES bytes, and no character that a shell would act on. Raises ValueError if COMMAND and OPTIONS
    are too long.
    """
    names = _names(senders, known)
    count = len(senders)
    one = count == 1
    without_digits = COMMAND if _DIGIT.search(command) else command
    what = f"{count} new message{'' if one else 's'}"
    to_do = ATTACHED if attached else NOT_ATTACHED
    rest = f"{to_do}{command} drain{options}"
    return Notification(
        text=_line(what, names, rest, subject),
        without_digits=_line(
            "a new message" if one else "new messages",
            [name for name in names if not _DIGIT.search(name)],
            f"{to_do}{without_digits} drain{'' if _DIGIT.search(options) else options}",
            counts=False,
        ),
        shorter=_line(what, [], rest),
    )


def is_notification(text: str) -> bool:
    """Return whether TEXT is a whole notification, of any host, that shows no subject."""
    return text.isascii() and re.fullmatch(_FORM, text) is not None


def _names(senders: Sequence[str], known: Collection[str]) -> list[str]:
    """Return what to call the senders, known ones first. All unknown ones are one."""
    distinct = [sender for sender in dict.fromkeys(senders) if sender]
    named = [sender for sender in distinct if sender in known and is_handle(sender)]
    return named if len(named) == len(distinct) else [*named, UNREGISTERED]


def preview(subject: str, longest: int) -> str:
    """Return what may be typed of a peer's SUBJECT, at most LONGEST characters. All that is not allowed is a blank."""
    kept = "".join(sign if _may_be_typed(sign) else " " for sign in normalize("NFC", subject))
    words = (word.strip(_PREVIEWED_SIGNS) for word in kept.split())
    text = " ".join(word for word in words if word)
    return text if len(text) <= longest else text[:longest].rstrip(f" {_PREVIEWED_SIGNS}")


def is_typeable(path: str) -> bool:
    """Return whether an absolute path can be in a notification: it is short, and a shell takes it literally."""
    return _PLAIN_PATH.fullmatch(path) is not None and len(path) <= LONGEST_LINE_BYTES // 2


def _may_be_typed(sign: str) -> bool:
    return sign in _PREVIEWED_SIGNS or (category(sign) in _PREVIEWED and sign not in _BLANK_LETTERS)


def _line(what: str, senders: list[str], to_do: str, subject: str = "", *, counts: bool = True) -> str:
    """Return the line with as many senders as there is room for, and then with as much of the subject.

    TO_DO is the rest of the line, up to the last argument of the command.
    """
    for shown in range(min(len(senders), MOST_SENDERS), -1, -1):
        origin = f" from {', '.join(senders[:shown])}{_others(len(senders) - shown, counts)}" if shown else ""
        begin, end = f"amq: {what}{origin}", f"{to_do} --include-body"
        room = LONGEST_LINE_BYTES - len(begin) - len(end)
        if room >= 0:
            return begin + _about(subject, room) + end
    raise ValueError(f"no line of {LONGEST_LINE_BYTES} bytes has room for {to_do}")


def _others(number: int, counts: bool) -> str:
    """Return the words for senders that are not named; with COUNTS they give the number."""
    if not number:
        return ""
    return (" and 1 other" if number == 1 else f" and {number} others") if counts else " and others"


def _about(subject: str, room: int) -> str:
    """Return the words for SUBJECT in ROOM bytes; empty where too little of it would be left."""
    about = f", about {subject}".encode()[: max(0, room)].decode("utf-8", "ignore").rstrip(f" {_PREVIEWED_SIGNS}")
    return about if subject and len(about) >= len(", about ") + min(len(subject), SHORTEST_PREVIEW) else ""
