"""When an agent is notified: playbooks, and what holds however it goes."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass

import pytest
from hypothesis import given
from hypothesis import strategies as st

from amq.record import replace
from amq.runtime.policy import schedule
from amq.runtime.policy.hook_decision import ATTEMPTS_IN_A_ROW
from amq.runtime.policy.reasons import Outcome, WaitReason
from amq.runtime.policy.schedule import (
    LOOK_EVERY_S,
    Action,
    AlertUser,
    Attempt,
    AttemptFinished,
    Observation,
    Phase,
    Readiness,
    SchedulePolicy,
    ScheduleState,
    WakeAt,
    step,
)
from tests import state_page
from tests.playbook import Event, Playbook, Scene

POLICY = SchedulePolicy()
REMIND_AFTER = POLICY.remind_after_s
IDLE = Readiness()
QUEUES = Readiness(busy=True, queues_input=True)
HOOKED = Readiness(busy=True, queues_input=True, hooks_active=True)
DRAFT = Readiness(blocked_by=WaitReason.DRAFT)


def looked(*unread: str, urgent: str = "", low: str = "", agent: Readiness = IDLE) -> Observation:
    return Observation(frozenset(unread), frozenset(urgent), frozenset(low), agent)


NO_MAIL = ScheduleState()
NOTHING = looked()


@dataclass(frozen=True)
class Again:
    """A `WakeAt`, as seconds from now."""

    after: float


Doing = Attempt | AlertUser | Again


@dataclass(frozen=True)
class Agent(Scene[Doing]):
    """The remembered state of an agent, and the state of its inbox and its terminal."""

    state: ScheduleState = NO_MAIL
    seen: Observation = NOTHING
    policy: SchedulePolicy = POLICY

    def look(self, now: float) -> tuple[Agent, tuple[Doing, ...]]:
        seen = replace(self.seen, unread=frozenset([*self.seen.unread]))  # another set, also where nothing has changed
        return self.after(seen, now)

    def after(self, event: Observation | AttemptFinished, now: float) -> tuple[Agent, tuple[Doing, ...]]:
        state, actions = step(self.state, event, now, self.policy)
        done = (Again(round(each.at - now, 6)) if isinstance(each, WakeAt) else each for each in actions)
        return replace(self, state=state), tuple(done)

    def facts(self) -> tuple[Phase, WaitReason]:
        return self.state.phase, self.state.reason

    def words(self, action: Doing) -> str:
        return f"again in {action.after:g} s" if isinstance(action, Again) else type(action).__name__


Happening = Event[Agent, Doing]
ATTEMPT, ALERT, SOON = Attempt(), AlertUser(), Again(LOOK_EVERY_S)


def again(after: float) -> Doing:
    return Again(after)


def seen(words: str, change: Callable[[Observation], Observation]) -> Happening:
    return Event(words, lambda agent, now: replace(agent, seen=change(agent.seen)).look(now))


def mail(*ids: str, urgent: str = "", low: str = "") -> Happening:
    return seen(
        f"mail {' '.join(ids)}",
        lambda before: replace(
            before, unread=before.unread | {*ids}, urgent=before.urgent | {*urgent}, low=before.low | {*low}
        ),
    )


def drain(*ids: str) -> Happening:
    """Drain the messages IDS, or all if none are given."""
    return seen(
        f"drain {' '.join(ids)}",
        lambda before: replace(before, unread=before.unread - {*ids} if ids else frozenset()),
    )


def agent(readiness: Readiness) -> Happening:
    return seen(f"the agent is {readiness}", lambda before: replace(before, agent=readiness))


def ended(outcome: Outcome, reason: WaitReason | None = None, *, unsent: bool = False) -> Happening:
    finished = AttemptFinished(outcome, reason, unsent=unsent)
    return Event(f"ended: {outcome.value}", lambda agent, now: agent.after(finished, now))


def handed(*ids: str) -> Happening:
    """Let a hook announce IDS, the unread messages."""
    finished = AttemptFinished(Outcome.HANDED, unread=frozenset(ids))

    def play(agent: Agent, now: float) -> tuple[Agent, tuple[Doing, ...]]:
        return replace(agent, seen=replace(agent.seen, unread=frozenset(ids))).after(finished, now)

    return Event(f"a hook announces {' '.join(ids)}", play)


def requested() -> Happening:
    """Let the user ask for another attempt."""

    def play(agent: Agent, now: float) -> tuple[Agent, tuple[Doing, ...]]:
        after, done = replace(agent, seen=replace(agent.seen, requested=True)).look(now)
        return replace(after, seen=agent.seen), done

    return Event("the user asks", play)


SUBMITTED = ended(Outcome.SUBMITTED)
NEW: Playbook[Agent, Doing] = Playbook(Agent())


def announced() -> Playbook[Agent, Doing]:
    return NEW >> mail("a") << ATTEMPT >> SUBMITTED << again(30)


def parked(*unread: str, in_a_row: int = 4) -> Playbook[Agent, Doing]:
    told = frozenset(unread)
    state = ScheduleState(Phase.PARKED, WaitReason.PARKED, told, told, tries=4, in_a_row=in_a_row)
    return Playbook(Agent(state, looked(*unread)), now=1000.0)


def test_the_user_asks_for_another_attempt() -> None:
    """It is as if the mail had just come: all attempts are left, and what blocks one still does."""
    again_parked = parked("a", in_a_row=8) >> requested() << ATTEMPT >> SUBMITTED << again(30) >> 30 << ATTEMPT
    assert again_parked
    assert announced() >> 1 << again(29) >> requested() << ATTEMPT
    assert parked("a") >> agent(DRAFT) >> requested() << SOON << WaitReason.DRAFT >> agent(IDLE) << ATTEMPT
    assert NEW >> requested() << Phase.QUIET >> mail("a") << ATTEMPT


def test_no_mail_nothing_to_do() -> None:
    assert NEW >> drain() >> 30 << Phase.QUIET
    assert step(ScheduleState(), looked(), 0.0) == (ScheduleState(), ())


def test_mail_is_announced_at_once() -> None:
    assert NEW >> mail("a") << ATTEMPT


def test_an_inbox_in_which_nothing_has_changed_counts_for_nothing() -> None:
    told = announced().scene.state
    assert step(told, Observation(told.unread, frozenset(), frozenset(), IDLE), 1.0) == (told, (WakeAt(30.0),))
    later = announced() >> 1 << again(29)
    assert later
    assert later.scene.state == told


def test_more_mail_can_be_waited_for() -> None:
    patient: Playbook[Agent, Doing] = Playbook(Agent(policy=SchedulePolicy(debounce_s=5.0)), now=100.0)
    assert patient >> mail("a") << again(5) << Phase.WAITING >> 3 << again(2) >> mail("b") << again(2) >> 2 << ATTEMPT


def test_mail_waits_for_a_safe_terminal() -> None:
    waits = NEW >> 10 >> agent(DRAFT) >> mail("a") << SOON << Phase.WAITING << WaitReason.DRAFT
    assert waits >> 0.2 << SOON >> agent(IDLE) << ATTEMPT


def test_a_gate_that_closed_in_between_costs_no_attempt() -> None:
    refused = NEW >> mail("a") << ATTEMPT >> ended(Outcome.REFUSED, WaitReason.DRAFT) << SOON
    assert refused << Phase.WAITING << WaitReason.DRAFT
    assert refused.scene.state.tries == 0


def test_one_notification_covers_what_follows() -> None:
    assert announced() >> 1 << again(29) >> mail("b") << again(29) << Phase.OUTSTANDING


def test_new_mail_does_not_wait_for_a_late_reminder_of_old_mail() -> None:
    late = announced() >> 30 << ATTEMPT >> SUBMITTED << again(60) >> 60 << ATTEMPT >> SUBMITTED << again(120)
    covered = late >> 10 << again(110) >> mail("b") << again(30)
    assert covered
    assert covered.scene.state.tries == 0


def test_reminders_come_at_growing_distances_then_the_mail_is_parked() -> None:
    story = NEW >> mail("a")
    for distance in (30, 60, 120, 240):
        story = story << ATTEMPT >> SUBMITTED << again(distance)
        story = story >> distance - 1 << again(1) << Phase.OUTSTANDING >> 1
    assert story << ALERT << Phase.PARKED << WaitReason.PARKED >> 1e6 << Phase.PARKED


@pytest.mark.parametrize("in_a_row", [4, 8])
def test_new_mail_after_parking_gets_one_attempt(in_a_row: int) -> None:
    once = parked("a", in_a_row=in_a_row) >> mail("b") << ATTEMPT >> SUBMITTED << again(240)
    assert once >> 1000 << ALERT << Phase.PARKED


def test_a_drain_resets_all() -> None:
    drained = parked("a", in_a_row=8) >> drain()
    assert drained
    assert drained.scene.state == ScheduleState()


def test_a_drain_that_leaves_some_resets_all_too() -> None:
    drained = parked("a", "b", in_a_row=8) >> drain("a") << again(30) << Phase.WAITING
    assert drained >> 30 << ATTEMPT
    assert (drained.scene.state.tries, drained.scene.state.in_a_row) == (0, 0)


def test_what_a_drain_left_is_only_reminded_of() -> None:
    story = NEW >> mail("a", "b") << ATTEMPT >> SUBMITTED << again(30) >> 5 << again(25) >> drain("a") << again(30)
    assert story
    assert story.scene.state.tries == 0


def test_what_came_while_the_agent_drained_is_announced() -> None:
    assert announced() >> 5 << again(25) >> mail("b") << again(25) >> drain("a") << ATTEMPT


def test_mail_that_keeps_coming_does_not_make_reminders_endless() -> None:
    state, now, attempts = ScheduleState(), 0.0, 0
    for number in range(100):
        state, actions = step(state, looked(*map(str, range(number + 1))), now)
        if actions == (Attempt(),):
            attempts += 1
            state, _ = step(state, AttemptFinished(Outcome.SUBMITTED), now)
        now = state.due
        if state.phase is Phase.PARKED:
            break
    assert attempts == ATTEMPTS_IN_A_ROW


def test_low_priority_waits_for_silence() -> None:
    waits = NEW >> agent(Readiness(quiet_for_s=10.0)) >> mail("a", low="a") << again(50) << WaitReason.LOW
    assert waits >> agent(Readiness(quiet_for_s=59.0)) << again(1) >> agent(Readiness(quiet_for_s=60.0)) << ATTEMPT


def test_low_priority_goes_along_with_other_mail() -> None:
    assert NEW >> mail("a", "b", low="a") << ATTEMPT


def test_low_priority_never_breaks_in() -> None:
    quiet = agent(Readiness(quiet_for_s=1e6, busy=True, queues_input=True))
    assert NEW >> quiet >> mail("a", low="a") << SOON << WaitReason.BUSY >> 1e6 << SOON << WaitReason.BUSY


def test_urgent_mail_breaks_in_at_once() -> None:
    assert NEW >> agent(QUEUES) >> mail("a", urgent="a") << ATTEMPT


def test_other_mail_leaves_a_busy_agent_in_peace_for_two_minutes() -> None:
    waits = NEW >> 100 >> agent(QUEUES) >> mail("a") << SOON << WaitReason.BUSY
    assert waits >> 119 << SOON << WaitReason.BUSY >> 1 << ATTEMPT
    assert waits >> 1 << SOON >> agent(IDLE) << ATTEMPT


def test_the_two_minutes_count_from_when_it_became_busy_and_from_when_the_mail_came() -> None:
    story = NEW >> agent(QUEUES) >> 1000 >> mail("a") << SOON >> 100 << SOON << WaitReason.BUSY
    story = story >> agent(DRAFT) << SOON >> 15 << SOON >> agent(QUEUES) << SOON >> 85 << SOON << WaitReason.BUSY
    assert story >> 34 << SOON << WaitReason.BUSY >> 1 << ATTEMPT


@pytest.mark.parametrize("busy", [Readiness(busy=True), Readiness(busy=True, hooks_active=True)])
def test_nothing_is_typed_to_a_busy_agent_that_would_break_off(busy: Readiness) -> None:
    assert NEW >> agent(busy) >> mail("a", urgent="a") << SOON >> 1e6 << SOON << WaitReason.BUSY


@pytest.mark.parametrize("urgent", ["a", ""])
def test_nothing_is_typed_to_a_busy_agent_whose_hooks_give_it_mail(urgent: str) -> None:
    """A long answer is streamed, or one tool runs: what is typed would wait for the end of the turn, as a hook does."""
    waits = NEW >> agent(HOOKED) >> mail("a", urgent=urgent) << SOON >> 1e6 << SOON << WaitReason.BUSY
    assert waits >> handed("a") << again(30) >> 1 << SOON << Phase.OUTSTANDING
    assert waits >> agent(IDLE) << ATTEMPT


def on_its_way(*ids: str) -> Happening:
    """Let IDS be the mail that hooks have given to the model, without a receipt so far."""
    given = frozenset(ids)
    return seen(f"on its way: {' '.join(ids)}", lambda before: replace(before, on_its_way=given, offered=given))


def not_answered(*ids: str) -> Happening:
    """Let IDS be the mail that the model has, and whose turn has failed."""
    given = frozenset(ids)
    return seen(f"failed: {' '.join(ids)}", lambda before: replace(before, on_its_way=frozenset(), offered=given))


def test_mail_on_its_way_is_neither_typed_nor_reminded_of() -> None:
    story = NEW >> agent(HOOKED) >> mail("a") << SOON >> handed("a") << again(30) >> on_its_way("a") << SOON
    assert story << Phase.WAITING << WaitReason.OFFERED >> agent(IDLE) << SOON >> 1e6 << SOON >> drain() << Phase.QUIET


def test_mail_that_lapses_is_reminded_of() -> None:
    story = NEW >> on_its_way("a") >> mail("a") << SOON << WaitReason.OFFERED >> on_its_way() << ATTEMPT
    assert story >> SUBMITTED << again(30)


def test_mail_that_lapses_after_it_was_given_is_due_at_once() -> None:
    given = announced() >> on_its_way("a") << SOON >> 5 << SOON << WaitReason.OFFERED
    assert given >> on_its_way() << ATTEMPT
    assert given >> agent(DRAFT) << SOON >> on_its_way() << SOON << WaitReason.DRAFT >> agent(IDLE) << ATTEMPT
    assert given >> agent(QUEUES) << SOON >> on_its_way() << SOON << WaitReason.BUSY >> agent(IDLE) << ATTEMPT


def test_mail_that_lapses_is_not_given_for_ever() -> None:
    story = announced()
    for distance in (60, 120, 240):
        story = story >> on_its_way("a") << SOON >> on_its_way() << ATTEMPT >> SUBMITTED << again(distance)
    assert story >> on_its_way("a") << SOON >> on_its_way() << ALERT << Phase.PARKED


def test_mail_whose_turn_has_failed_waits_for_the_reminder() -> None:
    given = announced() >> on_its_way("a") << SOON >> 5 << SOON
    assert given >> not_answered("a") << again(25) >> 25 << ATTEMPT


def test_other_mail_is_announced_although_some_is_on_its_way() -> None:
    assert NEW >> on_its_way("a") >> mail("a") << SOON >> mail("b") << ATTEMPT


def test_the_user_is_alerted_once_of_parked_mail_that_lapses() -> None:
    assert parked("a") >> on_its_way("a") << SOON << Phase.PARKED >> on_its_way() << Phase.PARKED


def test_a_busy_agent_is_not_reminded_nor_given_up() -> None:
    story = announced() >> agent(QUEUES) << SOON
    for _ in range(200):
        story = story >> 10 << SOON << Phase.OUTSTANDING
    assert story >> agent(IDLE) << again(30) >> 29 << again(1) >> 1 << ATTEMPT


def test_an_agent_that_works_is_not_given_up_on_mail_that_came_meanwhile() -> None:
    told = ScheduleState(Phase.OUTSTANDING, unread=frozenset("a"), announced=frozenset("a"), tries=1, in_a_row=8)
    works: Playbook[Agent, Doing] = Playbook(Agent(told, looked("a", agent=QUEUES)))
    story = works >> mail("b") << SOON << WaitReason.BUSY >> 1000 << SOON << WaitReason.BUSY
    assert story >> agent(IDLE) << ALERT << Phase.PARKED


def test_busyness_before_the_mail_came_delays_nothing() -> None:
    assert NEW >> agent(QUEUES) >> 1000 >> agent(IDLE) >> mail("a") << ATTEMPT


def test_what_a_hook_has_handed_over_is_not_typed_as_well() -> None:
    story = NEW >> agent(HOOKED) >> mail("a") << SOON >> 1 << SOON >> handed("a", "b") << again(30) << Phase.OUTSTANDING
    assert story >> agent(IDLE) << again(30) >> 1 << again(29)
    assert (story.scene.state.tries, story.scene.state.in_a_row) == (1, 1)


def test_what_was_handed_over_and_drained_at_once_leaves_nothing() -> None:
    assert NEW >> agent(HOOKED) >> mail("a") << SOON >> 1 << SOON >> handed() << Phase.QUIET


def test_after_a_long_sleep_of_the_machine_there_is_one_reminder() -> None:
    assert announced() >> 50_000 << ATTEMPT >> SUBMITTED << again(60) >> 1 << again(59)


def test_an_uncertain_attempt_is_not_made_sure_at_once() -> None:
    assert NEW >> mail("a") << ATTEMPT >> ended(Outcome.UNCERTAIN) << again(30) >> 1 << again(29) << Phase.UNCERTAIN


def test_what_nothing_took_is_tried_again_as_slowly_as_anything_else() -> None:
    """A command of the user's that fails is not run five times a second."""
    story = NEW >> mail("a")
    for distance in (30, 60, 120, 240):
        story = story << ATTEMPT >> ended(Outcome.FAILED) << again(distance) << Phase.WAITING << WaitReason.NO_CHANNEL
        story = story >> 1 << again(distance - 1) >> distance - 1
    assert story << ALERT << Phase.PARKED


AGENTS = st.builds(
    Readiness,
    blocked_by=st.sampled_from([None, None, None, WaitReason.DRAFT, WaitReason.DIALOG, WaitReason.STOPPED]),
    quiet_for_s=st.floats(0, 100),
    busy=st.booleans(),
    queues_input=st.booleans(),
    hooks_active=st.booleans(),
)
IDS = st.frozensets(st.sampled_from("abcd"))
LOOKS = st.builds(Observation, unread=IDS, urgent=IDS, low=IDS, agent=AGENTS, on_its_way=IDS, offered=IDS)
COUNTED = (Outcome.TYPED, Outcome.ERASED, Outcome.SUBMITTED, Outcome.UNCERTAIN, Outcome.SENT, Outcome.FAILED)
SCHEDULES = st.lists(
    st.tuples(LOOKS, st.floats(0, 400), st.sampled_from([*COUNTED, Outcome.REFUSED]), st.booleans()),
    max_size=60,
)


@given(SCHEDULES)
def test_however_it_goes_attempts_are_bounded_and_justified(
    schedule: list[tuple[Observation, float, Outcome, bool]],
) -> None:
    state, now, in_a_row, before, came = ScheduleState(), 0.0, 0, frozenset[str](), 0
    for event, passed, outcome, hook in schedule:
        now += passed
        in_a_row = 0 if before - event.unread else in_a_row
        came = came + 1 if event.unread - before else came
        before = event.unread
        if hook and event.agent.hooks_active:
            state, _ = step(state, AttemptFinished(Outcome.HANDED, unread=event.unread), now)
            in_a_row += bool(event.unread)
        state, actions = step(state, event, now)
        check_decision(state, event, actions, now)
        if actions == (Attempt(),):
            state, _ = step(state, AttemptFinished(outcome, WaitReason.DRAFT), now)
            in_a_row += outcome in COUNTED
            assert in_a_row <= ATTEMPTS_IN_A_ROW + came, "new mail allows one more after parking, hooks count too"
        assert (state.phase is Phase.QUIET) == (not event.unread)


def check_decision(state: ScheduleState, event: Observation, actions: tuple[Action, ...], now: float) -> None:
    """Mail is announced, or why it waits is known and when to look again."""
    assert len(actions) <= 1
    agent = event.agent
    for action in actions:
        if isinstance(action, Attempt):
            assert event.unread
            assert agent.blocked_by is None
            assert not agent.busy or (agent.queues_input and not agent.hooks_active and not event.unread <= event.low)
            assert not event.unread <= event.on_its_way
        if isinstance(action, WakeAt):
            assert action.at >= now
    if event.unread and not actions:
        assert (state.phase, state.reason) == (Phase.PARKED, WaitReason.PARKED)
    if state.phase is Phase.WAITING and Attempt() not in actions and state.due <= now:
        assert state.reason is not WaitReason.NOTIFIED or state.since + POLICY.debounce_s > now


@given(SCHEDULES)
def test_after_a_drain_an_idle_agent_is_notified_at_once(
    schedule: list[tuple[Observation, float, Outcome, bool]],
) -> None:
    state, now = ScheduleState(), 0.0
    for event, passed, outcome, _ in schedule:
        now += passed
        state, actions = step(state, event, now)
        if actions == (Attempt(),):
            state, _ = step(state, AttemptFinished(outcome, WaitReason.DRAFT), now)
    state, _ = step(state, looked(), now)
    assert (state.phase, state.tries, state.in_a_row) == (Phase.QUIET, 0, 0)
    assert step(state, looked("e"), now)[1] == (Attempt(),)


@given(SCHEDULES)
def test_mail_that_an_idle_agent_leaves_is_parked_after_a_bounded_number_of_attempts(
    schedule: list[tuple[Observation, float, Outcome, bool]],
) -> None:
    state, now = ScheduleState(), 0.0
    for event, passed, _, _ in schedule:
        now += passed
        state, _ = step(state, event, now)
    attempts = 0
    for _ in range(200):
        state, actions = step(state, looked("a", "e"), now)
        if actions == (Attempt(),):
            attempts += 1
            state, _ = step(state, AttemptFinished(Outcome.SUBMITTED), now)
        now += 60.0
    assert state.phase is Phase.PARKED
    assert attempts <= POLICY.attempts


@pytest.mark.parametrize("outcome", COUNTED)
def test_every_attempt_that_touched_the_terminal_counts(outcome: Outcome) -> None:
    story = NEW >> mail("a") << ATTEMPT >> ended(outcome) << again(30)
    assert story
    assert story.scene.state.tries == 1


@pytest.mark.parametrize(
    "reason",
    [WaitReason.UNKNOWN_PROGRAM, WaitReason.UNKNOWN_LOOK, WaitReason.NOT_CERTIFIED, WaitReason.UNTRUSTED],
)
def test_the_user_is_alerted_once_of_mail_that_only_they_can_unblock(reason: WaitReason) -> None:
    story = NEW >> agent(Readiness(blocked_by=reason)) >> mail("a") << ALERT << SOON << Phase.WAITING << reason
    more = story >> 0.2 << SOON >> mail("b") << ALERT << SOON >> drain("a") << SOON
    assert more >> drain() >> mail("c") << ALERT << SOON


FAILS = Readiness(blocked_by=WaitReason.API_ERROR)


def test_mail_waits_for_the_end_of_an_error_and_is_then_announced_at_once() -> None:
    story = NEW >> agent(FAILS) >> mail("a") << SOON << WaitReason.API_ERROR
    for _ in range(20):
        story = story >> 600 << SOON << Phase.WAITING
    assert story >> agent(IDLE) << ATTEMPT


def test_an_announcement_before_a_failed_turn_does_not_count() -> None:
    """However often: it is neither parked nor put off, and the reminders begin anew."""
    story = NEW >> mail("a")
    for _ in range(3 * ATTEMPTS_IN_A_ROW):
        story = story << ATTEMPT >> SUBMITTED << again(30) >> agent(FAILS) << SOON << WaitReason.API_ERROR
        story = story >> 600 << SOON << Phase.WAITING >> agent(IDLE)
    assert story << ATTEMPT >> SUBMITTED << again(30)


def test_an_error_takes_back_no_attempts_of_earlier_mail() -> None:
    story = NEW >> mail("a") << ATTEMPT >> SUBMITTED << again(30) >> 30 << ATTEMPT >> SUBMITTED << again(60)
    story = story >> mail("b") << again(30)
    assert (story.scene.state.tries, story.scene.state.in_a_row) == (0, 2)
    assert (story >> agent(FAILS) << SOON).scene.state.in_a_row == 2


def test_parked_mail_stays_parked_in_an_error() -> None:
    parked = ScheduleState(Phase.PARKED, WaitReason.PARKED, frozenset("a"), frozenset("a"), tries=4, in_a_row=4)
    assert step(parked, looked("a", agent=FAILS), 1.0) == (parked, ())


def test_the_user_is_alerted_once_of_an_unsent_line() -> None:
    attempt = NEW >> mail("a") << ATTEMPT
    unsent = ended(Outcome.TYPED, unsent=True)
    assert attempt >> ended(Outcome.TYPED) << again(30)
    once = attempt >> unsent << ALERT << again(30) >> 30 << ATTEMPT >> unsent << again(60)
    assert once >> mail("b") << again(30) >> 30 << ATTEMPT >> unsent << ALERT << again(30)


def test_a_known_program_is_notified_after_an_unknown_one() -> None:
    unknown = agent(Readiness(blocked_by=WaitReason.UNKNOWN_PROGRAM))
    assert NEW >> unknown >> mail("a") << ALERT << SOON >> 1 << SOON >> agent(IDLE) << ATTEMPT


def test_an_empty_inbox_forgets_all_even_if_it_was_empty_before() -> None:
    counted = ScheduleState(Phase.PARKED, tries=4, in_a_row=9, due=99.0)
    same = Observation(counted.unread, frozenset(), frozenset(), IDLE)
    assert step(counted, same, 1.0) == (ScheduleState(), ())


def walked(walks: int = 1500) -> set[tuple[str, ...]]:
    """State, event, next state and actions of each step on that many random walks, the seed of which is fixed."""
    chance, seen = random.Random(8), set[tuple[str, ...]]()
    for _ in range(walks):
        state, now, unread = ScheduleState(), 0.0, frozenset[str]()
        policy = SchedulePolicy(debounce_s=chance.choice([0.0, 0.0, 5.0]))
        restless = chance.choice([0.1, 0.3])
        events: list[Observation | AttemptFinished] = []
        for _ in range(30):
            now += chance.choice([0, 1, 30, 60, 300, 300])
            if chance.random() < restless:
                unread = frozenset(chance.sample("abcd", chance.randint(0, 3)))
            if chance.random() < 0.1:
                events.append(AttemptFinished(Outcome.HANDED, unread=chance.choice([unread, frozenset()])))
            low = frozenset(each for each in unread if chance.random() < 0.2)
            reason = chance.choice([None] * 8 + [WaitReason.DRAFT, WaitReason.UNTRUSTED, WaitReason.API_ERROR])
            busy, queues = chance.random() < 0.2, chance.random() < 0.7
            readiness = Readiness(reason, chance.choice([0, 100]), busy, queues_input=queues)
            given = unread if chance.random() < 0.1 else frozenset()
            events.append(Observation(unread, frozenset(), low, readiness, given))
            while events:
                event = events.pop(0)
                before, (state, actions) = state, step(state, event, now, policy)
                done = " ".join(type(action).__name__ for action in actions)
                seen.add((before.phase.name, type(event).__name__, state.phase.name, done))
                if Attempt() in actions:
                    outcome = chance.choice([*COUNTED, Outcome.REFUSED])
                    events.append(AttemptFinished(outcome, unsent=chance.random() < 0.3))
    return seen


def test_the_page_is_true() -> None:
    """Its table has each step that is ever taken, and no other."""
    table = state_page.rows(schedule.__doc__, "state", "event", "next", "actions", "when")
    names = [phase.name for phase in Phase]
    told = [
        (state, event, after, actions)
        for states, event, after, actions, _ in table
        for state in (names if states == "any" else states.split())
    ]
    assert len(told) == len(set(told)), "a step is there twice"
    assert set(told) == walked()
    page = schedule.__doc__ or ""
    for name in [*names, *(kind.__name__ for kind in (Observation, AttemptFinished, Attempt, WakeAt, AlertUser))]:
        assert f"\n    {name} " in page, "each state, event and action is explained"
