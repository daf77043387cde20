"""Vouch for amq's own hooks in one run of Codex, which would otherwise ask the user whether to trust them.

Codex runs a hook without a question if its settings hold the hook's hash (`hooks.state`). Its app-server lists each
hook with that hash (`hooks/list`). So amq asks it twice, with the arguments of the run: first for the hashes,
then whether it trusts the hooks with these. Only hooks that come from amq's own arguments and run exactly amq's
commands are vouched for. With any other answer amq gives no hooks: the user alone decides about those.

The answer is kept, for as long as the program, the user's settings and the hooks are those that it was about.
"""

from __future__ import annotations

import json
import os
import re
import select
import signal
import subprocess
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from errno import ETIMEDOUT
from functools import partial
from typing import Any

from amq import quoting
from amq.git_repository import read_regular
from amq.runtime.agents.codex.hooks import commands, settings_arguments
from amq.runtime.agents.codex.words import Words
from amq.runtime.agents.registry import NotVettedError
from amq.runtime.hooks.script import SCRIPT_NAME
from amq.runtime.private_state import write_private

ANSWER_WITHIN_S = 10.0  # both times together; each takes 0.15 to 0.5 s, or 2 s on a machine that is busy
RECORD_NAME = "codex-hooks.json"
_LARGEST_RECORD_BYTES = 1 << 20
_SERVER = ("app-server", "--listen", "stdio://")
_LISTED = 2  # the number of the request for the hooks
_NOWHERE = "/"  # no project's settings: the hash does not depend on them
_KEY = re.compile(r"/<session-flags>/config\.toml:[a-z_]+:0:0")  # of a hook in an argument
_HASH = re.compile(r"sha256:[0-9a-f]{64}")


def vetting_arguments(
    program: str, own: Sequence[str], environment: Mapping[str, str], settings: str, files: str, private: str
) -> list[str]:
    """Return the arguments that make PROGRAM, a path, trust the hooks of `hook_arguments`. Raises NotVettedError.

    OWN are the user's arguments, SETTINGS is their file. FILES is the directory of the run, PRIVATE the agent's, where
    the answer is kept; "" if there is none.
    """
    if not os.path.isabs(program) or os.path.basename(program) != "codex":
        raise NotVettedError("amq asks only a program named codex, and none in the working directory")
    if Words(own).concern_hooks():
        raise NotVettedError("your own arguments are about hooks")
    hooks, expected = settings_arguments(f"{files}/{SCRIPT_NAME}"), commands(f"{files}/{SCRIPT_NAME}")
    about = _identity(program, settings, hooks)
    kept = _kept(private, about)
    if kept:
        return kept
    ask = partial(_listed, environment=environment, expected=expected, deadline=time.monotonic() + ANSWER_WITHIN_S)
    vouched = _state([_vetted(each) for each in ask([program, *hooks])])
    if any(each["trustStatus"] != "trusted" for each in ask([program, *hooks, *vouched])):
        raise NotVettedError("it would ask you even so")
    if private and about:
        with suppress(OSError):
            write_private(f"{private}/{RECORD_NAME}", json.dumps({"about": about, "arguments": vouched}) + "\n")
    return vouched


def _state(trusted: Sequence[tuple[str, str]]) -> list[str]:
    each = ", ".join(f"{quoting.toml(key)} = {{trusted_hash = {quoting.toml(value)}}}" for key, value in trusted)
    return ["-c", f"hooks.state={{{each}}}"]


def _vetted(hook: Mapping[str, Any]) -> tuple[str, str]:
    """Return the key and the hash of HOOK. Raises NotVettedError unless both have the form that was measured."""
    key, value = hook["key"], hook["currentHash"]
    if not (_KEY.fullmatch(key) and _HASH.fullmatch(value)):
        raise NotVettedError("it names its hooks in a way that amq does not know")
    return key, value


def _listed(
    command: Sequence[str], environment: Mapping[str, str], expected: Sequence[str], deadline: float
) -> list[dict[str, Any]]:
    """Return the hooks in the words of COMMAND. Raises NotVettedError unless they run the EXPECTED commands."""
    try:
        answer = _answer([*command, *_SERVER], environment, deadline)
        (of_directory,) = answer["result"]["data"]
        ours = [each for each in of_directory["hooks"] if each["source"] == "sessionFlags"]
        if any(type(each[name]) is not str for each in ours for name in ("key", "currentHash", "trustStatus")):
            raise TypeError
        enabled = sorted(each["command"] for each in ours if each["enabled"] is True)
    except (OSError, ValueError, TypeError, KeyError, RecursionError) as error:
        detail = f": {error.strerror}" if isinstance(error, OSError) and error.strerror else ""
        raise NotVettedError(f"it gave no answer about hooks that amq knows{detail}") from error
    if enabled != sorted(expected) or len(ours) != len(expected):
        raise NotVettedError("it does not take amq's hooks as they are (hooks may be off, or managed)")
    return ours


def _answer(command: Sequence[str], environment: Mapping[str, str], deadline: float) -> dict[str, Any]:
    """Return the JSON object with which the server COMMAND answers the request for its hooks.

    Raises OSError, such as TimeoutError, or ValueError.
    """
    client = {"clientInfo": {"name": "amq", "version": "1"}}
    asked = (
        {"id": 1, "method": "initialize", "params": client},
        {"method": "initialized"},
        {"id": _LISTED, "method": "hooks/list", "params": {"cwds": [_NOWHERE]}},
    )
    # in a session of its own: npm's `codex` is a script that starts the server, and both must end
    with subprocess.Popen(
        command, env=dict(environment), stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
        start_new_session=True, cwd=_NOWHERE,
    ) as server:  # fmt: skip
        assert server.stdin
        assert server.stdout
        try:
            server.stdin.write("".join(json.dumps(each) + "\n" for each in asked).encode())
            server.stdin.flush()
            answer = _answered(server.stdout.fileno(), deadline)
            server.stdin.close()  # which ends it
            server.wait(max(deadline - time.monotonic(), 0))
        except subprocess.TimeoutExpired:
            return answer
        finally:
            if server.returncode is None:
                os.killpg(server.pid, signal.SIGKILL)
    return answer


def _answered(descriptor: int, deadline: float) -> dict[str, Any]:
    """Read lines from DESCRIPTOR until one is the answer. Raises TimeoutError, and ValueError where it ends before."""
    pending = b""
    while time.monotonic() < deadline and select.select([descriptor], [], [], deadline - time.monotonic())[0]:
        more = os.read(descriptor, 1 << 16)
        if not more:
            raise ValueError("it has ended")
        *lines, pending = (pending + more).split(b"\n")
        for wire in map(json.loads, lines):
            if isinstance(wire, dict) and wire.get("id") == _LISTED:
                return wire
    raise TimeoutError(ETIMEDOUT, "timed out")


def _kept(private: str, about: Sequence[Any]) -> list[str]:
    """Return the arguments that were kept for what the answer is ABOUT; none if there are none."""
    try:
        wire = json.loads(read_regular(f"{private}/{RECORD_NAME}", _LARGEST_RECORD_BYTES))
        return list(map(str, wire["arguments"])) if about and wire["about"] == about else []
    except (OSError, ValueError, TypeError, KeyError, RecursionError):
        return []


def _identity(program: str, settings: str, hooks: Sequence[str]) -> list[Any]:
    """Return what an answer is about; empty if PROGRAM may become another one unseen.

    A starter with another name (asdf, mise, volta) may run another version tomorrow.
    """
    real = os.path.realpath(program)
    try:
        if os.path.basename(real) == "codex.js":  # npm's, which starts the program of its version
            files = [real, os.path.join(os.path.dirname(os.path.dirname(real)), "package.json")]
        elif os.path.basename(real) == "codex" and read_regular(real, 2) != b"#!":
            files = [real]
        else:
            return []
        return [*map(_state_of, files), _state_of(settings) if os.path.exists(settings) else [], list(hooks)]
    except OSError:
        return []


def _state_of(path: str) -> list[Any]:
    found = os.stat(path)
    return [path, found.st_dev, found.st_ino, found.st_size, found.st_mtime_ns]
