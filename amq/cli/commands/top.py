"""`amq top`: watch agents and messages on one live screen, and answer there."""

from __future__ import annotations

import os

from amq import config
from amq.cli.extra_packages import missing
from amq.cli.open_mailbox import complain_no_more, open_mailbox, private_directory, why_not_user
from amq.errors import UsageError
from amq.names import USER

TYPE_CHECKING = False
if TYPE_CHECKING:
    from argparse import ArgumentParser, Namespace
    from collections.abc import Mapping

    from amq.cli.output import Output
    from amq.top.app import Top
    from amq.top.terminal import DriverClass

USAGE = "[--theme auto|dark|light]"
EXAMPLES = """\
  amq top                     the agents above, what they say below; ? shows the keys, q ends it"""
NOTES = """\
It shows what amq who shows, and why mail waits, and the newest messages of all agents with where each is; it is drawn
anew when something changes. Enter reads a message, w writes as user, r replies, t shows the thread, / searches,
y explains, W wakes an agent again, g goes to its tmux pane. Your own mail counts as read once its text was on the
screen; looking at the mail of agents changes nothing. It needs a terminal of any size from about 60 x 15, and the
extra packages of amq's `top`, which scripts/install.sh installs."""
THEMES = ("auto", "dark", "light")
_LIGHT = {"7", "15"}
"""The colours of a background, as COLORFGBG names them, that are light."""


def options(parser: ArgumentParser) -> None:
    """Add the command's options."""
    parser.set_defaults(cache=True)  # for searches
    parser.add_argument(
        "--theme", choices=THEMES, default="auto", metavar="NAME",
        help="dark, light, or auto (default): light if COLORFGBG says that the terminal is",
    )  # fmt: skip


def run(args: Namespace, out: Output) -> int:
    """Show the screen until the user ends it."""
    environ = config.environment()
    if why_not := _why_no_screen(environ):
        raise UsageError(f"amq top needs a terminal: {why_not}", hint="without one: amq who, amq log")
    try:
        from amq.top.terminal import on_guarded_terminal
    except ImportError as error:
        raise missing("top", "amq top", error) from None
    return on_guarded_terminal(lambda driver: _top(args, out, environ, driver))


def _why_no_screen(environ: Mapping[str, str]) -> str:
    """Return why there can be no screen, as a clause; "" if there can."""
    if not (os.isatty(0) and os.isatty(2) and os.isatty(1)):
        return "its input or its output is none"
    return "TERM is dumb" if environ.get("TERM", "dumb") == "dumb" else ""


def _top(args: Namespace, out: Output, environ: Mapping[str, str], driver: DriverClass) -> Top:
    """Return the screen, on the terminal of DRIVER. It writes as the user, and says why if this process may not."""
    from amq.dashboard.actions import Actions
    from amq.dashboard.overview import Dashboard
    from amq.dashboard.panes import Panes
    from amq.mail.mailbox import Mailbox
    from amq.setup.last_start import read_last_start
    from amq.top.app import Top

    asked = open_mailbox(args, out, anyone=True).account
    complain_no_more()
    root, private = asked.queue.root, private_directory(asked.queue.root)
    why_not = "" if args.me == USER else why_not_user(root, environ)
    if not why_not and asked.me != USER:
        why_not = f"this shell acts as {asked.me}"
    watched, acting = Mailbox(root, USER, caches=asked.cache_directory), Mailbox(root, USER)
    panes = Panes(environ, [read_last_start(private, root).socket])
    light = args.theme == "light" or (args.theme == "auto" and _is_light(environ))
    dashboard = Dashboard(watched, private)
    return Top(dashboard, Actions(acting), panes, root=root, why_not=why_not, light=light, driver=driver)


def _is_light(environ: Mapping[str, str]) -> bool:
    return environ.get("COLORFGBG", "").rpartition(";")[2] in _LIGHT
