"""`amq group set`: name several agents, to write to all of them."""

from __future__ import annotations

from amq.cli.commands.group_list import line
from amq.cli.open_mailbox import open_mailbox
from amq.cli.options import handles
from amq.errors import UsageError
from amq.mail.recipients import check_group
from amq.store import groups, registry

TYPE_CHECKING = False
if TYPE_CHECKING:
    from argparse import ArgumentParser, Namespace

    from amq.cli.output import Output

USAGE = "NAME A,B…"
EXAMPLES = """\
  amq group set reviewers codex,claude-2
  amq send --to @reviewers --kind review_request --subject 'The parser' --body 'Please look at src/parse.py'"""
NOTES = """\
A group that is there gets these agents instead. Messages that were sent do not change: each names its recipients one
by one. To write to agents by a pattern, no group is needed: --to '@review-*' means all whose handles match."""


def options(parser: ArgumentParser) -> None:
    """Add the command's arguments."""
    parser.add_argument("name", metavar="NAME", help="the group, with or without @")
    parser.add_argument("handles", type=handles, metavar="A,B…", help="its agents")


def run(args: Namespace, out: Output) -> int:
    """Set the group and print it. An agent that is not there yet is a warning: it may come."""
    account = open_mailbox(args, out, anyone=True).account
    name = check_group(args.name.lower())
    if name == groups.ALL:
        raise UsageError(f"@{name} is every registered agent but the sender; it cannot be set")
    members = list(dict.fromkeys(account.named(word, "A,B…") for word in args.handles))
    if not members:
        raise UsageError("a group needs agents", hint=f"to remove it: amq group remove {name}")
    for handle in members:
        if not registry.is_known(account.queue, handle):
            account.complain(account.unknown(handle, account.registered() or [], f"amq init --agents {handle}"))
    groups.set_group(account.queue, name, members)
    if out.json:
        out.value({"name": name, "agents": members})
    else:
        out.data(line(name, members))
    return 0
