"""The user's choice of how they are notified: their options, else their configuration file.

[notify]
notice = "desktop"                       # the signal: one of KINDS
command = "/home/ann/bin/ping-me --loud"    # run for each notice, without a shell; "": none
"""

from __future__ import annotations

from amq import config
from amq.errors import AmqError, UsageError
from amq.record import record
from amq.runtime.user_config import config_path, read_config
from amq.text import visible

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from typing import Any

TABLE = "notify"
"""The table in the user's configuration file."""
DESKTOP, OFF = "desktop", "off"
TERMINAL = {"bell": "\a", "osc9": "\x1b]9;{}\a", "osc777": "\x1b]777;notify;amq;{}\a", "osc99": "\x1b]99;;{}\x1b\\"}
"""The signals of a terminal, each with the text that makes it; `{}` is for words."""
KINDS = (*TERMINAL, DESKTOP, OFF)


@record
class NoticeSettings:
    """The signal that notifies the user, one of KINDS, and the words of their own command, () for none."""

    kind: str = "bell"
    command: tuple[str, ...] = ()


def _kind(value: object) -> str:
    if value not in KINDS:
        raise ValueError(f"allowed: {', '.join(KINDS)}")
    return str(value)


def _words(value: object) -> tuple[str, ...]:
    import shlex

    if not isinstance(value, str) or "\0" in value:
        raise ValueError('allowed: a program and its arguments in one text, as in "notify-me --loud"')
    try:
        return tuple(shlex.split(value))
    except ValueError as error:
        raise ValueError(f"it cannot be split into words: {str(error).lower()}") from None


CHECKS: dict[str, Callable[[object], Any]] = {"notice": _kind, "command": _words}
"""The keys of the table, each with what returns its value for use, or raises ValueError."""
_FIELDS = {"notice": "kind", "command": "command"}


def checked(found: Mapping[str, Any], path: str) -> tuple[dict[str, Any], list[AmqError]]:
    """Return the valid settings by key, for use, and the errors of the others. FOUND is what the file PATH holds."""
    table = found.get(TABLE, {})
    valid: dict[str, Any] = {}
    faults: list[AmqError] = []
    if not isinstance(table, dict):
        return {}, [AmqError(f"{path}: {TABLE} is not a table", hint=f"write its keys below a line [{TABLE}]")]
    for key in CHECKS.keys() & table.keys():
        try:
            valid[key] = CHECKS[key](table[key])
        except ValueError as error:
            faults.append(AmqError(f"{path}: {TABLE}.{key} is {table[key]!r}", hint=str(error)))
    return valid, faults


def chosen(
    environ: Mapping[str, str], kind: str | None = None, command: str | None = None
) -> tuple[NoticeSettings, list[str]]:
    """Return the settings that count, and what is wrong in the user's file, for them. KIND and COMMAND are options.

    What is wrong there does not count: a mistyped signal must not keep an agent from starting. Raises UsageError for a
    COMMAND that is wrong.
    """
    given: dict[str, Any] = {} if kind is None else {"kind": kind}
    if command is not None:
        try:
            given["command"] = _words(command)
        except ValueError as error:
            raise UsageError(f"--notice-command {command!r}: {error}") from None
    path = config_path(environ)
    try:
        valid, faults = checked(read_config(environ, config.where_agents_work()), path)
    except AmqError as error:
        valid, faults = {}, [error]
    in_file = {_FIELDS[key]: value for key, value in valid.items()}
    return NoticeSettings(**(in_file | given)), [f"{visible(error.message)}; {visible(error.hint)}" for error in faults]
