"""`amq trust`: trust a queue that someone else may have made, so that agents are notified of its mail."""

from __future__ import annotations

from amq import config
from amq.cli.open_mailbox import find_queue, private_directory
from amq.errors import NotFound
from amq.text import visible

TYPE_CHECKING = False
if TYPE_CHECKING:
    from argparse import ArgumentParser, Namespace

    from amq.cli.output import Output
    from amq.runtime.trust import Trust, Trusted

USAGE = "[--list | --revoke]"
EXAMPLES = """\
  amq trust                     trust the project's queue
  amq trust --list              list every queue that you trust
  amq trust --revoke            stop trusting the project's queue"""
NOTES = """\
amq announces mail to agents without asking if you own every directory of the queue and no git repository around it
tracks any file in it. Otherwise a clone could carry mail for your agents. Commands that show mail to you do not ask.
The list of trusted queues is in ~/.local/state/amq (XDG_STATE_HOME), by path, device, inode and creation time, so a
queue that replaces a trusted one is not trusted. --trust-root trusts a queue for one call."""


def options(parser: ArgumentParser) -> None:
    """Add the command's options."""
    group = parser.add_mutually_exclusive_group()
    group.add_argument("--list", action="store_true", help="list the queues that you trust")
    group.add_argument("--revoke", action="store_true", help="stop trusting it; --root DIR may be gone already")


def run(args: Namespace, out: Output) -> int:
    """Record the trust, list trusted queues, or revoke it."""
    from amq.runtime import trust

    if args.list:
        return _list(trust.trusted_queues(private_directory()), out)
    if args.revoke:
        return _revoke(args, out)
    args.trust_root = True  # the command itself is the user's consent
    root = find_queue(args, out)
    queue = trust.trust(root, private_directory(root))
    if out.json:
        out.value(dict(queue.__dict__))
    else:
        out.line(f"trusted: {visible(queue.path)}")
    return 0


def _list(queues: list[Trusted], out: Output) -> int:
    if out.json:
        out.value([dict(queue.__dict__) for queue in queues])
    else:
        out.data("".join(f"{visible(queue.path)}\n" for queue in queues))
    return 0


def _revoke(args: Namespace, out: Output) -> int:
    from amq.runtime import trust

    environ, cwd = config.environment(), config.cwd_or_empty()
    root = (config.find_root(args.root, environ, cwd) or config.new_root(args.root, environ, cwd)).value
    if not trust.revoke(root, private_directory(root)):
        raise NotFound(
            f"the queue {root} is not in the list of trusted queues", hint="list the trusted queues: amq trust --list"
        )
    if out.json:
        out.value({"revoked": root})
    else:
        out.line(f"no longer trusted: {visible(root)}")
    return 0


def trust_of(args: Namespace, root: str) -> Trust:
    """Return the trust in the queue ROOT, for a command with the common options."""
    from amq.runtime.trust import Trust

    return Trust(root, private_directory(root), given=args.trust_root)


def settled(trust: Trust, out: Output, *, may_ask: bool = True) -> str:
    """Return why agents are not notified of mail in a queue, after asking the user and printing it; "" if they are."""
    from amq.runtime.trust import ask

    reason = trust.why_not()
    if not reason:
        return ""
    if may_ask and ask(trust.root, reason, out.note):
        trust.give()
        return ""
    out.note(f"agents are not notified of mail here: {reason}; to trust the queue: amq trust")
    return reason
