"""GitHub Copilot CLI offline: its home, and what a user does in it."""

from __future__ import annotations

import json

from amq.runtime.agents.offline import CTRL_D, ESCAPE, KEY, AskedHosts, Conduct, Home, Offline, Place, Step, WrongPlace


def home(place: Place, conduct: Conduct) -> Home:
    """Return a home in which it starts at once."""
    directory = f"{place.home}/.copilot"
    config = {"trusted_folders": [place.project] if conduct.trusted else []}
    settings = {"banner": "never", "autoUpdate": False, "showTipsOnStartup": False}
    return Home(
        files={f"{directory}/config.json": json.dumps(config), f"{directory}/settings.json": json.dumps(settings)},
        environment={
            "COPILOT_OFFLINE": "true",
            "COPILOT_PROVIDER_BASE_URL": f"{place.url}/v1",
            "COPILOT_PROVIDER_TYPE": "openai",
            "COPILOT_PROVIDER_API_KEY": KEY,
            "COPILOT_MODEL": "mock",
            "COPILOT_AUTO_UPDATE": "false",
            **({} if conduct.asks else {"COPILOT_ALLOW_ALL": "1"}),
        },
    )


OFFLINE = Offline(
    home=home,
    line_break="\n",
    quits=(CTRL_D,),
    row=r"^❯\s+",
    dialog="Do you want to run this command",
    places=(WrongPlace("the list of keys", (Step("?", "any key close help"),), closes=(ESCAPE,)),),
    question=(),
    named=("--name", "review"),
    asked_hosts=AskedHosts("1.0.102", ()),
)
