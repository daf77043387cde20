"""`amq monitor`: wait for mail, then drain it."""

from __future__ import annotations

from amq.cli.commands.drain import View, add_shown, item, show_json, show_text
from amq.cli.open_mailbox import as_agent, open_mailbox
from amq.cli.options import add_waiting
from amq.errors import TimedOut
from amq.mail.draining import Drained  # imported now rather than when mail has come
from amq.mail.rendering import MOST_MESSAGES, Frame

TYPE_CHECKING = False
if TYPE_CHECKING:
    from argparse import ArgumentParser, Namespace
    from collections.abc import Callable, Iterable, Sequence
    from typing import Any

    from amq.cli.output import Output
    from amq.mail.draining import Fits
    from amq.mail.mailbox import Mailbox

USAGE = "[--timeout 60s] [--include-body] [--max-chars N] [--peek] [--limit 20] [--no-ack] [--poll] [--follow]"
EXAMPLES = """\
  amq monitor --include-body           the next mail, already there or not; exit code 4 after a minute without
  amq monitor --follow --json          all mail from now on, one JSON object per line
  amq monitor --peek --timeout 5m      only look: the mail stays new"""
NOTES = """\
It prints as much at a time as `amq drain` does (see amq help drain). With --follow it prints the rest right after."""
_LIMIT = 60.0


def options(parser: ArgumentParser) -> None:
    """Add the command's options."""
    add_waiting(parser, default=None)
    add_shown(parser)
    parser.add_argument("--peek", action="store_true", help="only look; leave the mail new")
    parser.add_argument(
        "--follow", action="store_true", help="continue until interrupted (then without a timeout by default)"
    )


def run(args: Namespace, out: Output) -> int:
    """Show mail that is there or comes; return the exit code of TimedOut if there is none."""
    mailbox = open_mailbox(args, out)
    seconds = args.timeout if args.timeout is not None else 0.0 if args.follow else _LIMIT
    monitor = _Monitor(mailbox, args, out)
    while monitor.wait(seconds):
        if not args.follow:
            return 0
    return TimedOut.exit_code


def _more(args: Namespace) -> str:
    """Return what happens to messages that do not fit; with `--peek` those already shown do not come again."""
    return "more follow" if args.follow else "more wait" if args.peek else "more wait: run it again"


class _Monitor:
    """A viewer of new mail as it comes: it drains it, or with `--peek` looks at each message once."""

    def __init__(self, mailbox: Mailbox, args: Namespace, out: Output) -> None:
        self._mailbox = mailbox
        self._args = args
        self._out = out
        self._view = View(args, Frame(mailbox.account.me, as_agent(args, mailbox.account.me), _more(args)))
        self._peeked: set[str] = set()

    def wait(self, seconds: float) -> bool:
        """Show mail that is there or comes within SECONDS (0: no limit), else a timeout; return whether any came."""
        if self._show_new("existing"):
            return True
        from amq.runtime.stat_polling import until
        from amq.store import rename_noreplace  # noqa: F401  imported before mail comes, which needs it to move

        inbox = self._mailbox.account.agent.inbox_new
        came = until(lambda: self._show_new("new_message"), [inbox], seconds, poll=self._args.poll)
        if not came:
            self._tell_timeout()
        return came

    def _show_new(self, watch_event: str) -> bool:
        """Return whether there was anything to show. Mail that another drain holds is not; later looks try it again."""
        if not self._mailbox.has_new():
            return False
        return self._peek(watch_event) if self._args.peek else self._drain(watch_event)

    def _drain(self, watch_event: str) -> bool:
        with self._mailbox.drain(self._args.limit, ack=not self._args.no_ack) as mail:
            if mail.count:
                fits = self._fits(watch_event, mail.count + mail.remaining)
                self._show(watch_event, mail.batches(fits), lambda: (mail.count, mail.remaining))
        return mail.count > 0

    def _peek(self, watch_event: str) -> bool:
        fits = self._fits(watch_event, MOST_MESSAGES)
        items, remaining = self._mailbox.glance(self._args.limit, skip=self._peeked, fits=fits)
        if items:
            self._show(watch_event, [items], lambda: (len(items), remaining))
        self._peeked.update(item.id for item in items)
        return bool(items)

    def _fits(self, watch_event: str, waiting: int) -> Fits | None:
        view = self._view
        return view.json_room(self._fields(watch_event)) if self._out.json else view.text_room(waiting)

    def _show(
        self, watch_event: str, batches: Iterable[Sequence[Drained]], numbers: Callable[[], tuple[int, int]]
    ) -> None:
        out = self._out
        if out.json and self._args.follow:
            self._show_lines(watch_event, batches, numbers)
        elif out.json:
            show_json(batches, lambda: numbers()[1], self._view, out, self._fields(watch_event))
        else:
            show_text(batches, numbers, self._view, out)

    def _show_lines(
        self, watch_event: str, batches: Iterable[Sequence[Drained]], numbers: Callable[[], tuple[int, int]]
    ) -> None:
        """Write an object for each batch, so that a line reader has all of it before the mail is taken."""
        for batch in batches:
            drained = [item(each, self._args.include_body) for each in batch]
            shown = {"count": len(batch), "drained": drained, "remaining": numbers()[1]}
            self._out.value(self._fields(watch_event) | shown, indent=None)
            self._out.shown()

    def _tell_timeout(self) -> None:
        fields = self._fields("timeout") | {"count": 0, "drained": [], "remaining": 0}
        if self._out.json:
            self._out.value(fields, indent=None if self._args.follow else 2)
        else:
            self._out.line(f"timeout: no mail for {self._mailbox.account.me}")

    def _fields(self, watch_event: str) -> dict[str, Any]:
        return {
            "event": "timeout" if watch_event == "timeout" else "messages",
            "watch_event": watch_event,
            "mode": "peek" if self._args.peek else "drain",
            "me": self._mailbox.account.me,
        }
