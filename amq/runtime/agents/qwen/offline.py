"""Qwen Code offline: its home, and what a user does in it."""

from __future__ import annotations

import json

from amq.runtime.agents.offline import CTRL_C, KEY, AskedHosts, Conduct, Home, Offline, Place


def home(place: Place, conduct: Conduct) -> Home:
    """Return a home in which it starts at once."""
    settings = {
        "security": {"auth": {"selectedType": "openai"}, "folderTrust": {"enabled": False}},
        "general": {"disableAutoUpdate": True, "enableAutoUpdate": False},
        "privacy": {"usageStatisticsEnabled": False},
        "telemetry": {"enabled": False},
        "model": {"name": "mock"},
        "tools": {"approvalMode": "default"} | ({} if conduct.asks else {"allowed": ["run_shell_command"]}),
    }
    return Home(
        files={f"{place.home}/.qwen/settings.json": json.dumps(settings)},
        environment={"OPENAI_API_KEY": KEY, "OPENAI_BASE_URL": f"{place.url}/v1", "OPENAI_MODEL": "mock"},
    )


OFFLINE = Offline(
    home=home, quits=(CTRL_C, CTRL_C), row=r"^> \s*", dialog="Allow execution of", asked_hosts=AskedHosts("0.15.10", ())
)
