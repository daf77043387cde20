"""`amq skill uninstall`: remove the skill that `amq skill install` added."""

from __future__ import annotations

from amq.cli.commands.skill_install import options, places

TYPE_CHECKING = False
if TYPE_CHECKING:
    from argparse import Namespace

    from amq.cli.output import Output

__all__ = ["options", "run"]

USAGE = "[--claude] [--codex] [--project] [--force]"
EXAMPLES = """\
  amq skill uninstall --claude --codex"""


def run(args: Namespace, out: Output) -> int:
    """Remove the files that were written, and print their names."""
    from amq.setup import skill

    done = {str(place): skill.uninstall(place, force=args.force) for place in places(args)}
    if out.json:
        out.value({"removed": done})
        return 0
    for place, names in done.items():
        out.line(f"{place}: removed {', '.join(names)}" if names else f"{place}: nothing to do")
    return 0
