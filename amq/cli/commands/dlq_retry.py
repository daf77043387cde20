"""`amq dlq retry`: deliver the files in dead letters that are valid messages by now."""

from __future__ import annotations

from amq.cli.open_mailbox import open_mailbox
from amq.errors import AmqError, why
from amq.text import visible

TYPE_CHECKING = False
if TYPE_CHECKING:
    from argparse import ArgumentParser, Namespace
    from typing import Any

    from amq.cli.output import Output
    from amq.mail.mailbox import Mailbox

USAGE = "--id ID|--all [--force]"
EXAMPLES = """\
  amq dlq retry --id dlq_…
  amq dlq retry --all"""
LIKELY_MISSING_OPTION = "--id"
NOTES = """\
A file that is still not a message stays in its letter, which counts the attempts. After three attempts only --force
tries again. A file that was moved aside (`refused`) stays where it is, and its attempts are not counted."""


def options(parser: ArgumentParser) -> None:
    """Add the command's options."""
    which = parser.add_mutually_exclusive_group(required=True)
    which.add_argument("--id", metavar="ID", help="a dead letter's id, from `amq dlq list`")
    which.add_argument("--all", action="store_true", help="retry every dead letter")
    parser.add_argument("--force", action="store_true", help="also retry letters tried three times")


def run(args: Namespace, out: Output) -> int:
    """Retry letters; return 0 if all are mail again, else 1. A failure of one does not stop the others."""
    mailbox = open_mailbox(args, out)
    if args.all:
        items = [_attempt(mailbox, letter.id, force=args.force) for letter in mailbox.letters()]
    else:
        items = [_retry(mailbox, mailbox.find_letter_id(args.id), force=args.force)]
    if out.json:
        out.value(items)
    else:
        out.data("".join(map(_line, items)))
    return 0 if all(item["outcome"] == "delivered" for item in items) else AmqError.exit_code


def _attempt(mailbox: Mailbox, identifier: str, *, force: bool) -> dict[str, Any]:
    try:
        return _retry(mailbox, identifier, force=force)
    except (AmqError, OSError) as error:
        return {"id": identifier, "original_id": "", "outcome": "refused", "detail": why(error)}


def _retry(mailbox: Mailbox, identifier: str, *, force: bool) -> dict[str, Any]:
    retried = mailbox.retry(identifier, force=force)
    letter = retried.letter
    item = {"id": letter.id, "original_id": letter.message_id}
    if retried.error is None:
        return item | {"outcome": "delivered"}
    return item | {"outcome": "still_bad", "retry_count": letter.retries, "detail": str(retried.error)}


def _line(item: dict[str, Any]) -> str:
    if item["outcome"] == "delivered":
        return f"Delivered {visible(item['original_id'])} (from {visible(item['id'])})\n"
    tries = f" (tried {item['retry_count']}×)" if "retry_count" in item else ""
    outcome = item["outcome"].replace("_", " ")
    return f"{visible(item['id'])}  {outcome}{tries}: {visible(item['detail'])}\n"
