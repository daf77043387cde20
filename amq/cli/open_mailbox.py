"""Open the mailbox that a command line means."""

from __future__ import annotations

import os
import sys
from functools import partial

from amq import config
from amq.cli.output import stdin_is_terminal
from amq.errors import AmqError, Unsafe, UnsafePath
from amq.names import USER
from amq.store import open_beneath

CACHES = ".caches"
"""The directory of a queue in the private directory that may be removed at any time."""
TYPE_CHECKING = False
if TYPE_CHECKING:
    from argparse import Namespace
    from collections.abc import Callable, Mapping

    from amq.cli.output import Output
    from amq.layout import RootedPath
    from amq.mail.mailbox import Mailbox
    from amq.runtime.private_state import PrivateState


def find_queue(args: Namespace, out: Output, *, hosting: bool = False) -> str:
    """Return the path of the queue to use; raises NotFound or Unsafe."""
    root = config.existing_root(args.root, config.variables(), config.cwd_or_empty())
    say_if_above(root, out)
    check_queue(args, root.value, out, hosting=hosting)
    return root.value


def say_if_above(root: config.Setting, out: Output) -> None:
    """Print a note if the queue ROOT is above the repository."""
    if root.source == config.ABOVE:
        out.note(f"using the queue above this repository: {root.value}")


def check_queue(args: Namespace, root: str, out: Output, *, hosting: bool = False) -> None:
    """Refuse another user's queue; warn of one that others can write to (with `--strict`, an error).

    Its directories get the same checks when they are opened. `hosting` is that of `config.check_root`.
    """
    told: list[str] = []

    def complain(text: str, remedy: str) -> None:
        if args.strict:
            raise UnsafePath(text, hint=remedy)
        if not told:  # the first says what to do about all of them
            told.append(text)
            out.warn(f"{text}; to fix it: {remedy}")

    accept(args, root, complain, hosting=hosting)


def private_directory(root: str | None = None) -> PrivateState:
    """Return the user's private directory, if one can be used beside the queue ROOT."""
    from amq.runtime.private_state import private_state

    return private_state(config.environment(), config.project_directories(root) if root else ())


def accept(
    args: Namespace, root: str, complain: Callable[[str, str], None] = lambda *_: None, *, hosting: bool = False
) -> None:
    """Refuse another user's queue; COMPLAIN (text, remedy) of what others can write to, now and later."""
    try:
        owner = config.check_root(root, trusted=args.trust_root, complain=complain, hosting=hosting)
    except Unsafe:
        if not _is_trusted(root):
            raise
        args.trust_root = True
        owner = config.check_root(root, trusted=True, complain=complain, hosting=hosting)

    def complain_below(path: str) -> None:
        from amq.quoting import shell

        complain(f"other users can write to {path}", f"chmod -R go-w {shell(root)}")

    open_beneath.guard = open_beneath.Guard(trusted=args.trust_root, owner=owner, complain=complain_below)


def _is_trusted(root: str) -> bool:
    """Return whether the user trusted the queue permanently, with `amq trust`."""
    from amq.runtime.trust import is_trusted

    try:
        return is_trusted(root, private_directory(root))
    except (AmqError, OSError):
        return False


def complain_no_more() -> None:
    """Stop complaints about directories, since the terminal is now the hosted program's."""
    open_beneath.guard.complain = lambda _: None


def open_mailbox(args: Namespace, out: Output, *, anyone: bool = False, hosting: bool = False) -> Mailbox:
    """Return the mailbox to use; with `anyone`, for commands that only read all mailboxes, no handle is required."""
    from amq.mail.mailbox import Mailbox

    root, environ = find_queue(args, out, hosting=hosting), config.variables()
    me = config.resolve_me(
        args.me, environ, why_not_user=lambda: "" if anyone else why_not_user(root, environ), is_known=known_in(root)
    )
    caches = partial(_caches, root) if getattr(args, "cache", False) else lambda: None
    mailbox = Mailbox(root, me.value, strict=args.strict, warn=out.warn, caches=caches)
    if me.source == "AM_ME" and not (anyone or hosting):
        _say_if_hosted_elsewhere(mailbox, environ.get(config.RUN), out)
    return mailbox


def as_agent(args: Namespace, me: str) -> str:
    """Return the command by which this shell runs amq as ME: with what its environment lacks of the options in ARGS.

    Where it has to name ME, it also has the path of this amq if the PATH has none: no notifier has prepared the shell.
    """
    environ, command = config.variables(), "amq"
    if me == USER:
        return command
    is_unnamed = args.me is not None and me != environ.get("AM_ME")
    if is_unnamed:
        command = _word_for_amq(environ)
    if args.root and args.root != environ.get("AM_ROOT"):
        from amq.quoting import shell

        command += f" --root {shell(args.root)}"
    return f"{command} --me {me}" if is_unnamed else command


def _word_for_amq(environ: Mapping[str, str]) -> str:
    """Return `amq`, or the path that this process was called by if a shell in ENVIRON would not find that."""
    from amq.runtime.programs import find_program

    path = sys.argv[0]
    if not os.path.isabs(path) or os.path.basename(path) != "amq" or find_program("amq", environ):
        return "amq"
    from amq.quoting import shell

    return shell(path)


def _caches(root: str) -> RootedPath | None:
    """Return the directory for what amq remembers of the queue ROOT and may lose; None if there can be none."""
    from amq.layout import RootedPath
    from amq.runtime.private_state import make_directory

    state = private_directory(root).of_queue(root)
    if not state.directory:
        return None
    try:
        make_directory(f"{state.directory}/{CACHES}")
    except OSError:
        return None
    return RootedPath(state.directory, CACHES)


def why_not_user(root: str, environ: Mapping[str, str]) -> str:
    """Return why this process, without a handle in ENVIRON, is not the user's, as a clause; "" if it is."""
    from amq.layout import QueueLayout
    from amq.runtime import caller

    return caller.why_not_user(QueueLayout(root), environ, at_terminal=stdin_is_terminal())


def _say_if_hosted_elsewhere(mailbox: Mailbox, run: str | None, out: Output) -> None:
    """Warn if this shell acts as an agent that `amq run` hosts elsewhere, where that is known.

    The agent's own shells have its notifier's RUN in their environment. A sandbox does not hide that, as it hides
    processes. If either is empty, nothing is known.
    """
    from amq.store.notifier_info import read_notifier

    account = mailbox.account
    try:
        host = None if run == "" else read_notifier(account.agent)
    except (AmqError, OSError):
        return
    if host and host.run not in ("", run):
        what = f"this shell acts as {account.me} (AM_ME), which amq run hosts elsewhere (process {host.pid})"
        out.warn(f"{what}: it does not see mail drained here; add --me user, or unset AM_ME {config.RUN}")


def known_in(root: str) -> Callable[[str], bool]:
    """Return a function that says whether a handle is known in the queue at ROOT."""
    from amq.layout import QueueLayout
    from amq.store import registry

    return partial(registry.is_known, QueueLayout(root))
