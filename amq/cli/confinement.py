"""Limits on amq's mail commands in a session whose CLI runs them without asking the user.

The user has allowed mail in their project, as the agent itself. What goes beyond that is refused with the way to have
the CLI ask: without the variable ALLOWED_IN, in a command line that no permission matches.
"""

from __future__ import annotations

import os
import stat

from amq import config
from amq.errors import UsageError
from amq.text import visible

TYPE_CHECKING = False
if TYPE_CHECKING:
    from argparse import Namespace
    from collections.abc import Mapping

HINT = f"run it without that permission, and your CLI asks the user: env -u {config.ALLOWED_IN} amq …"
_DIRECTORY = os.O_RDONLY | getattr(os, "O_DIRECTORY", 0) | getattr(os, "O_NOFOLLOW", 0)
_FILE = os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0)  # a FIFO would be waited for


def check(args: Namespace, environ: Mapping[str, str]) -> None:
    """Raise UsageError if the common options choose more than this session's own queue and agent."""
    found, own = config.find_root(args.root, environ, config.cwd_or_empty()), environ.get(config.ALLOWED_ROOT)
    if found and not (own and os.path.realpath(found.value) == os.path.realpath(own)):
        raise _refused(f"{visible(found.value)} is not this session's queue")
    if args.me is not None and args.me != environ.get("AM_ME"):
        raise _refused(f"this session's agent is not {visible(args.me)}")
    if args.trust_root:
        raise _refused("--trust-root accepts what another user may have made")


def open_inside(project: str, path: str) -> int:
    """Return a descriptor of PATH, a regular file in the directory PROJECT.

    Links are resolved first; on the way down from PROJECT none is followed, so that a file which becomes a link
    meanwhile is not read. Raises UsageError for another file, and OSError.
    """
    top, real = os.path.realpath(project), os.path.realpath(path)
    names = os.path.relpath(real, top).split(os.sep)
    if names[0] == os.pardir:
        raise _refused(f"{visible(path)} is outside the project {visible(top)}")
    *directories, name = names
    fd = os.open(top, _DIRECTORY)
    for step, how in (*((each, _DIRECTORY) for each in directories), (name, _FILE)):
        above = fd
        try:
            fd = os.open(step, how, dir_fd=above)
        finally:
            os.close(above)
    if not stat.S_ISREG(os.fstat(fd).st_mode):
        os.close(fd)
        raise _refused(f"{visible(path)} is not a regular file")
    return fd


def _refused(what: str) -> UsageError:
    return UsageError(f"{what}, and your CLI has not asked the user about this command", hint=HINT)
