"""Ways to send text to a terminal that amq does not own."""

from __future__ import annotations

from enum import Enum


class InputMode(Enum):
    """Way to send the text, as the user has chosen it."""

    AUTO = "auto"  # as the program's profile says
    RAW = "raw"  # as if typed, without digits, which could answer a dialog
    PASTE = "paste"  # as a bracketed paste
