"""`amq skill install`: install the skill that teaches an agent to use amq."""

from __future__ import annotations

from amq import config
from amq.errors import UsageError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from argparse import ArgumentParser, Namespace
    from collections.abc import Iterator
    from pathlib import Path

    from amq.cli.output import Output

USAGE = "[--claude] [--codex] [--project] [--force]"
EXAMPLES = """\
  amq skill install --claude --codex       for you in every project
  amq skill install --claude --project     in this directory, for everyone who works in it"""
NOTES = """\
It writes to ~/.claude/skills/amq-cli (or in CLAUDE_CONFIG_DIR) and ~/.agents/skills/amq-cli; with --project to the same
paths in this directory. If you have changed one of the files, it changes nothing at all, unless you add --force."""


def options(parser: ArgumentParser) -> None:
    """Add the command's options, which `amq skill uninstall` has too."""
    from amq.runtime.agents import registry

    for cli in registry.clis():
        if cli.skills:
            parser.add_argument(f"--{cli.name}", action="store_true", help=f"the skill for {cli.title}")
    parser.add_argument("--project", action="store_true", help="use this directory, not your home directory")
    parser.add_argument("--force", action="store_true", help="include files that you have changed")


def run(args: Namespace, out: Output) -> int:
    """Write the files that differ, and print their names."""
    from amq.setup import skill

    done = {str(place): skill.install(place, force=args.force) for place in places(args)}
    if out.json:
        out.value({"written": done})
        return 0
    for place, names in done.items():
        out.line(f"{place}: {', '.join(names) if names else 'nothing to do'}")
    return 0


def places(args: Namespace) -> Iterator[Path]:
    """Return the skill directories to write to. Raises UsageError if no agent is named."""
    from amq.runtime.agents import registry
    from amq.setup import skill

    programs = [program for program in registry.with_skills() if getattr(args, program)]
    if not programs:
        raise UsageError("no agent named", hint="add --claude, --codex or both")
    project = config.working_directory() if args.project else None
    return (skill.place(program, config.environment(), project) for program in programs)
