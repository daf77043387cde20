"""`amq skill install`: tell agents how to use amq."""

from __future__ import annotations

from amq import config
from amq.errors import UsageError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from argparse import ArgumentParser, Namespace
    from collections.abc import Iterator
    from pathlib import Path

    from amq.cli.output import Output

SUMMARY = "install the skill that tells an agent how to use amq"
USAGE = "[--claude] [--codex] [--project] [--force]"
EXAMPLES = """\
  amq skill install --claude --codex       for you, in every project
  amq skill install --claude --project     in this directory only, for everybody who works in it"""
NOTES = """\
It writes to ~/.claude/skills/amq-cli (CLAUDE_CONFIG_DIR counts) and ~/.agents/skills/amq-cli, or to the directories of
the same names here. A file that you have changed is left alone, and then nothing is done at all, unless --force."""


def options(parser: ArgumentParser) -> None:
    """The options of its own, which `amq skill uninstall` has too."""
    parser.add_argument("--claude", action="store_true", help="for Claude Code")
    parser.add_argument("--codex", action="store_true", help="for Codex")
    parser.add_argument("--project", action="store_true", help="in this directory, not in your home directory")
    parser.add_argument("--force", action="store_true", help="also files that you have changed")


def run(args: Namespace, out: Output) -> int:
    """Write what differs, and say it."""
    from amq.setup import skill

    done = {str(place): skill.install(place, force=args.force) for place in places(args)}
    if out.json:
        out.value({"written": done})
        return 0
    for place, names in done.items():
        out.line(f"{place}: {', '.join(names) if names else 'nothing to do'}")
    return 0


def places(args: Namespace) -> Iterator[Path]:
    """The directories that are meant. Raises UsageError if no agent is named."""
    from amq.setup import skill

    programs = [program for program in skill.PLACES if getattr(args, program)]
    if not programs:
        raise UsageError("for which agent?", hint="--claude, --codex or both")
    project = config.working_directory() if args.project else None
    return (skill.place(program, config.environment(), project) for program in programs)
