"""The profile that a user chose, or that fits a program: one that comes with amq, or a file of the user's own."""

from __future__ import annotations

import os
from collections.abc import Mapping

from amq.errors import UsageError
from amq.names import did_you_mean, nearest
from amq.runtime.agents.profile import Profile
from amq.runtime.agents.profiles import built_in, profile_for
from amq.runtime.user_config import config_directory

BUILT_IN = "comes with amq"


def own_file(program: str, environment: Mapping[str, str]) -> str | None:
    """Return the path of the user's own profile of PROGRAM, in their configuration directory; None if there is none.

    `user_profile.read_own`, which reads it, is slow to import.
    """
    path = os.path.join(_own_directory(environment), f"{os.path.basename(program)}.toml")
    return path if os.path.isabs(path) and os.path.exists(path) else None


def chosen(asked: str | None, program: str, environment: Mapping[str, str]) -> tuple[Profile, str]:
    """Return the profile ASKED for, by name or as a file, else that of PROGRAM; and its origin, in words.

    Raises UsageError if the name is unknown, or a file is wrong.
    """
    path = asked if asked and _is_file(asked) else own_file(program if asked is None else asked, environment)
    if path:
        from amq.runtime.agents.user_profile import read_own

        return read_own(path), path
    if asked is None:
        return profile_for(program), BUILT_IN
    if profile := built_in().get(asked):
        return profile, BUILT_IN
    names = sorted({*built_in(), *_own_names(environment)})
    like = nearest(asked, names, most=1)
    guess = did_you_mean(*like[:1])
    raise UsageError(
        f"unknown profile {asked!r}{guess}",
        hint=f"use one of {', '.join(names)}, or a file whose name has a / or ends in .toml",
    )


def _is_file(asked: str) -> bool:
    return asked.endswith(".toml") or any(separator in asked for separator in (os.sep, os.altsep) if separator)


def _own_directory(environment: Mapping[str, str]) -> str:
    return os.path.join(config_directory(environment), "profiles")


def _own_names(environment: Mapping[str, str]) -> list[str]:
    try:
        found = os.listdir(_own_directory(environment))
    except OSError:
        return []
    return [name.removesuffix(".toml") for name in found if name.endswith(".toml")]
