"""The loop, with a real inbox and a channel that only takes notes."""

from __future__ import annotations

import math
import os
import threading
import time
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import cast

import anyio
import pytest

from amq.instants import SECOND_NS
from amq.layout import QueueLayout
from amq.mail import offering
from amq.mail.mailbox import Mailbox
from amq.mail.rendering import handed_over
from amq.output_budget import DEFAULT
from amq.record import replace as replaced
from amq.runtime import loop
from amq.runtime.drift_file import read_drift
from amq.runtime.hooks.announcements import read_state, write_state
from amq.runtime.inbox_watcher import SWEEP_S
from amq.runtime.journal import WakeJournal
from amq.runtime.loop import WakeLoop
from amq.runtime.policy import notices
from amq.runtime.policy.drift import Signs
from amq.runtime.policy.hook_decision import Event, HookState
from amq.runtime.policy.injection import NO_EFFECT, End
from amq.runtime.policy.reasons import Activity, Outcome, WaitReason
from amq.runtime.policy.receipts import LINE_WITHIN_S, PLUGIN
from amq.runtime.policy.schedule import Readiness, SchedulePolicy
from amq.runtime.policy.wake_line import Notification, Wording
from amq.runtime.private_state import PrivateState, private_state
from amq.runtime.state_file import StatePublisher
from amq.runtime.tmux_labels import TmuxLabels, state_word
from amq.runtime.trust import Trust
from amq.runtime.wake_request import request_wake
from amq.runtime.why_waiting import why
from amq.store import registry
from amq.store.notifier_info import Notifier
from tests.conftest import private_directory
from tests.offers import take_receipts
from tests.samples import claude_history

pytestmark = pytest.mark.anyio


class NotingChannel:
    way = "notes"

    def __init__(self) -> None:
        self.standing = Readiness()
        self.looks = 0
        self.told: list[str] = []
        self.end = End(Outcome.SUBMITTED, "")

    def look(self) -> Readiness:
        self.looks += 1
        return self.standing

    def drained(self) -> None:
        self.told.append("drained")

    async def attempt(self, line: Notification) -> End:
        self.told.append(line.text)
        return self.end


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture
def root(tmp_path: Path) -> str:
    queue = QueueLayout(str(tmp_path))
    registry.make_queue(queue, tracked=False)
    for handle in ("claude", "codex"):
        registry.make_mailbox(queue, handle)
    return str(tmp_path)


def private(root: str) -> str:
    """Return the directory of the journal of Claude's wait reasons."""
    return str(private_directory(root, "claude"))


def trusted(root: str) -> Trust:
    return Trust(root, private_state(os.environ, ()))


@asynccontextmanager
async def waking(
    root: str, channel: NotingChannel, policy: SchedulePolicy | None = None
) -> AsyncGenerator[Mailbox, None]:
    """Run the loop; at the end it has to stop faster than the watcher would by itself."""
    stop = threading.Event()
    mailbox = Mailbox(root, "claude")
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(
            WakeLoop(
                mailbox, channel, policy or SchedulePolicy(), Wording(), print, trusted(root),
                notify=lambda notice, _: channel.told.append(notice.value),
            ).run,
            stop,
        )  # fmt: skip
        try:
            with anyio.fail_after(20):
                await comes(lambda: channel.looks > 0)
                yield mailbox
        finally:
            stop.set()
        tasks.cancel_scope.deadline = anyio.current_time() + SWEEP_S / 2
    assert not tasks.cancel_scope.cancelled_caught


async def comes(condition: object) -> None:
    assert callable(condition)
    while not condition():
        await anyio.sleep(0.002)


def send(root: str, priority: str = "") -> None:
    from amq.mail.sending import Draft

    Mailbox(root, "codex").send(["claude"], b"hello", Draft(priority=priority))


async def test_the_user_asks_for_another_attempt(root: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Mail is parked: without the request nothing would happen for ever."""
    monkeypatch.setattr(loop, "SHOW_EVERY_S", 0.01)
    request_wake(private(root))  # from before the loop began
    channel = NotingChannel()
    async with waking(root, channel, SchedulePolicy(remind_after_s=(0.01,))):
        send(root)
        await comes(lambda: channel.told[1:] == ["parked"])
        request_wake(private(root))
        await comes(lambda: channel.told[3:] == ["parked"])
        assert "new message" in channel.told[2]


async def test_signs_that_a_program_is_not_as_known_are_noted(root: str, tmp_path: Path) -> None:
    channel = NotingChannel()
    channel.standing = Readiness(WaitReason.NOT_CERTIFIED, detail="dialog: answered", signs=Signs(unknown_state="odd"))
    wakes = WakeLoop(
        Mailbox(root, "claude"), channel, SchedulePolicy(), Wording(), print, trusted(root), files=str(tmp_path)
    )
    send(root)
    await wakes.turn(rung=True)
    assert read_drift(str(tmp_path)) == {"state:odd": 1}
    entry = WakeJournal(private(root)).entries()[-1]
    assert (entry["waits_for"], entry["reason"]) == ("not-certified", "dialog: answered")
    channel.standing, channel.end = Readiness(), End(Outcome.ERASED, NO_EFFECT)
    await wakes.turn(rung=True)
    assert read_drift(str(tmp_path)) == {"state:odd": 1, "key": 1}
    (tmp_path / "drift.json").unlink()
    await wakes.turn(rung=True)
    assert read_drift(str(tmp_path)) == {}, "nothing new: nothing is written"


async def test_mail_is_announced_drained_and_announced_again(root: str) -> None:
    channel = NotingChannel()
    line = "amq: 1 new message from codex. Run: amq drain --include-body"
    async with waking(root, channel) as mailbox:
        send(root)
        await comes(lambda: channel.told == [line])
        with mailbox.drain() as mail:
            assert len(list(mail)) == 1
        await comes(lambda: channel.told == [line, "drained"])
        send(root)
        await comes(lambda: channel.told == [line, "drained", line])
    entries = WakeJournal(private(root)).entries()
    assert [entry.get("way", entry.get("waits_for")) for entry in entries] == ["notes", "notes", "stopped"]


async def test_what_came_while_it_was_not_safe_is_in_the_line(root: str) -> None:
    channel = NotingChannel()
    channel.standing = Readiness(blocked_by=WaitReason.DRAFT)
    async with waking(root, channel):
        for _ in range(3):
            send(root)
        seen = channel.looks
        await comes(lambda: channel.looks > seen + 2)
        assert channel.told == []
        channel.standing = Readiness()
        await comes(lambda: channel.told == ["amq: 3 new messages from codex. Run: amq drain --include-body"])


async def test_a_dialog_about_amq_is_named_until_it_has_gone(root: str) -> None:
    """It opens after the notification: the agent has read it, and asks the user."""
    channel = NotingChannel()
    waker = WakeLoop(Mailbox(root, "claude"), channel, SchedulePolicy(), Wording(), print, trusted(root))

    async def says(agent: Readiness) -> tuple[str, str]:
        channel.standing = agent
        assert await waker.turn(rung=True) < waker._clock() + 2, "it looks again soon"
        last = WakeJournal(private(root)).entries()[-1]
        return last.get("waits_for", ""), last["reason"]

    named = "dialog", "claude asks you whether it may run amq drain"
    asking = Readiness(blocked_by=WaitReason.DIALOG, asks="amq drain")
    send(root)
    assert await says(Readiness()) == ("", "")
    assert await says(asking) == named
    assert await says(Readiness(blocked_by=WaitReason.DIALOG)) == named
    assert await says(Readiness()) == ("notified", "it was notified, and has had an answer to its question since")
    assert await says(asking) == named
    assert len(WakeJournal(private(root)).entries()) == 4


async def test_mail_that_comes_while_it_asks_waits_for_the_answer(root: str) -> None:
    channel = NotingChannel()
    channel.standing = Readiness(blocked_by=WaitReason.DIALOG, asks="amq reply")
    waker = WakeLoop(Mailbox(root, "claude"), channel, SchedulePolicy(), Wording(), print, trusted(root))
    send(root)
    await waker.turn(rung=True)
    channel.standing = Readiness(blocked_by=WaitReason.DIALOG)
    await waker.turn(rung=False)
    said = [(entry["waits_for"], entry.get("reason")) for entry in WakeJournal(private(root)).entries()]
    assert said == [("dialog", "claude asks you whether it may run amq reply"), ("dialog", None)]


class NotedLabels:
    """Labels that only take notes, and fail at the third."""

    def __init__(self) -> None:
        self.shown: list[tuple[str, int]] = []

    @property
    def works(self) -> bool:
        return len(self.shown) < 2

    def show(self, state: str, unread: int) -> None:
        self.shown.append((state, unread))


async def test_looks_of_each_second_are_at_one_time(root: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Then they wake the processor once; to wake it costs as much as a look."""
    times, ends = [10.25, 10.5, 11.0], list[float]()

    async def sleep(seconds: float) -> None:
        ends.append(times.pop(0) + seconds)

    monkeypatch.setattr(anyio, "sleep", sleep)
    waker = WakeLoop(
        Mailbox(root, "claude"),
        NotingChannel(),
        SchedulePolicy(),
        Wording(),
        print,
        trusted(root),
        clock=lambda: times[0],
    )
    while times:
        await waker._next_second()
    assert ends == [11.0, 11.0, 12.0]


async def test_the_state_is_shown_as_long_as_the_labels_work(root: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(loop, "SHOW_EVERY_S", 0.01)
    channel, labels = NotingChannel(), NotedLabels()
    channel.standing = Readiness(busy=True)
    waker = WakeLoop(Mailbox(root, "claude"), channel, SchedulePolicy(), Wording(), print, trusted(root))
    waker._labels = cast(TmuxLabels, labels)
    await waker._keep_showing()
    assert labels.shown == [("busy", 0)] * 2


@pytest.mark.parametrize(
    ("agent", "word"),
    [
        (Readiness(), "idle"),
        (Readiness(busy=True, blocked_by=WaitReason.DRAFT), "busy"),
        (Readiness(blocked_by=WaitReason.DIALOG), "dialog"),
        (Readiness(blocked_by=WaitReason.BUSY), "busy"),
    ],
)
def test_the_state_is_one_word(agent: Readiness, word: str) -> None:
    assert state_word(agent) == word


async def test_a_question_that_stays_is_signalled_while_no_mail_waits(
    root: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(loop, "SHOW_EVERY_S", 0.01)
    monkeypatch.setattr(notices, "ASKS_AFTER_S", 0.05)
    channel, told, stop = NotingChannel(), list[tuple[str, str]](), threading.Event()
    channel.standing = Readiness(activity=Activity.ASKS)
    waker = WakeLoop(
        Mailbox(root, "claude"), channel, SchedulePolicy(), Wording(), print, trusted(root),
        publisher=StatePublisher("", "run", stirred=object),
        notify=lambda notice, activity: told.append((notice.value, activity.value)),
    )  # fmt: skip
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(waker.run, stop)
        with anyio.move_on_after(5):
            await comes(lambda: told)
            looks = channel.looks
            await comes(lambda: channel.looks > looks + 5)
        stop.set()
    assert told == [("question", "asks")]


@pytest.mark.parametrize("is_trusted", [True, False])
async def test_the_user_is_notified_of_its_mail_to_them(
    root: str, monkeypatch: pytest.MonkeyPatch, is_trusted: bool
) -> None:
    monkeypatch.setattr(loop, "SHOW_EVERY_S", 0.01)
    asked, channel = list[str](), NotingChannel()

    def why_not(*_: object, **__: object) -> str:
        asked.append("whether the queue is trusted")
        return "" if is_trusted else "it is a clone's"

    monkeypatch.setattr(Trust, "why_not", why_not)
    async with waking(root, channel) as mailbox:
        mailbox.send(["user"], b"done")
        await comes(lambda: asked)
        await comes(lambda: channel.told or not is_trusted)
    assert channel.told == (["mail"] if is_trusted else [])


async def test_low_priority_is_not_announced_by_itself(root: str) -> None:
    channel = NotingChannel()
    async with waking(root, channel):
        send(root, "low")
        record = Path(private(root)) / "wakes.jsonl"
        await comes(lambda: record.exists() and '"waits_for": "low"' in record.read_text())
        assert channel.told == []
        send(root)
        await comes(lambda: len(channel.told) == 1)


async def test_what_a_hook_handed_over_is_not_typed(root: str) -> None:
    channel = NotingChannel()
    channel.standing = Readiness(busy=True, queues_input=True, hooks_active=True)
    async with waking(root, channel) as mailbox:
        send(root, "urgent")
        record = WakeJournal(private(root))
        await comes(lambda: [entry.get("waits_for") for entry in record.entries()] == ["busy"])
        (message,) = mailbox.unread()
        write_state(private(root), HookState(announced=frozenset({message.id}), count=1))
        channel.standing = Readiness()
        seen = channel.looks
        await anyio.sleep(0)
        await comes(lambda: channel.looks > seen)
        await comes(lambda: record.entries()[-1].get("waits_for") == "busy")
    assert channel.told == []


async def test_new_mail_does_not_wait_where_all_that_a_hook_announced_has_left(root: str) -> None:
    channel = NotingChannel()
    waker = WakeLoop(Mailbox(root, "claude"), channel, SchedulePolicy(), Wording(), print, trusted(root))
    write_state(private(root), HookState(announced=frozenset({"one that has left"}), count=1))
    send(root)
    await waker.turn(rung=True)
    assert len(channel.told) == 1


def offer(root: str, mailbox: Mailbox, event: str = "prompt") -> str:
    """Offer all mail as a hook does; return the text of it. The session's history is the file `history` beside it."""
    with offering.hold(mailbox.account, ()) as mail:
        for batch in mail.batches():
            text = handed_over(batch, "claude", 0, DEFAULT)
            mail.leave_offered(event, "s", "t", f"{root}/history", 0)
    return text


async def test_mail_on_its_way_is_not_typed_and_is_filed_by_the_loop_too(root: str) -> None:
    """The history of a session may be written after the last event of a turn."""
    channel, mailbox = NotingChannel(), Mailbox(root, "claude")
    waker = WakeLoop(mailbox, channel, SchedulePolicy(), Wording(), print, trusted(root))
    send(root)
    text = offer(root, mailbox)
    await waker.turn(rung=True)
    take_receipts(mailbox.account, Event("stop", session="s", turn="t"), HookState())
    await waker.turn(rung=True)
    assert channel.told == []
    Path(root, "history").write_bytes(claude_history(text))
    await waker.turn(rung=True)
    assert (channel.told, mailbox.unread()) == (["drained"], [])


async def test_mail_that_lapses_is_typed(root: str) -> None:
    channel, mailbox = NotingChannel(), Mailbox(root, "claude")
    waker = WakeLoop(mailbox, channel, SchedulePolicy(), Wording(), print, trusted(root))
    send(root)
    offer(root, mailbox)
    await waker.turn(rung=True)
    take_receipts(mailbox.account, Event("prompt", session="s", turn="another"), HookState())
    await waker.turn(rung=True)
    assert len(channel.told) == 1


async def test_mail_that_another_process_files_is_not_typed(root: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The look at the offers is later than the one at the inbox."""
    channel, mailbox = NotingChannel(), Mailbox(root, "claude")
    waker = WakeLoop(mailbox, channel, SchedulePolicy(), Wording(), print, trusted(root))
    send(root)
    offer(root, mailbox)
    await waker.turn(rung=True)

    def files(*_: object, **__: object) -> tuple[frozenset[str], frozenset[str], bool]:
        for each in offering.open_offers(mailbox.account.agent):
            offering.settle(mailbox.account, each)
        return frozenset(), frozenset(), False

    monkeypatch.setattr(loop, "on_its_way", files)
    await waker.turn(rung=False)
    assert channel.told == ["drained"]


async def test_offers_that_cannot_be_read_have_not_lapsed(root: str, monkeypatch: pytest.MonkeyPatch) -> None:
    channel, mailbox = NotingChannel(), Mailbox(root, "claude")
    waker = WakeLoop(mailbox, channel, SchedulePolicy(), Wording(), print, trusted(root))
    send(root)
    await waker.turn(rung=True)
    offer(root, mailbox)
    await waker.turn(rung=True)

    def fails(*_: object, **__: object) -> None:
        raise OSError("too many open files")

    monkeypatch.setattr(loop, "on_its_way", fails)
    await waker.turn(rung=True)
    assert len(channel.told) == 1


@pytest.mark.parametrize("idle", [True, False])
async def test_mail_that_an_idle_agent_has_lost_is_typed(root: str, idle: bool) -> None:
    now_ns = time.time_ns()
    channel, mailbox = NotingChannel(), Mailbox(root, "claude", clock=lambda: now_ns)
    channel.standing = Readiness(idle=idle)
    waker = WakeLoop(mailbox, channel, SchedulePolicy(), Wording(), print, trusted(root))
    send(root)
    offer(root, mailbox)
    await waker.turn(rung=True)
    assert channel.told == []
    now_ns += round(LINE_WITHIN_S * SECOND_NS)
    await waker.turn(rung=True)
    assert len(channel.told) == idle


@pytest.mark.parametrize(
    ("standing", "told"),
    [(Readiness(quiet_for_s=math.inf), 1), (Readiness(), 0), (Readiness(quiet_for_s=math.inf, busy=True), 0)],
)
async def test_mail_that_a_dead_session_has_taken_is_typed(root: str, standing: Readiness, told: int) -> None:
    """No receipt of it will come: the program that took it was killed, and another has no hooks."""
    now_ns = time.time_ns()
    channel, mailbox = NotingChannel(), Mailbox(root, "claude", clock=lambda: now_ns)
    channel.standing = standing
    waker = WakeLoop(mailbox, channel, SchedulePolicy(), Wording(), print, trusted(root))
    send(root)
    Path(root, "history").write_bytes(claude_history(offer(root, mailbox)))
    await waker.turn(rung=True)
    assert channel.told == []
    now_ns += round(LINE_WITHIN_S * SECOND_NS)
    await waker.turn(rung=True)
    assert len(channel.told) == told
    assert told or WakeJournal(private(root)).entries()[-1]["waits_for"] == "offered"


async def test_mail_that_a_killed_host_s_plugin_had_is_typed(root: str) -> None:
    """By whatever notifies the agent next: only that plugin could say what became of it."""
    channel, mailbox = NotingChannel(), Mailbox(root, "claude")
    waker = WakeLoop(mailbox, channel, SchedulePolicy(), Wording(), print, trusted(root))
    send(root)
    offer(root, mailbox, PLUGIN)
    (taken,) = offering.open_offers(mailbox.account.agent)
    offering.change(mailbox.account, taken, replaced(taken, state=offering.TAKEN, at_ns=2 * taken.at_ns))
    await waker.turn(rung=True)
    assert (len(channel.told), offering.open_offers(mailbox.account.agent)) == (1, [])


async def test_mail_that_its_own_plugin_has_is_not_typed(root: str) -> None:
    channel, mailbox = NotingChannel(), Mailbox(root, "claude")
    waker = WakeLoop(mailbox, channel, SchedulePolicy(), Wording(), print, trusted(root))
    channel.standing = Readiness(blocked_by=WaitReason.DIALOG)
    send(root)
    await waker.turn(rung=True)
    offer(root, mailbox, PLUGIN)
    channel.standing = Readiness()
    await waker.turn(rung=True)
    assert (channel.told, len(offering.open_offers(mailbox.account.agent))) == ([], 1)


async def test_offers_that_cannot_be_read_keep_no_mail_from_its_agent(root: str) -> None:
    channel, mailbox, log = NotingChannel(), Mailbox(root, "claude"), list[str]()
    waker = WakeLoop(mailbox, channel, SchedulePolicy(), Wording(), log.append, trusted(root))
    send(root)
    offer(root, mailbox)
    Path(private(root), "hook.lock").mkdir()
    await waker.turn(rung=True)
    assert (len(channel.told), "the offers cannot be read" in log[0]) == (1, True)


@pytest.mark.parametrize("attached", [True, False])
async def test_the_line_says_whether_the_mail_comes_with_it(root: str, attached: bool) -> None:
    channel = NotingChannel()
    waker = WakeLoop(
        Mailbox(root, "claude"), channel, SchedulePolicy(), Wording(), print, trusted(root), attaches=lambda: attached
    )
    send(root)
    await waker.turn(rung=True)
    assert [", attached. If it is missing, run: " in line for line in channel.told] == [attached]


async def test_a_line_that_is_typed_changes_nothing_that_the_hooks_remember(root: str) -> None:
    """A line typed at an idle agent begins a turn: if that drains nothing, its end is blocked once."""
    channel = NotingChannel()
    channel.standing = Readiness(queues_input=True, hooks_active=True)
    async with waking(root, channel):
        write_state(private(root), HookState(session="s"))
        send(root, "urgent")
        record = WakeJournal(private(root))
        await comes(lambda: [entry.get("outcome") for entry in record.entries()] == ["submitted"])
    assert read_state(private(root)) == HookState(session="s")


async def test_the_user_is_alerted_once_when_an_agent_does_not_read(root: str) -> None:
    channel = NotingChannel()
    policy = SchedulePolicy(remind_after_s=(0.01, 0.01))
    async with waking(root, channel, policy):
        send(root)
        record = WakeJournal(private(root))
        await comes(lambda: record.entries()[-1:] and record.entries()[-1].get("waits_for") == "parked")
        await comes(lambda: channel.told[2:] == ["parked"])
    assert len(channel.told) == 3


async def test_an_inbox_that_cannot_be_read_is_why_until_it_can(root: str) -> None:
    """Mail that was announced before is not announced again."""
    channel, log = NotingChannel(), list[str]()
    mailbox = Mailbox(root, "claude")
    waker = WakeLoop(mailbox, channel, SchedulePolicy(), Wording(), log.append, trusted(root))
    agent = mailbox.account.agent
    send(root)
    await waker.turn(rung=True)
    new = Path(agent.inbox_new)
    new.rename(new.with_name("away"))
    for _ in range(3):
        await waker.turn(rung=True)
    assert len(log) == 1
    ids, notifier, journal = os.listdir(new.with_name("away")), Notifier(1, "run"), PrivateState(private(root))
    found = why(agent, [name.removesuffix(".md") for name in ids], notifier, journal, 0)
    assert (found.waits_for, "cannot be read" in found.detail) == (WaitReason.NO_CHANNEL, True)
    new.with_name("away").rename(new)
    await waker.turn(rung=True)
    found = why(agent, [name.removesuffix(".md") for name in ids], notifier, journal, 0)
    assert (found.waits_for, found.detail) == (WaitReason.NOTIFIED, "the inbox could not be read for some time")
    assert len(channel.told) == 1


async def test_a_queue_that_is_away_ends_no_waking(root: str) -> None:
    """It is away when the loop begins, or when it types at an agent that works."""
    away = Path(root).with_name("away")

    class Elsewhere(NotingChannel):
        def look(self) -> Readiness:
            if not self.looks:
                Path(root).rename(away)
            return super().look()

        async def attempt(self, line: Notification) -> End:
            if not self.told:
                Path(root).rename(away)
            return await super().attempt(line)

    channel = Elsewhere()
    channel.standing = Readiness(busy=True, queues_input=True)
    async with waking(root, channel, SchedulePolicy(normal_after_s=0.0)):
        for count in (1, 3):
            await comes(away.exists)
            away.rename(root)
            with Mailbox(root, "claude").drain() as mail:
                assert len(list(mail)) == (count > 1)
            await comes(lambda count=count: len(channel.told) == count - 1)
            send(root)
            await comes(lambda count=count: len(channel.told) == count)


async def test_without_the_notifier_lock_nothing_is_announced(root: str) -> None:
    channel, ours = NotingChannel(), [False]
    waker = WakeLoop(
        Mailbox(root, "claude"), channel, SchedulePolicy(), Wording(), print, trusted(root), ours=lambda: ours[0]
    )
    send(root)
    await waker.turn(rung=True)
    assert channel.told == []
    ours[0] = True
    await waker.turn(rung=True)
    assert len(channel.told) == 1


async def test_a_look_at_a_full_inbox_opens_only_what_is_new(root: str, opened: list[str]) -> None:
    waker = WakeLoop(Mailbox(root, "claude"), NotingChannel(), SchedulePolicy(), Wording(), print, trusted(root))
    for _ in range(3):
        send(root)
    await waker.turn(rung=True)
    send(root)
    opened.clear()
    for _ in range(2):
        await waker.turn(rung=True)
    assert len(opened) == 1


async def test_after_the_machine_has_slept_there_is_one_reminder(root: str) -> None:
    """There is one, however many were due meanwhile."""
    time = 0.0
    channel = NotingChannel()
    waker = WakeLoop(
        Mailbox(root, "claude"), channel, SchedulePolicy(), Wording(), print, trusted(root), clock=lambda: time
    )
    send(root)
    await waker.turn(rung=True)
    time += 86_400.0
    for _ in range(20):
        again = await waker.turn(rung=True)
        time += 0.5
    assert len(channel.told) == 2
    assert again > time
