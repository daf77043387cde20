"""Find on the screen what a dialog asks the user. Pure.

A command of amq's is named only if nothing else would be run: a single call of amq, on one line, without other signs of
the shell.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

LONGEST_QUESTION_CHARS = 200
_ONE_CALL = re.compile(r"(?:/[\w./+-]*/)?amq ([a-z]{2,20})(?: [\w\s./,:@=+-]*)?")


def asked_command(screen: str, dialogs: Iterable[str]) -> str:
    """Return the command, such as `amq drain`, that a dialog on SCREEN is about; "" for another one, or for none.

    DIALOGS are expressions for the rows of a CLI's dialogs; the first group of each is the command.
    """
    for found in _found(screen, dialogs):
        if called := _ONE_CALL.fullmatch(found[1].strip()):
            return f"amq {called[1]}"
    return ""


def question(screen: str, dialogs: Iterable[str]) -> str:
    """Return what the first of DIALOGS on SCREEN asks, such as `Bash(git push)`; "" for another one, or for none.

    The name of the expression's group, if it has one, is that of the agent's tool. The text is a peer's.
    """
    for found in _found(screen, dialogs):
        command = found[1].strip()[:LONGEST_QUESTION_CHARS]
        return f"{found.lastgroup}({command})" if found.lastgroup else command
    return ""


def _found(screen: str, dialogs: Iterable[str]) -> Iterator[re.Match[str]]:
    for dialog in dialogs:
        if found := re.search(dialog, screen, re.MULTILINE):
            yield found
