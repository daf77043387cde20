"""The known agent CLIs, as far as setup needs them."""

from __future__ import annotations

import re
from dataclasses import dataclass

_NUMBERED = re.compile(r"-\d+$")


@dataclass(frozen=True)
class Cli:
    """The install command of a CLI, and the oldest version that was measured to wake without a key pressed."""

    get_it: str
    oldest: tuple[int, ...] = ()


CLIS = {
    "claude": Cli("npm install -g @anthropic-ai/claude-code", oldest=(2, 1, 330)),
    "codex": Cli("npm install -g @openai/codex", oldest=(0, 169, 0)),
    "gemini": Cli("npm install -g @google/gemini-cli"),
    "opencode": Cli("npm install -g opencode-ai"),
    "qwen": Cli("npm install -g @qwen-code/qwen-code"),
}


def program_of(handle: str) -> str:
    """Return the program that HANDLE suggests: `claude-2` is another claude."""
    return _NUMBERED.sub("", handle)


def how_to_get(program: str) -> str:
    """Return how to install PROGRAM, which is missing."""
    known = CLIS.get(program)
    return f"install it: {known.get_it}" if known else f"install {program}, or put it on the PATH"
