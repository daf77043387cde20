"""`amq wake --session`: notify a session of an agent's CLI that the user has started without amq."""

from __future__ import annotations

import os
import re

from amq import __version__, config, git_repository
from amq.cli import wake_options
from amq.cli.commands.run import ensure_mailbox, queue_root
from amq.cli.commands.trust import settled, trust_of
from amq.cli.open_mailbox import accept, known_in, private_directory
from amq.errors import AmqError, HostFailed, UsageError
from amq.layout import QueueLayout
from amq.names import USER, typed_handle
from amq.text import visible

TYPE_CHECKING = False
if TYPE_CHECKING:
    from argparse import Namespace
    from collections.abc import Iterator, Sequence
    from typing import Any

    from amq.cli.output import Output
    from amq.runtime.agents.open_sessions import OpenSession
    from amq.runtime.channels.registry import ChannelSpec, LaunchContext

WAYS = ("auto", "tmux", "native")


def run(args: Namespace, out: Output) -> int:
    """Notify the session until it ends or a signal comes, then return 0; with `--check`, only show the sessions."""
    cli, pid = _parsed(args)
    environment = config.environment()
    queue = QueueLayout(queue_root(args, environment).value)
    if os.path.exists(queue.root):
        accept(args, queue.root, hosting=True)
    if args.check:
        return _show([_described(each, queue, environment) for each in _sessions(cli, pid)], out)
    session = _chosen(cli, pid, queue, environment, out)
    place, way = _way(args, session, environment)
    from amq.runtime import sidecar

    for handle in _handles(args, session, queue, out):
        try:
            return _notify(args, handle, place, way, out)
        except sidecar.Notified:
            if args.me or _named_by(session):
                raise
    raise HostFailed(f"{cli} has no free handle", hint="choose one: amq wake --me HANDLE --session …")


def _parsed(args: Namespace) -> tuple[str, int]:
    """Return the CLI that `--session` names, and the process, 0 for none. Raises UsageError for what does not fit."""
    from amq.runtime.agents.registry import WITH_OPEN_SESSIONS

    cli, colon, number = args.session.partition(":")
    if cli not in WITH_OPEN_SESSIONS or (colon and not re.fullmatch("[1-9][0-9]{0,9}", number)):
        known = ", ".join(f"{name}[:PID]" for name in WITH_OPEN_SESSIONS)
        raise UsageError(f"--session takes one of {known}; not {args.session!r}")
    if args.via not in WAYS:
        raise UsageError(f"--via {args.via} does not reach another terminal", hint=f"--via: {', '.join(WAYS)}")
    given = {
        "--program": args.agent_program, "--profile": args.profile, "--prompt": args.prompt, "--submit": args.submit,
        "--command": args.command, "--inject-mode": args.inject_mode != "auto",
    }  # fmt: skip
    if wrong := next((name for name, value in given.items() if value), ""):
        raise UsageError(f"{wrong} cannot be used with --session: amq knows {cli}")
    if args.me == USER:
        raise UsageError(f"{USER} is the user's handle", hint="name the agent: --me HANDLE")
    return cli, int(number or 0)


def _sessions(cli: str, pid: int) -> Sequence[OpenSession]:
    """Return the user's open sessions of CLI, or the one that is process PID. Raises HostFailed if it is none."""
    from amq.runtime.agents.open_sessions import NoSessionError, open_sessions, session_of

    if not pid:
        return open_sessions(cli)
    try:
        return [session_of(cli, pid)]
    except NoSessionError as error:
        hint = f"show your sessions: amq wake --session {cli} --check"
        raise HostFailed(f"process {pid} is not a session of {cli}: {visible(str(error))}", hint=hint) from error


def _chosen(cli: str, pid: int, queue: QueueLayout, environment: dict[str, str], out: Output) -> OpenSession:
    """Return the session that is meant: the one with that PID, else the only one here, else the only one.

    One that is notified already does not count; with that PID it raises SessionTaken. Raises HostFailed if none or
    several are left, which OUT shows.
    """
    from amq.runtime.session_claim import check_free, notified_by

    found = _sessions(cli, pid)
    if pid:
        check_free(found[0], queue)
        return found[0]
    free = [each for each in found if not notified_by(each, queue)]
    here = [each for each in free if _is_here(each, config.where_agents_write(queue.root))]
    if len(here or free) == 1:
        return (here or free)[0]
    for each in sorted(found, key=lambda each: each not in here):
        out.note(_line(_described(each, queue, environment)))
    if not free:
        raise HostFailed(
            f"no session of {cli} is open that nothing notifies", hint=f"start one with amq: amq run -- {cli}"
        )
    where = "in this project" if here else "none of them in this project"
    raise HostFailed(
        f"which session? {len(here or free)} of {cli} are open, {where}",
        hint=f"name its process: amq wake --session {(here or free)[0].reference}",
    )


def _is_here(session: OpenSession, places: Sequence[str]) -> bool:
    above = git_repository.upwards(os.path.realpath(session.directory)) if session.directory else ()
    return not set(map(os.path.realpath, places)).isdisjoint(above)


def _way(args: Namespace, session: OpenSession, environment: dict[str, str]) -> tuple[LaunchContext, ChannelSpec]:
    """Return the session's place, and the channel to it. Raises NoWay."""
    from amq.runtime import sidecar
    from amq.runtime.channels.registry import LaunchContext

    place = LaunchContext.of_session(environment, session, __version__)
    return place, sidecar.choose(args.via, place)


def _named_by(session: OpenSession) -> str:
    """Return the handle that the session's own environment gives it; "" if there is none."""
    return (session.environment or {}).get("AM_ME", "")


def _handles(args: Namespace, session: OpenSession, queue: QueueLayout, out: Output) -> Iterator[str]:
    """Return the handle of the agent; where neither the user nor its environment names it, all free ones."""
    named = args.me or _named_by(session)
    if named:
        handle = typed_handle(named, known_in(queue.root), "--me" if args.me else f"AM_ME of {session.reference}")
        if handle == USER:
            raise UsageError(f"AM_ME of {session.reference} is {USER}", hint="name the agent: --me HANDLE")
        return iter([handle])
    from amq.runtime.free_handle import free_handles

    return free_handles(queue, session.cli, private_directory(queue.root), out.warn)


def _notify(args: Namespace, handle: str, place: LaunchContext, way: ChannelSpec, out: Output) -> int:
    """Notify the session at PLACE as the agent HANDLE; raises Notified if something notifies that agent."""
    from amq.record import replace
    from amq.runtime import sidecar
    from amq.runtime.channels.registry import NATIVE
    from amq.runtime.version_limits import first_warning

    assert place.session
    session, environment = place.session, dict(place.environment)
    notices = wake_options.notices(args, environment, handle, out)
    mailbox = ensure_mailbox(args, handle, environment, out)
    root = mailbox.account.queue.root
    wording = _wording(args, handle, root, place)
    trust = trust_of(args, root)
    if mailbox.has_new():
        settled(trust, out, may_ask=not args.no_ask)

    def started() -> None:
        unseen = "neither its screen nor your keys" if way.name == NATIVE else "not your keys"
        for warning in first_warning(place, trust.private):
            out.note(warning)
        out.note(f"notifying {handle} of its mail by {way.name}, until {session.reference} ends")
        out.note(f"amq sees {way.sees}; {unseen}")

    sidecar.run(
        mailbox, way, replace(place, me=handle), wake_options.policy(args), wording, trust,
        bell=args.bell, notices=notices, started=started,
    )  # fmt: skip
    return 0


def _wording(args: Namespace, handle: str, root: str, place: LaunchContext) -> Any:
    """Return how the line reads: with the options that make `amq drain` in the session's shell that of HANDLE.

    Raises HostFailed if such a line cannot be typed.
    """
    from amq.runtime import sidecar
    from amq.runtime.policy.wake_line import Wording, is_typeable

    assert place.session
    options = f" --me {handle}"
    if not _is_found(root, place.session):
        if not is_typeable(root):
            raise HostFailed(
                f"the line cannot name the queue {visible(root)}, which {place.session.reference} would not find",
                hint="start the session below the directory that holds the queue, or use a shorter path",
            )
        options += f" --root {root}"
    wording = Wording(sidecar.amq_command(place), wake_options.preview(args), args.inject_cmd, options)
    try:
        wording.line([], ())
    except ValueError as error:
        raise HostFailed(f"the line is too long: {error}", hint="use a shorter handle or path") from error
    return wording


def _is_found(root: str, session: OpenSession) -> bool:
    """Return whether amq finds the queue ROOT in the session's directory and environment by itself."""
    try:
        found = config.find_root(None, session.environment or {}, session.directory) if session.directory else None
        return found is not None and os.path.samefile(found.value, root)
    except (AmqError, OSError):
        return False


def _described(session: OpenSession, queue: QueueLayout, environment: dict[str, str]) -> dict[str, Any]:
    """Return what a user knows a session by, and how it can be reached, as keys of a JSON object."""
    from amq.runtime.channels.registry import SESSION_CHANNELS, LaunchContext
    from amq.runtime.session_claim import notified_by

    place = LaunchContext.of_session(environment, session)
    about = {
        "session": session.reference,
        "pid": session.pid,
        "directory": session.directory,
        "name": session.name(environment),
        "terminal": session.terminal,
        "notified_by": notified_by(session, queue),
    }
    ways = [{"way": spec.name, "sees": spec.sees, "why_not": spec.why_not(place)} for spec in SESSION_CHANNELS]
    return {name: value for name, value in about.items() if value} | {
        "ways": [{**way, "works": not way["why_not"]} for way in ways]
    }


def _show(found: Sequence[dict[str, Any]], out: Output) -> int:
    if out.json:
        out.value(found)
        return 0
    for each in found:
        out.line(_line(each))
    if not found:
        out.note("no session is open")
    return 0


def _line(about: dict[str, Any]) -> str:
    works = [way["way"] for way in about["ways"] if way["works"]]
    why_not = "; ".join(f"{way['way']}: {way['why_not']}" for way in about["ways"])
    name = f'  "{about["name"]}"' if "name" in about else ""
    taken = f"; notified by {about['notified_by']}" if "notified_by" in about else ""
    reached = f"by {' or '.join(works)}" if works else f"no way ({why_not})"
    return f"{about['session']}  {about.get('directory', '?')}{name}  {about['terminal']}  {reached}{taken}"
