"""Find out which version of a CLI is installed, and what amq's tests and the verdict of `amq certify` say about it."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress

from amq.errors import UsageError
from amq.pty.child import find_program
from amq.pty.errors import CannotRunError
from amq.record import record, replace
from amq.runtime.agents.profile import Profile
from amq.runtime.agents.profile_choice import chosen
from amq.runtime.agents.version_cache import cached_version, is_first, note_version
from amq.runtime.agents.versions import printed_version
from amq.runtime.policy.certification import NO_LIMITS, Limits, limited, limits
from amq.runtime.private_state import PrivateState
from amq.runtime.verdicts import read_verdict

VERSION_WITHIN_S = 5.0  # for a program to say it
FAILED = "amq certify has found a failure"


@record
class Certified:
    """The version of a CLI, "" if it is not known (yet), and the limits within which amq gives it mail.

    FAULTS are sentences about verdicts that cannot be read. IS_JUDGED says whether there is a verdict.
    """

    version: str = ""
    limits: Limits = NO_LIMITS
    is_judged: bool = False
    faults: tuple[str, ...] = ()

    def warning(self, profile: Profile) -> str:
        """Return a sentence about a version that was neither tested nor certified; "" for any other."""
        if not self.version or self.is_judged or self.limits.is_certain:
            return ""
        return (
            f"{profile.name} {self.version} is neither tested nor certified with this amq; "
            f"to try it offline: amq certify {profile.name}"
        )

    def lacks(self, *, wants_channels: bool) -> tuple[str, ...]:
        """Return what it is not given because it failed, one clause each.

        WANTS_CHANNELS says that the user has asked for hooks or a plugin, and gets them whatever happened.
        """
        found = self.limits
        channels = "" if wants_channels else found.channels
        lacks = {"typed lines": found.typing, "lines typed while it works": found.busy, "hooks and a plugin": channels}
        return tuple(f"{what}: {FAILED}: {why}" for what, why in lacks.items() if why)


def certified(
    profile: Profile, program: str, environment: Mapping[str, str], private: PrivateState, amq: str, version: str = ""
) -> Certified:
    """Return what is known of PROGRAM, a name or a path, without running it. AMQ is the version of this amq.

    VERSION is its version if that was just asked, else the one that is noted in the user's PRIVATE directory counts. A
    CLI behind another program, as a container, has none.
    """
    if not (profile.tested and profile.rules.known) or profile.rules.at_prompt:
        return Certified()
    version = version or cached_version(private, _path(profile, program, environment))
    if not version:
        return Certified(limits=limits(None, is_tested=False))
    faults: list[str] = []
    verdict = read_verdict(private, profile.name, version, amq, environment.get("TERM", ""), faults.append)
    found = limits(verdict.results if verdict else None, is_tested=version in profile.tested)
    return Certified(version, found, verdict is not None, tuple(faults))


def ask_version(
    profile: Profile, program: str, environment: Mapping[str, str], private: PrivateState, within_s: float
) -> str:
    """Run PROGRAM to learn its version, and note that; "" if it does not say it within WITHIN_S seconds.

    A CLI behind another program is not asked: that would print its own version.
    """
    path = _path(profile, program, environment)
    if not path:
        return ""
    if version := cached_version(private, path):
        return version
    version = printed_version([path, *profile.version], environment, within_s)
    note_version(private, path, version)
    return version


def first_warnings(
    programs: Sequence[str], environment: Mapping[str, str], private: PrivateState, amq: str
) -> Iterator[str]:
    """Yield a sentence about each of PROGRAMS whose version was neither tested nor certified, once for each version.

    A program whose version is not known is run to learn it, so all of them have to be started before.
    """
    for program in programs:
        with suppress(UsageError):  # the user's own profile cannot be read, which `amq run` says
            profile = chosen(None, program, environment)[0]
            if certified(profile, program, environment, private, amq).limits.is_certain:
                continue
            version = ask_version(profile, program, environment, private, VERSION_WITHIN_S)
            warning = certified(profile, program, environment, private, amq, version).warning(profile)
            if warning and is_first(private, f"{profile.name} {version}"):
                yield warning


def within_limits(profile: Profile, found: Certified) -> Profile:
    """Return PROFILE with rules within the limits FOUND."""
    rules = limited(profile.rules, found.limits, publishes=profile.publishes_state, is_known=bool(found.version))
    return replace(profile, rules=rules)


def _path(profile: Profile, program: str, environment: Mapping[str, str]) -> str:
    """Return the path of PROGRAM if it is the CLI itself, and there; else ""."""
    if os.path.basename(program) not in profile.programs:
        return ""
    try:
        return find_program(program, environment.get("PATH", os.defpath))
    except CannotRunError:
        return ""
