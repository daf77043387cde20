"""Homes in which the agent CLIs start offline: no sign-in, no question unless a test wants it, a dummy key."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from tests.real.agents import Agent, cache_directory

_KEY = "dummy-key-for-the-mock-model-only"


@dataclass(frozen=True)
class Place:
    """The place an agent runs in: its home, its project, and the mock model's port on loopback."""

    home: Path
    project: Path
    port: int


def prepare_home(
    agent: Agent, place: Place, *, asks: bool = False, trusted: bool = True, key_known: bool = True
) -> dict[str, str]:
    """Write the home of AGENT and return the whole environment to start it in.

    With ASKS the agent asks the user before it runs a command (Codex: one that leaves the sandbox). Unless the
    directory is TRUSTED, it asks first whether it may work there (Codex: in a git repository, which is made). Unless
    its key is known, Claude asks first whether to use it.
    """
    own = HOMES[agent.program](place, asks=asks, trusted=trusted, key_known=key_known)
    return _machine(agent, place) | own


def _machine(agent: Agent, place: Place) -> dict[str, str]:
    """Return the environment of any program.

    PATH has the agent and its requirements, and nothing from the environment of the tests.
    """
    temporary = place.home / "tmp"
    temporary.mkdir(parents=True, exist_ok=True)
    node = shutil.which("node")
    needed = [agent.executable(cache_directory()).parent, *([Path(node).parent] if node else [])]
    return {
        "HOME": str(place.home),
        "TMPDIR": str(temporary),
        "PATH": ":".join([*map(str, needed), "/usr/local/bin", "/usr/bin", "/bin"]),
        "TERM": "xterm-256color",
        "LANG": "C.UTF-8",
        "SHELL": "/bin/bash",
        "XDG_STATE_HOME": os.environ.get("XDG_STATE_HOME", ""),  # below the usual temporary directory there is none
    }


def _claude(place: Place, *, asks: bool, trusted: bool, key_known: bool) -> dict[str, str]:
    known = {
        "hasCompletedOnboarding": True,
        "theme": "dark",
        "numStartups": 20,
        "hasSeenAutoDefaultNudge": True,
        "customApiKeyResponses": {"approved": [_KEY[-20:]] if key_known else [], "rejected": []},
        "projects": {str(place.project): {"hasTrustDialogAccepted": trusted, "hasCompletedProjectOnboarding": True}},
    }
    permissions = {"defaultMode": "default", "allow": [] if asks else ["Bash(*)"]}
    settings = place.home / ".claude" / "settings.json"
    settings.parent.mkdir(parents=True, exist_ok=True)
    settings.write_text(json.dumps({"permissions": permissions}), encoding="utf-8")
    (place.home / ".claude.json").write_text(json.dumps(known), encoding="utf-8")
    quiet = ("DISABLE_TELEMETRY", "DISABLE_AUTOUPDATER", "DISABLE_ERROR_REPORTING")
    return {
        "ANTHROPIC_BASE_URL": f"http://127.0.0.1:{place.port}",
        "ANTHROPIC_API_KEY": _KEY,
        "CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC": "1",
        **dict.fromkeys(quiet, "1"),
    }


_CODEX_CONFIG = """\
model = "mock"
model_provider = "mock"
approval_policy = "{approval}"
sandbox_mode = "{sandbox}"
check_for_update_on_startup = false

[model_providers.mock]
name = "mock"
base_url = "http://127.0.0.1:{port}/v1"
env_key = "MOCK_MODEL_KEY"
wire_api = "responses"
request_max_retries = 0
stream_max_retries = 0

[analytics]
enabled = false
"""
_CODEX_TRUST = """
[projects.{project}]
trust_level = "trusted"
"""


def _codex(place: Place, *, asks: bool, trusted: bool, **_: bool) -> dict[str, str]:
    config = _CODEX_CONFIG.format(
        approval="on-request" if asks else "never",
        sandbox="workspace-write" if asks else "danger-full-access",
        port=place.port,
    )
    if trusted:
        config += _CODEX_TRUST.format(project=json.dumps(str(place.project)))
    else:  # elsewhere it does not ask
        subprocess.run(["git", "init", "--quiet", place.project], check=True)
    codex_home = place.home / ".codex"
    codex_home.mkdir(parents=True, exist_ok=True)
    (codex_home / "config.toml").write_text(config, encoding="utf-8")
    return {"CODEX_HOME": str(codex_home), "MOCK_MODEL_KEY": _KEY}


def _write(path: Path, settings: object) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(settings), encoding="utf-8")


def _gemini(place: Place, *, asks: bool, **_: bool) -> dict[str, str]:
    settings = {
        "security": {"auth": {"selectedType": "gemini-api-key"}, "folderTrust": {"enabled": False}},
        "general": {"enableAutoUpdate": False, "enableAutoUpdateNotification": False},
        "model": {"name": "gemini-2.5-flash"},
        "privacy": {"usageStatisticsEnabled": False},
        "telemetry": {"enabled": False},
        "tools": {} if asks else {"allowed": ["run_shell_command"]},
    }
    _write(place.home / ".gemini" / "settings.json", settings)
    return {"GEMINI_API_KEY": _KEY, "GOOGLE_GEMINI_BASE_URL": f"http://127.0.0.1:{place.port}"}


def _qwen(place: Place, *, asks: bool, **_: bool) -> dict[str, str]:
    settings = {
        "security": {"auth": {"selectedType": "openai"}, "folderTrust": {"enabled": False}},
        "general": {"disableAutoUpdate": True, "enableAutoUpdate": False},
        "privacy": {"usageStatisticsEnabled": False},
        "telemetry": {"enabled": False},
        "model": {"name": "mock"},
        "tools": {} if asks else {"allowed": ["run_shell_command"]},
    }
    _write(place.home / ".qwen" / "settings.json", settings)
    url = f"http://127.0.0.1:{place.port}/v1"
    return {"OPENAI_API_KEY": _KEY, "OPENAI_BASE_URL": url, "OPENAI_MODEL": "mock"}


def _opencode(place: Place, *, asks: bool, **_: bool) -> dict[str, str]:
    settings = {
        "$schema": "https://opencode.ai/config.json",
        "model": "anthropic/claude-sonnet-4-5",
        "small_model": "anthropic/claude-sonnet-4-5",
        "autoupdate": False,
        "share": "disabled",
        "permission": {"bash": "ask" if asks else "allow"},
        "provider": {
            "anthropic": {
                "options": {"baseURL": f"http://127.0.0.1:{place.port}/v1", "apiKey": _KEY},
                "models": {"claude-sonnet-4-5": {"name": "Mock", "limit": {"context": 200000, "output": 8192}}},
            }
        },
    }
    _write(place.home / ".config" / "opencode" / "opencode.json", settings)
    quiet = ("AUTOUPDATE", "MODELS_FETCH", "DEFAULT_PLUGINS", "LSP_DOWNLOAD")
    return {"ANTHROPIC_API_KEY": _KEY, **{f"OPENCODE_DISABLE_{word}": "1" for word in quiet}}


HOMES: dict[str, Callable[..., dict[str, str]]] = {
    "claude": _claude, "codex": _codex, "gemini": _gemini, "opencode": _opencode, "qwen": _qwen,
}  # fmt: skip
"""Functions that make the home of each program, and return its own environment."""
