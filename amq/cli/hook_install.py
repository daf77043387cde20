"""`amq hook install`: hooks for an agent that is not started by `amq run`."""

from __future__ import annotations

from amq import config
from amq.cli.confirm import add_confirmation, confirmed, require_answerer
from amq.text import visible_lines

TYPE_CHECKING = False
if TYPE_CHECKING:
    from argparse import ArgumentParser, Namespace

    from amq.cli.output import Output
    from amq.setup.hooks import Change

SUMMARY = "let an agent's own hooks call amq, so that it hears of mail without `amq run`"
USAGE = "claude|codex [--project] [--dry-run] [--yes]"
EXAMPLES = """\
  amq hook install claude --dry-run     shows what would be changed
  amq hook install claude --yes
  amq hook install codex --project      in this directory only, for everybody who works in it"""
NOTES = """\
It edits ~/.claude/settings.json (CLAUDE_CONFIG_DIR counts) or ~/.codex/hooks.json (CODEX_HOME counts), or the files of
the same names here. All else in them stays as it is, byte for byte. The agent is AM_ME, else `claude` or `codex`. Codex
asks you to trust new hooks when it starts next. Hooks serve an agent that works, or to whom you write; none wakes an
idle one: that takes `amq run` or `amq wake`."""


def options(parser: ArgumentParser) -> None:
    """The options of its own, which `amq hook uninstall` has too."""
    parser.add_argument("agent", choices=("claude", "codex"), metavar="claude|codex", help="whose settings")
    parser.add_argument("--project", action="store_true", help="those in this directory, not in your home directory")
    add_confirmation(parser, "changed")


def run(args: Namespace, out: Output) -> int:
    """Write them, if nobody objects."""
    from amq.setup import hooks

    require_answerer(args, "change")
    return apply(hooks.installing(settings(args), args.agent), args, out)


def settings(args: Namespace) -> str:
    """The file that is meant."""
    from amq.setup import hooks

    return hooks.settings_path(args.agent, config.environment(), config.working_directory() if args.project else None)


def apply(change: Change, args: Namespace, out: Output) -> int:
    """Show the CHANGE, do it if nobody objects, and say what was done; 0, or 1 if somebody objects."""
    if change.is_needed and not out.json:
        out.data(visible_lines(change.diff) + "\n")
    wanted = change.is_needed and not args.dry_run
    written = wanted and confirmed(args, out, f"change {change.path} so?")
    if written:
        change.write()
    if out.json:
        out.value({"file": change.path, "diff": change.diff, "written": written})
    elif not change.is_needed:
        out.line(f"{change.path}: nothing to do")
    elif not args.dry_run:
        out.line(f"{change.path}: {'changed' if written else 'left as it was'}")
    return int(wanted and not written)
