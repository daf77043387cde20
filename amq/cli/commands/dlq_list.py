"""`amq dlq list`: list the dead letters."""

from __future__ import annotations

from amq.cli.open_mailbox import open_mailbox
from amq.cli.options import add_color
from amq.cli.terminal import BOLD, FAINT, RED, Cell, terminal
from amq.mail.short_ids import shortened
from amq.text import visible

TYPE_CHECKING = False
if TYPE_CHECKING:
    from argparse import ArgumentParser, Namespace
    from collections.abc import Sequence
    from typing import Any

    from amq.cli.output import Output
    from amq.cli.terminal import Terminal
    from amq.store.dlq_read import Letter

USAGE = "[--color WHEN]"
EXAMPLES = """\
  amq dlq list
  amq dlq list --json"""
NOTES = """\
Oldest first. `new` and `cur` are dead letters; `cur` are those you have seen. `refused` are files that could not become
dead letters, such as links, and were moved aside unchanged. `amq dlq retry` delivers a valid message among them."""


def options(parser: ArgumentParser) -> None:
    """Add the command's option."""
    add_color(parser)


def run(args: Namespace, out: Output) -> int:
    """List the dead letters; print nothing if there are none."""
    letters = open_mailbox(args, out).letters()
    user = terminal(args, out)
    if out.json:
        out.value([item(letter) for letter in letters])
    elif user and letters:
        out.data(_table(letters, user))
    elif user:
        out.note("No dead letters.")
    else:
        out.data("".join(f"{line(letter)}\n" for letter in letters))
    return 0


def _table(letters: Sequence[Letter], user: Terminal) -> str:
    ids = shortened(letter.id for letter in letters)
    rows = [
        (
            Cell("*" if letter.box == "new" else "", BOLD),
            "" if letter.failed_ns is None else user.age(letter.failed_ns),
            Cell("" if letter.failed_ns is None else user.local(letter.failed_ns), FAINT),
            letter.box if letter.box not in ("new", "cur") else "",
            Cell(letter.envelope.get("failure_reason", ""), RED),
            Cell(ids[letter.id], FAINT),
            letter.error or letter.envelope.get("failure_detail", ""),
        )
        for letter in letters
    ]
    return user.table(("new", "age", "time", "box", "reason", "id", "detail"), rows)


def line(letter: Letter) -> str:
    """Return a letter on one line: box, time, reason, id, and what was wrong."""
    fields = letter.envelope
    time, reason = visible(fields.get("failure_time", "")) or "-", visible(fields.get("failure_reason", "")) or "-"
    detail = visible(letter.error or fields.get("failure_detail", ""))
    return f"[{letter.box}] {time}  {reason}  {visible(letter.id)}  {detail}".rstrip()


def item(letter: Letter) -> dict[str, Any]:
    """Return a letter as JSON; `error` says why its envelope cannot be understood."""
    fields = letter.envelope
    texts = ("original_id", "original_file", "failure_reason", "failure_detail", "failure_time")
    described = {
        "id": letter.id,
        "box": letter.box,
        **{key: fields.get(key, "") for key in texts},
        "retry_count": letter.retries,
    }
    return described | ({"error": letter.error} if letter.error else {})
