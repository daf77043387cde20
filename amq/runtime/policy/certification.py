"""Decide what a version of a CLI is given and how it is typed into, from the verdict of `amq certify` about it. Pure.

    verdict about this version          typing                    hooks, plugin
    ----------------------------------  ------------------------  -------------------------------
    none, and it is in `tested`         as usual                  as usual
    none, another version, or unknown   its word and row agree    as usual; no plugin by default
    all yes                             as usual                  as usual, and the plugin
    `body` fails                        as usual                  none
    `streams` or `tool` fails           only while it idles       as usual
    `exit` fails                        as usual                  as usual
    any other fails                     none                      as usual
    `ready`, `idle`, `dialog` or        its word and row agree,   as usual
    `draft` was not tried               unless it is in `tested`

A failed scenario counts more than `tested`: it happened on this machine.
"""

from __future__ import annotations

from collections.abc import Mapping

from amq.record import record, replace
from amq.runtime.policy.injection import InjectionRules

BODY = "body"
_BUSY = ("streams", "tool")
_HARMLESS = ("exit",)
_ESSENTIAL = ("ready", "idle", "dialog", "draft")


@record
class Limits:
    """The limits for one version. Each text is the failed scenario and its reason; "" where there is none."""

    typing: str = ""  # nothing is typed
    busy: str = ""  # nothing is typed while it works
    channels: str = ""  # it gets neither hooks nor a plugin
    is_certain: bool = True  # it was tested or certified; if not, what it says and its row have to agree
    has_body: bool = False  # it was certified to give its model the text of mail

    @property
    def failed(self) -> tuple[str, ...]:
        """Return the names of the scenarios that limit it."""
        return tuple(each.partition(":")[0] for each in (self.typing, self.busy, self.channels) if each)


NO_LIMITS = Limits()


def limits(results: Mapping[str, str] | None, *, is_tested: bool) -> Limits:
    """Return the limits for a version with these RESULTS of its verdict, None without one.

    IS_TESTED says whether amq's own tests ran with the version.
    """
    if results is None:
        return Limits(is_certain=is_tested)
    failed = {name: f"{name}: {reason}" for name, reason in results.items() if reason}
    typing = [text for name, text in failed.items() if name not in (BODY, *_BUSY, *_HARMLESS)]
    return Limits(
        typing=_first(typing),
        busy=_first([failed[name] for name in _BUSY if name in failed]),
        channels=failed.get(BODY, ""),
        is_certain=is_tested or all(name in results for name in _ESSENTIAL),
        has_body=results.get(BODY) == "",
    )


def limited(rules: InjectionRules, found: Limits, *, publishes: bool, is_known: bool) -> InjectionRules:
    """Return RULES within the limits FOUND.

    PUBLISHES says whether versions that amq knows say what they do; IS_KNOWN, whether this version is known. A version
    that is known to be another one gets no fallback key, which stands for a version that was tested.
    """
    if rules.at_prompt:
        return rules
    must_agree = publishes and not found.is_certain
    rules = replace(rules, off=found.typing, only_idle=bool(found.busy), must_agree=must_agree)
    is_another = is_known and not found.is_certain
    return replace(rules, fallback_submit_key=b"") if is_another and rules.submit else rules


def _first(texts: list[str]) -> str:
    return texts[0] if texts else ""
