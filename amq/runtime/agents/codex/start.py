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
    additions, lacks, kept = list[Addition](), list[str](), list(own)
    try:
        additions += _access(user, root)
    except NotKnownError as error:
        lacks.append(f"write access to the queue, perhaps: {error}; to give it: --add-dir {quoting.shell(root)}")
    try:
        if introduction:
            additions.append(_introduced(user.developer_instructions(), introduction))
            kept = words.without_setting(_INSTRUCTIONS)
    except NotKnownError as error:
        lacks.append(f"an introduction to amq, which would replace your {_INSTRUCTIONS}: {error}")
    return Adapted(tuple(additions), tuple(kept), tuple(lacks))


def _access(user: UserSettings, root: str) -> list[Addition]:
    """Return what lets its sandbox write the queue ROOT. Raises NotKnownError."""
    mode = user.sandbox()
    if mode == READ_ONLY:
        raise NotKnownError("its sandbox is read-only, in which Codex takes no directory")
    if mode != WORKSPACE_WRITE or user.has_inside(root):
        return []
    return [Addition(("--add-dir", root), why="its sandbox would not let amq write the queue, which is elsewhere")]


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
