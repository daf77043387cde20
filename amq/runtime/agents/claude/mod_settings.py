"""Settings and options with which Claude Code does not load the mod, as far as they are known before the start.

An organization's managed settings can make Claude Code refuse to start with --plugin-dir. Everything else leaves the
mod out without a word. What is not seen here, such as settings that a server gives, shows when the mod says no hello,
or when Claude Code leaves with the message that `is_refusal` knows.
"""

from __future__ import annotations

import json
import os
import re
import sys
from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import Any

from amq.git_repository import read_regular
from amq.runtime.agents.claude.hooks import own_settings
from amq.runtime.agents.claude.setup_facts import DIRECTORY
from amq.runtime.hooks.script import BadSettingsError
from amq.runtime.private_state import is_there

LEFT_WITHIN_S = 20.0
"""In which Claude Code leaves when it refuses to start; on a busy machine that took more than 2."""

_LARGEST_FILE_BYTES = 1 << 22
_ETC = "/Library/Application Support/ClaudeCode" if sys.platform == "darwin" else "/etc/claude-code"
_OF_DEVICE = "/Library/Managed Preferences/com.anthropic.claudecode.plist"
_OFF = "disableAllHooks"
_MANAGED = ("disableSideloadFlags", "allowManagedHooksOnly", _OFF)
_OFF_BY_OPTION = ("--bare", "--safe-mode")
_OFF_BY_VARIABLE = ("CLAUDE_CODE_SIMPLE", "CLAUDE_CODE_SAFE_MODE")
_FALSE = ("", "0", "false", "no", "off")
_TOLD = re.compile(r"--plugin-dir\s+is\s+disabled\s+by\s+your\s+organization's\s+managed\s+settings")


def is_refusal(output: str) -> bool:
    """Return whether Claude Code has left because it is not allowed to load plugins, by its OUTPUT.

    OUTPUT is what it printed or what the screen shows, where the message may go on in the next row.
    """
    return bool(_TOLD.search(output) or _TOLD.search(output.replace("\n", "")))


def why_not(words: Sequence[str], environment: Mapping[str, str], cwd: str, etc: str = _ETC) -> str:
    """Return why Claude Code would not load the mod when it is started in CWD with WORDS; "" if nothing is known.

    ETC is the directory of the managed settings.
    """
    options = words[: words.index("--")] if "--" in words else words
    if found := next((option for option in _OFF_BY_OPTION if option in options), ""):
        return f"{found} leaves plugins out"
    if found := next((name for name in _OFF_BY_VARIABLE if environment.get(name, "0").lower() not in _FALSE), ""):
        return f"{found} leaves plugins out"
    return _managed(etc, environment) or _own(words, environment, cwd)


def _managed(etc: str, environment: Mapping[str, str]) -> str:
    """Return the reason in the organization's settings. What cannot be read may hold one."""
    try:
        if is_there(_OF_DEVICE):
            return f"{_OF_DEVICE} may forbid it"
    except OSError:
        return f"{_OF_DEVICE} cannot be read"
    path = f"{etc}/managed-settings.d"
    try:
        more = [f"{path}/{name}" for name in sorted(os.listdir(path)) if name.endswith(".json")]
    except FileNotFoundError:
        more = []
    except OSError:
        return f"{path} cannot be read"
    for path in (f"{etc}/managed-settings.json", *more, f"{DIRECTORY.find(environment)}/remote-settings.json"):
        try:
            settings = _read(path)
        except FileNotFoundError:
            continue
        except (OSError, ValueError, RecursionError):
            return f"{path} cannot be read"
        if found := next((name for name in _MANAGED if settings.get(name)), ""):
            return f"{path} has {found}"
    return ""


def _own(words: Sequence[str], environment: Mapping[str, str], cwd: str) -> str:
    """Return the reason in the user's settings. Claude Code goes on without a file that it cannot read, and so does
    this: a mod that is left out says no hello.
    """
    with suppress(BadSettingsError):
        if own_settings(words)[0].get(_OFF):
            return f"your --settings have {_OFF}"
    user, project = DIRECTORY.find(environment), DIRECTORY.find(environment, cwd)
    for path in (f"{user}/settings.json", f"{project}/settings.json", f"{project}/settings.local.json"):
        with suppress(OSError, ValueError, RecursionError):
            if _read(path).get(_OFF):
                return f"{path} has {_OFF}"
    return ""


def _read(path: str) -> dict[str, Any]:
    """Return the settings in the file PATH. Raises OSError or ValueError."""
    settings = json.loads(read_regular(path, _LARGEST_FILE_BYTES))
    if not isinstance(settings, dict):
        raise ValueError("not an object")
    return settings
