"""How the text is sent to a terminal that is not ours."""

from __future__ import annotations

from enum import Enum


class InputMode(Enum):
    """What the person asked for."""

    AUTO = "auto"  # as the program's profile wants it
    RAW = "raw"  # as if typed: no digit, which could answer a dialog
    PASTE = "paste"  # as a bracketed paste
