"""Codex offline: its home, and what a user does in it."""

from __future__ import annotations

import json

from amq.runtime.agents.codex import HOME_VARIABLE
from amq.runtime.agents.offline import (
    CTRL_C,
    DOWN,
    ENTER,
    ESCAPE,
    KEY,
    SHIFT_TAB,
    AskedHosts,
    Conduct,
    Home,
    Offline,
    Place,
    Step,
    WrongPlace,
)

_CONFIG = """\
model = "mock"
model_provider = "mock"
approval_policy = "{approval}"
sandbox_mode = "{sandbox}"
check_for_update_on_startup = false

[model_providers.mock]
name = "mock"
base_url = "{url}/v1"
env_key = "MOCK_MODEL_KEY"
wire_api = "responses"
request_max_retries = 0
stream_max_retries = 0

[analytics]
enabled = false
"""
_TRUST = """
[projects.{project}]
trust_level = "trusted"
"""


def home(place: Place, conduct: Conduct) -> Home:
    """Return a home in which it starts at once."""
    config = _CONFIG.format(
        approval="on-request" if conduct.asks else "never",
        sandbox="workspace-write" if conduct.asks else "danger-full-access",
        url=place.url,
    )
    if conduct.trusted:
        config += _TRUST.format(project=json.dumps(place.project))
    directory = f"{place.home}/.codex"
    return Home({f"{directory}/config.toml": config}, {HOME_VARIABLE: directory, "MOCK_MODEL_KEY": KEY})


def _command(name: str, shows: str) -> tuple[Step, ...]:
    """Return the way to what the command NAME SHOWS."""
    return Step(name, rf"^›\s{name}$"), Step(ENTER, shows)


_PRESETS = "Select a review preset"

OFFLINE = Offline(
    home=home,
    line_break="\n",
    quits=(CTRL_C,),
    row=r"^›\s",
    dialog="Would you like to run",
    places=(
        WrongPlace("the field for a name", _command("/rename", "Type a name"), closes=(ESCAPE,)),
        WrongPlace(
            "the field for a review",
            (
                *_command("/review", _PRESETS),
                Step(DOWN, "^› 2"),
                Step(DOWN, "^› 3"),
                Step(DOWN, r"^› 4\. Custom"),
                Step(ENTER, "Type instructions"),
            ),
            closes=(ESCAPE, ESCAPE),
        ),
    ),
    question=(Step(SHIFT_TAB, "Plan mode"),),
    asked_hosts=AskedHosts("0.171.0", ("api.github.com", "chatgpt.com", "github.com", "raw.githubusercontent.com")),
)
