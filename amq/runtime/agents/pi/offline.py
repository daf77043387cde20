"""pi offline: its home, and what a user does in it."""

from __future__ import annotations

import json

from amq.runtime.agents.offline import CTRL_D, KEY, AskedHosts, Conduct, Home, Offline, Place


def home(place: Place, _conduct: Conduct) -> Home:
    """Return a home in which it starts at once. It asks for no permission, whatever the conduct."""
    provider = {
        "baseUrl": f"{place.url}/v1",
        "api": "openai-completions",
        "apiKey": KEY,
        "models": [{"id": "mock"}],
    }
    directory = f"{place.home}/.pi/agent"
    return Home(
        files={
            f"{directory}/models.json": json.dumps({"providers": {"mock": provider}}),
            f"{directory}/settings.json": json.dumps({"defaultProvider": "mock", "defaultModel": "mock"}),
        },
        environment={"PI_OFFLINE": "1", "PI_TELEMETRY": "0"},
    )


OFFLINE = Offline(
    home=home, quits=(CTRL_D,), row=r"^", dialog="", line_break="\n", asked_hosts=AskedHosts("0.73.1", ())
)
