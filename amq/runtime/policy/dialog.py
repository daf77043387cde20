"""Find on the screen which command of amq's a dialog asks the user about. Pure.

A command is named only if nothing else would be run: a single call of amq, on one line, without other signs of the
shell. Every other dialog has no name here.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

_ONE_CALL = re.compile(r"(?:/[\w./+-]*/)?amq ([a-z]{2,20})(?: [\w\s./,:@=+-]*)?")


def asked_command(screen: str, dialogs: Iterable[str]) -> str:
    """Return the command, such as `amq drain`, that a dialog on SCREEN is about; "" for another one, or for none.

    DIALOGS are expressions for the rows of a CLI's dialogs; the first group of each is the command.
    """
    for dialog in dialogs:
        found = re.search(dialog, screen, re.MULTILINE)
        called = _ONE_CALL.fullmatch(found[1].strip()) if found else None
        if called:
            return f"amq {called[1]}"
    return ""
