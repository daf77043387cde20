"""From the words of a call to the mailbox it is about."""

from __future__ import annotations

from amq import config
from amq.cli.output import stdin_is_terminal
from amq.mailbox import Mailbox

TYPE_CHECKING = False
if TYPE_CHECKING:
    from argparse import Namespace

    from amq.cli.output import Output
    from amq.runtime.private import PrivateState


def find_queue(args: Namespace, out: Output) -> str:
    """The path of the queue that is meant; raises NotFound or Unsafe."""
    root = config.existing_root(args.root, config.environment(), config.cwd_or_empty())
    say_if_above(root, out)
    check_queue(args, root.value, out)
    return root.value


def say_if_above(root: config.Setting, out: Output) -> None:
    """Say that the queue ROOT is not the repository's own."""
    if root.source == config.ABOVE:
        out.note(f"using the queue above this repository: {root.value}")


def check_queue(args: Namespace, root: str, out: Output) -> None:
    """Refuse a queue that is another user's, warn of one that others can write to (an error with `--strict`)."""
    from amq.errors import Unsafe

    def complain(text: str, remedy: str) -> None:
        if args.strict:
            raise Unsafe(text, hint=remedy)
        out.warn(f"{text}; to mend it: {remedy}")

    config.check_root(root, trusted=args.trust_root, complain=complain)


def private_directory(root: str | None = None) -> PrivateState:
    """The user's private directory, if one can be used beside the queue ROOT."""
    from amq.runtime.private import private_state

    return private_state(config.environment(), config.project_directories(root) if root else ())


def open_mailbox(args: Namespace, out: Output, *, anyone: bool = False) -> Mailbox:
    """The mailbox that is meant; with `anyone`, for what only looks at all of them, nobody has to say who they are."""
    root = find_queue(args, out)
    me = config.resolve_me(args.me, config.environment(), person=anyone or stdin_is_terminal()).value
    return Mailbox(root, me, strict=args.strict, warn=out.warn)
