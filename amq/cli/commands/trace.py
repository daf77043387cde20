"""`amq trace`: show where a message is."""

from __future__ import annotations

from amq.cli.open_mailbox import open_mailbox
from amq.cli.views import described
from amq.text import subject_line, visible

TYPE_CHECKING = False
if TYPE_CHECKING:
    from argparse import ArgumentParser, Namespace
    from typing import Any

    from amq.cli.output import Output
    from amq.mail.trace import Whereabouts

USAGE = "--id ID"
EXAMPLES = """\
  amq trace --id 2026-…
  amq trace --id 2026-… --json"""


def options(parser: ArgumentParser) -> None:
    """Add the command's options."""
    parser.add_argument("--id", required=True, metavar="ID", help="a message in any mailbox of the queue")


def run(args: Namespace, out: Output) -> int:
    """Print one line for the message, and one for each recipient."""
    trace = open_mailbox(args, out, anyone=True).trace(args.id)
    header = trace.header
    if out.json:
        out.value(described(header) | {"recipients": [_item(whereabouts) for whereabouts in trace.recipients]})
    else:
        head = f"{header.created}  {header.sender}  {visible(header.id)}  {subject_line(header.subject)}\n"
        out.data(head + "".join(map(_line, trace.recipients)))
    return 0


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
