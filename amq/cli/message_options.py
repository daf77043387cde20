"""The options of `send` and `reply` that describe a message."""

from __future__ import annotations

import _signal  # type: ignore[import-not-found]  # `signal` itself costs a short command 3 %
from time import monotonic

from amq import jsontext
from amq.cli.message_body import add_body, read_file
from amq.cli.options import as_utf8, duration, handles
from amq.cli.output import ReaderGone
from amq.errors import Uncertain, UsageError
from amq.mail.sending import Draft
from amq.names import ACKED, KINDS, PRIORITIES, STAGES, is_safe_name
from amq.record import replace
from amq.store.maildir import how_to_repeat
from amq.text import visible

TYPE_CHECKING = False
if TYPE_CHECKING:
    from argparse import ArgumentParser, Namespace
    from collections.abc import Sequence
    from typing import Any

    from amq.cli.output import Output
    from amq.mail.mailbox import Mailbox
    from amq.mail.sending import Sent

USAGE = """[--subject TEXT] [--body TEXT|@FILE|-] [--thread T] [--kind K]
        [--priority P] [--labels A,B] [--context JSON|@FILE] [--refs ID,ID] [--ack]
        [--new-id ID] [--create] [--allow-empty] [--wait-for drained|acked] [--wait-timeout 60s]"""
SAME_SIGNAL_WITHIN_S = 2.0
"""Seconds in which a repeated signal counts as the same one: it may be sent to a process and to its group."""
_ENDING = [getattr(_signal, name, 0) for name in ("SIGINT", "SIGTERM", "SIGHUP")]


def add_message(parser: ArgumentParser, thread: str = "the pair's own") -> None:
    """Add the options of a message, except its recipients; THREAD names the default thread in the help."""
    parser.add_argument("--subject", type=as_utf8, default="", metavar="TEXT", help="the subject, one line")
    add_body(parser)
    parser.add_argument("--thread", type=as_utf8, default="", metavar="T", help=f"the conversation (default: {thread})")
    parser.add_argument("--kind", default="", metavar="K", help=", ".join(KINDS))
    parser.add_argument("--priority", default="", metavar="P", help=", ".join(PRIORITIES))
    parser.add_argument("--labels", type=handles, default=[], metavar="A,B", help="labels to filter by")
    parser.add_argument("--context", metavar="JSON|@FILE", help="a JSON object for programs")
    parser.add_argument("--refs", type=handles, default=[], metavar="ID,ID", help="ids of messages this one refers to")
    parser.add_argument("--ack", action="store_true", help="ask for an acknowledgement")
    parser.add_argument(
        "--new-id", default="", metavar="ID", help="use this id; repeating a send with the same id is safe"
    )
    parser.add_argument("--create", action="store_true", help="create the recipient's mailbox if missing")
    parser.add_argument(
        "--wait-for",
        choices=STAGES,
        metavar="|".join(STAGES),
        help="wait until every recipient has done so (acked implies --ack)",
    )
    parser.add_argument("--wait-timeout", type=duration, metavar="60s", help="wait at most this long (0: no limit)")


def draft_of(args: Namespace) -> Draft:
    """Return the draft that the options describe. Waiting for acknowledgements implies asking for them."""
    if args.wait_timeout is not None and not args.wait_for:
        raise UsageError("--wait-timeout needs --wait-for", hint="add --wait-for drained, or --wait-for acked")
    for option, text in (
        ("--subject", args.subject),
        ("--thread", args.thread),
        *(("--labels", each) for each in args.labels),
        *(("--refs", each) for each in args.refs),
        ("--context", as_utf8(args.context or "")),
    ):
        try:
            text.encode()
        except UnicodeEncodeError:
            raise UsageError(f"{option} is not UTF-8") from None
    return Draft(
        subject=args.subject,
        thread=args.thread,
        kind=args.kind,
        priority=args.priority,
        labels=args.labels,
        context=_context(args.context),
        refs=args.refs,
        ack=args.ack or args.wait_for == ACKED,
        new_id=args.new_id,
    )


def warn_of_refs(mailbox: Mailbox, refs: Sequence[str], out: Output) -> None:
    """Warn of REFS that are the ids of no messages: a mistyped one would be found only by the reader."""
    if refs:
        from amq.mail import all_mailboxes

        for identifier in all_mailboxes.missing(mailbox.account, refs):
            out.warn(f"--refs {identifier}: no message in this queue has that id; sent as it is")


def with_whole_refs(mailbox: Mailbox, draft: Draft) -> Draft:
    """Return DRAFT with whole ids where its refs are the ends of ids; other refs stay as they are."""
    if not draft.refs:
        return draft
    refs = [mailbox.find_id(each, everywhere=True) if is_safe_name(each) else each for each in draft.refs]
    return replace(draft, refs=refs)


def with_check_of_file(mailbox: Mailbox, args: Namespace, draft: Draft) -> Draft:
    """Return DRAFT; if the body that ARGS name is a file, sending it raises FileStays where that may not leave."""
    text = args.body or ""
    is_file = args.body_file is not None or (text.startswith("@") and not text.startswith("@@"))
    if not is_file:
        return draft
    from functools import partial

    from amq.cli.files_abroad import check

    return replace(draft, check=partial(check, mailbox))


def _context(text: str | None) -> dict[str, Any] | None:
    if text is None:
        return None
    try:
        value = jsontext.parse(read_file(text[1:]) if text.startswith("@") else as_utf8(text))
    except ValueError as error:
        raise UsageError(f"--context is not valid JSON: {error}") from None
    if type(value) is not dict:
        raise UsageError("--context is not a JSON object", hint="""for example: --context '{"paths": ["src/a.py"]}'""")
    return value


class SignalsDeferred:
    """A `with` block that holds back signals which would end the command, until the block is over.

    So the command is not cut off between delivering a message and reporting it. A signal that comes again later than
    SAME_SIGNAL_WITHIN_S takes effect at once: the block may be waiting for a disk, or for a reader. A block that raises
    has an error to report, so a pending signal is dropped then.
    """

    def __enter__(self) -> None:
        self._came, self._since = 0, 0.0
        self._before: dict[int, Any] = {}
        for number in filter(None, _ENDING):
            if _signal.getsignal(number) not in (_signal.SIG_IGN, None):
                self._before[number] = _signal.signal(number, self._defer)

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        self._restore()
        if self._came and kind is None:
            _signal.raise_signal(self._came)

    def _defer(self, number: int, _: object) -> None:
        if not self._came:
            self._came, self._since = number, monotonic()
        elif monotonic() - self._since > SAME_SIGNAL_WITHIN_S:
            self._restore()
            _signal.raise_signal(number)

    def _restore(self) -> None:
        for number, handler in self._before.items():
            _signal.signal(number, handler)


def tell(sent: Sent, text: str, out: Output, **origin: str) -> None:
    """Report a sent message: as TEXT, or as JSON with the message that it answers (ORIGIN).

    Raises Uncertain if it cannot be reported: a plain failure would invite sending it a second time.
    """
    if sent.outbox_error:
        out.warn(f"sent, but not saved in your outbox: {sent.outbox_error}")
    try:
        if out.json:
            fields = {"id": sent.id, **origin, "thread": sent.thread, "to": sent.to, "subject": sent.subject}
            out.value(fields | {"outbox": {"written": not sent.outbox_error, "error": sent.outbox_error}})
        else:
            out.line(visible(text))  # a reply's thread comes from another agent
    except ReaderGone as error:
        told = error.message or "the reader of stdout is gone"
        raise Uncertain(f"{sent.id} was sent, but {told}", hint=how_to_repeat(sent.id)) from None
