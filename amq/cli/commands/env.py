"""`amq env`: print the resolved queue and agent as shell exports."""

from __future__ import annotations

from amq import config, quoting
from amq.cli.open_mailbox import check_queue, known_in, say_if_above, why_not_user

TYPE_CHECKING = False
if TYPE_CHECKING:
    from argparse import ArgumentParser, Namespace

    from amq.cli.output import Output

USAGE = ""
EXAMPLES = """\
  eval "$(amq env --me codex)"
  amq env --json                  each value and where it came from"""
NOTES = """\
It never exports the user's own handle: an agent started from that shell would act as the user."""

_TERMINAL = "terminal"


def options(parser: ArgumentParser) -> None:
    """Add no options."""


def run(args: Namespace, out: Output) -> int:
    """Print the queue, and the agent if it is known."""
    environ = config.environment()
    root = config.existing_root(args.root, environ, config.cwd_or_empty())
    say_if_above(root, out)
    check_queue(args, root.value, out)
    me = config.resolve_me(args.me, environ, why_not_user=lambda: "", is_known=known_in(root.value))
    settings = {"root": root, "me": me}
    if me.source == _TERMINAL and why_not_user(root.value, environ):
        del settings["me"]
    if out.json:
        out.value({name: {"value": each.value, "source": each.source} for name, each in settings.items()})
    else:
        exports = ((name, each) for name, each in settings.items() if each.source != _TERMINAL)
        out.data("".join(f"export AM_{name.upper()}={quoting.shell(each.value)}\n" for name, each in exports))
    return 0
