"""Find out how mail reaches a hosted agent now, from what `amq run` arranged and what its hooks have done since."""

from __future__ import annotations

from amq.record import record
from amq.runtime.agents.plugin_presence import presence
from amq.runtime.drift_file import read_drift
from amq.runtime.hooks.announcements import read_state
from amq.runtime.hooks.script import last_event
from amq.runtime.policy.drift import sentence
from amq.runtime.policy.hook_decision import MOST_LAPSES

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

    from amq.runtime.session_info import SessionInfo

PLUGIN, HOOKS, TYPED, NOTHING = "plugin", "hooks", "typed", "nothing"
THERE = "there"  # the state of a plugin that answers, as its file has it
ACTIVE, NOT_CALLED, ENDED, FAILING = "active", "not-called", "ended", "failing"
_FROM_FIRST_PROMPT = "config"
"""The `HookStyle` of a CLI that calls no hook before its first prompt. Mail begins that: it is typed, with the text."""
_SENTENCES = {
    PLUGIN: "a plugin gives its model the text of mail",
    HOOKS: "its hooks give its model the text of mail",
    TYPED: "a line is typed, and it runs amq drain",
    NOTHING: "nothing is typed, and no hooks give it mail: let it run amq drain",
}
_OF_PLUGIN = {
    "": "its plugin has not been heard of yet",
    "silent": "its plugin does not answer",
    "dead": "its plugin has ended",
}
_OF_HOOKS = {
    NOT_CALLED: "its program has not called its hooks yet",
    ENDED: "its program has ended the session, and calls no hooks until the next",
    FAILING: "the last texts that its hooks gave did not arrive, so they only announce mail until it is drained",
}


@record
class MailWay:
    """The way in which mail reaches an agent: by a PLUGIN, by HOOKS, as a line that is TYPED, or by NOTHING of amq's.

    `hooks` is the state of the hooks that it was given; "" if it has none. `plugin` is that of the plugin that it was
    given, None if it was given none. `failed` are the scenarios of `amq certify` that limit the way,
    `drift` counts what its program does not do as known.
    """

    by: str
    hooks: str
    plugin: str | None = None
    failed: tuple[str, ...] = ()
    drift: Mapping[str, int] = {}

    def wire(self) -> dict[str, object]:
        """Return it as keys of a JSON object."""
        plugin = {} if self.plugin is None else {"plugin": self.plugin or "not-heard"}
        drift = {"drift": dict(self.drift)} if self.drift else {}
        return {"mail_by": self.by, **({"hooks": self.hooks} if self.hooks else {}), **plugin, **drift}

    def short(self) -> str:
        """Return it in a few words; hooks that work as they should are not named twice."""
        failed = [f"not certified: {', '.join(self.failed)}"] if self.failed else []
        failed += ["not as known"] if self.drift else []
        if self.by == PLUGIN:
            return f"{self.by} ({', '.join(failed)})" if failed else self.by
        wrong = [f"hooks {self.hooks}"] if self.hooks not in ("", ACTIVE) else []
        wrong += [] if self.plugin is None else [f"plugin {self.plugin or 'not-heard'}"]
        wrong += failed
        return f"{self.by} ({', '.join(wrong)})" if wrong else self.by

    def changed(self) -> str:
        """Return what its program does not do as known, as a clause; "" if there is nothing."""
        return sentence(self.drift)

    def sentence(self) -> str:
        """Return it as a clause, with what is wrong with its hooks."""
        of_hooks = None if self.by == PLUGIN else _OF_HOOKS.get(self.hooks)
        of_plugin = None if self.plugin is None else _OF_PLUGIN.get(self.plugin)
        return "; ".join(filter(None, (of_plugin, of_hooks, _SENTENCES[self.by])))


def mail_way(session: SessionInfo, directory: str) -> MailWay | None:
    """Return how mail reaches the agent of SESSION, whose private directory is DIRECTORY; None if that is not known."""
    if session.types is None:
        return None
    drift = read_drift(session.files)
    hooks = _hooks(session.files, directory) if session.hooks else ""
    plugin = presence(session.files) if session.plugin else None
    if plugin == THERE:
        return MailWay(PLUGIN, hooks, plugin, session.failed, drift)
    is_given = hooks == ACTIVE or (hooks == NOT_CALLED and session.hooks == _FROM_FIRST_PROMPT and session.types)
    return MailWay(HOOKS if is_given else TYPED if session.types else NOTHING, hooks, plugin, session.failed, drift)


def _hooks(files: str, directory: str) -> str:
    event = last_event(files)[0]
    if event in ("", "end"):
        return ENDED if event else NOT_CALLED
    return ACTIVE if read_state(directory).lapses < MOST_LAPSES else FAILING
