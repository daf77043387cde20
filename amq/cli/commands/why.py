"""`amq why`: explain why an agent has not read its mail, and how it was notified."""

from __future__ import annotations

from amq.cli.open_mailbox import open_mailbox, private_directory
from amq.instants import short_age
from amq.mail import all_mailboxes
from amq.record import replace
from amq.store import maildir
from amq.store.notifier_info import read_notifier
from amq.text import visible

TYPE_CHECKING = False
if TYPE_CHECKING:
    from argparse import ArgumentParser, Namespace
    from typing import Any

    from amq.cli.output import Output
    from amq.mail.mailbox import Mailbox
    from amq.runtime.why_waiting import Why

USAGE = "[HANDLE] [--history]"
EXAMPLES = """\
  amq why codex               say in one line what its mail waits for
  amq why codex --history     list each attempt to notify it, and its outcome"""
NOTES = """\
Mail waits for one of: draft, dialog, busy, starting, stopped, low, unknown-program, unknown-screen, unknown-look (its
program is idle, but amq does not find the input row), no-channel, off, untrusted-queue, parked, notified (a
notification is out), offered (its program has been given the text), taken (the text is in the program's session, and
the model has not answered since), or unknown (the notifier's record cannot be read from here). Mail for an agent on
another host waits for no-hub, hub-full, on-its-way, there (unread in its inbox on that host), or refused (it may not
leave this host). An attempt ends in one
of: handed (by a hook), sent, typed (not submitted), erased (typed, then removed), submitted, uncertain, refused,
failed."""


def options(parser: ArgumentParser) -> None:
    """Add the command's options."""
    parser.add_argument("handle", nargs="?", metavar="HANDLE", help="the agent (default: yourself)")
    parser.add_argument("--history", action="store_true", help="list the recorded attempts, oldest first")


def run(args: Namespace, out: Output) -> int:
    """Print one line for the waiting mail, or the history."""
    from amq.dashboard import agents

    mailbox = open_mailbox(args, out, anyone=bool(args.handle))
    handle = mailbox.account.named(args.handle, "HANDLE") if args.handle else mailbox.account.me
    all_mailboxes.agents(mailbox.account, [handle])
    if args.history:
        return _history(mailbox, handle, out)
    account, private = mailbox.account, private_directory(mailbox.account.queue.root)
    unread, found = agents.explain(account, private, handle)
    found = _with_unreadable(mailbox, handle, found) if found else None
    hosted = agents.session(account, private, handle, read_notifier(account.queue.agent(handle)))
    mail_way = agents.way(account, private, handle, hosted)
    if out.json:
        about = (hosted.wire() if hosted else {}) | (mail_way.wire() if mail_way else {})
        out.value({"handle": handle, "unread": unread, **(described(found) if found else {}), **about})
        return 0
    if found is None:
        out.line(f"{handle} has no unread mail")
    else:
        number = f"{unread} unread message{'' if unread == 1 else 's'}"
        out.line(f"{handle}: {number}: {agents.why_in_words(found, short_age)}")
    if mail_way:
        out.line(f"{handle}: {mail_way.sentence()}")
        if changed := mail_way.changed():
            out.line(f"{handle}: {visible(changed)}; to try its version: amq certify")
    if hosted and hosted.allowed:
        out.line(f"{handle}: commands that its CLI runs without asking: {visible(hosted.allowed)}")
    for lack in hosted.lacks if hosted else ():
        out.line(f"{handle} lacks {visible(lack)}")
    return 0


def _with_unreadable(mailbox: Mailbox, handle: str, found: Why) -> Why:
    """Return FOUND with the number of unread messages that cannot be read, if any."""
    from amq.dashboard.agents import unread_ids

    new = mailbox.account.queue.agent(handle).inbox_new
    unread = unread_ids(new)
    lost = maildir.cannot_read(new, unread) if unread else []
    more = f"; {len(lost)} of {len(unread)} cannot be read: {lost[0]}" if lost else ""
    return replace(found, detail=found.detail + more)


def described(found: Why) -> dict[str, Any]:
    """Return the reason for waiting as JSON."""
    since = {} if found.seconds is None else {"waits_for_s": round(found.seconds, 3)}
    return {"waits_for": found.waits_for.value, **since, "detail": found.detail}


def _history(mailbox: Mailbox, handle: str, out: Output) -> int:
    from amq.dashboard.agents import history, history_line

    entries, why_not = history(mailbox.account, private_directory(mailbox.account.queue.root), handle)
    if why_not:
        out.note(f"no record: {why_not}")
    if out.json:
        out.value(entries)
    else:
        out.data("".join(f"{history_line(entry)}\n" for entry in entries))
    return 0
