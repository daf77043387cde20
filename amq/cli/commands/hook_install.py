"""`amq hook install`: add hooks for an agent that `amq run` does not start."""

from __future__ import annotations

from amq import config
from amq.cli.confirm import add_confirmation, confirmed, require_answerer
from amq.text import visible_lines

TYPE_CHECKING = False
if TYPE_CHECKING:
    from argparse import ArgumentParser, Namespace

    from amq.cli.output import Output
    from amq.setup.hooks import Change

USAGE = "claude|codex [--project] [--deny-leased] [--dry-run] [--yes]"
EXAMPLES = """\
  amq hook install claude --dry-run     show the change
  amq hook install claude --yes
  amq hook install codex --project      in this directory, for everyone who works in it"""
NOTES = """\
It edits ~/.claude/settings.json (or in CLAUDE_CONFIG_DIR) or ~/.codex/hooks.json (or in CODEX_HOME); with --project the
file in .claude or .codex here. Every other byte stays unchanged. The agent is AM_ME, else `claude` or `codex`. Codex
asks you to trust new hooks when it next starts. Hooks reach an agent while it works or when you write to it. They
cannot wake an idle agent: use `amq run` or `amq wake` for that. Before an edit they name another agent's lease on the
file (amq lease take); with --deny-leased they refuse the edit."""


def options(parser: ArgumentParser) -> None:
    """Add the command's options."""
    add_settings(parser)
    parser.add_argument("--deny-leased", action="store_true", help="refuse edits of what another agent has a lease on")


def add_settings(parser: ArgumentParser) -> None:
    """Add the options that choose the settings and confirm the change."""
    from amq.runtime.agents.registry import WITH_HOOKS

    names = "|".join(WITH_HOOKS)
    parser.add_argument("agent", choices=WITH_HOOKS, metavar=names, help="the CLI whose settings to edit")
    parser.add_argument(
        "--project", action="store_true", help="edit the settings in this directory, not those in your home"
    )
    add_confirmation(parser, "changed")


def run(args: Namespace, out: Output) -> int:
    """Write the hooks after confirmation."""
    from amq.setup import hooks

    require_answerer(args, "change")
    return apply(hooks.installing(settings(args), args.agent, denies=args.deny_leased), args, out)


def settings(args: Namespace) -> str:
    """Return the settings file to edit."""
    from amq.setup import hooks

    return hooks.settings_path(args.agent, config.environment(), config.working_directory() if args.project else None)


def apply(change: Change, args: Namespace, out: Output) -> int:
    """Show CHANGE, write it after confirmation, and report; return 1 if the user declines, else 0."""
    if change.is_needed and not out.json:
        out.data(visible_lines(change.diff) + "\n")
    wanted = change.is_needed and not args.dry_run
    written = wanted and confirmed(args, out, f"apply this change to {change.path}?")
    if written:
        change.write()
    if out.json:
        out.value({"file": change.path, "diff": change.diff, "written": written})
    elif not change.is_needed:
        out.line(f"{change.path}: nothing to do")
    elif not args.dry_run:
        done = "changed" if change.after is not None else "removed"
        out.line(f"{change.path}: {done if written else 'left as it was'}")
    return int(wanted and not written)
