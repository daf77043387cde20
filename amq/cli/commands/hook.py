"""`amq hook`: what an agent's own hooks call. It always exits with 0, and prints nothing after an error."""

from __future__ import annotations

import time
from contextlib import contextmanager

from amq import config
from amq.cli.open_mailbox import accept, known_in, private_directory
from amq.cli.options import add_budget, duration
from amq.cli.output import stdin_is_terminal
from amq.errors import UsageError
from amq.layout import QueueLayout
from amq.mail.mailbox import Mailbox
from amq.names import check_handle
from amq.store import registry
from amq.store.notifier_info import read_notifier

TYPE_CHECKING = False
if TYPE_CHECKING:
    from argparse import ArgumentParser, Namespace
    from collections.abc import Iterator, Mapping

    from amq.cli.output import Output
    from amq.output_budget import Budget
    from amq.runtime.agents.setup_facts import Cli
    from amq.runtime.policy.hook_decision import Event
    from amq.runtime.private_state import PrivateState

USAGE = "claude|codex EVENT [JSON] [--normal-after 2m] [--max-chars N] < the event's JSON"
EXAMPLES = """\
  amq hook install claude             add hooks to its settings
  amq hook claude SessionStart        introduce the agent and its peers to the model
  amq hook claude UserPromptSubmit    give the model urgent mail, and mail that has waited long
  amq hook codex PostToolUse          give it such mail between two tools
  amq hook codex Stop                 continue the turn if mail waits, once per message
  amq hook claude PreToolUse          say whether another agent has a lease on the file of this edit
  amq hook codex notify JSON          after a turn: notify the user of unread mail"""
NOTES = """\
`amq run` gives these hooks to programs that support them. The agent is AM_ME; else `claude` or `codex`, if that mailbox
exists and no `amq run` hosts its agent. What a hook has given stays unread until a later event shows that the model got
it. A message longer than N is given in part, and stays unread. SessionStart also writes AM_ROOT and AM_ME to the file
that CLAUDE_ENV_FILE names; notify writes meta/amq-bulletin.json. A hook never fails the agent: on any error, and in a
queue that you do not trust (amq trust), it prints nothing, exits with 0, and logs the reason to run.log in the agent's
private directory. With --deny-leased it refuses an edit that amq lease check would find in the way."""

LONGEST_EVENT_BYTES = 16 << 20  # bytes; it holds what a tool printed
HANDLED_WITHIN_S = 15.0  # seconds for all of it; the agent would wait for 20


def options(parser: ArgumentParser) -> None:
    """Add the options of `amq hook`."""
    from amq.runtime.policy.hook_decision import NORMAL_AFTER_S

    parser.add_argument("words", nargs="*", metavar="claude|codex EVENT", help="the agent's CLI and the event")
    parser.add_argument(
        "--normal-after",
        type=duration,
        default=NORMAL_AFTER_S,
        metavar="2m",
        help="give mail this old between two tools",
    )
    add_budget(parser)
    parser.add_argument("--deny-leased", action="store_true", help="refuse to edit what another has a lease on")


def run(args: Namespace, out: Output) -> int:
    """Handle an event and return 0, whatever fails. Raises UsageError for words that amq gives to no hook."""
    from amq.runtime.agents import registry

    mailbox, private, started = None, None, time.monotonic()
    program, name, argument = (*args.words, "", "", "")[:3]
    if program not in registry.WITH_HOOKS or not name:
        raise UsageError(
            "usage: amq hook claude|codex EVENT, such as amq hook claude Stop",
            hint="to let the agent call it: amq hook install claude",
        )
    try:
        with _limited(HANDLED_WITHIN_S):
            from amq.runtime.hooks.event import NOTIFY, parse_event
            from amq.runtime.hooks.script import HOOKED
            from amq.runtime.policy.hook_decision import EDIT, EVENTS

            environ = config.environment()
            if name in EVENTS and environ.get(HOOKED):  # the hooks that `amq run` gave it handle this event
                return 0
            mailbox = _mailbox(args, environ, program)
            private = private_directory(mailbox.account.queue.root)
            if EVENTS.get(name, name) == EDIT:
                from amq.cli.edit_advice import answer

                trusted, denies = args.trust_root, args.deny_leased
                out.data(answer(mailbox, private, program, _stdin(), trusted=trusted, denies=denies))
                return 0
            event = parse_event(name, (argument if name == NOTIFY else "") or _stdin())
            if event:
                from amq.runtime.hooks.handler import Handler

                cli = registry.cli(program)
                handler = Handler(
                    mailbox,
                    private,
                    environ,
                    out.data,
                    lambda: time.monotonic() - started,
                    trusted=args.trust_root,
                    normal_after_s=args.normal_after,
                    budget=_budget(args.max_chars, cli, event),
                    stop_blocks=cli.stop_blocks,
                    shell_file=lambda: environ.get(cli.shell_file, ""),
                )
                handler.handle(event)
    except (Exception, KeyboardInterrupt) as error:
        _log(mailbox, private, name, error)
    return 0


def _budget(wanted: Budget | None, cli: Cli, event: Event) -> Budget:
    """Return how much text the CLI passes to its model at EVENT.

    A limit that is WANTED may be above the usual one for what is added to the model's context. The reason for blocking
    the end of a turn has the usual one.
    """
    usual = cli.hook_text
    if event.name == "stop" and cli.stop_blocks:
        return wanted if wanted and 0 < wanted.most < usual.most else usual
    return wanted or usual


@contextmanager
def _limited(seconds: float) -> Iterator[None]:
    """Raise TimeoutError in a block that takes longer than SECONDS, such as for an event that never ends."""
    import signal

    def expire(*_: object) -> None:
        raise TimeoutError("timed out")

    if not hasattr(signal, "setitimer"):
        yield
        return
    before = signal.signal(signal.SIGALRM, expire)
    left, _ = signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, left)
        signal.signal(signal.SIGALRM, before)


def _mailbox(args: Namespace, environ: Mapping[str, str], program: str) -> Mailbox:
    """Return the agent's mailbox. Without a handle it is that of PROGRAM, unless a notifier serves its agent."""
    root = config.existing_root(args.root, environ, config.cwd_or_empty()).value
    accept(args, root)
    if not args.me and not environ.get("AM_ME"):
        agent = QueueLayout(root).agent(check_handle(program, "the program"))
        if registry.has_mailbox(agent) and read_notifier(agent) is None:
            return Mailbox(root, program)
    me = config.resolve_me(args.me, environ, why_not_user=lambda: "a hook is an agent's", is_known=known_in(root))
    return Mailbox(root, me.value)


def _stdin() -> bytes:
    """Return all of stdin; nothing if that is a terminal."""
    if stdin_is_terminal():
        return b""
    with open(0, "rb", closefd=False) as file:
        return file.read(LONGEST_EVENT_BYTES)


def _log(mailbox: Mailbox | None, private: PrivateState | None, name: str, error: BaseException) -> None:
    """Log ERROR in the agent's private directory, if the event NAME came so far that this is known."""
    if mailbox is not None and private is not None:
        from amq.runtime.journal import LOG_NAME, BoundedFile

        account = mailbox.account
        directory = private.of_agent(account.queue.root, account.me).directory
        BoundedFile(directory, LOG_NAME).append(f"hook {name}: {type(error).__name__}: {error}")
