"""`amq lease guard`: check leases before each commit."""

from __future__ import annotations

import os

from amq import config, git_repository
from amq.cli.commands.hook_install import apply
from amq.cli.confirm import add_confirmation, require_answerer
from amq.cli.leased_paths import place, require_trust, seen
from amq.cli.open_mailbox import open_mailbox, private_directory
from amq.errors import AmqError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from argparse import ArgumentParser, Namespace

    from amq.cli.output import Output
    from amq.mail.leasing import Place, State

_INSTALL, _UNINSTALL, _CHECK = "install", "uninstall", "check"
_MOST_BYTES = 16 << 20
_MOST_PATHS = 2000
_OF_OTHERS = ("MERGE_HEAD", "rebase-merge", "rebase-apply")
"""Files of git while it merges or rebases: what is committed then was edited and committed before."""
USAGE = "install|uninstall [--block] [--dry-run] [--yes]"
EXAMPLES = """\
  amq lease guard install --dry-run     show the change
  amq lease guard install --yes         warn before a commit of what another agent has a lease on
  amq lease guard install --block --yes
  AMQ_LEASE=ignore git commit           commit anyway"""
NOTES = """\
It adds a few lines to the repository's pre-commit hook, for all of its work trees, and changes nothing else in a hook
that is there. Without --block it only warns. Where amq is not found, or fails, or does not know who commits, the commit
goes on; so does one in a merge or a rebase, and one in a project whose queue you do not trust (amq trust). The hook
calls amq lease guard check. A tool that writes its hook anew, as pre-commit install does, removes these lines: then
install them again."""


def options(parser: ArgumentParser) -> None:
    """Add the command's arguments."""
    parser.add_argument(
        "action",
        choices=(_INSTALL, _UNINSTALL, _CHECK),
        metavar="install|uninstall",
        help="add the check, or remove it",
    )
    parser.add_argument("--block", action="store_true", help="stop the commit, instead of a warning")
    add_confirmation(parser, "changed")


def run(args: Namespace, out: Output) -> int:
    """Edit the hook after confirmation, or as the hook check the paths on stdin."""
    if args.action == _CHECK:
        return _check(args, out)
    from amq.setup import lease_guard

    require_answerer(args, "change")
    path = lease_guard.hook_path(config.working_directory(), config.environment())
    installs = args.action == _INSTALL
    change = lease_guard.installing(path, blocks=args.block) if installs else lease_guard.uninstalling(path)
    return apply(change, args, out)


def _check(args: Namespace, out: Output) -> int:
    """Say which of the paths on stdin, that are about to be committed, are leased. No failure stops a commit."""
    from amq.mail import leasing
    from amq.setup.lease_guard import BLOCKED

    try:
        found = [state for state in _in_the_way(args, out) if state.counts]
    except (AmqError, OSError):
        return 0
    if found:
        error = leasing.conflict(found)
        out.error(AmqError(f"this commit has what another agent reserved: {error.message}", hint=error.hint))
        if args.block:
            out.note("the commit was stopped; to commit anyway: AMQ_LEASE=ignore git commit …")
            out.data(BLOCKED)
    return 0


def _in_the_way(args: Namespace, out: Output) -> list[State]:
    from amq.mail import leasing

    with open(0, "rb", closefd=False) as stdin:
        names = stdin.read(_MOST_BYTES).split(b"\0")[:-1]
    mailbox = open_mailbox(args, out)
    where = place(mailbox)
    if _is_of_others():
        return []
    if len(names) > _MOST_PATHS:
        out.note(f"only the first {_MOST_PATHS} of {len(names)} paths are checked for leases")
    staged = [_from_top(name, where) for name in names[:_MOST_PATHS]]
    found = leasing.in_the_way(mailbox.account, where, staged, seen(mailbox))
    if found and not args.trust_root:
        require_trust(mailbox, private_directory(mailbox.account.queue.root))
    return found


def _from_top(name: bytes, where: Place) -> str:
    """Return a path that git named in its work tree as one from the top, which is above where it is a submodule."""
    inside = os.path.relpath(os.path.join(config.working_directory(), os.fsdecode(name)), where.top)
    return os.fsencode(inside).decode("utf-8", "surrogateescape").replace(os.sep, "/")


def _is_of_others() -> bool:
    """Return whether git merges or rebases in this work tree."""
    top = git_repository.top_of(config.working_directory())
    git = git_repository.git_directory(top) if top else None
    return git is not None and any(os.path.lexists(os.path.join(git, name)) for name in _OF_OTHERS)
