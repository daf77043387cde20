"""The actions of a user in a queue that they watch."""

from __future__ import annotations

import pytest

from amq.dashboard.actions import Actions, Done, Refused
from amq.dashboard.overview import Dashboard
from amq.mail.mailbox import Mailbox
from amq.mail.sending import Draft
from amq.names import USER
from amq.runtime import notifier_lock
from amq.runtime.wake_request import WakeRequests
from tests.conftest import Shell, private_directory
from tests.dashboard.watched import dashboard

__all__ = ["dashboard"]


@pytest.fixture
def actions(amq: Shell) -> Actions:
    return Actions(Mailbox(str(amq.root), USER))


def test_send(amq: Shell, actions: Actions) -> None:
    done = actions.send(["bob", "carol"], "Hello", "a text", Draft(kind="question"))
    assert isinstance(done, Done)
    assert done.text == "sent to bob, carol"
    header = amq.stored(done.id)
    assert (header["from"], header["to"], header["subject"], header["kind"]) == (
        USER,
        ["bob", "carol"],
        "Hello",
        "question",
    )
    assert "a text\n" in amq.ok("read", "--id", done.id, me="bob")


@pytest.mark.parametrize("to", [[], ["stranger"], ["No Handle"]])
def test_a_refusal_is_a_value(actions: Actions, to: list[str]) -> None:
    refused = actions.send(to, "", "text")
    assert isinstance(refused, Refused)
    assert refused.message
    assert refused.hint


def test_a_warning_is_part_of_what_is_done(amq: Shell, actions: Actions) -> None:
    (amq.root / "meta" / "config.json").write_text('{"version": 1, "agents": ["alice", "bob"]}')
    done = actions.send(["carol"], "", "text")
    assert isinstance(done, Done)
    assert "carol is not in the registry" in done.warnings[0]


def test_answer_mail_that_others_have(amq: Shell, dashboard: Dashboard, actions: Actions) -> None:
    first = amq.send("--subject", "Review", "--thread", "review/x", "--kind", "review_request")
    (message,) = dashboard.look().messages
    done = actions.answer(message.header, ["alice", "bob"], "", "I agree")
    assert isinstance(done, Done)
    header = amq.stored(done.id)
    assert (header["thread"], header["refs"], header["subject"]) == ("review/x", [first], "Re: Review")
    assert (header["from"], header["to"], header["kind"]) == (USER, ["alice", "bob"], "review_response")


def test_mail_is_read_once_it_was_seen(amq: Shell, dashboard: Dashboard, actions: Actions) -> None:
    seen, other = amq.send("--ack", to=USER), amq.send(to=USER)
    dashboard.body(dashboard.look().messages[0].header)
    assert amq.new(USER) == [f"{seen}.md", f"{other}.md"]  # a look at it alone files nothing
    assert actions.mark_read(seen) == Done("read, and acknowledged", seen)
    assert (amq.new(USER), amq.cur(USER)) == ([f"{other}.md"], [f"{seen}.md"])
    assert [one.place.value for one in dashboard.look().messages[0].recipients] == ["acknowledged"]
    assert actions.mark_read(seen) == Done("read elsewhere", seen)


def test_mail_that_a_drain_shows_is_left_to_it(amq: Shell, actions: Actions) -> None:
    identifier = amq.send(to=USER)
    with Mailbox(str(amq.root), USER).drain() as mail:
        next(iter(mail))
        actions.mark_read(identifier)
    assert amq.cur(USER) == [f"{identifier}.md"]


def test_an_agent_is_woken_again(amq: Shell, dashboard: Dashboard) -> None:
    """By a request to its notifier, if it has one, and only about mail that is there."""
    assert dashboard.wake("bob") == Refused("bob has no unread mail")
    amq.send()
    refused = dashboard.wake("bob")
    assert isinstance(refused, Refused)
    assert refused.message == "nothing notifies bob"
    claim = notifier_lock.claim(Mailbox(str(amq.root), "bob").state_dir, "run")
    requests = WakeRequests(str(private_directory(amq.root, "bob")))
    assert not requests.another()
    for _ in range(2):
        assert dashboard.wake("bob") == Done("asked to notify bob again")
        assert requests.another()
        assert not requests.another()
    assert not WakeRequests(str(private_directory(amq.root, "bob"))).another(), "the last one was before it"
    claim.release()
