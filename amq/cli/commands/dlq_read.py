"""`amq dlq read`: show a dead letter, and the message it keeps."""

from __future__ import annotations

from amq.cli.commands import dlq_list
from amq.cli.open_mailbox import open_mailbox
from amq.text import visible, visible_lines, with_final_line_end

TYPE_CHECKING = False
if TYPE_CHECKING:
    from argparse import ArgumentParser, Namespace

    from amq.cli.output import Output
    from amq.mail.dead_letters import Opened

USAGE = "--id ID"
EXAMPLES = """\
  amq dlq read --id dlq_…
  amq dlq read --id dlq_… --json"""


def options(parser: ArgumentParser) -> None:
    """Add the command's options."""
    parser.add_argument("--id", required=True, metavar="ID", help="a dead letter's id, from `amq dlq list`")


def run(args: Namespace, out: Output) -> int:
    """Show a dead letter, and only then file it as looked at."""
    mailbox = open_mailbox(args, out)
    opened = mailbox.letter(mailbox.find_letter_id(args.id))
    if out.json:
        out.value(dlq_list.item(opened.letter) | {"original": _text(opened)})
    else:
        out.data(_shown(opened))
    out.shown()
    mailbox.letter_seen(opened.letter)
    return 0


def _text(opened: Opened) -> str:
    return opened.original.decode("utf-8", "replace")


def _shown(opened: Opened) -> str:
    """Return the letter's fields, a line, and the original last, where it cannot be taken for the fields."""
    fields = dlq_list.item(opened.letter)
    head = "".join(f"{key}: {visible(str(value))}\n" for key, value in fields.items())
    return f"{head}---\n{with_final_line_end(visible_lines(_text(opened)))}"
