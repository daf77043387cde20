"""The user's choice of how they are notified: their options, else their configuration file.

[notify]
notice = "desktop"     # the signal: one of KINDS
"""

from __future__ import annotations

from amq import config
from amq.errors import AmqError
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
    """The signal that notifies the user, one of KINDS."""

    kind: str = "bell"


def _kind(value: object) -> str:
    if value not in KINDS:
        raise ValueError(f"allowed: {', '.join(KINDS)}")
    return str(value)


CHECKS: dict[str, Callable[[object], Any]] = {"notice": _kind}
"""The keys of the table, each with what returns its value for use, or raises ValueError."""


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


def chosen(environ: Mapping[str, str], kind: str | None = None) -> tuple[NoticeSettings, list[str]]:
    """Return the settings that count, and what is wrong in the user's file, for them. KIND is an option's value.

    What is wrong does not count: a mistyped signal must not keep an agent from starting.
    """
    path = config_path(environ)
    try:
        valid, faults = checked(read_config(environ, config.where_agents_work()), path)
    except AmqError as error:
        valid, faults = {}, [error]
    settings = NoticeSettings(kind or valid.get("notice", NoticeSettings().kind))
    return settings, [f"{visible(error.message)}; {visible(error.hint)}" for error in faults]
