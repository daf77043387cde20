"""`amq trace`: show where a message is."""

from __future__ import annotations

from amq.cli.open_mailbox import open_mailbox
from amq.cli.options import add_color
from amq.cli.terminal import BOLD, FAINT, RED, Cell, priority, terminal
from amq.cli.views import described
from amq.mail.short_ids import CHARS
from amq.text import subject_line, visible

TYPE_CHECKING = False
if TYPE_CHECKING:
    from argparse import ArgumentParser, Namespace
    from typing import Any

    from amq.cli.output import Output
    from amq.cli.terminal import Terminal
    from amq.mail.trace import Trace, Whereabouts

USAGE = "--id ID [--color WHEN]"
EXAMPLES = """\
  amq trace --id 2026-…
  amq trace --id 2026-… --json"""


def options(parser: ArgumentParser) -> None:
    """Add the command's options."""
    parser.add_argument("--id", required=True, metavar="ID", help="a message in any mailbox of the queue")
    add_color(parser)


def run(args: Namespace, out: Output) -> int:
    """Print one line for the message, and one for each recipient."""
    mailbox = open_mailbox(args, out, anyone=True)
    trace = mailbox.trace(mailbox.find_id(args.id, everywhere=True))
    header = trace.header
    if out.json:
        out.value(described(header) | {"recipients": [_item(whereabouts) for whereabouts in trace.recipients]})
    elif user := terminal(args, out):
        out.data(_for_user(trace, user))
    else:
        head = f"{header.created}  {header.sender}  {visible(header.id)}  {subject_line(header.subject)}\n"
        out.data(head + "".join(map(_line, trace.recipients)))
    return 0


def _for_user(trace: Trace, user: Terminal) -> str:
    """Return the message and its progress at each recipient, as two tables."""
    header = trace.header
    message = (
        Cell(user.local(header.created_ns), FAINT),
        user.age(header.created_ns),
        header.sender,
        header.kind,
        priority(header.priority),
        Cell(header.id[-CHARS:], FAINT),
        Cell(subject_line(header.subject), BOLD),
    )
    recipients = [_row(each, user) for each in trace.recipients]
    return "\n".join((
        user.table(("time", "age", "from", "kind", "priority", "id", "subject"), [message]),
        user.table(("to", "where", "state", "acked", "replied", "reply"), recipients),
    ))  # fmt: skip


def _row(whereabouts: Whereabouts, user: Terminal) -> tuple[str | Cell, ...]:
    box, reply = whereabouts.box, whereabouts.reply
    return (
        whereabouts.handle,
        Cell(box, RED if box in ("dlq", "missing") else BOLD if box == "new" else ""),
        whereabouts.state,
        user.local_text(whereabouts.acked),
        user.local(reply.created_ns) if reply else "",
        Cell(reply.id[-CHARS:] if reply else "", FAINT),
    )


def _line(whereabouts: Whereabouts) -> str:
    parts = [whereabouts.handle, whereabouts.box, *filter(None, [whereabouts.state])]
    if whereabouts.acked:
        parts.append(f"acked {visible(whereabouts.acked)}")
    if whereabouts.reply:
        parts.append(f"replied {whereabouts.reply.created} ({visible(whereabouts.reply.id)})")
    return f"{'  '.join(parts)}\n"


def _item(whereabouts: Whereabouts) -> dict[str, Any]:
    item: dict[str, Any] = {"handle": whereabouts.handle, "box": whereabouts.box}
    if whereabouts.state:
        item["state"] = whereabouts.state
    if whereabouts.acked:
        item["acked"] = whereabouts.acked
    if whereabouts.reply:
        item["replied"] = {"id": whereabouts.reply.id, "created": whereabouts.reply.created}
    return item
