"""`amq watch`: wait for mail without moving it."""

from __future__ import annotations

from amq.cli.commands.list import item, line, readable
from amq.cli.open_mailbox import open_mailbox
from amq.cli.options import add_waiting
from amq.errors import TimedOut

TYPE_CHECKING = False
if TYPE_CHECKING:
    from argparse import ArgumentParser, Namespace

    from amq.cli.output import Output
    from amq.mail.mailbox import Mailbox
    from amq.store.maildir import Found

USAGE = "[--timeout 60s] [--poll]"
EXAMPLES = """\
  amq watch && amq drain --include-body     drain when mail comes; exit code 4 after a minute without
  amq watch --timeout 0 --json              wait without a limit"""


def options(parser: ArgumentParser) -> None:
    """Add the command's options."""
    add_waiting(parser)


def run(args: Namespace, out: Output) -> int:
    """Print the mail that is there or comes; return the exit code of TimedOut if there is none."""
    mailbox = open_mailbox(args, out)
    found = _look(mailbox)
    event = "existing" if found else "new_message"
    if not found:
        from amq.runtime.stat_polling import until

        inbox = mailbox.account.agent.inbox_new
        found = until(lambda: _look(mailbox), [inbox], args.timeout, poll=args.poll)
    _show(event if found else "timeout", mailbox.account.me, found, out)
    return 0 if found else TimedOut.exit_code


def _look(mailbox: Mailbox) -> list[Found]:
    return mailbox.list("new") if mailbox.has_new() else []


def _show(event: str, me: str, found: list[Found], out: Output) -> None:
    messages = readable(found, out)
    if out.json:
        items = [item(listed, header) for listed, header in messages]
        out.value({"event": event, "me": me, "count": len(found), "messages": items})
    else:
        number = f"{len(found)} new message(s)" if found else "no mail"
        out.data(f"{event}: {number} for {me}\n" + "".join(line(header) for _, header in messages))
