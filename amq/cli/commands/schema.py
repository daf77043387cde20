"""`amq schema`: print the JSON Schema of amq's output and files."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from argparse import ArgumentParser, Namespace

    from amq.cli.output import Output

USAGE = "[NAME]"
EXAMPLES = """\
  amq schema              list the names
  amq schema drain        the output of amq drain --json
  amq schema dlq-list     a command of two words
  amq schema header       a message's header in a file"""
NOTES = "A key that is not `required` is left out when empty."


def options(parser: ArgumentParser) -> None:
    """Add the command's argument."""
    from amq import schema

    parser.add_argument(
        "name", nargs="?", choices=schema.names(), metavar="NAME", help="the schema to print (default: list all names)"
    )


def run(args: Namespace, out: Output) -> int:
    """Print the schema, or the names of all schemas."""
    from amq import schema

    if args.name is not None:
        out.value(schema.json_schema(args.name))
    elif out.json:
        out.value(schema.names())
    else:
        out.data("".join(f"{name}\n" for name in schema.names()))
    return 0
