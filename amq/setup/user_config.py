"""Write the user's answers into their configuration file, of which every other byte stays."""

from __future__ import annotations

from collections.abc import Mapping

from amq.errors import AmqError
from amq.runtime.user_config import config_path, with_answer
from amq.setup.hooks import Change, read_file


def answering(environ: Mapping[str, str], name: str, answer: bool) -> Change:
    """Return the change that sets NAME to ANSWER in the configuration file. Raises AmqError, or OSError."""
    path = config_path(environ)
    before = read_file(path)
    try:
        return Change(path, before, with_answer((before or b"").decode(), name, answer).encode())
    except (ValueError, RecursionError) as error:
        hint = f"fix it, or write there: {name} = {'true' if answer else 'false'}"
        raise AmqError(f"{path} cannot be edited, so amq left it unchanged: {error}", hint=hint) from None
