"""The settings that a session of Codex will have, as far as they are known without asking it.

Codex merges, the last one first: managed files, the user's arguments, the project's `.codex/config.toml`, the profile
(`-p`), `config.toml`, and the system's. amq reads what the user gave. Where another file mentions what is asked for, or
a file cannot be read, the setting is not known.
"""

from __future__ import annotations

import os
import tomllib
from collections.abc import Iterator, Sequence
from typing import Any

from amq.git_repository import home_of, read_regular, top_of, upwards
from amq.runtime.agents.codex.words import Words

_LARGEST_FILE_BYTES = 1 << 22
OF_MACHINE = (
    *("/etc/codex/config.toml", "/etc/codex/managed_config.toml", "/etc/codex/requirements.toml"),
    "/Library/Managed Preferences/com.openai.codex.plist",
)
"""Files in which someone else may have set something for everyone on this machine."""
_OF_HOME = ("managed_config.toml", "cloud-config-bundle-cache.json")
_FULL_ACCESS = ("--dangerously-bypass-approvals-and-sandbox", "--yolo")
READ_ONLY, WORKSPACE_WRITE, ANY = "read-only", "workspace-write", "danger-full-access"


class NotKnownError(Exception):
    """A setting is not known; the message is a clause that says why."""


class UserSettings:
    """The settings of a session that the user starts with WORDS in the directory CWD; PATH is their `config.toml`."""

    def __init__(self, words: Words, path: str, cwd: str) -> None:
        self._words = words
        self._path = path
        self._cwd = os.path.realpath(os.path.join(cwd, words.last("--cd")))

    def developer_instructions(self) -> str:
        """Return the user's own; "" if they have none. Raises NotKnownError."""
        key = "developer_instructions"
        self._check_others((key,))
        found = self._merged().get(key, "")
        if not isinstance(found, str):
            raise NotKnownError(f"{key} is not a text")
        return found

    def sandbox(self) -> str:
        """Return the sandbox mode. Raises NotKnownError.

        Without a setting it depends on what the user said of the directory; Codex asks about one that it does not know.
        """
        if any(word in _FULL_ACCESS for word in self._words.others):
            return ANY
        settings = self._merged()
        if any(key.partition(".")[0] in ("default_permissions", "permissions") for key in settings):
            raise NotKnownError("your settings choose a profile of permissions")
        self._check_others(("sandbox", "permissions"))
        asked = self._words.last("--sandbox")
        if not asked and "--approve-for-me" in self._words.others:
            asked = WORKSPACE_WRITE
        mode = asked or settings.get("sandbox_mode", "")
        if not mode and not self._is_directory_known(settings):
            raise NotKnownError("Codex has not asked you about this directory yet")
        if (mode or WORKSPACE_WRITE) not in (READ_ONLY, WORKSPACE_WRITE, ANY):
            raise NotKnownError("its mode has a name that amq does not know")
        return mode or WORKSPACE_WRITE

    def has_inside(self, path: str) -> bool:
        """Return whether PATH is in the directory where the agent will work."""
        if "--worktree" in self._words.others:  # one that is made then
            return False
        return os.path.commonpath([self._cwd, os.path.realpath(path)]) == self._cwd

    def _merged(self) -> dict[str, Any]:
        """Return the settings in the user's file, their profile and their arguments."""
        settings = _parsed(self._path, may_be_missing=True)
        if profile := self._words.last("--profile"):
            settings |= _parsed(os.path.join(os.path.dirname(self._path), f"{profile}.config.toml"))
        return settings | {key: _value(text) for key, text in self._words.settings()}

    def _is_directory_known(self, settings: dict[str, Any]) -> bool:
        projects = settings.get("projects", {})
        top = top_of(self._cwd)
        places = [self._cwd, *([top, home_of(top)] if top else [])]
        return isinstance(projects, dict) and any(
            isinstance(projects.get(place), dict) and projects[place].get("trust_level") in ("trusted", "untrusted")
            for place in places
        )

    def _check_others(self, names: Sequence[str]) -> None:
        """Raise NotKnownError if a file of someone else's mentions one of NAMES."""
        for path in self._others():
            try:
                text = read_regular(path, _LARGEST_FILE_BYTES).decode("utf-8", "replace")
            except (FileNotFoundError, NotADirectoryError):
                continue
            except OSError as error:
                raise NotKnownError(f"{path} cannot be read") from error
            if path.endswith(".plist") or any(name in text for name in names):
                raise NotKnownError(f"{path} may decide it")

    def _others(self) -> Iterator[str]:
        yield from OF_MACHINE
        home = os.path.dirname(self._path)
        yield from (os.path.join(home, name) for name in _OF_HOME)
        for place in upwards(self._cwd):
            path = os.path.join(place, ".codex", "config.toml")
            if os.path.realpath(path) != os.path.realpath(self._path):
                yield path


def _parsed(path: str, *, may_be_missing: bool = False) -> dict[str, Any]:
    try:
        return tomllib.loads(read_regular(path, _LARGEST_FILE_BYTES).decode())
    except FileNotFoundError as error:
        if may_be_missing:
            return {}
        raise NotKnownError(f"{path} cannot be read") from error
    except (OSError, ValueError, RecursionError) as error:
        raise NotKnownError(f"{path} cannot be read") from error


def _value(text: str) -> object:
    """Return the value of an argument, which is TOML or else a plain text."""
    try:
        return tomllib.loads(f"value = {text}")["value"]
    except (ValueError, RecursionError):
        return text
