"""Answer the hook of an edit: announce to the model another agent's lease on a file that it changes."""

from __future__ import annotations

import json
import os

from amq import config
from amq.cli.leased_paths import from_top, place, require_trust, seen
from amq.errors import UsageError
from amq.mail import leasing

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable

    from amq.mail.leasing import Place, State
    from amq.mail.mailbox import Mailbox
    from amq.runtime.private_state import PrivateState

_MOST_FILES = 100


def answer(mailbox: Mailbox, private: PrivateState, program: str, event: bytes, *, trusted: bool, denies: bool) -> str:
    """Return what the hook prints for an EVENT of the CLI PROGRAM, as JSON; "" where it has nothing to say.

    DENIES: an edit of what a lease counts on is refused. TRUSTED: the user has said so for this call. Raises Unsafe for
    a queue that the user does not trust, ValueError or RecursionError for an event that is not JSON, and OSError.
    """
    from amq.jsontext import render
    from amq.runtime.policy.hook_decision import EDIT, output, refusal

    found = _in_the_way(mailbox, _files(program, event))
    text = leasing.advice(found)
    if not text:
        return ""
    if not trusted:
        require_trust(mailbox, private)
    refuses = denies and any(state.counts for state in found)
    return render(refusal(text) if refuses else output(EDIT, text), indent=None) + "\n"


def _files(program: str, event: bytes) -> list[str]:
    """Return the real paths that EVENT, as JSON, is about."""
    from amq.runtime.agents import registry

    wire = json.loads(event or b"{}")
    fields = wire if isinstance(wire, dict) else {}
    given, cwd = fields.get("tool_input"), fields.get("cwd")
    files = registry.edited_files(program, given) if isinstance(given, dict) else []
    directory = cwd if isinstance(cwd, str) else config.working_directory()
    return [os.path.realpath(os.path.join(directory, file)) for file in files[:_MOST_FILES] if file]


def _in_the_way(mailbox: Mailbox, files: Iterable[str]) -> list[State]:
    """Return the leases of other agents on FILES, in the work tree of each: it may be another than the agent's."""
    trees: dict[Place, list[str]] = {}
    for file in files:
        where = place(mailbox, os.path.dirname(file))
        try:
            path = from_top(file, where)
        except UsageError:  # in no repository
            continue
        trees.setdefault(where, []).append(path)
    found = (leasing.in_the_way(mailbox.account, where, paths, seen(mailbox)) for where, paths in trees.items())
    return [state for states in found for state in states]
