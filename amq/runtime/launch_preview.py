"""Explain what `amq run` would do with a program, and whether its installed version was tested or certified."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from amq import quoting
from amq.pty.input_row import PromptRule
from amq.runtime.agents.profile import HookStyle, NativeWay, Profile
from amq.runtime.agents.versions import printed_version
from amq.runtime.certified import Certified, certified
from amq.runtime.launch import Launch
from amq.runtime.private_state import PrivateState


def explained(launch: Launch, source: str, *, native: bool) -> dict[str, Any]:
    """Return LAUNCH as a JSON object. SOURCE says where its profile comes from; `native` is the option --native."""
    return {
        "profile": launch.profile.name,
        "profile_from": source,
        "command": launch.program,
        "added": [{"what": what, **({"why": why} if why else {})} for what, why in launch.added],
        "lacks": list(launch.lacks),
        "hooks": launch.hooks,
        "allowed": launch.allowed,
        "wake": wake_path(launch, native=native),
        "missing": missing(launch),
    }


def wake_path(launch: Launch, *, native: bool) -> list[str]:
    """Return the ways in which mail reaches the agent, one sentence each, in the order in which they are tried."""
    profile, ways = launch.profile, list[str]()
    if launch.has_plugin:
        ways.append("a plugin gives the model the text, and begins a turn; drafts and dialogs stay as they are")
    if launch.has_hooks:
        ways.append("while it works: its hooks give the model the text, between tools and at the end of a turn")
    if native and not launch.has_plugin and profile.native is not NativeWay.NONE:
        ways.append(f"through its own API, while its session is known to run ({profile.native.value})")
    elif launch.has_hooks and profile.hooks is HookStyle.SETTINGS:
        ways.append("idle: a hook in the background begins a turn, with the text; a draft does not matter")
    return [*ways, _typed(launch)]


def _typed(launch: Launch) -> str:
    rules = launch.profile.rules
    with_it = ", and a hook gives the model the text" if launch.has_hooks else "; the agent runs amq drain"
    if not rules.known:
        return "amq types nothing: it does not know this program. To change that: --prompt TEXT or --profile NAME|FILE"
    if isinstance(rules.prompt_row, PromptRule):
        at = rules.prompt_row.text
        return f"typed and submitted only directly after its prompt {at!r}, while it reads the keyboard itself"
    if rules.dialog_safe:
        busy = "" if launch.has_hooks else ". While it works, too, if the mail is urgent or has waited long"
        return f"typed and submitted with a key that its dialogs ignore{with_it}{busy}"
    if rules.prompt_row is not None:
        return f"typed while it idles, and submitted with Enter only if its row shows exactly the line{with_it}"
    return f"typed, and submitted with Enter only if the program echoes exactly the line{with_it}"


def missing(launch: Launch) -> list[str]:
    """Return the better ways that mail does not take, one sentence each, with the reason."""
    no_plugin = launch.profile.plugin_versions and not launch.has_plugin
    by_plugin = (
        [f"by a plugin, which needs no key pressed and reports receipt: {launch.no_plugin}"] if no_plugin else []
    )
    return [*by_plugin, *_missing_hooks(launch)]


def _missing_hooks(launch: Launch) -> list[str]:
    if not launch.has_hooks:
        return [f"by hooks, which give the model the text in one request: {launch.hooks}"]
    if launch.profile.hooks is not HookStyle.SETTINGS:
        return [f"by a hook in the background, which needs no key pressed: {launch.profile.name} has none"]
    return []


def installed(
    profile: Profile, program: str, environment: Mapping[str, str], private: PrivateState, amq: str
) -> dict[str, Any]:
    """Return as a JSON object the version that PROGRAM prints, and what amq's tests and `amq certify` say of it.

    PRIVATE is the user's private directory, and AMQ the version of this amq.
    """
    version = printed_version([program, *profile.version], environment) if profile.tested else ""
    found = certified(profile, program, environment, private, amq, version) if version else Certified()
    return {
        "profile": profile.name,
        "version": version,
        "tested": version in profile.tested,
        "tested_versions": list(profile.tested),
        "certified": found.is_judged,
        "lacks": list(found.lacks(wants_channels=False)),
        "faults": list(found.faults),
    }


def verdict(found: Mapping[str, Any]) -> str:
    """Return the result of `installed` as lines of text."""
    name, version, tested = found["profile"], found["version"], ", ".join(found["tested_versions"])
    if not found["tested_versions"]:
        return f"amq does not know this program: without --prompt or --profile it types nothing into it ({name})"
    if not version:
        return f"{name}: does not report its version; tested with {tested}"
    if found["certified"]:
        how = "amq certify has tried it on this machine"
    else:
        how = "" if found["tested"] else f"amq trusts only what its screen shows; to try it offline: amq certify {name}"
    said = "tested" if found["tested"] else f"not tested (tested: {tested})"
    first = "; ".join(filter(None, (f"{name} {version}: {said}", how)))
    return "\n".join([first, *(f"{name} lacks {each}" for each in found["lacks"]), *found["faults"]])


def text(found: Mapping[str, Any]) -> str:
    """Return the result of `explained` as lines of text."""
    lines = [
        f"profile  {found['profile']} ({found['profile_from']})",
        f"runs     {quoting.shell_line(found['command'])}",
        *(f"adds     {each['what']}{'  # ' + each['why'] if 'why' in each else ''}" for each in found["added"]),
        *(f"lacks    {each}" for each in found["lacks"]),
        f"hooks    {found['hooks']}",
        f"allows   {found['allowed']}",
        *(f"wakes    {way}" for way in found["wake"]),
        *(f"not      {way}" for way in found["missing"]),
    ]
    return "\n".join(lines)
