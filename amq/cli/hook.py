"""`amq hook`: what an agent's own hooks call. Whatever goes wrong, it says nothing and ends with 0."""

from __future__ import annotations

import os
from contextlib import suppress

from amq import config
from amq.cli.options import duration
from amq.cli.output import stdin_is_terminal
from amq.errors import AmqError
from amq.mailbox import Mailbox
from amq.store import registry

TYPE_CHECKING = False
if TYPE_CHECKING:
    from argparse import ArgumentParser, Namespace
    from typing import Any

    from amq.cli.output import Output
    from amq.runtime.handover import Handed, Waiting

SUMMARY = "what an agent's own hooks call: hand over word of its mail"
USAGE = "claude|codex EVENT [--normal-after 2m] < the event's JSON"
EXAMPLES = """\
  amq hook claude SessionStart        who the agent is, and how to write to the others
  amq hook claude UserPromptSubmit    word of urgent mail, or of mail that has waited for long
  amq hook codex PostToolUse          the same
  amq hook codex Stop                 go on with the turn if mail waits, once for the same messages"""
NOTES = """\
`amq run` gives such hooks to the programs that take them. It never fails an agent: on any trouble it is silent, ends
with 0, and says why in run.log of the agent's private directory."""

LONGEST_EVENT = 16 << 20  # bytes; what a tool printed is in it
SECOND = 1_000_000_000


def options(parser: ArgumentParser) -> None:
    """The options of its own."""
    parser.add_argument("words", nargs="*", metavar="claude|codex EVENT", help="both take the same answers")
    parser.add_argument(
        "--normal-after", type=duration, default=120.0, metavar="2m", help="age of mail to hand over between tools"
    )


def run(args: Namespace, out: Output) -> int:
    """Always 0."""
    mailbox, event = None, args.words[-1] if args.words else ""
    try:
        environ = config.environment()
        root = config.existing_root(args.root, environ, os.getcwd()).value
        config.check_root(root, trusted=args.trust_root, complain=lambda *_: None)
        mailbox = Mailbox(root, config.resolve_me(args.me, environ, person=False).value)
        _answer(mailbox, event, args.normal_after, out)
    except (Exception, KeyboardInterrupt) as error:
        _log(mailbox, event, error)
    return 0


def _answer(mailbox: Mailbox, event: str, normal_after: float, out: Output) -> None:
    from amq.runtime import handed, handover
    from amq.runtime.hooks import EVENTS
    from amq.store.locks import lock_beside

    told = _read_event()
    event = EVENTS.get(event, event)
    if event not in ("start", "prompt", "tool", "stop") or told.get("agent_id"):  # a sub-agent has no mail
        return
    state = mailbox.state_dir
    with lock_beside(state, handed.LOCK_NAME, handed.PATIENCE):
        before = handed.read_handed(state)
        if event == "start":
            account = mailbox.account
            others = {*registry.mailboxes(account.queue), *(account.registered() or ())} - {account.me}
            out.data(_rendered(event, handover.introduction(account.me, sorted(others))))
            handed.write_handed(state, handover.begin(before, _text(told, "session_id")))
            return
        waiting = _waiting(mailbox)
        after, hand = handover.decide(before, event, _text(told, "prompt"), waiting, normal_after)
        if hand:
            _hand_over(mailbox, event, after, out)
        if after != before:
            handed.write_handed(state, after)


def _hand_over(mailbox: Mailbox, event: str, after: Handed, out: Output) -> None:
    """Written first, then remembered: what could not be written is not taken for told."""
    from amq.runtime.notification import notification
    from amq.runtime.record import Record
    from amq.runtime.words import Outcome

    unread = mailbox.unread()
    out.data(_rendered(event, notification([message.sender for message in unread]).text))
    Record(mailbox.state_dir).attempt(sorted(after.told), f"hook {event}", Outcome.HANDED, "")


def _waiting(mailbox: Mailbox) -> list[Waiting]:
    """A bad message counts as one of normal priority that has waited long: a drain puts it away."""
    from amq.runtime.handover import Waiting

    now = mailbox.account.clock()
    return [
        Waiting(listed.id, listed.header.priority, (now - listed.header.created_ns) / SECOND)
        if listed.header
        else Waiting(listed.id, "", float("inf"))
        for listed in mailbox.list("new")
    ]


def _read_event() -> dict[str, Any]:
    """The event's JSON object on stdin; empty for anything else."""
    import json

    if stdin_is_terminal():
        return {}
    with open(0, "rb", closefd=False) as file:
        wire = json.loads(file.read(LONGEST_EVENT) or b"{}")
    return wire if isinstance(wire, dict) else {}


def _text(wire: dict[str, Any], name: str) -> str:
    value = wire.get(name)
    return value if isinstance(value, str) else ""


def _rendered(event: str, text: str) -> str:
    from amq.jsontext import render
    from amq.runtime.handover import output

    return render(output(event, text), indent=None) + "\n"


def _log(mailbox: Mailbox | None, event: str, error: BaseException) -> None:
    if mailbox is not None:
        from amq.runtime.record import BoundedFile

        with suppress(AmqError, OSError):  # a private directory that is none, such as a link, is not written to
            BoundedFile(f"{mailbox.state_dir}/run.log").append(f"hook {event}: {type(error).__name__}: {error}")
