"""`amq schema`: what our JSON looks like."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from argparse import ArgumentParser, Namespace

    from amq.cli.output import Output

SUMMARY = "the JSON Schema of what a command prints with --json, or of a file in the queue"
USAGE = "[NAME]"
EXAMPLES = """\
  amq schema              the names
  amq schema drain        what amq drain --json prints
  amq schema dlq-list     of a command with two words
  amq schema header       a message's header, as it may stand in a file"""
NOTES = "A key that is not `required` is left out where there is nothing to say."


def options(parser: ArgumentParser) -> None:
    """Its one argument."""
    from amq import schema

    parser.add_argument("name", nargs="?", choices=schema.names(), metavar="NAME", help="of which; else all names")


def run(args: Namespace, out: Output) -> int:
    """Print it."""
    from amq import schema

    if args.name is not None:
        out.value(schema.json_schema(args.name))
    elif out.json:
        out.value(schema.names())
    else:
        out.data("".join(f"{name}\n" for name in schema.names()))
    return 0
