"""All that is known of agents, as a user who watches a queue sees it at repeated looks."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from amq.dashboard import agents
from amq.dashboard.agents import Agents, Row
from amq.dashboard.overview import Dashboard
from amq.layout import QueueLayout
from amq.mail.mailbox import Mailbox
from amq.names import USER
from amq.runtime import notifier_lock
from amq.runtime.journal import WakeJournal
from amq.runtime.policy.reasons import Activity, WaitReason
from amq.runtime.policy.schedule import Readiness
from amq.runtime.private_state import private_state
from amq.runtime.state_file import StatePublisher
from amq.store import maildir
from tests.conftest import Shell, private_directory
from tests.dashboard.watched import dashboard

__all__ = ["dashboard"]


def row(dashboard: Dashboard, handle: str = "bob") -> Row:
    """Return the row of an agent."""
    return next(each for each in dashboard.look().rows if each.handle == handle)


def test_an_agent_comes_and_goes(amq: Shell, dashboard: Dashboard) -> None:
    assert [each.handle for each in dashboard.look().rows] == ["alice", "bob", "carol", "user"]
    amq("init", "--agents", "dave")
    assert "dave" in [each.handle for each in dashboard.look().rows]
    assert str(amq.agent("dave").inbox_new) in dashboard.places
    assert amq("agent", "remove", "dave").code == 0
    assert "dave" not in [each.handle for each in dashboard.look().rows]


def test_a_mailbox_that_cannot_be_looked_into_is_a_row(amq: Shell, dashboard: Dashboard) -> None:
    home = Path(amq.agent("bob").home)
    home.rename(amq.root / "kept")
    home.symlink_to(amq.root / "kept")
    found = row(dashboard)
    assert found.unknown
    assert "link" in found.problems[0]
    assert len(dashboard.look().rows) == 4


def test_an_inbox_that_cannot_be_read_is_a_problem_of_its_row(amq: Shell, dashboard: Dashboard) -> None:
    amq.send()
    inbox = Path(amq.agent("bob").inbox_cur)
    inbox.rmdir()
    inbox.symlink_to(amq.root)
    Path(amq.agent("bob").dlq_new).rmdir()
    Path(amq.agent("bob").dlq_new).symlink_to(amq.root)
    for _ in range(2):
        assert "link" in row(dashboard).problems[0]
        assert row(dashboard, "carol").problems == ()


@pytest.mark.parametrize(
    ("activity", "waits", "needs"),
    [
        (Activity.ASKS, None, True),
        (Activity.WORKING, WaitReason.BUSY, False),
        (Activity.IDLE, WaitReason.PARKED, True),
        (Activity.IDLE, WaitReason.NOTIFIED, False),
        (Activity.IDLE, WaitReason.UNKNOWN_LOOK, True),
    ],
)
def test_who_needs_the_user(
    amq: Shell, dashboard: Dashboard, activity: Activity, waits: WaitReason | None, needs: bool
) -> None:
    claim = notifier_lock.claim(Mailbox(str(amq.root), "bob").state_dir, "run")
    private = str(private_directory(amq.root, "bob"))
    StatePublisher(private, "run").publish(Readiness(activity=activity))
    if waits:
        WakeJournal(private).waits([amq.send()], waits)
    assert row(dashboard).needs_user == needs
    claim.release()


def test_the_user_needs_to_read_their_mail(amq: Shell, dashboard: Dashboard) -> None:
    assert not row(dashboard, USER).needs_user
    amq.send(to=USER)
    assert row(dashboard, USER).needs_user


class Counting(Agents):
    """Agents whose rows that are made anew are noted."""

    def __init__(self, amq: Shell) -> None:
        self.now_ns = 1_900_000_000_000_000_000
        mailbox = Mailbox(str(amq.root), USER, clock=lambda: self.now_ns)
        super().__init__(mailbox.account, private_state(os.environ, ()))
        self.made: list[str] = []
        self.cost_ns = 0

    def _new_row(self, handle: str, is_registered: bool) -> Row:
        self.made.append(handle)
        self.now_ns += self.cost_ns
        return super()._new_row(handle, is_registered)

    def made_by(self, seconds: float = 1.0) -> list[str]:
        """Return the rows that a look makes anew, SECONDS after the last one."""
        self.now_ns += int(seconds * 1e9)
        self.made.clear()
        self.look()
        return self.made


def test_only_rows_with_a_change_are_made_anew(amq: Shell) -> None:
    for handle in ("alice", "bob", "carol", USER):
        private_directory(amq.root, handle)
    watched = Counting(amq)
    for _ in range(2):  # it is not known before the second look what a row depends on
        assert watched.made_by() == ["alice", "bob", "carol", "user"]
    assert watched.made_by() == []
    amq.send()
    assert sorted(watched.made_by()) == ["alice", "bob"]
    amq.ok("drain", me="bob")
    assert watched.made_by() == ["bob"]
    WakeJournal(str(private_directory(amq.root, "carol"))).waits([], WaitReason.BUSY)
    watched.made_by()
    WakeJournal(str(private_directory(amq.root, "carol"))).waits([], WaitReason.LOW)  # the directory does not change
    assert watched.made_by() == ["carol"]
    claim = notifier_lock.claim(Mailbox(str(amq.root), "carol").state_dir, "run")
    assert watched.made_by() == ["carol"]
    claim.release()
    assert watched.made_by() == ["carol"]
    assert watched.made_by(agents.FRESH_S) == ["alice", "bob", "carol", "user"]


def test_an_inbox_without_a_change_is_not_listed(amq: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
    """It may be a line in a journal that makes the row anew."""
    amq.send()
    watched = Counting(amq)
    watched.made_by()
    unread = maildir.ends
    monkeypatch.setattr(maildir, "ends", lambda *_: pytest.fail("it was listed"))
    WakeJournal(str(private_directory(amq.root, "bob"))).waits([], WaitReason.BUSY)
    assert "bob" in watched.made_by()
    assert [each.agent.unread for each in watched.look()[0]] == [0, 1, 0, 0]
    monkeypatch.setattr(maildir, "ends", unread)
    amq.send()
    watched.made_by()
    assert [each.agent.unread for each in watched.look()[0]] == [0, 2, 0, 0]


def test_of_many_unread_messages_those_at_the_ends_are_tried(amq: Shell, opened: list[str]) -> None:
    """By looks that are repeated: `amq who` tries them all."""
    ids = [amq.send() for _ in range(5)]
    account, private = Mailbox(str(amq.root), USER).account, private_state(os.environ, ())
    opened.clear()
    found = Agents(account, private, 1).look()[0][1]
    assert (found.agent.unread, set(opened)) == (5, {ids[0], ids[-1]})
    assert found.agent.oldest_s is not None
    assert found.why is not None
    opened.clear()
    assert agents.rows(account, private)[1].agent.unread == 5
    assert set(opened) == set(ids)


def test_a_row_that_is_dear_stays_for_longer(amq: Shell) -> None:
    for handle in ("alice", "bob", "carol", USER):
        private_directory(amq.root, handle)
    watched = Counting(amq)
    watched.cost_ns = 200_000_000
    for _ in range(2):
        watched.made_by()
    assert watched.made_by(agents.COST * 0.2 - 2) == []
    assert watched.made_by(2) == ["alice", "bob", "carol", "user"]
    watched.cost_ns = 10**12
    watched.made_by(agents.COST)
    assert watched.made_by(agents.LONGEST_FRESH_S) == ["alice", "bob", "carol", "user"]


def test_a_change_within_one_tick_is_seen(amq: Shell) -> None:
    """A directory's times may stay as they were, if it changes again at once."""
    watched = Counting(amq)
    watched.made_by()
    watched.made_by()
    new = Path(amq.agent("bob").inbox_new)
    watched.now_ns = new.stat().st_mtime_ns + 1
    watched.made_by(0)
    times = new.stat()
    amq.send()
    os.utime(new, ns=(times.st_atime_ns, times.st_mtime_ns))
    assert "bob" in watched.made_by(0)


def test_ages_grow_without_a_change(amq: Shell) -> None:
    amq.send()
    watched = Counting(amq)
    watched.made_by()
    watched.made_by()
    ages = []
    for _ in range(2):
        assert watched.made_by(3) == []
        ages.append(next(each.agent.oldest_s for each in watched.look()[0] if each.handle == "bob"))
    before, after = ages
    assert before is not None
    assert after is not None
    assert after - before == pytest.approx(3)  # of three years, which a share of the age would not show


def test_the_history_of_an_agent(amq: Shell, dashboard: Dashboard) -> None:
    WakeJournal(str(private_directory(amq.root, "bob"))).waits(["x"], WaitReason.BUSY, "it is \x1b[31mbusy")
    entries, why_not = dashboard.history("bob")
    assert (agents.history_line(entries[0])[26:], why_not) == ("1 unread  waits for busy: it is ^[[31mbusy", "")


def test_the_places_are_those_of_all_agents(amq: Shell, dashboard: Dashboard) -> None:
    dashboard.look()
    queue = QueueLayout(str(amq.root))
    for handle in ("alice", "bob", "carol", USER):
        agent = queue.agent(handle)
        expected = {str(agent.home), str(agent.inbox_new), str(agent.inbox_cur), str(agent.sent), str(agent.drains)}
        assert expected <= set(map(str, dashboard.places))
    assert {str(queue.agents), str(queue.meta), str(queue.leases)} <= set(map(str, dashboard.places))
