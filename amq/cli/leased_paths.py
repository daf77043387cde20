"""The work tree, the paths and the activity of agents, as the commands of leases need them."""

from __future__ import annotations

import os

from amq import config, git_repository
from amq.cli.options import as_utf8
from amq.errors import Unsafe, UsageError
from amq.instants import format_instant
from amq.mail.leasing import HELD, Place, left
from amq.mail.path_patterns import TOP, is_pattern
from amq.names import check_line
from amq.text import visible

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable
    from typing import Any

    from amq.mail.leasing import Seen, State
    from amq.mail.mailbox import Mailbox
    from amq.runtime.private_state import PrivateState

_LONGEST_CHARS = 1024
_MOST_PATHS = 100


def place(mailbox: Mailbox, directory: str = "") -> Place:
    """Return the work tree of DIRECTORY, by default the working one; the outermost if it is a submodule's.

    Without a repository, it is the directory that holds the queue.
    """
    top = git_repository.top_of(directory or config.working_directory())
    while top and (outer := git_repository.superproject_of(top)):
        top = outer
    if top is None:
        top = os.path.dirname(os.path.realpath(mailbox.account.queue.root))
        return Place(top, top)
    return Place(os.path.realpath(top), os.path.realpath(git_repository.home_of(top)))


def place_if_any(mailbox: Mailbox) -> Place:
    """Return the work tree of the working directory, as `place`; an empty one if that directory has been removed."""
    return place(mailbox) if config.cwd_or_empty() else Place("", "")


def paths(words: Iterable[str], where: Place) -> list[str]:
    """Return WORDS, paths from the working directory, as paths from the top of the work tree; each once.

    Links are followed, so that two names of a file are one path. Raises UsageError for a path outside.
    """
    found = list(dict.fromkeys(from_top(word, where) for word in words))
    if len(found) > _MOST_PATHS:
        raise UsageError(
            f"at most {_MOST_PATHS} paths at once", hint="name a directory or a pattern: src/ or 'src/*.py'"
        )
    return found


def from_top(word: str, where: Place) -> str:
    """Return WORD, a path from the working directory, as one from the top of the work tree; raises UsageError."""
    if not word:
        raise UsageError("a path is empty", hint="name a file, a directory or a pattern: src/parse.py src/ 'src/*.py'")
    whole = os.path.normpath(os.path.join(config.working_directory(), word))
    names = whole.split(os.sep)
    fixed = next((at for at, name in enumerate(names) if is_pattern(name)), len(names))
    whole = os.path.join(os.path.realpath(os.sep.join(names[:fixed]) or os.sep), *names[fixed:])
    inside = os.path.relpath(whole, where.top)
    if inside == os.curdir:
        return TOP
    if inside.split(os.sep)[0] == os.pardir:
        raise UsageError(
            f"{word} is outside of {where.top}", hint="a lease is for paths in the repository that you are in"
        )
    path = as_utf8(inside).replace(os.sep, "/")
    if len(path) > _LONGEST_CHARS:
        raise UsageError(f"a path has more than {_LONGEST_CHARS} characters", hint="lease a directory above it")
    is_directory = word.endswith(("/", os.sep)) or os.path.isdir(whole)
    return f"{path}/" if is_directory else path


def reason(text: str) -> str:
    """Return TEXT, the reason for a lease; raises UsageError unless it is a short line."""
    if len(text) > _LONGEST_CHARS:
        raise UsageError(f"--why has more than {_LONGEST_CHARS} characters", hint="say it in a line")
    return check_line(text, "reason")


def seen(mailbox: Mailbox) -> Seen:
    """Return a function that says when an agent was last seen at work: by its mail, and by its notifier."""
    from amq.cli.open_mailbox import private_directory
    from amq.dashboard import lease_holders

    return lease_holders.seen(mailbox.account, private_directory(mailbox.account.queue.root))


def require_trust(mailbox: Mailbox, private: PrivateState) -> None:
    """Raise Unsafe for a queue that someone else may have made: no hook gives its words to a model, or heeds them."""
    from amq.runtime.trust import why_untrusted

    root = mailbox.account.queue.root
    if reason := why_untrusted(root, private):
        raise Unsafe(f"leases in the queue {root} are not announced: {reason}", hint="if you trust it: amq trust")


def line(state: State) -> str:
    """Return a lease on one line."""
    lease = state.lease
    rest = left(state.left_s) if state.state == HELD else state.state
    tree = "" if state.here else f"in {lease.top}"
    return "  ".join(filter(None, (visible(lease.path), lease.holder, rest, visible(tree), visible(lease.why)))) + "\n"


def item(state: State) -> dict[str, Any]:
    """Return a lease as a JSON object."""
    lease = state.lease
    found: dict[str, Any] = {
        "path": lease.path, "holder": lease.holder, "state": state.state, "left_s": round(state.left_s, 3),
        "here": state.here, "top": lease.top, "taken": format_instant(lease.taken_ns), "for_s": lease.for_s,
    }  # fmt: skip
    return found | ({"why": lease.why} if lease.why else {})
