"""Adapt Codex to where it starts, and as whom: let its sandbox write the queue, and introduce it to its model.

Its sandbox writes below its directory, and below each --add-dir besides; the user's own stay. Where it may only read,
Codex refuses to start with an --add-dir, so amq must know the mode. `developer_instructions` are one text, so amq's is
joined to the user's. Measured on the versions that the profile names.
"""

from __future__ import annotations

from collections.abc import Sequence

from amq import quoting
from amq.runtime.agents.codex.user_settings import READ_ONLY, WORKSPACE_WRITE, NotKnownError, UserSettings
from amq.runtime.agents.codex.words import Words
from amq.runtime.agents.profile import Adapted, Addition

_INSTRUCTIONS = "developer_instructions"
_LONGEST_BYTES = 100_000  # Linux takes no argument of more than 128 KiB


def adapted(own: Sequence[str], settings: str, cwd: str, root: str, introduction: str) -> Adapted:
    """Return Codex's values for `registry.adapted`. SETTINGS is the path of the user's `config.toml`."""
    words = Words(own)
    if not words.starts_session():
        return Adapted(own=tuple(own))
    user = UserSettings(words, settings, cwd)
    access, lack = _access(user, root)
    additions, lacks, kept = [*access], [*lack], list(own)
    try:
        if introduction:
            additions.append(_introduced(user.developer_instructions(), introduction))
            kept = words.without_setting(_INSTRUCTIONS)
    except NotKnownError as error:
        lacks.append(f"an introduction to amq, which would replace your {_INSTRUCTIONS}: {error}")
    return Adapted(tuple(additions), tuple(kept), tuple(lacks))


def _access(user: UserSettings, root: str) -> tuple[list[Addition], list[str]]:
    """Return what lets its sandbox write the queue ROOT, and what is lacking for that."""
    is_inside = user.has_inside(root)
    try:
        mode = user.sandbox()
    except NotKnownError as error:
        hint = f"if its sandbox is {WORKSPACE_WRITE}, add --add-dir {quoting.shell(root)}"
        return [], [] if is_inside else [f"write access to the queue, perhaps: {error}; {hint}"]
    if mode == READ_ONLY:
        return [], [f"write access to the queue: its sandbox is {READ_ONLY}; to change that: -s {WORKSPACE_WRITE}"]
    if mode != WORKSPACE_WRITE or is_inside:
        return [], []
    return [Addition(("--add-dir", root), why="its sandbox would not let amq write the queue, which is elsewhere")], []


def _introduced(theirs: str, introduction: str) -> Addition:
    """Return what gives the model THEIRS, the user's instructions, and behind it the INTRODUCTION."""
    text = f"{theirs}\n\n{introduction}" if theirs.strip() else introduction
    try:
        value = quoting.toml(text)
    except ValueError as error:
        raise NotKnownError("they are not Unicode") from error
    if len(value.encode()) > _LONGEST_BYTES:
        raise NotKnownError("they are too long for an argument")
    joined = ", joined to yours" if theirs.strip() else ""
    return Addition(("-c", f"{_INSTRUCTIONS}={value}"), why=f"introduces it to its model{joined}")
