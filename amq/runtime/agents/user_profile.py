"""A user's own profile: a TOML file that says where a CLI differs from one that amq knows.

    extends = "claude"          # the base for all that is not set here; without it, an unknown program
    name = "claude-work"
    keeps_path = false

    [rules]
    submit = "\\r"
    prompt = "> "               # type a line where this is before the cursor, as with --prompt

The keys are the fields of `Profile`, `Line` and `InjectionRules`. All are checked before anything is started.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields, is_dataclass
from typing import Any

from amq.errors import UsageError
from amq.names import did_you_mean, nearest
from amq.pty.input_row import PromptRule, RowRule
from amq.pty.keystrokes import Line
from amq.runtime.agents.profile import Addition, Profile, ToolOutput, with_prompt
from amq.runtime.agents.profiles import built_in
from amq.runtime.policy.injection import InjectionRules

NEVER = (b"\x1b", b"\x03", b"\x15", b"\x19")  # submit keys: a bare ESC, Ctrl-C, Ctrl-U, Ctrl-Y


for _record in (Addition, InjectionRules, Line, Profile, PromptRule, RowRule, ToolOutput):
    # pydantic takes the types of the fields from a dataclass; a record stays what it is, and gets a list of its fields
    dataclass(init=False, repr=False, eq=False)(_record)


def read_own(path: str) -> Profile:
    """Return the profile in the file PATH. Raises UsageError, which names a wrong field."""
    try:
        with open(path, "rb") as file:
            wire = tomllib.load(file)
    except (OSError, ValueError, RecursionError) as error:
        raise UsageError(f"the profile {path} cannot be read: {error}") from error
    base = wire.pop("extends", "generic")
    if not isinstance(base, str) or base not in built_in():
        raise UsageError(f"{path}: unknown profile {base!r} in extends", hint=f"use one of {', '.join(built_in())}")
    start, where = built_in()[base], f"{path}: rules.prompt"
    rules = wire.get("rules")
    if not isinstance(rules, dict) or "prompt" not in rules:
        return checked(_merged(start, wire, path, ""), path)
    prompt = rules.pop("prompt")
    return with_prompt(checked(_merged(start, wire, path, ""), path), prompt, where)


def checked(values: Mapping[str, Any], path: str) -> Profile:
    """Return the profile with these VALUES. Raises UsageError, which names PATH and a wrong field."""
    from pydantic import TypeAdapter, ValidationError

    try:
        profile = TypeAdapter(Profile).validate_python(values)
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(map(str, first["loc"]))
        raise UsageError(f"{path}: {where}: {first['msg']}") from error
    for name, key in (("submit", profile.rules.submit), ("fallback_submit_key", profile.rules.fallback_submit_key)):
        if key in NEVER or (key[:1] == b"\x1b" and len(key) < 3):
            raise UsageError(f"{path}: rules.{name}: not a key that submits a line", hint='for example "\\r"')
    if not profile.rules.submit + profile.rules.fallback_submit_key:
        raise UsageError(f"{path}: rules.submit: not a key that submits a line", hint='for example "\\r"')
    if isinstance(profile.rules.prompt_row, PromptRule):
        return with_prompt(profile, profile.rules.prompt_row.text, f"{path}: rules.prompt_row.text")
    return profile


def _merged(start: Any, wire: Mapping[str, Any], path: str, above: str) -> dict[str, Any]:
    """Return the values of START, a record, overridden by those of WIRE. Raises UsageError."""
    values, known = asdict(start), {field.name for field in fields(start)}
    for name, value in wire.items():
        if name not in known:
            like = nearest(name, known, most=1)
            guess = did_you_mean(*(f"{above}{each}" for each in like[:1]))
            raise UsageError(f"{path}: unknown field {above}{name}{guess}")
        inner = getattr(start, name)
        if is_dataclass(inner) and isinstance(value, dict):
            value = _merged(inner, value, path, f"{above}{name}.")
        values[name] = value
    return values
