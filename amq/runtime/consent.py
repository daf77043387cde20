"""The user's consent that agents use amq without a question from their CLI: given once, or for one run.

It covers amq's commands for mail, in CLIs that can allow commands for one process, and amq's own hooks, in CLIs that
ask about hooks. Without a word of the user, the answer is no; and so it is where that word cannot be read.
"""

from __future__ import annotations

from amq import config
from amq.errors import AmqError
from amq.record import record
from amq.runtime.user_config import config_path, read_config
from amq.text import visible

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

KEY = "allow_amq"
"""The key in the user's configuration file: true or false."""


@record
class Allowed:
    """The user's consent: `yes` if it was given, and `why`, a clause. `is_fault`: the user's file has to be fixed."""

    yes: bool
    why: str
    is_fault: bool = False

    def __bool__(self) -> bool:
        return self.yes


NOT_ASKED = Allowed(False, "you have not been asked")


def is_amq_allowed(environ: Mapping[str, str], choice: bool | None) -> Allowed:
    """Return whether agents may use amq without a question: CHOICE, an option of this run, else the user's file."""
    if choice is not None:
        return Allowed(choice, "--allow-amq" if choice else "--no-allow-amq")
    path = config_path(environ)
    try:
        answer = recorded_answer(environ)
    except AmqError as error:
        return Allowed(False, f"{visible(error.message)}; {error.hint}", is_fault=True)
    if answer is None:
        return Allowed(False, f"you have not allowed it; to do so: --allow-amq, or {KEY} = true in {visible(path)}")
    return Allowed(answer, f"{KEY} = {'true' if answer else 'false'} in {visible(path)}")


def recorded_answer(environ: Mapping[str, str]) -> bool | None:
    """Return the answer in the user's file; None if it has none. Raises AmqError if that is not known."""
    answer = read_config(environ, config.where_agents_work()).get(KEY)
    if answer is not None and not isinstance(answer, bool):
        raise AmqError(f"{config_path(environ)}: {KEY} is neither true nor false", hint="fix it, or remove it")
    return answer
