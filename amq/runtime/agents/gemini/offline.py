"""Gemini CLI offline: its home, and what a user does in it."""

from __future__ import annotations

import json

from amq.runtime.agents.offline import CTRL_C, KEY, AskedHosts, Conduct, Home, Offline, Place


def home(place: Place, conduct: Conduct) -> Home:
    """Return a home in which it starts at once."""
    settings = {
        "security": {"auth": {"selectedType": "gemini-api-key"}, "folderTrust": {"enabled": False}},
        "general": {"enableAutoUpdate": False, "enableAutoUpdateNotification": False},
        "model": {"name": "gemini-2.5-flash"},
        "privacy": {"usageStatisticsEnabled": False},
        "telemetry": {"enabled": False},
        "tools": {} if conduct.asks else {"allowed": ["run_shell_command"]},
    }
    return Home(
        files={f"{place.home}/.gemini/settings.json": json.dumps(settings)},
        environment={"GEMINI_API_KEY": KEY, "GOOGLE_GEMINI_BASE_URL": place.url},
    )


OFFLINE = Offline(
    home=home,
    quits=(CTRL_C, CTRL_C),
    row=r"^ [>*]\s+",
    dialog="Allow execution of",
    asked_hosts=AskedHosts("0.61.0", ()),
)
