"""The page as `amq export` writes it: one file that has all messages in it, and asks no server for anything."""

from __future__ import annotations

import os.path

from amq.dashboard.agents import Agents
from amq.dashboard.conversation import Body, LoggedMessage
from amq.dashboard.recipients import Recipients
from amq.instants import MILLISECOND_NS
from amq.mail.exporting import texts
from amq.mail.thread_order import in_thread_order
from amq.page import document, values
from amq.text import visible

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from amq.mail.account import Account
    from amq.mail.message_table import Table
    from amq.mail.summary import Summary
    from amq.runtime.private_state import PrivateState


def queue_name(root: str) -> str:
    """Return the name of a queue for its users: that of the directory which it is in."""
    return visible(os.path.basename(os.path.dirname(os.path.abspath(root))) or root)


def page(account: Account, private: PrivateState, messages: Table) -> Iterator[str]:
    """Yield the parts of the page of ACCOUNT's queue, with MESSAGES, which are in the order of time.

    Agents are as they are now. Notifiers keep their records in the directory PRIVATE.
    """
    return document.with_data(_data(account, private, messages))


def _data(account: Account, private: PrivateState, messages: Table) -> Iterator[str]:
    now = account.clock()
    rows, problems = Agents(account, private).look()
    instants = values.Instants()
    about = {
        "exported_ms": now // MILLISECOND_NS,
        "queue": values.queue(queue_name(account.queue.root), " ".join(problems)),
        "agents": [values.agent(row, now, instants) for row in rows],
    }
    yield f'{document.as_data(about)[:-1]},"messages":['
    newest_first = list(messages.chosen(range(len(messages) - 1, -1, -1)))
    recipients, places = Recipients(account).of(newest_first), _places(newest_first)
    separator = ""
    for (message, text), to in zip(texts(account, newest_first), recipients, strict=True):
        logged = LoggedMessage(message, to)
        place = {"place": places[message.conversation, message.id]}
        yield separator + document.as_data(values.whole_message(logged, Body(text)) | place)
        separator = ","
    yield "]}"


def _places(messages: Iterable[Summary]) -> dict[tuple[str, str], int]:
    """Return the place of each of MESSAGES in its thread, by thread and id: an answer is behind what it answers."""
    threads: dict[str, list[Summary]] = {}
    for each in messages:
        threads.setdefault(each.conversation, []).append(each)
    ordered = map(in_thread_order, threads.values())
    return {(each.conversation, each.id): place for thread in ordered for place, each in enumerate(thread)}
