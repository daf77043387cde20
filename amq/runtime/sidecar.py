"""`amq wake`: notify an agent that runs in its own terminal, which amq does not host."""

from __future__ import annotations

import contextlib
import logging
import os
import signal
import threading
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from types import FrameType

from amq.errors import HostFailed, remedy
from amq.layout import RootedPath
from amq.mail.mailbox import Mailbox
from amq.record import replace
from amq.runtime import loop, notifier_lock, session_claim
from amq.runtime.channels import Channel
from amq.runtime.channels.notice import NoticeChannel
from amq.runtime.channels.registry import CHANNELS, SESSION_CHANNELS, ChannelSpec, LaunchContext
from amq.runtime.channels.with_bell import BelledChannel
from amq.runtime.journal import LOG_NAME, BoundedFile, WakeJournal
from amq.runtime.notice_settings import DESKTOP, OFF, NoticeSettings
from amq.runtime.path_shim import own_command, typed_command
from amq.runtime.policy.notices import Notice
from amq.runtime.policy.reasons import Activity, WaitReason
from amq.runtime.policy.schedule import SchedulePolicy
from amq.runtime.policy.wake_line import COMMAND, Wording
from amq.runtime.programs import find_program
from amq.runtime.resource_limits import explained, first
from amq.runtime.session_info import write_session
from amq.runtime.state_file import StatePublisher
from amq.runtime.trust import Trust
from amq.runtime.user_notices import UserNotices
from amq.runtime.version_limits import VersionLimits

AUTO = "auto"
LOOK_EVERY_S = 0.5  # seconds between checks that the terminal still exists
ENDING = (signal.SIGHUP, signal.SIGINT, signal.SIGTERM)
STANDARD = (0, 1, 2)


class NoWay(HostFailed):
    """No channel, or not the requested one, works here."""

    code = "no_way"


class Notified(HostFailed):
    """Another process already notifies the agent."""

    code = "taken"


def choose(via: str, place: LaunchContext) -> ChannelSpec:
    """Return the channel that VIA names, or for `auto` the best one that works. Raises NoWay with the reasons."""
    channels = SESSION_CHANNELS if place.session else CHANNELS
    wanted = [way for way in channels if way.name == via or (via == AUTO and way.automatic)]
    reasons = []
    for way in wanted:
        why_not = way.why_not(place)
        if not why_not:
            return way
        reasons.append(f"{way.name}: {why_not}")
    what = f"{place.session.reference}, as {place.me}," if place.session else place.me
    raise NoWay(
        f"no way to notify {what} from here ({'; '.join(reasons)})",
        hint="host the agent: amq run -- PROGRAM; or start amq wake and the agent in tmux; more: amq wake --check",
    )


def run(
    mailbox: Mailbox,
    way: ChannelSpec,
    place: LaunchContext,
    policy: SchedulePolicy,
    wording: Wording,
    trust: Trust,
    *,
    bell: bool,
    notices: NoticeSettings,
    started: Callable[[], None],
) -> None:
    """Notify the agent until its terminal is gone, the session of PLACE has ended, or a signal arrives.

    STARTED is called once, before the first notification; it may print, and nothing prints after it. Raises Notified if
    another process notifies the agent, and HostFailed if the system runs out of something.
    """
    private = trust.private.of_agent(mailbox.account.queue.root, place.me).directory
    log = BoundedFile(private, LOG_NAME).append
    place = replace(place, limit=VersionLimits(place, trust.private, private, log))
    with contextlib.ExitStack() as stack:
        if place.session:
            stack.enter_context(session_claim.claimed(place.session, mailbox.account.queue, trust.private))
        claim = _claim(mailbox.state_dir, place, way)
        stack.callback(claim.release)
        if place.session and private:
            with contextlib.suppress(OSError):
                write_session(private, place.session_info())
        _leave_group()
        stop = stack.enter_context(_until_ended(place.is_gone))
        ring = partial(_ring, place.terminal) if bell else lambda: None
        channel: Channel = BelledChannel(way.open(place), ring) if bell else way.open(place)
        told = _user_notices(way, place, notices, log)
        stack.callback(told.close)
        notify = partial(_notify, told, ring)
        started()
        _fall_silent()
        try:
            publisher = StatePublisher(private, "wake", ours=claim.holds)
            loop.run(
                mailbox, channel, policy, wording, log, stop, claim.holds, trust,
                publisher=publisher, notify=notify,
            )  # fmt: skip
        except Exception as error:
            log(traceback.format_exc())
            ended = f"amq wake has ended: {explained(error)}"
            WakeJournal(private).waits((), WaitReason.NO_CHANNEL, ended)
            notify(Notice.PARKED)
            if remedy(first(error)):
                raise HostFailed(ended) from error
            raise


def amq_command(place: LaunchContext) -> str:
    """Return the words that run amq in the agent's shell; the bare word if no amq is installed where it is found."""
    given, otherwise = place.environment, ""
    if place.session:
        given, otherwise = place.agent_environment, own_command(given)
    found = find_program(COMMAND, given) or otherwise
    return typed_command(found, given, threading.Event()) if found else COMMAND


def _claim(state: RootedPath, place: LaunchContext, way: ChannelSpec) -> notifier_lock.Claim:
    how = session_claim.how(place.session) if place.session else "wake"
    try:
        return notifier_lock.claim(state, f"{how} --via {way.name}")
    except notifier_lock.TakenError as error:
        raise Notified(
            f"{place.me} is already notified by {error.who}", hint="to replace it, stop that process first"
        ) from error


def _user_notices(
    way: ChannelSpec, place: LaunchContext, settings: NoticeSettings, log: Callable[[str], None]
) -> UserNotices:
    """Return what notifies the user: on the desktop, because the terminal is the agent's. Or not at all."""
    kind = settings.kind if settings.kind == OFF else DESKTOP
    # the attempts of that way are notices of unread mail themselves
    shown = {Notice.PARKED} if way.name == NoticeChannel.way else ()
    return UserNotices(place.me, replace(settings, kind=kind), place.environment, lambda _: None, log, shown)


def _notify(
    notices: UserNotices, ring: Callable[[], None], notice: Notice, activity: Activity = Activity.UNKNOWN
) -> None:
    """Notify the user of NOTICE by NOTICES; also RING for mail that the agent does not read."""
    if notice is Notice.PARKED:
        ring()
    notices.notify(notice, activity)


def _ring(terminal: int | None) -> None:
    """Write the only byte that ever goes to the agent's screen, because the user asked for a bell."""
    if terminal is not None:
        with contextlib.suppress(OSError):
            os.write(terminal, b"\a")


def _leave_group() -> None:
    """Leave the agent's process group: a script starts both in one, and ^Z there would stop amq as well."""
    signal.signal(signal.SIGTTOU, signal.SIG_IGN)
    if os.getpgrp() != os.getpid() and os.getsid(0) != os.getpid():
        os.setpgid(0, 0)


def _fall_silent() -> None:
    """Discard all later output of this process, so that it cannot appear on the agent's screen."""
    logging.raiseExceptions = False
    nothing = os.open(os.devnull, os.O_RDWR | os.O_CLOEXEC)
    for descriptor in STANDARD:
        os.dup2(nothing, descriptor)
    os.close(nothing)


@contextmanager
def _until_ended(is_gone: Callable[[], bool]) -> Iterator[threading.Event]:
    """Yield an event that is set when IS_GONE returns true, or a signal of ENDING arrives that was not ignored."""
    stop = threading.Event()

    def end(_number: int, _frame: FrameType | None) -> None:
        stop.set()

    heard = [number for number in ENDING if signal.getsignal(number) is not signal.SIG_IGN]
    before = {number: signal.signal(number, end) for number in heard}
    watch = threading.Thread(target=_watch, args=(is_gone, stop), daemon=True)
    watch.start()
    try:
        yield stop
    finally:
        stop.set()
        watch.join()
        for number, action in before.items():
            signal.signal(number, action)


def _watch(is_gone: Callable[[], bool], stop: threading.Event) -> None:
    """Set STOP when IS_GONE returns true. Not every shell sends SIGHUP to a background job."""
    while not stop.wait(LOOK_EVERY_S):
        if is_gone():
            stop.set()
