"""The settings in the user's configuration file, and the values that count where it sets nothing."""

from __future__ import annotations

from amq import config
from amq.errors import AmqError
from amq.runtime import consent, notice_settings
from amq.runtime.user_config import config_path, read_config

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

DEFAULT, FILE = "default", "file"
_TABLE = notice_settings.TABLE
DEFAULTS: dict[str, bool | str] = {
    consent.KEY: False,
    f"{_TABLE}.notice": notice_settings.NoticeSettings().kind,
    f"{_TABLE}.command": "",
}
"""Every setting by its name, with the value that counts where the file does not set it."""


def overview(environ: Mapping[str, str]) -> dict[str, Any]:
    """Return the settings of the file as `amq config show --json` prints them. Raises AmqError if it does not count."""
    path = config_path(environ)
    found = read_config(environ, config.where_agents_work())
    allowed, faults = notice_settings.checked(found, path)
    in_file = _flat(found)
    valid = {f"{_TABLE}.{key}": in_file[f"{_TABLE}.{key}"] for key in allowed}
    try:
        if (answer := consent.recorded_answer(environ)) is not None:
            valid[consent.KEY] = answer
    except AmqError as error:
        faults.append(error)
    settings = [
        {"name": name, "value": valid.get(name, default), "source": FILE if name in valid else DEFAULT}
        for name, default in DEFAULTS.items()
    ]
    unknown = [name for name in in_file if name not in (*DEFAULTS, _TABLE)]
    told = [f"{fault.message}; {fault.hint}" for fault in faults]
    return {"file": path, "settings": settings, "unknown": unknown, "faults": told}


def _flat(found: Mapping[str, Any]) -> dict[str, Any]:
    """Return the values of FOUND by name; those of the known table by the names of both."""
    table = found.get(_TABLE)
    in_table = table if isinstance(table, dict) else {}
    others = {name: value for name, value in found.items() if value is not in_table}
    return others | {f"{_TABLE}.{key}": value for key, value in in_table.items()}
