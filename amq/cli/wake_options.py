"""The options of `amq run` and `amq wake`: when an agent is notified of its mail, and with which text."""

from __future__ import annotations

from amq.cli.options import count, duration

TYPE_CHECKING = False
if TYPE_CHECKING:
    from argparse import ArgumentParser, Namespace
    from collections.abc import Mapping, Sequence

    from amq.cli.output import Output
    from amq.runtime.notice_settings import NoticeSettings
    from amq.runtime.policy.schedule import SchedulePolicy

TIMES = (
    ("--debounce", "0s", "wait this long for more mail before waking an idle agent"),
    ("--urgent-after", "0s", "time that urgent mail waits for a busy agent"),
    ("--normal-after", "2m", "time that other mail waits for a busy agent"),
    ("--low-after", "60s", "idle time before low-priority mail is announced"),
)

_UNKNOWN = (
    "amq does not know {}, so it types nothing into it and notifies you of mail instead",
    "to notify it: amq run --prompt TEXT (its prompt) or --profile NAME|FILE (its CLI); or let it run amq drain",
)


def say_unknown(program: str, out: Output) -> None:
    """Print that nothing is typed into PROGRAM, and the ways out."""
    for line in _UNKNOWN:
        out.note(line.format(program))


def add_when(parser: ArgumentParser) -> None:
    """Add these options to PARSER."""
    when = parser.add_argument_group("when to notify the agent, and with what")
    for name, default, text in TIMES:
        when.add_argument(name, type=duration, metavar=default, help=f"{text} (default {default})")
    when.add_argument("--preview", action="store_true", help="show the newest subject, which another agent wrote")
    when.add_argument(
        "--preview-len", type=count, default=48, metavar="48", help="length of the subject shown, in characters"
    )


def add_notices(parser: ArgumentParser, kinds: Sequence[str], default: str) -> None:
    """Add the options about what the user is notified of. DEFAULT is one of KINDS, which a user's file may replace."""
    notices = parser.add_argument_group("when to notify you, and how")
    what = f"signal for mail that it does not drain, its mail to you, and a question that stays (default {default})"
    notices.add_argument("--notice", choices=kinds, help=what)
    what = "also run this program for each notice, without a shell; it gets AMQ_NOTICE, AMQ_AGENT and AMQ_STATE"
    notices.add_argument("--notice-command", metavar="CMD", help=what)


def notices(args: Namespace, environment: Mapping[str, str], me: str, out: Output) -> NoticeSettings:
    """Return how the user is notified. Raises HostFailed if the system lacks what it takes to notify ME."""
    from amq.errors import HostFailed
    from amq.runtime import notice_settings, resource_limits

    if short := resource_limits.shortage():
        raise HostFailed(f"{me} cannot be notified of mail: {short}")
    found, faults = notice_settings.chosen(environment, args.notice, args.notice_command)
    for fault in faults:
        out.warn(fault)
    return found


def policy(args: Namespace) -> SchedulePolicy:
    """Return the times that were given, with defaults for the others."""
    from amq.runtime.policy.schedule import SchedulePolicy

    names = ("debounce", "urgent_after", "normal_after", "low_after")
    return SchedulePolicy(**{f"{name}_s": value for name in names if (value := getattr(args, name, None)) is not None})


def preview(args: Namespace) -> int:
    """Return the longest subject to show, in characters; 0 for none."""
    return int(args.preview_len) if args.preview else 0
