"""The verbs on dead letters: list, show, retry, remove for good."""

from __future__ import annotations

from contextlib import suppress

from amq.errors import AmqError, BadMessage, Conflict, NotFound, Uncertain, why
from amq.instants import SECOND_NS
from amq.mail import all_mailboxes
from amq.message import parse
from amq.names import SUFFIX, message_id
from amq.record import record, replace
from amq.store import dlq_read, durable, maildir, refused_files
from amq.store.dlq_read import Letter
from amq.store.durable import Directory
from amq.store.locks import mailbox_lock
from amq.text import visible

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable

    from amq.layout import RootedPath
    from amq.mail.account import Account

MAX_RETRIES = 3


@record
class Opened:
    """A dead letter, and the message below its envelope byte for byte (the whole file, if it has no envelope)."""

    letter: Letter
    original: bytes


@record
class Retried:
    """A letter that was retried: `error` is what is still wrong with the message, None if it is mail again."""

    letter: Letter
    error: BadMessage | None


def _boxes(account: Account) -> dict[str, RootedPath]:
    """Return the directories of dead letters. These only move from new to cur: looking in this order misses none."""
    return {"new": account.agent.dlq_new, "cur": account.agent.dlq_cur}


def listed(account: Account) -> list[Letter]:
    """Return the account's dead letters, and what was moved aside, oldest first (`Mailbox.letters`)."""
    found: dict[str, Letter] = {}
    for box, path in _boxes(account).items():
        identifiers = all_mailboxes.ids(account, path, maildir.entry_ids)
        if identifiers:
            with Directory(path) as directory:
                looks = (dlq_read.look(directory, identifier, box) for identifier in identifiers)
                found.update((letter.id, letter) for letter in looks if letter is not None)
    found.update((f"{letter.box}/{letter.id}", letter) for letter in _moved_aside(account))
    return sorted(found.values(), key=lambda letter: (letter.failed_ns or 0, letter.id))


def _moved_aside(account: Account) -> list[Letter]:
    path = account.agent.refused
    identifiers = all_mailboxes.ids(account, path, maildir.entry_ids)
    if not identifiers:
        return []
    with Directory(path) as refused:
        return [letter for each in identifiers if (letter := refused_files.look(refused, each))]


def opened(account: Account, identifier: str) -> Opened:
    """Return a dead letter with the message it keeps (`Mailbox.letter`)."""
    name = message_id(identifier)
    for box, path in _boxes(account).items():
        try:
            with Directory(path) as directory:
                return Opened(*dlq_read.read(directory, name, box))
        except FileNotFoundError:
            continue
    with suppress(FileNotFoundError), Directory(account.agent.refused) as refused:
        if letter := refused_files.look(refused, name):
            return Opened(letter, maildir.read_whole(refused, name))
    raise NotFound(f"no dead letter {name}", hint="list their ids: amq dlq list")


def mark_seen(account: Account, letter: Letter) -> None:
    """Move a dead letter to the box of those looked at (`Mailbox.letter_seen`)."""
    agent = account.agent
    if letter.box == "new":
        with mailbox_lock(agent), Directory(agent.dlq_new) as new, Directory(agent.dlq_cur) as cur:
            try:
                moved = durable.move_exclusive(new, letter.id + SUFFIX, cur)
            except FileExistsError:
                raise Conflict(f"{letter.id} stays in dlq/new: dlq/cur has another letter with that name") from None
            if moved:
                durable.sync(cur)
                durable.sync(new)


def retry(account: Account, identifier: str, *, force: bool) -> Retried:
    """Deliver the message that a dead letter keeps, or count the failed try (`Mailbox.retry`)."""
    with mailbox_lock(account.agent):
        found = opened(account, identifier)
        letter, original = found.letter, found.original
        if letter.box == refused_files.BOX:
            return _bring_back(account, letter, original)
        if letter.error:
            raise BadMessage(f"{letter.id} cannot be retried: {letter.error}")
        if letter.retries >= MAX_RETRIES and not force:
            raise AmqError(f"{letter.id} failed {letter.retries} retries", hint="try again anyway: add --force")
        name = letter.message_id
        with Directory(_boxes(account)[letter.box]) as box:
            try:
                parse(original, name)
            except BadMessage as error:
                counted = replace(letter, envelope=letter.envelope | {"retry_count": letter.retries + 1})
                dlq_read.rewrite(account.agent, box, counted, original, account.temporary())
                return Retried(counted, error)
            _heal(account, box, letter, original)
            return Retried(letter, None)


def _bring_back(account: Account, letter: Letter, original: bytes) -> Retried:
    """Deliver a file that was moved aside, if it is a message; else leave it as it is."""
    try:
        refused_files.message(original, letter.id)
    except BadMessage as error:
        return Retried(letter, error)
    there = maildir.read_raw((account.agent.inbox_new, account.agent.inbox_cur), letter.message_id)
    if there not in (None, original):
        raise Conflict(f"{letter.id} stays: the inbox has another message with the id {letter.message_id}")
    agent = account.agent
    with Directory(agent.refused) as refused:
        if there is None:
            refused_files.redeliver(agent, refused, letter)
        try:
            refused_files.settle(agent, refused)
            if there is not None:
                refused_files.remove_letter(refused, letter)
                durable.sync(refused)
        except OSError as error:
            raise _perhaps_twice(letter, error) from error
    return Retried(letter, None)


def _heal(account: Account, box: Directory, letter: Letter, original: bytes) -> None:
    """Deliver the message, unless it is in the inbox already, as after an earlier retry that was cut off."""
    there = maildir.read_raw((account.agent.inbox_new, account.agent.inbox_cur), letter.message_id)
    if there is None:
        dlq_read.redeliver(account.agent, letter, original, account.temporary())
    elif there != original:
        raise Conflict(f"{letter.id} stays: the inbox has another message with the id {letter.message_id}")
    try:
        dlq_read.remove_letter(account.agent, box, letter)
    except OSError as error:
        raise _perhaps_twice(letter, error) from error


def _perhaps_twice(letter: Letter, error: OSError) -> Uncertain:
    return Uncertain(
        f"{letter.message_id} is in the inbox, but {letter.id} may be there too: {why(error)}",
        hint="retry again: this cannot deliver the message twice",
    )


def older_than(found: Iterable[Letter], age_s: float | None, now: int) -> list[Letter]:
    """Return those of the letters FOUND that are at least AGE_S seconds old at the instant NOW (None: all).

    A letter without a readable time stays, since its age is not known.
    """
    if age_s is None:
        return list(found)
    before = now - int(age_s * SECOND_NS)
    return [letter for letter in found if letter.failed_ns is not None and letter.failed_ns <= before]


def purge(account: Account, doomed: Iterable[Letter]) -> list[Letter]:
    """Remove dead letters for good and return those removed (`Mailbox.purge`)."""
    doomed = list(doomed)
    gone = []
    with mailbox_lock(account.agent):
        for name, path in _boxes(account).items():
            inside = [letter for letter in doomed if letter.box == name]
            if inside:
                with Directory(path) as box:
                    gone += [letter for letter in inside if _remove(account, box, letter)]
                    durable.sync(box)
    return gone


def _remove(account: Account, box: Directory, letter: Letter) -> bool:
    try:
        durable.syscalls.unlink(box, letter.id + SUFFIX)
    except FileNotFoundError:
        return False
    except OSError as error:
        account.warn(f"{visible(letter.id)} could not be removed: {why(error)}")
        return False
    return True
