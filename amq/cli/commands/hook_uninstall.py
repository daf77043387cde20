"""`amq hook uninstall`: remove the hooks that `amq hook install` added."""

from __future__ import annotations

from amq.cli.commands.hook_install import add_settings as options
from amq.cli.commands.hook_install import apply, settings
from amq.cli.confirm import require_answerer

TYPE_CHECKING = False
if TYPE_CHECKING:
    from argparse import Namespace

    from amq.cli.output import Output

__all__ = ["options", "run"]

USAGE = "claude|codex [--project] [--dry-run] [--yes]"
EXAMPLES = """\
  amq hook uninstall claude --dry-run     show the change
  amq hook uninstall claude --yes"""


def run(args: Namespace, out: Output) -> int:
    """Remove the hooks after confirmation."""
    from amq.setup import hooks

    require_answerer(args, "change")
    return apply(hooks.uninstalling(settings(args), args.agent), args, out)
