"""opencode offline: its home, and what a user does in it."""

from __future__ import annotations

import json

from amq.runtime.agents.offline import CTRL_C, KEY, AskedHosts, Conduct, Home, Offline, Place

_MODEL = "claude-sonnet-4-5"
_QUIET = ("AUTOUPDATE", "MODELS_FETCH", "DEFAULT_PLUGINS", "LSP_DOWNLOAD")


def home(place: Place, conduct: Conduct) -> Home:
    """Return a home in which it starts at once."""
    settings = {
        "$schema": "https://opencode.ai/config.json",
        "model": f"anthropic/{_MODEL}",
        "small_model": f"anthropic/{_MODEL}",
        "autoupdate": False,
        "share": "disabled",
        "permission": {"bash": "ask" if conduct.asks else "allow"},
        "provider": {
            "anthropic": {
                "options": {"baseURL": f"{place.url}/v1", "apiKey": KEY},
                "models": {_MODEL: {"name": "Mock", "limit": {"context": 200000, "output": 8192}}},
            }
        },
    }
    return Home(
        files={f"{place.home}/.config/opencode/opencode.json": json.dumps(settings)},
        environment={"ANTHROPIC_API_KEY": KEY, **{f"OPENCODE_DISABLE_{word}": "1" for word in _QUIET}},
    )


OFFLINE = Offline(
    home=home,
    quits=(CTRL_C,),
    row=r"┃\s+",
    dialog="Permission required",
    asked_hosts=AskedHosts("1.18.33", ("registry.npmjs.org",)),
)
