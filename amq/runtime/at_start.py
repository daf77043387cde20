"""Find out what decides how an agent is started: where, what its model may know, and whether its CLI takes hooks.

`launch.plan` only decides. What runs a program, or reads more than the user's settings, is here.
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence

from amq import config
from amq.errors import AmqError
from amq.mail.account import Account
from amq.names import USER
from amq.pty.child import find_program
from amq.record import record, replace
from amq.runtime.agents import registry
from amq.runtime.agents.profile import ApiServer, Profile
from amq.runtime.certified import FAILED, VERSION_WITHIN_S, Certified, ask_version, certified
from amq.runtime.policy.hook_decision import introduction
from amq.runtime.private_state import is_there

TYPE_CHECKING = False
if TYPE_CHECKING:
    from amq.runtime.launch import Options
    from amq.runtime.private_state import PrivateState
    from amq.runtime.trust import Trust


@record
class AtStart:
    """Facts that are known when an agent is about to be started."""

    cwd: str = ""  # "" if it is not known
    introduction: str = ""  # for its model; "" if that may not know of the queue
    vetting: tuple[str, ...] = ()  # arguments with which its CLI takes amq's hooks without a question
    not_vetted: str = ""  # why there are none, as a clause; "" if its CLI was not asked
    certified: Certified = Certified()
    has_plugin: bool = False  # its CLI is given amq's plugin
    no_plugin: str = ""  # why not, as a clause
    server: ApiServer | None = None  # by which its CLI takes notifications


def at_start(
    profile: Profile,
    program: Sequence[str],
    environment: Mapping[str, str],
    me: str,
    options: Options,
    files: PrivateState,
    trust: Trust,
) -> AtStart:
    """Return what is known of a start of PROGRAM as the agent ME; the rest is as in `launch.plan`.

    If the user allows amq to vouch for its hooks, the program may be asked about them, and its answer kept. Raises
    CannotRunError if there is no such program.
    """
    known = certified(profile, program[0], environment, trust.private, options.amq)
    found = AtStart(config.cwd_or_empty(), _introduction(profile, me, options, trust), certified=known)
    found = _with_plugin(found, profile, program, environment, options, files, trust.private)
    if options.wake and options.native:
        found = replace(found, server=registry.api_server(profile.native, program[1:], environment))
    if not (options.wake and options.allowed and options.hooks is not False):
        return found
    if not (profile.hooks_need_trust and files.directory):
        return found
    path = find_program(program[0], environment.get("PATH", os.defpath))
    private = trust.private.of_agent(trust.root, me, make=False).directory
    try:
        vetting = registry.vetting(profile, path, program[1:], environment, files.directory, private)
    except registry.NotVettedError as error:
        return replace(found, not_vetted=str(error))
    return replace(found, vetting=tuple(vetting))


def _with_plugin(
    found: AtStart,
    profile: Profile,
    program: Sequence[str],
    environment: Mapping[str, str],
    options: Options,
    files: PrivateState,
    private: PrivateState,
) -> AtStart:
    """Return what was FOUND, with whether PROGRAM is given amq's plugin. Its version is asked last: that takes time.

    It is asked once, and noted in the user's PRIVATE directory.
    """
    reason = _why_no_plugin(found, profile, program, environment, options, files)
    if not reason and not options.plugin:
        version = found.certified.version
        if not version:
            version = ask_version(profile, program[0], environment, private, VERSION_WITHIN_S)
            found = replace(found, certified=certified(profile, program[0], environment, private, options.amq, version))
        reason = _why_version_has_none(profile, version, found.certified)
    return replace(found, has_plugin=not reason, no_plugin=reason)


def _why_version_has_none(profile: Profile, version: str, found: Certified) -> str:
    """Return why VERSION is given no plugin unless the user asks for it; "" if it is."""
    if found.limits.channels:
        return f"{FAILED}: {found.limits.channels}; to try it: --plugin"
    if version in profile.plugin_versions or found.limits.has_body:
        return ""
    return f"{profile.name} {version or 'of an unknown version'} was not tested with it; to try it: --plugin"


def _why_no_plugin(
    found: AtStart,
    profile: Profile,
    program: Sequence[str],
    environment: Mapping[str, str],
    options: Options,
    files: PrivateState,
) -> str:
    if not options.wake or options.plugin is False:
        return "off"
    if not profile.plugin_versions:
        return f"amq has none for {profile.name}"
    if not files.directory:
        return f"amq has no private directory for it ({files.why_not})"
    return registry.why_no_plugin(program[1:], environment, found.cwd)


def _introduction(profile: Profile, me: str, options: Options, trust: Trust) -> str:
    """Return the introduction of the agent ME; "" if it is not notified, or another may have made the queue."""
    if not (options.wake and profile.takes_introduction):
        return ""
    try:
        if is_there(trust.root) and trust.why_not():
            return ""
    except OSError:  # unknown is not missing
        return ""
    try:
        known = Account(trust.root, me).known_agents()
    except AmqError:  # there is no mailbox yet
        known = frozenset({USER})
    return introduction(me, sorted(known - {me}))
