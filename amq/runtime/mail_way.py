"""Find out how mail reaches a hosted agent now, from what `amq run` arranged and what its hooks have done since."""

from __future__ import annotations

from amq.record import record
from amq.runtime.hooks.announcements import read_state
from amq.runtime.hooks.script import last_event
from amq.runtime.policy.hook_decision import MOST_LAPSES

TYPE_CHECKING = False
if TYPE_CHECKING:
    from amq.runtime.session_info import SessionInfo

HOOKS, TYPED, NOTHING = "hooks", "typed", "nothing"
ACTIVE, NOT_CALLED, ENDED, FAILING = "active", "not-called", "ended", "failing"
_FROM_FIRST_PROMPT = "config"
"""The `HookStyle` of a CLI that calls no hook before its first prompt. Mail begins that: it is typed, with the text."""
_SENTENCES = {
    HOOKS: "its hooks give its model the text of mail",
    TYPED: "a line is typed, and it runs amq drain",
    NOTHING: "nothing is typed, and no hooks give it mail: let it run amq drain",
}
_OF_HOOKS = {
    NOT_CALLED: "its program has not called its hooks yet",
    ENDED: "its program has ended the session, and calls no hooks until the next",
    FAILING: "the last texts that its hooks gave did not arrive, so they only announce mail until it is drained",
}


@record
class MailWay:
    """The way in which mail reaches an agent: by HOOKS, as a line that is TYPED, or by NOTHING that amq does.

    `hooks` is the state of the hooks that it was given; "" if it has none.
    """

    by: str
    hooks: str

    def wire(self) -> dict[str, str]:
        """Return it as keys of a JSON object."""
        return {"mail_by": self.by, **({"hooks": self.hooks} if self.hooks else {})}

    def short(self) -> str:
        """Return it in a few words; hooks that work as they should are not named twice."""
        return f"{self.by} (hooks {self.hooks})" if self.hooks not in ("", ACTIVE) else self.by

    def sentence(self) -> str:
        """Return it as a clause, with what is wrong with its hooks."""
        return "; ".join(filter(None, (_OF_HOOKS.get(self.hooks), _SENTENCES[self.by])))


def mail_way(session: SessionInfo, directory: str) -> MailWay | None:
    """Return how mail reaches the agent of SESSION, whose private directory is DIRECTORY; None if that is not known."""
    if session.types is None:
        return None
    hooks = _hooks(session.files, directory) if session.hooks else ""
    is_given = hooks == ACTIVE or (hooks == NOT_CALLED and session.hooks == _FROM_FIRST_PROMPT and session.types)
    return MailWay(HOOKS if is_given else TYPED if session.types else NOTHING, hooks)


def _hooks(files: str, directory: str) -> str:
    event = last_event(files)[0]
    if event in ("", "end"):
        return ENDED if event else NOT_CALLED
    return ACTIVE if read_state(directory).lapses < MOST_LAPSES else FAILING
