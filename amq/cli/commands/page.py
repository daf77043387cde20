"""`amq page`: show the queue in a browser of this machine, or of a phone."""

from __future__ import annotations

import os
from argparse import ArgumentTypeError

from amq.cli.extra_packages import missing
from amq.cli.open_mailbox import open_mailbox, private_directory
from amq.cli.options import count
from amq.errors import UsageError
from amq.names import USER

TYPE_CHECKING = False
if TYPE_CHECKING:
    from argparse import ArgumentParser, Namespace

    from amq.cli.output import Output
    from amq.page.queue_view import QueueView

USAGE = "[--write] [--port N] [--allow-host NAME]…"
EXAMPLES = """\
  amq page                    print an address to open in a browser; Ctrl-C ends it
  amq page --write            and another one, by which you can also write
  amq page --port 8025 --allow-host mac.tail1234.ts.net     for: tailscale serve 8025"""
NOTES = """\
It listens on this machine only (127.0.0.1). The address has a token, new at each start: keep it to yourself. With it
anyone on this machine can read all mail of the queue, and with the one of --write also write as you. A phone comes
through ssh -L or tailscale serve; both lines are printed. It ends with Ctrl-C, or when its terminal or shell has gone.
It needs the extra packages of amq's `page`, which scripts/install.sh installs."""
MOST_PORT = 65535


def options(parser: ArgumentParser) -> None:
    """Add the command's options."""
    parser.set_defaults(cache=True)  # for searches
    parser.add_argument("--write", action="store_true", help="let the holder of a second address write as the user")
    parser.add_argument("--port", type=port, default=0, metavar="N", help="the port (default: any free one)")
    parser.add_argument(
        "--allow-host", action="append", default=[], metavar="NAME",
        help="answer to this name of a host too, as tailscale serve needs; may be repeated",
    )  # fmt: skip


def run(args: Namespace, out: Output) -> int:
    """Serve until the user ends it."""
    from amq.page.access import Access, host_name, new_token

    parent = os.getppid()  # before the address is known: its shell may end at any time from then on
    for name in args.allow_host:
        if not name or host_name(name) != name.lower():
            raise UsageError(f"--allow-host {name!r} is not the name of a host", hint="write it like mac.tail1.ts.net")
    try:
        from amq.page.server import bound, serve
        from amq.page.viewers import Viewers
    except ImportError as error:
        raise missing("page", "amq page", error) from None
    view = _view(args, out)
    reading, writing = new_token(), new_token() if args.write else ""
    listener = bound(args.port)
    at = listener.getsockname()[1]
    out.data(_addresses(f"http://127.0.0.1:{at}/#{reading}", writing, at))
    access = Access(reading, writing, args.allow_host)
    serve(listener, access, Viewers(view.watch), view.questions, view.actions, lambda: os.getppid() == parent)
    return 0


def port(text: str) -> int:
    """Return the number of a port, for argparse."""
    if count(text) > MOST_PORT:
        raise ArgumentTypeError(f"{text!r} is not a port: {MOST_PORT} at most")
    return int(text)


def _view(args: Namespace, out: Output) -> QueueView:
    """Return what the page shows. Raises UsageError if this process may not write as the user, and is to."""
    from amq.dashboard.actions import Actions
    from amq.dashboard.overview import Dashboard
    from amq.mail.mailbox import Mailbox
    from amq.page.offline import queue_name
    from amq.page.queue_view import NEWEST, QueueView

    opened = open_mailbox(args, out, anyone=not args.write).account
    if args.write and opened.me != USER:
        raise UsageError(f"--write is the user's, and this is {opened.me}", hint="agents write: amq send")
    root = opened.queue.root
    # each has its own turn, and warns of nothing: the page shows what is wrong
    mailboxes = [Mailbox(root, opened.me, strict=args.strict, caches=opened.cache_directory) for _ in range(3)]
    private = private_directory(root)
    live, asked = (Dashboard(each, private, NEWEST) for each in mailboxes[:2])
    return QueueView(queue_name(root), live, asked, Actions(mailboxes[2]) if args.write else None)


def _addresses(address: str, writing: str, at: int) -> str:
    """Return what to open, and how another device comes here."""
    both = f"to read and write:  {address}.{writing}\n" if writing else ""
    return (
        f"to read:            {address}\n{both}"
        "from a phone:       either of these, and open the address there\n"
        f"  ssh -N -L {at}:127.0.0.1:{at} THIS-MACHINE\n"
        f"  tailscale serve {at}    with amq page --port {at} --allow-host NAME.ts.net, and https://NAME.ts.net/#… \n"
        "Ctrl-C ends it.\n"
    )
