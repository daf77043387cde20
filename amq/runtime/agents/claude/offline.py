"""Claude Code offline: its home, and what a user does in it."""

from __future__ import annotations

import json

from amq.runtime.agents.offline import (
    CTRL_C,
    ESCAPE,
    KEY,
    LEFT,
    AskedHosts,
    Conduct,
    Home,
    Offline,
    Place,
    Step,
    WrongPlace,
)

_QUIET = ("DISABLE_TELEMETRY", "DISABLE_AUTOUPDATER", "DISABLE_ERROR_REPORTING")


def home(place: Place, conduct: Conduct) -> Home:
    """Return a home in which it starts at once."""
    trust = {"hasTrustDialogAccepted": conduct.trusted, "hasCompletedProjectOnboarding": True}
    known = {
        "hasCompletedOnboarding": True,
        "theme": "dark",
        "numStartups": 20,
        "hasSeenAutoDefaultNudge": True,
        "customApiKeyResponses": {"approved": [KEY[-20:]] if conduct.key_known else [], "rejected": []},
        "projects": {place.project: trust},
    }
    permissions = {"defaultMode": "default", "allow": [] if conduct.asks else ["Bash(*)"]}
    return Home(
        files={
            f"{place.home}/.claude.json": json.dumps(known),
            f"{place.home}/.claude/settings.json": json.dumps({"permissions": permissions}),
        },
        environment={
            "ANTHROPIC_BASE_URL": place.url,
            "ANTHROPIC_API_KEY": KEY,
            "CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC": "1",
            **dict.fromkeys(_QUIET, "1"),
        },
    )


OFFLINE = Offline(
    home=home,
    line_break="\n",
    quits=(CTRL_C, CTRL_C),
    row=r"^[❯>]\s",
    dialog="Do you want to proceed",
    places=(WrongPlace("the list of agents", (Step(LEFT, "describe a task"),), closes=(ESCAPE,)),),
    question=(),
    named=("--name", "review"),
    asked_hosts=AskedHosts("2.1.332", ("downloads.claude.ai", "github.com")),
)
