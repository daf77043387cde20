"""The profiles that come with amq, one in the folder of each CLI, and the generic one."""

from __future__ import annotations

import os

from amq.runtime.agents import generic, registry
from amq.runtime.agents.profile import Profile


def built_in() -> dict[str, Profile]:
    """Return the profiles that come with amq, by name."""
    return {profile.name: profile for profile in (*registry.profiles(), generic.PROFILE)}


def profile_for(program: str) -> Profile:
    """Return the profile of the CLI PROGRAM, a name or a path; the generic one if it is unknown."""
    name = os.path.basename(program)
    profiles = built_in()
    return next((profile for profile in profiles.values() if name in profile.programs), profiles["generic"])
