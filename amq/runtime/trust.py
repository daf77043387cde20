"""Trust: queues whose mail may be announced, chosen by their owner and not by their place.

A repository can bring a queue along, with mail in it and names of its own. The text that an agent is given is then
another's choice. So mail is announced without a question only where the user owns every directory of the queue and no
enclosing repository tracks anything in it. Else the user must allow it: for good (`amq trust`, `amq init --tracked`),
or for one call (`--trust-root`). A record holds for the directory that was there, by device, inode and birth time, not
for its replacement.
"""

from __future__ import annotations

import os
import stat
import time
from contextlib import suppress

from amq import git_repository, jsontext
from amq.errors import AmqError, remedy_for_file, why
from amq.layout import RootedPath
from amq.record import record
from amq.runtime import git_index, question
from amq.runtime.file_birth_time import born_ns
from amq.runtime.private_state import NoPrivateDirectory, PrivateState, write_private
from amq.runtime.question import ANSWER_WITHIN_S
from amq.store.locks import lock_beside
from amq.text import visible

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from typing import Any

RECORD_NAME = "trust.json"
LOOK_AGAIN_S = 2.0  # seconds for which an answer is kept, except right before an announcement
_LOCK_NAME = "trust.lock"
_LOCK_WITHIN_S = 5.0
_LARGEST_RECORD_BYTES = 16 << 20


@record
class Trusted:
    """A queue that the user trusts: its path, and the directory that was there.

    `born_ns` is when that was made, in nanoseconds since the epoch (0: unknown); many filesystems give an inode number
    again at once.
    """

    path: str
    device: int
    inode: int
    born_ns: int

    @classmethod
    def at(cls, root: str) -> Trusted:
        """Return the queue that is at ROOT now. Raises OSError."""
        found = os.stat(root)
        return cls(os.path.realpath(root), found.st_dev, found.st_ino, born_ns(root))


def why_untrusted(root: str, state: PrivateState) -> str:
    """Return why mail in the queue ROOT is not announced, as a clause; "" if it is.

    A failure to find out is a reason.
    """
    try:
        if is_trusted(root, state):
            return ""
        return _foreign_directory(root) or _tracking_repository(root)
    except (AmqError, OSError) as error:
        return f"cannot inspect it: {why(error)}"


def is_trusted(root: str, state: PrivateState) -> bool:
    """Return whether the user has recorded trust in the queue that is at ROOT now. Raises AmqError, or OSError."""
    path = os.path.realpath(root)
    recorded = [each for each in trusted_queues(state) if each.path == path]
    return bool(recorded) and Trusted.at(root) in recorded


def trusted_queues(state: PrivateState) -> list[Trusted]:
    """Return the queues that the user trusts, sorted by path. Raises AmqError for a record that cannot be read."""
    if not state.directory:
        return []
    path = f"{state.directory}/{RECORD_NAME}"
    try:
        wire = jsontext.parse(git_repository.read_regular(path, _LARGEST_RECORD_BYTES))
        found = [_trusted(each) for each in wire["trusted"]]
    except FileNotFoundError:
        return []
    except (OSError, ValueError, TypeError, KeyError) as error:
        hint = remedy_for_file(error, "remove it and trust the queues again")
        raise AmqError(f"{path} cannot be read: {error}", hint=hint) from error
    return sorted(found, key=lambda each: each.path)


def _trusted(wire: dict[str, Any]) -> Trusted:
    found = Trusted(wire["path"], wire["device"], wire["inode"], wire["born_ns"])
    if [type(value) for value in found.__dict__.values()] != [str, int, int, int]:
        raise TypeError("it is not a queue")
    return found


def trust(root: str, state: PrivateState) -> Trusted:
    """Record that the user trusts the queue that is at ROOT now. Raises AmqError, or OSError."""
    queue = Trusted.at(root)
    _change(state, lambda others: [*(each for each in others if each.path != queue.path), queue])
    return queue


def revoke(path: str, state: PrivateState) -> bool:
    """Delete the record that the queue PATH is trusted; return whether there was one. Raises AmqError, or OSError."""
    real, forgotten = os.path.realpath(path), list[Trusted]()

    def without(others: list[Trusted]) -> list[Trusted]:
        forgotten.extend(each for each in others if each.path in (path, real))
        return [each for each in others if each not in forgotten]

    _change(state, without)
    return bool(forgotten)


def _change(state: PrivateState, change: Callable[[list[Trusted]], list[Trusted]]) -> None:
    if not state.directory:
        raise NoPrivateDirectory(
            f"cannot record the trusted queue ({state.why_not})", hint="trust the queue for one call: --trust-root"
        )
    with lock_beside(RootedPath(state.directory), _LOCK_NAME, _LOCK_WITHIN_S):
        after = [dict(each.__dict__) for each in change(trusted_queues(state))]
        write_private(f"{state.directory}/{RECORD_NAME}", jsontext.render({"trusted": after}) + "\n")


def ask(root: str, reason: str, say: Callable[[str], None], within_s: float = ANSWER_WITHIN_S) -> bool:
    """Ask at the terminal whether the queue ROOT is trusted, showing REASON, which speaks against it.

    Return True for a yes within WITHIN_S seconds. SAY shows a text to the user. Where we may not read from a terminal,
    nothing is asked, and the answer is no.
    """
    if not question.can_ask():
        return False
    say(reason)
    asked = f"trust the queue {visible(root)}, and notify agents of the mail in it? [y/N]"
    return question.ask(asked, say, within_s) or False


def _foreign_directory(root: str) -> str:
    """Return a clause on a directory of the queue that another user owns, or that is a link; "" if none.

    Raises OSError.
    """
    if os.name == "nt":
        return ""
    me = os.geteuid()
    for path, found in _directories(root):
        if stat.S_ISLNK(found.st_mode):
            return f"{visible(path)} is a link"
        if found.st_uid != me:
            return f"{visible(path)} belongs to another user"
    return ""


def _directories(root: str) -> Iterator[tuple[str, os.stat_result]]:
    """Yield the queue's directory, every one below it, and links to directories. No link below ROOT is followed."""
    waiting = [os.path.realpath(root)]
    yield waiting[0], os.stat(waiting[0])
    while waiting:
        with suppress(FileNotFoundError), os.scandir(waiting.pop()) as entries:
            for entry in entries:
                if entry.is_dir(follow_symlinks=False):
                    waiting.append(entry.path)
                    yield entry.path, entry.stat(follow_symlinks=False)
                elif entry.is_symlink() and entry.is_dir():
                    yield entry.path, entry.stat(follow_symlinks=False)


def _tracking_repository(root: str) -> str:
    """Return a clause on a repository that tracks anything in the queue, by its given or real path; "" if none does."""
    for path in dict.fromkeys((os.path.abspath(root), os.path.realpath(root))):
        for top, git_directory in git_index.enclosing_repositories(path):
            try:
                if git_index.tracks(top, git_directory, path):
                    return f"the repository {visible(top)} tracks it, so someone else may have made it"
            except git_index.UnreadableIndex as error:
                return f"cannot tell whether the repository {visible(top)} tracks it: {visible(str(error))}"
    return ""


class Trust:
    """Permission to announce mail in the queue ROOT, checked again and again by a notifier.

    PRIVATE is the directory of the records. GIVEN says that the user has trusted the queue for this call.
    `is_unrecorded` says that the user was asked and agreed, and that this could not be recorded.
    """

    def __init__(
        self, root: str, private: PrivateState, *, given: bool = False, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self.root = root
        self.private = private
        self.is_unrecorded = False
        self._given = given
        self._clock = clock
        self._looked_at = -float("inf")
        self._reason = ""

    def why_not(self, *, anew: bool = False) -> str:
        """Return why nothing may be announced, "" if it may. An answer is kept for LOOK_AGAIN_S, unless ANEW."""
        if anew or self._clock() >= self._looked_at + LOOK_AGAIN_S:
            self._looked_at = self._clock()
            self._reason = "" if self._given else why_untrusted(self.root, self.private)
        return self._reason

    def give(self) -> None:
        """Trust the queue: for good where that can be recorded, else for this process."""
        self._given, self._reason = True, ""
        try:
            trust(self.root, self.private)
        except (AmqError, OSError):
            self.is_unrecorded = True
