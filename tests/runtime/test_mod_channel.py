"""Mail by the mod: what it is given, what follows from its reports, and when another way is left to try."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from pathlib import Path
from threading import Thread
from types import SimpleNamespace
from typing import Any

import pytest

from amq.mail import offering
from amq.mail.offering import OFFERED, TAKEN
from amq.runtime.agents.claude import mod_channel
from amq.runtime.agents.claude.mod_channel import BUDGET, PING_EVERY_S, TAKEN_WITHIN_S, ModChannel
from amq.runtime.agents.claude.mod_feed import EVENTS_NAME, HELLO_WITHIN_S, PONG_WITHIN_S, ModFeed
from amq.runtime.agents.plugin_presence import presence
from amq.runtime.agents.status_sources import AgentStatus
from amq.runtime.channels.agent_api import NativeFirst
from amq.runtime.hooks import announcements, receipts
from amq.runtime.policy.hook_decision import Event, HookState
from amq.runtime.policy.injection import End
from amq.runtime.policy.reasons import WAITS_IN_WORDS, Outcome, WaitReason
from amq.runtime.policy.schedule import Readiness
from amq.runtime.policy.wake_line import Notification, Wording
from tests.conftest import private_directory
from tests.offers import Room, hosted
from tests.runtime.test_agent_api import Typing
from tests.runtime.test_mod_feed import Child

IDLE = Readiness(idle=True)
SENT = End(Outcome.SENT, "")
NOTICE = "amq: 1 new message from alice, attached. If it is missing, run: amq drain --include-body"


class Moved(AgentStatus):
    """A program whose list of agents may have moved the session."""

    moved = False

    def is_detached(self) -> bool:
        return self.moved


class Rig:
    """Bob's mailbox, his mod's child, and the channel to it; NOW is the channel's clock."""

    def __init__(self, place: Path) -> None:
        self.room = Room(place)
        self.files = place / "run"
        self.files.mkdir()
        self.directory = str(private_directory(self.room.queue.root, "bob"))
        self.now = 100.0
        self.log: list[str] = []
        self.status = Moved("")
        self.feed = ModFeed(str(self.files))
        self.channel = ModChannel(
            self.feed, self.room.bob, str(self.files), self.directory, self.status, Wording(),
            self.log.append, lambda: self.now,
        )  # fmt: skip
        self.children: list[Child] = []

    def start(self) -> Child:
        """Start a mod, and answer the ping for its hello."""
        child = Child(self.files)
        self.children.append(child)
        child.says_hello()
        self.channel.look(IDLE)
        child.answers(child.line()["n"])
        self.channel.look(IDLE)
        return child

    def tell(self) -> Future[End]:
        ending = Future[End]()
        Thread(target=lambda: ending.set_result(self.channel.tell("a line that is not used")), daemon=True).start()
        return ending

    def gives(self, child: Child, *reports: str) -> Any:
        """Give what is new; return what the child has read, after it has made REPORTS of it."""
        ending = self.tell()
        told = child.line()
        child.answers(child.line()["n"])
        for report in ("appended", *reports):
            child.reports(
                report, offer=told["offer"], **({"reason": "why not"} if report in ("held", "refused") else {})
            )
        assert ending.result(10) == SENT
        self.channel.look(IDLE)
        return told

    def later(self, seconds: float, readiness: Readiness = IDLE) -> Readiness:
        self.now += seconds
        return self.channel.look(readiness)

    def states(self) -> list[tuple[str, str]]:
        return [(offer.state, offer.reason) for offer in self.room.offers()]

    def marks(self) -> list[tuple[str, bool]]:
        return [(item.id, item.redelivered) for item in self.room.drain()]

    def close(self) -> None:
        self.now += 1e6  # nothing is waited for any more
        for child in self.children:
            child.process.kill()
            child.process.communicate()


@pytest.fixture
def rig(tmp_path: Path) -> Iterator[Rig]:
    rig = Rig(tmp_path)
    yield rig
    rig.close()


@pytest.fixture
def child(rig: Rig) -> Child:
    return rig.start()


# -- giving -----------------------------------------------------------------------------------------------------------


def test_mail_is_an_offer_before_it_is_given_and_is_filed_with_the_answer(rig: Rig, child: Child) -> None:
    rig.room.send("a", body="/clear is a text")
    ending = rig.tell()
    told = child.line()
    (offer,) = rig.room.offers()
    assert (offer.name, offer.event, offer.session, offer.ids) == (told["offer"], "plugin", "S", ("a",))
    assert told["notice"] == NOTICE
    assert "/clear is a text" in told["texts"][0]
    assert "[AMQ] Mail from another agent" in told["texts"][0]
    child.reports("appended", offer=offer.name)
    assert ending.result(10) == SENT
    assert rig.states() == [(TAKEN, "")]
    child.reports("answered", offer=offer.name)
    rig.channel.look(IDLE)
    assert (rig.room.offers(), rig.room.files("cur")) == ([], ["a"])


def test_what_is_on_offer_is_given_once(rig: Rig, child: Child) -> None:
    rig.room.send("a")
    rig.gives(child)
    assert rig.channel.tell("").outcome is Outcome.REFUSED
    rig.room.send("b")
    told = rig.gives(child)
    assert "ID: b\n" in told["texts"][0]
    assert "ID: a\n" not in told["texts"][0]
    assert told["notice"] == NOTICE


def test_more_than_there_is_room_for_is_left(rig: Rig, child: Child) -> None:
    for each in "abc":
        rig.room.send(each, body="x" * 45_000)
    told = rig.gives(child)
    assert len(told["texts"][0]) <= BUDGET.most
    assert [offer.ids for offer in rig.room.offers()] == [("a", "b")]
    assert "1 more" in told["texts"][0]


def test_a_message_that_is_too_long_is_given_in_part_and_stays_new(rig: Rig, child: Child) -> None:
    rig.room.send("a", body="x" * 150_000)
    told = rig.gives(child, "started", "answered")
    assert "amq read --id a" in told["texts"][0]
    assert len(told["texts"][0]) <= BUDGET.most
    assert (rig.room.offers(), rig.room.files("new")) == ([], ["a"])
    assert announcements.read_state(rig.directory).blocked_stop_for == {"a"}
    rig.room.send("b")
    assert "ID: a\n" not in rig.gives(child)["texts"][0], "it leaves the room to others"
    assert "Redelivered: yes" in rig.gives(child)["texts"][0]
    assert [offer.ids for offer in rig.room.offers()] == [("b",)]


def test_a_bad_message_is_left_to_a_drain(rig: Rig, child: Child) -> None:
    Path(rig.room.agent.inbox_new, "bad.md").write_text("no header")
    assert rig.channel.tell("").outcome is Outcome.REFUSED
    rig.room.send("a")
    rig.gives(child)
    assert [offer.ids for offer in rig.room.offers()] == [("a",)]


def test_a_mailbox_that_is_gone_ends_nothing(rig: Rig, child: Child) -> None:
    shutil.rmtree(rig.room.agent.home)
    assert rig.channel.tell("").outcome is Outcome.REFUSED


# -- the next way -----------------------------------------------------------------------------------------------------


def test_what_is_refused_lapses(rig: Rig, child: Child) -> None:
    rig.room.send("a")
    ending = rig.tell()
    child.reports("refused", offer=child.line()["offer"], reason="parked")
    assert ending.result(10) == End(Outcome.REFUSED, "refused")
    assert rig.marks() == [("a", True)]
    assert "plugin: refused: parked" in rig.log


def test_a_report_of_earlier_mail_is_about_that(rig: Rig, child: Child, monkeypatch: pytest.MonkeyPatch) -> None:
    rig.room.send("a")
    earlier = rig.gives(child)["offer"]
    rig.room.send("b")
    reports = [("answered", earlier), ("refused", "")]

    def waits(*_: object) -> None:
        name, offer = reports.pop(0)
        reason = {"reason": "parked"} if name == "refused" else {}
        child.reports(name, offer=offer or rig.room.offers()[-1].name, **reason)

    monkeypatch.setattr(mod_channel, "select", SimpleNamespace(select=waits))
    assert rig.channel.tell("") == End(Outcome.REFUSED, "refused")
    assert rig.room.files("cur") == ["a"]
    assert rig.marks() == [("b", True)]


def test_a_pipe_that_takes_nothing_refuses(rig: Rig, child: Child, monkeypatch: pytest.MonkeyPatch) -> None:
    """As one that was not read for long."""

    def waits(*_: object) -> None:
        rig.now += TAKEN_WITHIN_S

    monkeypatch.setattr(mod_channel, "select", SimpleNamespace(select=waits))
    monkeypatch.setattr(rig.feed, "deliver", lambda *_: False)
    rig.room.send("a")
    assert rig.channel.tell("") == End(Outcome.REFUSED, "refused")
    assert rig.marks() == [("a", True)]


def test_a_child_that_is_gone_refuses(rig: Rig, child: Child) -> None:
    rig.room.send("a")
    child.process.kill()
    child.process.wait()
    assert rig.channel.tell("").outcome is Outcome.REFUSED
    assert not rig.channel.is_there()
    assert rig.marks() == [("a", True)]
    assert presence(str(rig.files)) == "dead"


def test_a_mod_that_does_not_answer_refuses(rig: Rig, child: Child, monkeypatch: pytest.MonkeyPatch) -> None:
    def waits(*_: object) -> None:
        rig.now += PONG_WITHIN_S + 0.1

    monkeypatch.setattr(mod_channel, "select", SimpleNamespace(select=waits))
    rig.room.send("a")
    assert rig.channel.tell("") == End(Outcome.REFUSED, "the plugin is silent")
    assert rig.marks() == [("a", True)]


def test_a_mod_that_answers_and_has_not_taken_it_yet_has_it(
    rig: Rig, child: Child, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As between two sessions."""

    def waits(*_: object) -> None:
        if rig.now == 100:
            child.line()
            child.answers(child.line()["n"])
        rig.now += TAKEN_WITHIN_S

    monkeypatch.setattr(mod_channel, "select", SimpleNamespace(select=waits))
    rig.room.send("a")
    assert rig.channel.tell("") == SENT
    assert rig.states() == [(OFFERED, "")]
    assert rig.now > 100 + TAKEN_WITHIN_S


@pytest.mark.anyio
async def test_a_refused_mail_is_typed(rig: Rig, child: Child) -> None:
    rig.room.send("a")
    child.process.kill()
    child.process.wait()
    typed = Typing()
    channel = NativeFirst(rig.channel, typed)
    assert (await channel.attempt(Notification("line", "line"))).outcome is Outcome.SUBMITTED
    assert (typed.told, channel.way) == (["line"], "pty")


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


# -- the gate of typing -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("draft", "busy", "reason"),
    [
        ("", False, None),
        ("half", False, WaitReason.DRAFT),
        ("half", True, WaitReason.DRAFT),
        ("amq: 1 new message from alice.\nRun: amq drain --include-body", False, None),
        ("", True, WaitReason.BUSY),
    ],
)
def test_the_mod_is_asked_before_anything_is_typed(
    rig: Rig, child: Child, draft: str, busy: bool, reason: WaitReason | None
) -> None:
    answer = Future[WaitReason | None]()
    Thread(target=lambda: answer.set_result(rig.channel.forbids()), daemon=True).start()
    number = child.line()["n"]
    child.reports("pong", n=number - 1, draft="of before", cursor=0, busy=False)
    child.reports("pong", n=number, draft=draft, cursor=0, busy=busy)
    assert answer.result(10) is reason


def test_a_mod_that_does_not_answer_forbids_nothing(rig: Rig, child: Child, monkeypatch: pytest.MonkeyPatch) -> None:
    def waits(*_: object) -> None:
        rig.now += 1.0

    monkeypatch.setattr(mod_channel, "select", SimpleNamespace(select=waits))
    child.reports("pong", n=1, draft="of before", cursor=0, busy=False)
    rig.channel.look(IDLE)
    with monkeypatch.context() as full:
        full.setattr(rig.feed, "ping", lambda _: 0)
        assert rig.channel.forbids() is None
    assert rig.channel.forbids() is None
    assert rig.now > 100 + PONG_WITHIN_S
    child.process.kill()
    child.process.wait()
    assert rig.channel.forbids() is None


# -- readiness --------------------------------------------------------------------------------------------------------


def test_nothing_else_is_tried_until_it_is_late_with_its_hello(rig: Rig) -> None:
    starting = Readiness(blocked_by=WaitReason.STARTING)
    assert rig.later(100, starting) == starting
    assert rig.later(0).blocked_by is WaitReason.STARTING
    assert rig.later(HELLO_WITHIN_S, Readiness(blocked_by=WaitReason.DRAFT)).blocked_by is WaitReason.STARTING
    assert rig.later(0.1) == IDLE
    assert not rig.channel.is_there()
    assert rig.log == ["plugin: silent"]


REACHED = {WaitReason.DRAFT, WaitReason.DIALOG, WaitReason.UNKNOWN_SCREEN, WaitReason.UNKNOWN_LOOK} | {
    WaitReason.NOT_CERTIFIED
}


@pytest.mark.parametrize("reason", WaitReason)
def test_what_does_not_keep_it_from_giving_mail(rig: Rig, child: Child, reason: WaitReason) -> None:
    typed = Typing()
    typed.standing = Readiness(blocked_by=reason)
    assert NativeFirst(rig.channel, typed).look().blocked_by is (None if reason in REACHED else reason)


def test_another_session_in_the_terminal_gets_nothing(rig: Rig, child: Child) -> None:
    assert rig.channel.is_there()
    rig.status.moved = True
    assert not rig.channel.is_there()


# -- reports ----------------------------------------------------------------------------------------------------------


def test_mail_that_waits_for_the_user_says_so(rig: Rig, child: Child) -> None:
    rig.room.send("a")
    rig.gives(child, "held")
    assert rig.states() == [(TAKEN, "it goes with your next prompt (why not)")]
    assert receipts.on_its_way(rig.room.account, rig.directory, idle=True, rest_s=1e9)[0] == {"a"}


@pytest.mark.parametrize("outcome", ["error", "aborted", "refusal"])
def test_after_a_turn_without_an_answer_it_is_reminded(rig: Rig, child: Child, outcome: str) -> None:
    rig.room.send("a")
    rig.gives(child, "started")
    child.reports("completed", turn="t", outcome="answer")
    rig.channel.look(IDLE)
    assert receipts.on_its_way(rig.room.account, rig.directory, idle=True, rest_s=1e9)[0]
    child.reports("completed", turn="t", outcome=outcome)
    rig.channel.look(IDLE)
    waiting, offered, _ = receipts.on_its_way(rig.room.account, rig.directory, idle=True, rest_s=0)
    assert (waiting, offered) == (frozenset(), frozenset("a"))
    assert rig.room.files("new") == ["a"]


def lose(rig: Rig, child: Child) -> None:
    child.reports("lost", offer=rig.room.offers()[0].name)


def end(_: Rig, child: Child) -> None:
    child.reports("ended", reason="clear")


def go_deaf(_: Rig, child: Child) -> None:
    child.reports("deaf")


def load_again(rig: Rig, _: Child) -> None:
    again = Child(rig.files)
    rig.children.append(again)
    again.says_hello()


@pytest.mark.parametrize("happens", [lose, end, go_deaf, load_again])
def test_without_an_answer_it_comes_back_marked(rig: Rig, child: Child, happens: Callable[[Rig, Child], None]) -> None:
    rig.room.send("a")
    rig.gives(child, "started")
    happens(rig, child)
    rig.channel.look(IDLE)
    assert rig.marks() == [("a", True)]


def test_mail_after_clear_is_of_a_session_that_is_not_known(rig: Rig, child: Child) -> None:
    child.reports("ended", reason="clear")
    rig.channel.look(IDLE)
    rig.room.send("a")
    rig.gives(child)
    assert [offer.session for offer in rig.room.offers()] == [""]


def test_what_is_on_offer_is_asked_about(rig: Rig, child: Child) -> None:
    rig.room.send("a")
    rig.gives(child)
    rig.later(PING_EVERY_S - 0.1)
    rig.later(0.1, Readiness(blocked_by=WaitReason.DIALOG))
    assert child.line()["n"] == 3, "the hello's, the offer's, and one since"
    assert rig.states() == [(TAKEN, WAITS_IN_WORDS[WaitReason.DIALOG])]
    child.answers(3)
    rig.later(PING_EVERY_S, Readiness(busy=True, blocked_by=WaitReason.DRAFT))
    assert rig.states() == [(TAKEN, WAITS_IN_WORDS[WaitReason.BUSY])]
    rig.later(PONG_WITHIN_S + 0.1)
    assert rig.marks() == [("a", True)]
    assert rig.log == ["plugin: there", "plugin: silent"]
    child.answers(4)
    rig.later(0)
    assert rig.channel.is_there(), "it was only late"


def test_nothing_on_offer_is_not_asked_about(rig: Rig, child: Child) -> None:
    rig.room.send("a")
    rig.gives(child, "answered")
    rig.later(10 * PING_EVERY_S)
    assert rig.channel.is_there()
    assert rig.feed._pings == 2


def test_a_report_that_cannot_be_carried_out_is_taken_again(
    rig: Rig, child: Child, monkeypatch: pytest.MonkeyPatch
) -> None:
    rig.room.send("a")
    offer = rig.gives(child, "started")["offer"]
    with monkeypatch.context() as full:

        def fails(*_: object) -> None:
            raise OSError("the disk is full")

        full.setattr(mod_channel, "take_reports", fails)
        child.reports("answered", offer=offer)
        rig.channel.look(IDLE)
        rig.channel.look(IDLE)
    assert rig.room.files("new") == ["a"]
    rig.channel.look(IDLE)
    assert rig.room.files("cur") == ["a"]
    assert [line for line in rig.log if "full" in line] == [
        "the plugin's reports cannot be carried out: the disk is full"
    ]


def test_hooks_leave_alone_what_the_mod_has(rig: Rig, child: Child) -> None:
    rig.room.send("a")
    rig.gives(child)
    with hosted(rig.room.bob):
        for name in ("prompt", "tool", "batch", "stop", "failed", "interrupt"):
            outcomes = receipts.followed(rig.room.account, Event(name, session="S", turn="t"))
            assert [after for _, after in outcomes] == rig.room.offers()
    assert receipts.counted(HookState(), outcomes) == HookState()


def test_at_the_end_the_last_reports_count_and_the_rest_comes_back(rig: Rig, child: Child) -> None:
    rig.room.send("a")
    first = rig.gives(child)["offer"]
    rig.room.send("b")
    rig.gives(child)
    child.reports("answered", offer=first)
    rig.channel.close()
    assert rig.room.files("cur") == ["a"]
    assert offering.open_offers(rig.room.agent) == []
    assert rig.marks() == [("b", True)]
    child.process.wait(10)


def test_mail_that_is_given_after_the_end_comes_back(rig: Rig, child: Child) -> None:
    """The thread that gives it is not waited for."""
    rig.room.send("a")
    rig.channel.close()
    assert rig.channel.tell("").outcome is Outcome.REFUSED
    assert rig.marks() == [("a", True)]


def test_garbage_is_logged(rig: Rig, child: Child) -> None:
    (rig.files / EVENTS_NAME).write_bytes(b"\xff\n")
    rig.channel.look(IDLE)
    assert "not an event" in rig.log[-1]
