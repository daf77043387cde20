"""`amq hook`: what an agent's own hooks call. Whatever goes wrong, it ends with 0, and on stdout is nothing."""

from __future__ import annotations

from contextlib import contextmanager

from amq import config, quoting
from amq.cli.open_mailbox import accept, known_in, private_directory
from amq.cli.options import duration
from amq.cli.output import stdin_is_terminal
from amq.errors import Unsafe, UsageError
from amq.instants import SECOND
from amq.layout import QueueLayout, RootedPath
from amq.mail.mailbox import Mailbox
from amq.names import check_handle
from amq.store import registry
from amq.store.notifier_info import read_notifier

TYPE_CHECKING = False
if TYPE_CHECKING:
    from argparse import ArgumentParser, Namespace
    from collections.abc import Iterator, Mapping
    from typing import Any

    from amq.cli.output import Output
    from amq.runtime.policy.hook_delivery import HookState, Waiting
    from amq.runtime.private import PrivateState

USAGE = "claude|codex EVENT [JSON] [--normal-after 2m] < the event's JSON"
EXAMPLES = """\
  amq hook install claude             add hooks to its settings
  amq hook claude SessionStart        introduce the agent and its peers to the model
  amq hook claude UserPromptSubmit    announce urgent mail, and mail that has waited long
  amq hook codex PostToolUse          announce such mail between two tools
  amq hook codex Stop                 continue the turn if mail waits, once per message
  amq hook codex notify JSON          after a turn: notify the user of unread mail"""
NOTES = """\
`amq run` gives these hooks to programs that support them. The agent is AM_ME; else `claude` or `codex`, if that mailbox
exists and no `amq run` hosts its agent. SessionStart also writes AM_ROOT and AM_ME to the file that CLAUDE_ENV_FILE
names; notify writes meta/amq-bulletin.json. A hook never fails the agent: on any error, and in a queue that you do not
trust (amq trust), it prints nothing, exits with 0, and logs the reason to run.log in the agent's private directory."""

PROGRAMS = ("claude", "codex")
LONGEST_EVENT = 16 << 20  # bytes; what a tool printed is in it
LONGEST = 15.0  # seconds for all of it; the agent would wait for 20
DESKTOP_PATIENCE = 5.0  # seconds
TURN_ENDED = "agent-turn-complete"
"""The type of the event that Codex tells the program of its setting `notify` (developers.openai.com/codex/config)."""


def options(parser: ArgumentParser) -> None:
    """The options of its own."""
    parser.add_argument("words", nargs="*", metavar="claude|codex EVENT", help="the agent's CLI and the event")
    parser.add_argument(
        "--normal-after", type=duration, default=120.0, metavar="2m", help="announce mail this old between two tools"
    )


def run(args: Namespace, out: Output) -> int:
    """Always 0. Raises UsageError, which the agent does not see, for words that no hook of ours has."""
    mailbox = state = None
    program, event, told = (*args.words, "", "", "")[:3]
    if program not in PROGRAMS or not event:
        raise UsageError(
            "usage: amq hook claude|codex EVENT, such as amq hook claude Stop",
            hint="to let the agent call it: amq hook install claude",
        )
    try:
        with _limited(LONGEST):
            from amq.runtime.hooks.script import EVENTS, HOOKED

            environ = config.environment()
            if event in EVENTS and environ.get(HOOKED):  # `amq run` gave it hooks, which use our names of the events
                return 0
            mailbox = _mailbox(args, environ, program)
            state = private_directory(mailbox.account.queue.root)
            if event == "notify":
                _notify(mailbox, told, args, state, out)
            else:
                _answer(mailbox, EVENTS.get(event, event), args, environ, state, out)
    except (Exception, KeyboardInterrupt) as error:
        _log(mailbox, state, event, error)
    return 0


@contextmanager
def _limited(seconds: float) -> Iterator[None]:
    """Raise TimeoutError in a block that takes longer, such as for an event that never ends."""
    import signal

    def expire(*_: object) -> None:
        raise TimeoutError("timed out")

    if not hasattr(signal, "setitimer"):
        yield
        return
    before = signal.signal(signal.SIGALRM, expire)
    left, _ = signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, left)
        signal.signal(signal.SIGALRM, before)


def _mailbox(args: Namespace, environ: Mapping[str, str], program: str) -> Mailbox:
    """The agent's mailbox. Nobody who says not who he is takes the place of an agent that is hosted."""
    root = config.existing_root(args.root, environ, config.cwd_or_empty()).value
    accept(args, root)
    if not args.me and not environ.get("AM_ME"):
        agent = QueueLayout(root).agent(check_handle(program, "the program"))
        if registry.has_mailbox(agent) and read_notifier(agent) is None:
            return Mailbox(root, program)
    return Mailbox(root, config.resolve_me(args.me, environ, person=False, is_known=known_in(root)).value)


def _answer(
    mailbox: Mailbox, event: str, args: Namespace, environ: Mapping[str, str], state: PrivateState, out: Output
) -> None:
    from amq.runtime.hooks import state as handed
    from amq.runtime.policy import hook_delivery
    from amq.store.locks import lock_beside

    told = _parse(_stdin())
    if event not in ("start", "prompt", "tool", "stop") or told.get("agent_id"):  # a sub-agent has no mail
        return
    account, waiting = mailbox.account, _waiting(mailbox)
    if event != "start" and not waiting:
        return
    _require_trust(args, account.queue.root, state)
    if event == "start":
        _introduce(mailbox, environ, out)
    private = _private(mailbox, state)
    with lock_beside(RootedPath(private), handed.LOCK_NAME, handed.PATIENCE):
        before = handed.read_state(private)
        if event == "start":
            handed.write_state(private, hook_delivery.begin(before, _text(told, "session_id")))
            return
        after, hand = hook_delivery.decide(before, event, _text(told, "prompt"), waiting, args.normal_after)
        if hand:
            _hand_over(mailbox, event, after, private, out)
        if after != before:
            handed.write_state(private, after)


def _introduce(mailbox: Mailbox, environ: Mapping[str, str], out: Output) -> None:
    """Tell an agent whose session begins who it is, and its shell as well."""
    from amq.runtime.policy import hook_delivery

    account = mailbox.account
    others = sorted(account.known_agents() - {account.me})
    known = bool(environ.get("AM_ME") or environ.get("CLAUDE_ENV_FILE"))
    out.data(_rendered("start", hook_delivery.introduction(account.me, others, known=known)))
    _export(environ.get("CLAUDE_ENV_FILE"), {"AM_ROOT": account.queue.root, "AM_ME": account.me})


def _require_trust(args: Namespace, root: str, state: PrivateState) -> None:
    """Raise Unsafe for a queue that another may have made: its names and its mail are not told to a model."""
    from amq.runtime.trust import why_untrusted

    reason = "" if args.trust_root else why_untrusted(root, state)
    if reason:
        raise Unsafe(f"mail in the queue {root} is not announced: {reason}", hint="if you trust it: amq trust")


def _private(mailbox: Mailbox, state: PrivateState) -> str:
    """The agent's private directory; raises NoPrivateDirectory: what was told could not be remembered."""
    from amq.runtime.private import NoPrivateDirectory

    found = state.of_agent(mailbox.account.queue.root, mailbox.account.me)
    if not found.directory:
        raise NoPrivateDirectory(f"cannot record what was announced: {found.why_not}")
    return found.directory


def _export(path: str | None, settings: Mapping[str, str]) -> None:
    """Add SETTINGS to the file that Claude Code reads before each command of its shell, unless they are there."""
    if not path:
        return
    with open(path, "a+", encoding="utf-8") as file:
        file.seek(0)
        there = {line.partition("=")[0] for line in file}
        for name, value in settings.items():
            if f"export {name}" not in there:
                file.write(f"export {name}={quoting.shell(value)}\n")


def _notify(mailbox: Mailbox, argument: str, args: Namespace, state: PrivateState, out: Output) -> None:
    """After a turn: tell the user of unread mail. ARGUMENT is the event, else it is on stdin."""
    from amq.runtime.desktop import show_notice
    from amq.runtime.hooks import turn_summary
    from amq.runtime.policy.wake_line import notification

    if _text(_parse(argument or _stdin()), "type") != TURN_ENDED:
        return
    unread, account = mailbox.list("new"), mailbox.account
    if unread:
        _require_trust(args, account.queue.root, state)
    turn_summary.write_summary(account.queue, account.me, unread)
    if unread:
        out.data("".join(f"{line}\n" for line in turn_summary.lines(unread)))
        senders = [each.header.sender if each.header else "" for each in unread]
        show_notice("amq", notification(senders, account.known_agents()).text, DESKTOP_PATIENCE)


def _hand_over(mailbox: Mailbox, event: str, after: HookState, private: str, out: Output) -> None:
    """Written first, then remembered: what could not be written is not taken for told."""
    from amq.runtime.journal import WakeJournal
    from amq.runtime.policy.reasons import Outcome
    from amq.runtime.policy.wake_line import notification

    senders = [message.sender for message in mailbox.unread()]
    out.data(_rendered(event, notification(senders, mailbox.account.known_agents()).text))
    WakeJournal(private).attempt(sorted(after.announced), f"hook {event}", Outcome.HANDED, "")


def _waiting(mailbox: Mailbox) -> list[Waiting]:
    """A bad message counts as one of normal priority that has waited long: a drain puts it away."""
    from amq.runtime.policy.hook_delivery import Waiting

    now = mailbox.account.clock()
    return [
        Waiting(listed.id, listed.header.priority, (now - listed.header.created_ns) / SECOND)
        if listed.header
        else Waiting(listed.id, "", float("inf"))
        for listed in mailbox.list("new")
    ]


def _stdin() -> bytes:
    """What stands on stdin; nothing if that is a terminal."""
    if stdin_is_terminal():
        return b""
    with open(0, "rb", closefd=False) as file:
        return file.read(LONGEST_EVENT)


def _parse(event: bytes | str) -> dict[str, Any]:
    """The JSON object EVENT; empty for another value."""
    import json

    wire = json.loads(event or b"{}")
    return wire if isinstance(wire, dict) else {}


def _text(wire: dict[str, Any], name: str) -> str:
    value = wire.get(name)
    return value if isinstance(value, str) else ""


def _rendered(event: str, text: str) -> str:
    from amq.jsontext import render
    from amq.runtime.policy.hook_delivery import output

    return render(output(event, text), indent=None) + "\n"


def _log(mailbox: Mailbox | None, state: PrivateState | None, event: str, error: BaseException) -> None:
    if mailbox is not None and state is not None:
        from amq.runtime.journal import LOG_NAME, BoundedFile

        account = mailbox.account
        private = state.of_agent(account.queue.root, account.me).directory
        BoundedFile(private, LOG_NAME).append(f"hook {event}: {type(error).__name__}: {error}")
