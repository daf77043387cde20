"""Agents on other hosts in `amq top` and on the page: where they are, and what their mail waits for."""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import Iterator
from typing import Any

import pytest
from rich.text import Text

from amq.bridge import state
from amq.dashboard import actions, agents
from amq.dashboard.actions import Done, Refused
from amq.dashboard.agents import Row
from amq.instants import SECOND_NS
from amq.layout import QueueLayout
from amq.mail.mailbox import Mailbox
from amq.page import values
from amq.runtime import notifier_lock
from amq.runtime.private_state import private_state
from amq.top import cells
from tests.conftest import Shell
from tests.top.screen import shown

TLS = "no hub at tls://x: connection refused"


@pytest.fixture
def carried(amq: Shell, running: Any) -> Iterator[Any]:
    """Yield what makes a bridge say something that notifies the mailbox, in which mail waits."""
    amq("send", "--to", "codex-b", "--body", "x")
    claim = notifier_lock.claim(QueueLayout(str(amq.root)).agent("codex-b").state, "bridge")
    yield running
    claim.release()


def heard(seconds_ago: float) -> dict[str, Any]:
    """Return what a bridge says of the host b, which it has heard SECONDS_AGO."""
    agent = {"status": "busy", "note": "the parser\x1b", "waits_for": "", "seen_ns": 1}
    at_ns = time.time_ns() - int(seconds_ago * SECOND_NS)
    return {"hosts": {"b": {"heard_ns": at_ns, "clock_ahead_ns": 0, "version": "1", "agents": {"codex": agent}}}}


def look(amq: Shell) -> Row:
    """Return what is known of codex-b."""
    account = Mailbox(str(amq.root), "bob").account
    return next(row for row in agents.rows(account, private_state(os.environ, ())) if row.handle == "codex-b")


def texts(found: tuple[Text, ...]) -> list[str]:
    """Return the CELLS of a row as plain text."""
    return [each.plain for each in found]


def mail(**said: Any) -> dict[str, Any]:
    """Return what a bridge says of the mail for codex-b."""
    return {"mailboxes": {"codex-b": {"mail": {}, **said}}}


@pytest.mark.parametrize(
    ("heard_s", "said", "where", "waits_for", "detail"),
    [
        (1, mail(mail={"there": 1}), "on b", "there", "codex has it on b, unread"),
        (3600, mail(mail={"sent": 1}), "on b, silent for 1h", "on-its-way", "codex is on b, silent"),
        (3600, {"hub_reason": TLS}, "on b, silent for 1h", "no-hub", TLS),
        (1, mail(reason="bob may not write"), "on b", "refused", "bob may not write"),
        (1, mail(reason="the hub is full"), "on b", "hub-full", "the hub is full"),
        (None, {"hub_reason": TLS}, "on b, not heard yet", "no-hub", TLS),
    ],
)
def test_where_it_is_and_what_its_mail_waits_for(
    amq: Shell, carried: Any, heard_s: float | None, said: dict[str, Any], where: str, waits_for: str, detail: str
) -> None:
    carried(**said, **({} if heard_s is None else heard(heard_s)))
    row, now_ns = look(amq), time.time_ns()
    handle, doing, unread, _, waits, remark = texts(cells.agent_cells(row, now_ns))
    status = "" if heard_s is None else "busy"
    assert (handle, doing, unread, waits, remark) == ("codex-b", where, "1", waits_for, status)
    assert detail in cells.explanation(row, now_ns).plain
    shown = values.agent(row, now_ns, values.Instants())
    assert (shown["state"], shown["needs_user"], shown["is_elsewhere"]) == (where, waits_for == "refused", True)
    assert detail in shown["waits_for"]
    facts = dict(shown["facts"])
    assert facts["carried by"] == f"amq bridge (pid {os.getpid()})"
    assert facts.get("status") == ("busy: the parser^[" if status else None)


def test_all_about_it(amq: Shell, carried: Any) -> None:
    carried(**heard(1))
    amq("send", "--to", "codex-b", "--body", "x")
    row = look(amq)
    account, private = Mailbox(str(amq.root), "bob").account, private_state(os.environ, ())
    told = cells.details(row, *agents.history(account, private, "codex-b"), time.time_ns()).plain
    assert "State: on b\n" in told
    assert "Status: busy: the parser^[\n" in told
    assert f"Carried by: amq bridge (pid {os.getpid()})\n" in told
    assert "only the host b knows them" in told
    refused = actions.wake(account, private, "codex-b")
    assert refused == Refused("codex-b is codex on the host b, and is notified there", "")
    assert not isinstance(refused, Done)


def test_its_terminal_is_on_its_own_host(amq: Shell, carried: Any) -> None:
    carried(**heard(1))

    async def jump() -> None:
        async with shown(amq) as screen:
            await screen.press("tab", *["down"] * list(screen.app._rows).index("codex-b"), "g")
            assert "codex-b has its terminal on the host b" in screen.text("#said")

    asyncio.run(jump())


def test_without_mail_it_is_said_where_it_is(amq: Shell, carried: Any) -> None:
    carried(**heard(3600))
    queue = QueueLayout(str(amq.root))
    for name in os.listdir(queue.agent("codex-b").inbox_new):
        os.rename(f"{queue.agent('codex-b').inbox_new}/{name}", f"{queue.agent('codex-b').inbox_cur}/{name}")
    said = cells.explanation(look(amq), time.time_ns()).plain
    assert said == "codex-b: no unread mail; it is on b, silent for 1h"


def test_news_of_the_bridge_is_shown_at_the_next_look(amq: Shell, carried: Any) -> None:
    now_ns = time.time_ns() + 60 * SECOND_NS  # all that was written has settled by then
    mailbox = Mailbox(str(amq.root), "bob", clock=lambda: now_ns)
    looks = agents.Agents(mailbox.account, private_state(os.environ, ()))

    def waits_for() -> str:
        found = {row.handle: row for row in looks.look()[0]}["codex-b"].why
        assert found
        return found.waits_for.value

    carried(**heard(1), mailboxes={"codex-b": {"mail": {"sent": 1}}})
    assert [waits_for() for _ in range(3)] == ["on-its-way"] * 3
    carried(**heard(1), mailboxes={"codex-b": {"mail": {"there": 1}}})
    assert waits_for() == "there"


def test_a_bridge_that_has_ended_is_the_reason(amq: Shell, bridge: str) -> None:
    amq("send", "--to", "codex-b", "--body", "x")
    with state.running(bridge):
        state.write_state(bridge, heard(1))
    assert "the bridge does not run (amq bridge run)" in cells.explanation(look(amq), time.time_ns()).plain
